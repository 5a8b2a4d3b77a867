#include "services/asset/intake/asset_columns.h"

#include <algorithm>
#include <utility>

#include "common/printed/chinese.h"
#include "common/printed/columns.h"

namespace bangfu::asset::tables {
namespace {

struct FieldHeader {
  Field field;
  std::string_view raw_name;
  std::vector<std::string_view> headers;  // without brackets and blanks; the first for reports
};

const std::vector<FieldHeader>& FieldTable() {
  static const auto* const table = new std::vector<FieldHeader>{
      {Field::kSerial, "serial", {"序号"}},
      {Field::kSourceId, "source_id", {"来源编号", "source_id"}},
      {Field::kCode, "asset_code", {"资产编码", "asset_code"}},
      {Field::kName, "name", {"资产名称", "名称", "asset_name"}},
      {Field::kClass, "asset_class", {"资产类别", "类别"}},
      {Field::kKind, "category_code", {"资产种类", "kind_text"}},
      {Field::kForm, "asset_form", {"资产形态", "形态"}},
      {Field::kProject, "source_projects", {"来源项目", "来源项目编码", "项目编码"}},
      {Field::kFunds, "fund_sources", {"资金来源"}},
      {Field::kValue, "original_value_text", {"原值", "资产原值", "original_value_text"}},
      {Field::kPresentValue, "present_value", {"现值", "资产现值"}},
      {Field::kRegionCode, "region_code", {"区划代码", "行政区划代码"}},
      {Field::kProvince, "province", {"省", "province"}},
      {Field::kCity, "city", {"市", "设区市", "city"}},
      {Field::kCounty, "county", {"县", "县区", "县市区", "county"}},
      {Field::kTownship, "township", {"乡镇", "乡镇街道", "township"}},
      {Field::kVillage, "village", {"村", "行政村", "village"}},
      {Field::kAddress, "address", {"坐落"}},
      {Field::kFormed, "formed_date", {"建成时间", "建成日期", "formed_year"}},
      {Field::kOwnerLevel, "owner_level", {"权属级次"}},
      {Field::kOwners, "owners", {"所有权人", "owner"}},
      {Field::kIncomeHolders, "income_right_holders", {"收益权人"}},
      {Field::kTitle, "title_status", {"确权状态", "确权状态/证号"}},
      {Field::kCert, "title_cert_no", {"证号"}},
      {Field::kBasis, "ownership_basis", {"确权依据"}},
      {Field::kTransferred, "transferred_date", {"移交时间"}},
      {Field::kMode, "operate_mode", {"经营方式", "operation_mode_text"}},
      {Field::kOperator, "operator_name", {"经营主体"}},
      {Field::kUscc, "operator_uscc", {"经营主体信用代码"}},
      {Field::kContractTerm, "contract_term", {"合同起止"}},
      {Field::kContractFrom, "contract_start_date", {"合同起"}},
      {Field::kContractTo, "contract_end_date", {"合同止"}},
      {Field::kAgreed, "agreed_income", {"年约定收益"}},
      {Field::kIncome, "annual_income", {"实际收益", "annual_income_text"}},
      {Field::kDividendDue, "dividend_declared", {"分红应付"}},
      {Field::kDividendPaid, "dividend_paid", {"分红实付"}},
      {Field::kDistribution, "income_distribution", {"收益分配"}},
      {Field::kPoor, "poor_households", {"带动脱贫户"}},
      {Field::kMonitored, "monitored_households", {"带动监测户"}},
      {Field::kPerHousehold, "household_income", {"户均增收"}},
      {Field::kLinkModes, "linkage_modes", {"联结方式"}},
      {Field::kOmPerson, "maintenance.person", {"管护责任人"}},
      {Field::kOmRules, "maintenance.rules", {"管护制度"}},
      {Field::kOmMoney, "maintenance.annual_fund_fen", {"管护经费"}},
      {Field::kUse, "use_state", {"使用状态", "use_state_text"}},
      {Field::kIdleSince, "idle_since", {"闲置起始"}},
      {Field::kIrreparable, "irreparable", {"不可修复"}},
      {Field::kPlanting, "planting_date", {"种植时间", "栽植时间"}},
      {Field::kCultivation, "cultivation_months", {"培育月数"}},
      {Field::kInsured, "insured", {"保险", "是否投保"}},
      {Field::kNote, "note", {"备注", "notes"}},
  };
  return *table;
}

}  // namespace

Field FieldOf(std::string_view header) {
  std::string text = printed::Normalize(printed::WithoutBrackets(printed::Normalize(header)));
  text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
  for (const FieldHeader& known : FieldTable()) {
    for (const std::string_view name : known.headers) {
      if (text == name) return known.field;
    }
  }
  return Field::kNone;
}

std::string_view FieldName(Field field) {
  for (const FieldHeader& known : FieldTable()) {
    if (known.field == field) return known.headers.front();
  }
  return "";
}

std::string_view RawName(Field field) {
  for (const FieldHeader& known : FieldTable()) {
    if (known.field == field) return known.raw_name;
  }
  return "";
}

Header::Other Header::OtherAt(size_t column) const {
  for (const Other& other : others) {
    if (other.column == column) return other;
  }
  return {column, printed::ColumnNumber(column), "", false};
}

Header ReadHeader(const std::vector<std::string>& cells) {
  Header header;
  printed::ColumnNames names;
  for (size_t i = 0; i < cells.size(); ++i) {
    const Field field = FieldOf(cells[i]);
    if (field != Field::kNone && !header.columns.contains(field)) {
      header.columns[field] = i;
      header.texts[field] = cells[i];
      continue;
    }
    Header::Other other{i, names.Next(i, printed::Normalize(cells[i])), "", false};
    if (field != Field::kNone) other.taken = header.texts[field];
    other.personal = field == Field::kOmPerson ||
                     (field == Field::kNone && printed::IsPersonalHeader(other.name));
    header.others.push_back(std::move(other));
  }
  return header;
}

}  // namespace bangfu::asset::tables
