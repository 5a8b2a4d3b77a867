#include "services/registry/domain/intake/project_table.h"

#include <algorithm>
#include <set>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_join.h"
#include "common/base/bp.h"
#include "common/base/money.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/base/uscc.h"
#include "common/printed/chinese.h"
#include "common/printed/share.h"
#include "common/status/error.h"

namespace bangfu::registry::intake {
namespace {

using F = ProjectField;
using printed::Amount;
using printed::ContainsAny;
using printed::DeclaredSource;
using printed::Normalize;
using printed::ParseDay;
using printed::ParseState;
using printed::PlaceName;
using printed::RegionMatch;
using printed::RegionQuery;

struct Synonyms {
  F field;
  std::string_view key;
  std::vector<std::string_view> headers;  // as MatchKey gives them
};

const std::vector<Synonyms>& FieldTable() {
  static const auto* const table = new std::vector<Synonyms>{
      {F::kSerial, "serial", {"序号", "编号", "no", "serial"}},
      {F::kSourceId, "source_id", {"sourceid", "来源编号"}},
      {F::kProvince, "province", {"province", "省", "省份"}},
      {F::kCity, "city", {"city", "市", "地市", "设区市", "市州"}},
      {F::kCounty, "county", {"county", "县", "县名", "县区", "县市区", "区县", "所在县", "县市"}},
      {F::kTownship, "township", {"township", "乡镇", "乡", "镇", "乡镇街道", "所在乡镇", "镇乡"}},
      {F::kVillage,
       "village",
       {"village", "村", "行政村", "村社区", "村名", "项目村", "实施村", "所在村",
        "行政村及责任单位", "建设地点村"}},
      {F::kRegionCode,
       "region_code",
       {"regioncode", "区划代码", "行政区划代码", "村代码", "统计代码", "行政区划编码"}},
      {F::kProjectCode,
       "project_code",
       {"projectcode", "项目编码", "项目编号", "项目代码", "一级项目库编码", "项目库编码"}},
      {F::kProjectName, "name", {"projectname", "项目名称", "名称", "项目", "name"}},
      {F::kIndustry,
       "industry",
       {"industry", "产业类别", "产业", "主导产业", "产业类型", "所属产业", "产业类别七大134"}},
      {F::kProjectType,
       "project_type",
       {"projecttype", "projecttypetext", "项目类型", "项目类别", "项目子类型", "类别"}},
      {F::kNature, "nature", {"nature", "建设性质", "性质"}},
      {F::kYear, "year", {"year", "年度", "实施年度", "项目年度", "年份", "计划年度", "立项年度"}},
      {F::kContent,
       "construction_content",
       {"constructioncontent", "建设内容", "建设内容及规模", "建设规模", "主要建设内容", "建设任务",
        "建设规模及内容", "项目内容"}},
      {F::kPlannedTotal,
       "planned_total",
       {"plannedtotal", "plannedtotalfen", "amounttext", "总投资", "项目总投资", "投资总额",
        "资金规模", "项目预算总投资", "投资", "金额", "投入", "投入资金", "计划总投资",
        "概算总投资", "项目资金", "合计投资"}},
      {F::kThisAllocation,
       "this_allocation",
       {"thisallocation", "本次安排", "本次安排资金", "本次下达", "本批安排", "本次下达资金",
        "安排金额"}},
      {F::kFundSource,
       "fund_source",
       {"fundsource", "fundsourcetext", "资金来源", "资金类型", "资金性质", "资金名称", "资金文号",
        "来源"}},
      {F::kFundAmount, "fund_amount", {"fundamount", "来源金额", "分项金额", "该项资金金额"}},
      {F::kImplementingOrg,
       "implementing_org",
       {"implementingorg", "实施单位", "项目实施单位", "责任单位", "实施主体", "建设单位",
        "项目单位"}},
      {F::kSupervisingDept,
       "supervising_dept",
       {"supervisingdept", "主管部门", "项目主管部门", "行业主管部门"}},
      {F::kOperator,
       "operator",
       {"operator", "运营主体", "经营主体", "承包方", "运营单位", "运营主体及信用代码",
        "经营单位"}},
      {F::kOperatorUscc,
       "operator_uscc",
       {"operatoruscc", "信用代码", "统一社会信用代码", "运营主体信用代码"}},
      {F::kCompletedOn,
       "completed_on",
       {"completedon", "建成时间", "竣工时间", "完工时间", "建成日期", "完工日期", "竣工日期"}},
      {F::kProductionOn,
       "production_on",
       {"productionon", "投产时间", "投产日期", "投入使用时间", "运营时间"}},
      {F::kStatus,
       "status",
       {"status", "statustext", "当前状态", "状态", "项目状态", "进展", "进展情况", "实施进度",
        "项目进展", "使用状态"}},
      {F::kAssetQuantity,
       "asset_quantity",
       {"assetquantity", "形成资产数量", "资产数量", "形成资产/数量"}},
      {F::kAssetValue,
       "asset_value",
       {"assetvalue", "形成资产原值", "资产原值", "形成资产", "原值", "资产价值", "固定资产原值"}},
      {F::kAnnualOutput, "annual_output", {"annualoutput", "年产值", "产值"}},
      {F::kAnnualIncome,
       "annual_income",
       {"annualincome", "年收益", "收益", "年收入", "年实际收益", "村集体年收益"}},
      {F::kHouseholds,
       "households",
       {"households", "带动户数", "项目覆盖户数", "覆盖户数", "受益户数"}},
      {F::kPoorHouseholds,
       "poor_households",
       {"poorhouseholds", "脱贫户", "脱贫户数", "覆盖脱贫户数", "带动脱贫户数", "带动户数脱贫户",
        "建档立卡户", "带动户数脱贫户监测户"}},
      {F::kMonitoredHouseholds,
       "monitored_households",
       {"monitoredhouseholds", "监测户", "监测户数", "监测对象户数", "带动监测户数",
        "带动户数监测户"}},
      {F::kBeneficiaries,
       "beneficiaries",
       {"beneficiariestext", "beneficiaries", "受益对象", "受益情况", "带动情况", "绩效目标"}},
      {F::kWorkers, "workers", {"workers", "务工人数", "带动务工人数", "吸纳就业人数", "就业人数"}},
      {F::kProblems, "problems", {"problems", "存在问题", "问题", "主要问题"}},
      {F::kPreparer, "preparer", {"preparer", "填报人", "联系人"}},
      {F::kPhone, "phone", {"phone", "联系电话", "电话", "手机号"}},
      {F::kClass,
       "class",
       {"class", "分类", "四个一批", "认定类别", "四类", "四个一批类别", "系统建议类别", "所属类别",
        "申报类别", "自报类别"}},
      {F::kNotes, "notes", {"notes", "备注", "说明"}},
      {F::kIgnored,
       "ignored",
       {"amountfen", "单位", "单位属性", "组名", "绩效目标及指标", "覆盖人数", "覆盖脱贫人口数",
        "是否入库"}},
  };
  return *table;
}

// Where a row says that it is a sum: 小计, 合计.
constexpr F kLabelFields[] = {F::kSerial,   F::kCity,    F::kCounty,
                              F::kTownship, F::kVillage, F::kProjectName};

// No project lifts more households or employs more people.
constexpr int64_t kLargestCount = 1'000'000;

std::string HeaderKey(std::string_view part) {
  std::string key = MatchKey(printed::WithoutBrackets(Normalize(part)));
  std::string_view view = key;
  ConsumePrefix(&view, "其中");
  for (std::string_view unit : {"万元", "亿元"}) ConsumeSuffix(&view, unit);
  return std::string(view);
}

bool NamesMoneySource(std::string_view key) {
  return ContainsAny(key, {"衔接", "自筹", "贷款", "彩票", "整合资金", "涉农", "扶贫资金",
                           "其他资金", "东西部", "定点帮扶", "债券", "捐赠", "中央资金", "省级资金",
                           "市级资金", "县级资金", "财政资金", "社会资本", "信贷"});
}

F FieldOfKey(std::string_view key) {
  static const auto* const index = [] {
    auto* map = new absl::flat_hash_map<std::string, F>;
    for (const Synonyms& s : FieldTable()) {
      for (std::string_view header : s.headers) map->emplace(std::string(header), s.field);
    }
    return map;
  }();
  const auto it = index->find(AbslView(key));
  return it == index->end() ? F::kIgnored : it->second;
}

void AddAmountIssue(const Amount& amount, std::string_view field, RowReport* report,
                    bool required) {
  const bool nothing = Normalize(amount.raw).empty();
  if (amount.exact() && amount.note_zh.empty()) return;
  if (nothing && !required) return;
  RowIssue issue;
  issue.field = std::string(field);
  issue.raw = amount.raw;
  issue.proposal_zh = nothing ? "未填金额，请补充" : amount.note_zh;
  if (amount.fen.has_value()) {
    issue.understood = Cat(FormatWanYuan(*amount.fen), "万元");
  } else if (amount.low_fen.has_value() && amount.high_fen.has_value()) {
    issue.understood =
        Cat(FormatWanYuan(*amount.low_fen), "—", FormatWanYuan(*amount.high_fen), "万元");
  } else if (amount.low_fen.has_value()) {
    issue.understood = Cat("不少于", FormatWanYuan(*amount.low_fen), "万元");
  } else if (amount.high_fen.has_value()) {
    issue.understood = Cat("不超过", FormatWanYuan(*amount.high_fen), "万元");
  }
  if (amount.refused) {
    issue.reason = "AMOUNT_REFUSED";
    issue.severity = IssueSeverity::kHold;
  } else if (amount.unit_source == printed::UnitSource::kAsk) {
    issue.reason = "UNIT_UNKNOWN";
    issue.severity = IssueSeverity::kHold;
  } else {
    issue.reason = Cat("AMOUNT_", printed::ParseStateName(amount.state));
  }
  report->Add(std::move(issue));
}

// 每村100万元: an amount that each village of the row has.
bool IsPerVillage(std::string_view text) {
  const std::string t = Normalize(text);
  for (std::string_view word : {"每个村", "每村", "各村"}) {
    const size_t at = t.find(word);
    if (at == std::string::npos) continue;
    std::string_view rest = std::string_view(t).substr(at + word.size());
    for (std::string_view verb : {"各", "安排", "投入", "补助"}) ConsumePrefix(&rest, verb);
    const size_t digits = rest.find_first_not_of("0123456789.");
    if (digits == 0 || digits == std::string_view::npos) continue;
    rest.remove_prefix(digits);
    if (HasPrefix(rest, "万元") || HasPrefix(rest, "元")) return true;
  }
  return false;
}

// The shares of the row's villages (village_shares_bp). Percentages are taken as far as they are
// stated; amounts make shares only when all villages are known.
std::vector<int32_t> VillageShares(ParsedProjectRow* row) {
  const std::vector<PlaceName>& villages = row->villages.names;
  if (villages.size() < 2) return {};
  size_t percentages = 0, amounts = 0, unread = 0;
  std::vector<int64_t> parts;
  int64_t sum = 0;
  for (const PlaceName& village : villages) {
    parts.push_back(0);
    if (village.share_text.empty()) continue;
    if (const auto bp = printed::ParsePercent(village.share_text)) {
      ++percentages;
      parts.back() = *bp;
    } else if (const Amount amount = printed::ParseAmount(village.share_text);
               amount.exact() && *amount.fen > 0) {
      ++amounts;
      parts.back() = *amount.fen;
    } else {
      ++unread;
    }
    const auto added = AddFen(sum, parts.back());
    if (!added.ok()) return {};
    sum = *added;
  }
  const auto ask = [&](std::string_view proposal) {
    row->report.Add({"village", "SHARES_UNCLEAR", std::string(row->Text(F::kVillage)), "",
                     std::string(proposal), IssueSeverity::kWarn});
    return std::vector<int32_t>();
  };
  const size_t stated = percentages + amounts;
  if (unread > 0) return ask("部分村的份额无法识别，请填写百分比（至多两位小数）或金额");
  if (percentages > 0 && amounts > 0) return ask("各村份额有的写比例、有的写金额，请统一填写");
  if (percentages > 0) {
    const bool whole = stated == villages.size() && printed::MakeWhole(&parts);
    if (!whole && sum > kBpOne) return ask("各村份额合计超过100%，请核对");
    if (!whole) ask("各村份额未写全，请补填");
  } else if (amounts > 0) {
    if (stated < villages.size() || row->villages.incomplete)
      return ask("部分村的金额未写明，份额无法计算，请补填");
    parts = SplitLargestRemainder(kBpOne, parts);
  } else {
    const auto& sources = row->sources.items;
    const bool each =
        IsPerVillage(row->Text(F::kPlannedTotal)) ||
        (!sources.empty() && std::all_of(sources.begin(), sources.end(), [](const auto& source) {
          return IsPerVillage(source.raw);
        }));
    if (!each || row->villages.incomplete) return {};
    parts = SplitLargestRemainder(kBpOne, std::vector<int64_t>(villages.size(), 1));
  }
  return {parts.begin(), parts.end()};
}

// The cell of the villages as a key of the project has it: without the shares, which another table
// may not state.
std::string VillagesWithoutShares(const ParsedProjectRow& row) {
  std::string cell(row.Text(F::kVillage));
  if (std::all_of(row.villages.names.begin(), row.villages.names.end(),
                  [](const PlaceName& village) { return village.share_text.empty(); })) {
    return cell;
  }
  cell = Normalize(cell);
  size_t at = 0;  // the villages stand in order, and one's name may end another's: 上甲村、甲村
  for (const PlaceName& village : row.villages.names) {
    const size_t name = cell.find(village.name, at);
    if (name == std::string::npos) continue;
    at = name + village.name.size();
    if (village.share_text.empty()) continue;
    const size_t share = cell.find(village.share_text, at);
    // A bracket that is left is no part of a key.
    if (share != std::string::npos) cell.erase(at, share + village.share_text.size() - at);
  }
  return cell;
}

}  // namespace

void AddDayIssue(std::string_view cell, std::string_view field, RowReport* report) {
  const auto day = ParseDay(cell);
  if (day && day->day_stated) return;
  RowIssue issue;
  issue.field = std::string(field);
  issue.raw = std::string(cell);
  issue.understood = printed::DayText(cell);
  issue.reason = issue.understood.empty() ? "DATE_UNCLEAR" : "DATE_APPROXIMATE";
  issue.proposal_zh = issue.understood.empty() ? "请按 2021-09-24 填写日期"
                      : day ? "原文只写到月，暂记为当月1日，请补填日期"
                            : "原文只写到年，日期未填，请补填";
  issue.severity = IssueSeverity::kWarn;
  report->Add(std::move(issue));
}

std::string_view ProjectFieldKey(ProjectField field) {
  for (const Synonyms& s : FieldTable()) {
    if (s.field == field) return s.key;
  }
  return field == F::kFundColumn ? "fund_column" : "ignored";
}

ProjectField FieldOfHeader(std::string_view header) {
  // A merged header comes as 资金来源/中央衔接: its last part decides, the whole helps.
  const std::string whole = HeaderKey(header);
  if (const F field = FieldOfKey(whole); field != F::kIgnored) return field;
  const std::string normalized = Normalize(header);
  const size_t slash = normalized.rfind('/');
  if (slash != std::string::npos) {
    const std::string last = HeaderKey(std::string_view(normalized).substr(slash + 1));
    const std::string first = HeaderKey(std::string_view(normalized).substr(0, slash));
    if (ContainsAny(first, {"资金来源", "其中", "资金构成", "投资构成"}) && !last.empty() &&
        last != "合计" && last != "小计") {
      return F::kFundColumn;
    }
    if (ContainsAny(first, {"形成资产"}))
      return last == "数量" ? F::kAssetQuantity : F::kAssetValue;
    if (ContainsAny(first, {"总投资", "资金规模"}) && (last == "合计" || last == "小计"))
      return F::kPlannedTotal;
    if (ContainsAny(first, {"带动户数", "覆盖户数"}) && last == "合计") return F::kHouseholds;
    if (const F field = FieldOfKey(last); field != F::kIgnored) return field;
  }
  if (NamesMoneySource(whole)) return F::kFundColumn;
  return F::kIgnored;
}

bool ColumnMap::wide() const { return Has(F::kFundColumn); }

bool ColumnMap::Has(ProjectField field) const {
  return std::any_of(columns.begin(), columns.end(),
                     [&](const Column& c) { return c.field == field; });
}

absl::StatusOr<ColumnMap> FindHeader(const std::vector<std::vector<std::string>>& first_rows,
                                     int* header_rows) {
  const auto known = [](const ColumnMap& map) {
    std::set<F> fields;
    for (const ColumnMap::Column& c : map.columns) {
      if (c.field != F::kIgnored) fields.insert(c.field);
    }
    return fields.contains(F::kProjectName) ? fields.size() : 0;
  };
  const auto map_of = [](const std::vector<std::string>& top,
                         const std::vector<std::string>* below) {
    ColumnMap map;
    const size_t n = std::max(top.size(), below == nullptr ? 0 : below->size());
    for (size_t i = 0; i < n; ++i) {
      std::string header = i < top.size() ? Normalize(top[i]) : "";
      const std::string sub = below != nullptr && i < below->size() ? Normalize((*below)[i]) : "";
      if (!sub.empty() && sub != header) header = header.empty() ? sub : Cat(header, "/", sub);
      map.columns.push_back({header.empty() ? F::kIgnored : FieldOfHeader(header), header});
    }
    return map;
  };
  for (size_t r = 0; r < first_rows.size(); ++r) {
    ColumnMap one = map_of(first_rows[r], nullptr);
    const size_t fields = known(one);
    if (fields < 3) continue;
    *header_rows = static_cast<int>(r) + 1;
    ColumnMap best = std::move(one);
    if (r + 1 < first_rows.size()) {
      // A second header row repeats what is merged down from the first; a row of data does not.
      const auto &top = first_rows[r], &below = first_rows[r + 1];
      size_t repeated = 0, filled = 0, fund = 0;
      for (size_t i = 0; i < below.size(); ++i) {
        const std::string b = Normalize(below[i]);
        if (b.empty()) continue;
        ++filled;
        if (i < top.size() && Normalize(top[i]) == b)
          ++repeated;
        else if (NamesMoneySource(HeaderKey(b)) || FieldOfKey(HeaderKey(b)) != F::kIgnored)
          ++fund;
      }
      if (filled > 0 && fund > 0 && repeated + fund == filled) {
        best = map_of(top, &below);
        *header_rows = static_cast<int>(r) + 2;
      }
    }
    std::vector<std::string> above;
    for (size_t i = 0; i < r; ++i) {
      std::set<std::string> seen;  // a merged title repeats itself
      for (const std::string& cell : first_rows[i]) {
        if (!cell.empty() && seen.insert(cell).second) above.push_back(cell);
      }
    }
    best.title = absl::StrJoin(above, " ");
    return best;
  }
  return Error(absl::StatusCode::kInvalidArgument, "TABLE_HEADER_NOT_FOUND")
      .Zh("找不到表头：至少要有“项目名称”和另外两个可识别的列名")
      .Build();
}

bool MayFillDown(ProjectField field) {
  switch (field) {
    case F::kIgnored:
    case F::kElsewhere:
    case F::kSerial:
    case F::kPlannedTotal:
    case F::kThisAllocation:
    case F::kFundAmount:
    case F::kFundColumn:
    case F::kAssetQuantity:
    case F::kAssetValue:
    case F::kAnnualOutput:
    case F::kAnnualIncome:
    case F::kHouseholds:
    case F::kPoorHouseholds:
    case F::kMonitoredHouseholds:
    case F::kWorkers:
      return false;
    default:
      return true;
  }
}

absl::Status FillDownNotAllowed(std::string_view header) {
  return Error(absl::StatusCode::kInvalidArgument, "FILL_DOWN_NOT_ALLOWED")
      .Zh(Cat("“", header, "”列不能向下填充：只有地点、项目、年度、单位等文字列可以"))
      .Field("fill_down_columns", Cat("“", header, "”列的空格须逐行填写"))
      .Build();
}

absl::StatusOr<std::vector<ProjectField>> FillDownFields(const ColumnMap& columns,
                                                         const std::vector<std::string>& headers) {
  std::vector<F> fields;
  for (const std::string& header : headers) {
    const std::string key = HeaderKey(header);
    const auto named = [&](const ColumnMap::Column& column) {
      if (key.empty() || column.header.empty()) return false;
      const size_t slash = column.header.rfind('/');
      return HeaderKey(column.header) == key ||
             (slash != std::string::npos && HeaderKey(column.header.substr(slash + 1)) == key);
    };
    const auto it = std::find_if(columns.columns.begin(), columns.columns.end(), named);
    if (it == columns.columns.end()) {
      return Error(absl::StatusCode::kInvalidArgument, "FILL_DOWN_COLUMN_UNKNOWN")
          .Zh(Cat("表中没有要向下填充的“", header, "”列"))
          .Field("fill_down_columns", Cat("表头中没有“", header, "”"))
          .Build();
    }
    if (!MayFillDown(it->field)) return FillDownNotAllowed(header);
    if (std::find(fields.begin(), fields.end(), it->field) == fields.end())
      fields.push_back(it->field);
  }
  return fields;
}

std::string_view ParsedProjectRow::Text(ProjectField field) const {
  const auto it = raw.find(field);
  return it == raw.end() ? std::string_view() : std::string_view(it->second);
}

const std::string& ProjectTableParser::KeyOf(ProjectField field, std::string_view text) {
  auto& [raw, key] = keys_[field];
  if (raw != text) {
    raw = std::string(text);
    key = MatchKey(text);
  }
  return key;
}

ProjectTableParser::ProjectTableParser(ColumnMap columns, Options options)
    : columns_(std::move(columns)), options_(std::move(options)) {
  std::set<std::string> used;
  for (size_t i = 0; i < columns_.columns.size(); ++i) {
    const std::string number = Cat("第", i + 1, "列");
    std::string name = Utf8Truncate(columns_.columns[i].header, 100);
    if (name.empty()) {
      name = number;
    } else if (!used.insert(name).second ||
               name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
                   std::string::npos) {
      name += Cat("（", number, "）");
    }
    names_.push_back(std::move(name));
  }
}

bool ProjectTableParser::IsPersonal(size_t column) const {
  if (column >= columns_.columns.size()) return false;
  const F field = columns_.columns[column].field;
  if (field == F::kPhone || field == F::kPreparer) return true;
  if (field != F::kIgnored) return false;
  const std::string& header = columns_.columns[column].header;
  for (const std::string_view word : {"电话", "手机", "联系方式", "联系人", "身份证", "证件号",
                                      "姓名", "银行卡", "账号", "填报人", "负责人", "责任人"}) {
    if (header.find(word) != std::string::npos) return true;
  }
  return false;
}

std::string ProjectTableParser::ColumnName(size_t column) const {
  return column < names_.size() ? names_[column] : Cat("第", column + 1, "列");
}

void ProjectTableParser::KeepOther(size_t column, std::string_view text, std::string_view taken,
                                   ParsedProjectRow* row) {
  if (IsPersonal(column)) {
    if (!told_.insert(column).second) return;
    row->report.Add({ColumnName(column), "COLUMN_PERSONAL", "", "",
                     "整列为个人信息，不在项目原文中留存", IssueSeverity::kWarn});
    return;
  }
  row->others.push_back({ColumnName(column), std::string(text)});
  if (row->report.Has("SUMMARY_ONLY") || !told_.insert(column).second) return;
  row->report.Add(
      {ColumnName(column), taken.empty() ? "COLUMN_IGNORED" : "COLUMN_REPEATED", std::string(text),
       "",
       taken.empty() ? "整列未识别，不写入项目字段，各行内容作为原文保存；如应导入，请按模板改列名"
                     : Cat("整列与“", taken, "”含义相同，每行只取先填写的一列，其余作为原文保存"),
       IssueSeverity::kWarn});
}

void ProjectTableParser::FillDown(ParsedProjectRow* row) {
  const auto is_label = [](std::string_view cell) {
    RowFacts facts;
    facts.label_cells = {cell};
    const RowKind kind = ClassifyRow(facts);
    return kind == RowKind::kSubtotal || kind == RowKind::kTotal;
  };
  const bool sums = std::any_of(std::begin(kLabelFields), std::end(kLabelFields),
                                [&](F field) { return is_label(row->Text(field)); });
  const std::string code_as_printed(row->Text(F::kProjectCode));
  // From wide to narrow: what is narrower ends where the wider changes.
  static const auto* const kBlocks = new std::vector<std::vector<F>>{
      {F::kProvince, F::kCity, F::kCounty, F::kTownship, F::kVillage, F::kRegionCode},
      {F::kProjectName, F::kProjectCode},
      {F::kOperator, F::kOperatorUscc}};
  std::set<F> in_blocks;
  const auto note = [&](F field) {  // whether the row says something else than those above
    const std::string_view text = row->Text(field);
    if (text.empty()) return false;
    const auto it = last_.find(field);
    const bool changed = it == last_.end() || it->second != text;
    // A source that is printed with its amount would be counted once for each row that takes it.
    const bool with_figures =
        field == F::kFundSource && text.find_first_of("0123456789") != std::string_view::npos;
    if (is_label(text) || with_figures) {
      last_.erase(field);
    } else if (changed) {
      last_[field] = std::string(text);
    }
    return changed;
  };
  if (sums) last_.clear();  // what follows a sum is another block, whatever it was the sum of
  bool elsewhere = false;
  for (const std::vector<F>& block : *kBlocks) {
    bool changed = false;
    for (F field : block) {
      in_blocks.insert(field);
      if (changed) last_.erase(field);
      changed = note(field) || changed;
    }
    elsewhere = elsewhere || (changed && &block == &kBlocks->front());
  }
  // The same name in another village or year is another project: the code above is not its own.
  if (note(F::kYear)) elsewhere = true;
  in_blocks.insert(F::kYear);
  if (elsewhere && !row->Text(F::kProjectName).empty() && code_as_printed.empty()) {
    last_.erase(F::kProjectCode);
  }
  for (F field : options_.fill_down) {
    if (!in_blocks.contains(field)) (void)note(field);
    if (sums || !row->Text(field).empty()) continue;
    const auto it = last_.find(field);
    if (it == last_.end()) continue;
    row->raw[field] = it->second;
    row->report.Add({std::string(ProjectFieldKey(field)), "FILLED_DOWN", "", it->second,
                     "沿用上一行的内容，请确认", IssueSeverity::kWarn});
  }
}

ParsedProjectRow ProjectTableParser::Parse(int64_t row_no, const std::vector<std::string>& cells) {
  ParsedProjectRow row;
  row.row_no = row_no;
  row.report.row_no = row_no;
  const auto header_of = [&](F field) -> std::string_view {
    for (const ColumnMap::Column& c : columns_.columns) {
      if (c.field == field) return c.header;
    }
    return {};
  };
  std::vector<std::pair<size_t, std::string_view>> others;  // and the header that is taken instead
  for (size_t i = 0; i < cells.size(); ++i) {
    const F field = i < columns_.columns.size() ? columns_.columns[i].field : F::kIgnored;
    if (field == F::kElsewhere || field == F::kFundColumn) continue;
    const std::string_view text = printed::WithoutFormulaGuard(cells[i]);
    if (Normalize(text).empty()) continue;
    if (field == F::kIgnored) {
      others.emplace_back(i, std::string_view());
      continue;
    }
    const auto [it, first] = row.raw.emplace(field, text);
    // A cell that is merged over both columns says nothing more.
    if (!first && it->second != text) others.emplace_back(i, header_of(field));
  }
  // ---- what kind of row ----
  const std::map<F, std::string> printed = row.raw;
  if (!options_.fill_down.empty()) FillDown(&row);
  const auto as_printed = [&](F field) -> std::string_view {
    const auto it = printed.find(field);
    return it == printed.end() ? std::string_view() : std::string_view(it->second);
  };
  RowFacts facts;
  for (F field : kLabelFields) facts.label_cells.push_back(row.Text(field));
  facts.name = row.Text(F::kProjectName);
  facts.type_text = row.Text(F::kProjectType);
  facts.notes = row.Text(F::kNotes);
  for (F field : {F::kCity, F::kCounty, F::kTownship, F::kVillage}) {
    if (!row.Text(field).empty()) facts.places.push_back(row.Text(field));
  }
  facts.has_township_or_village = !row.Text(F::kTownship).empty() || !row.Text(F::kVillage).empty();
  for (F field : {F::kContent, F::kImplementingOrg, F::kSupervisingDept, F::kOperator,
                  F::kBeneficiaries, F::kProjectCode, F::kRegionCode}) {
    facts.has_details = facts.has_details || !row.Text(field).empty();
  }
  row.kind = ClassifyRow(facts);
  // A place that the row does not print itself is no proof that "15个拟脱贫村" is one project.
  if (row.kind == RowKind::kItem && row.report.Has("FILLED_DOWN")) {
    RowFacts own = facts;
    own.places.clear();
    for (F field : {F::kCity, F::kCounty, F::kTownship, F::kVillage}) {
      if (!as_printed(field).empty()) own.places.push_back(as_printed(field));
    }
    own.has_township_or_village =
        !as_printed(F::kTownship).empty() || !as_printed(F::kVillage).empty();
    if (ClassifyRow(own) == RowKind::kRollUp) row.kind = RowKind::kSuspectedRollUp;
  }

  // ---- money ----
  const auto amount = [&](F field) {
    return printed::ParseAmount(row.Text(field), {header_of(field), columns_.title});
  };
  const printed::AllocationFigures both = printed::ParseAllocation(row.Text(F::kPlannedTotal));
  if (both.planned_total.has_value() && both.allocation.has_value()) {
    row.planned_total = *both.planned_total;
    row.planned_total.raw = std::string(row.Text(F::kPlannedTotal));
    row.this_allocation = both.allocation;
  } else {
    row.planned_total = amount(F::kPlannedTotal);
  }
  if (!row.Text(F::kThisAllocation).empty()) row.this_allocation = amount(F::kThisAllocation);
  if (const std::string_view text = row.Text(F::kFundSource); text != last_source_text_) {
    last_source_text_ = std::string(text);
    last_sources_ = printed::ParseFundSources(text);
  }
  row.sources = last_sources_;
  if (!row.Text(F::kFundAmount).empty() && row.sources.items.size() == 1)
    row.sources.items[0].amount = amount(F::kFundAmount);
  for (size_t i = 0; i < columns_.columns.size() && i < cells.size(); ++i) {
    if (columns_.columns[i].field != F::kFundColumn || Normalize(cells[i]).empty()) continue;
    DeclaredSource source =
        printed::ParseFundColumn(columns_.columns[i].header, cells[i], columns_.title);
    if (source.amount.fen == 0) continue;
    AddAmountIssue(source.amount, "fund_source", &row.report, false);
    // The source is asked for below; until then its amount has no other place.
    if (source.source_code.empty()) row.others.push_back({ColumnName(i), cells[i]});
    row.sources.items.push_back(std::move(source));
  }
  for (const DeclaredSource& source : row.sources.items) {
    if (source.this_allocation && !row.this_allocation.has_value())
      row.this_allocation = source.amount;
  }

  // ---- summary rows: checked against the rows above, never a project ----
  const bool exact = row.planned_total.exact();
  if (row.kind == RowKind::kItem && block_exact_ &&
      IsSubtotalBySum(facts, row.planned_total.fen, block_fen_, block_rows_)) {
    row.kind = RowKind::kSubtotal;
  }
  if (row.kind == RowKind::kSubtotal || row.kind == RowKind::kTotal ||
      row.kind == RowKind::kRollUp) {
    RowIssue issue{"name",
                   "SUMMARY_ONLY",
                   std::string(facts.name),
                   row.kind == RowKind::kRollUp ? "类别汇总" : "合计行",
                   "汇总行只列示，不作为项目导入",
                   IssueSeverity::kRefuse};
    row.report.Add(std::move(issue));
    if (row.kind != RowKind::kRollUp && exact) {
      const bool block = row.kind == RowKind::kSubtotal;
      const bool comparable =
          block ? block_exact_ && block_rows_ > 0 : table_exact_ && table_rows_ > 0;
      const int64_t above = block ? block_fen_ : table_fen_;
      const int64_t items = block ? block_rows_ : table_rows_;
      const int64_t difference = above - *row.planned_total.fen;
      if (comparable && difference != 0) {
        const bool rounding = std::abs(difference) <= kSumToleranceFen * items;
        row.report.Add({"planned_total", rounding ? "SUM_ROUNDING" : "SUM_MISMATCH",
                        row.planned_total.raw, Cat("以上各行合计", FormatWanYuan(above), "万元"),
                        "与以上各行之和不符，请核对",
                        rounding ? IssueSeverity::kWarn : IssueSeverity::kHold});
      }
    }
    if (row.kind == RowKind::kSubtotal) {
      block_fen_ = 0;
      block_rows_ = 0;
      block_exact_ = true;
    }
    return row;
  }
  ++block_rows_;
  ++table_rows_;
  if (exact) {
    block_exact_ =
        !__builtin_add_overflow(block_fen_, *row.planned_total.fen, &block_fen_) && block_exact_;
    table_exact_ =
        !__builtin_add_overflow(table_fen_, *row.planned_total.fen, &table_fen_) && table_exact_;
  } else {
    block_exact_ = table_exact_ = false;
  }
  if (row.kind == RowKind::kSuspectedRollUp) {
    row.report.Add({"name", "ROLL_UP_SUSPECTED", std::string(facts.name), "",
                    "疑为类别汇总，请确认是单个项目还是汇总", IssueSeverity::kHold});
  }

  for (const auto& [column, taken] : others) {
    KeepOther(column, printed::WithoutFormulaGuard(cells[column]), taken, &row);
  }

  // ---- the rest of the fields ----
  if (facts.name.empty()) {
    row.report.Add({"name", "NAME_MISSING", "", "", "请填写项目名称", IssueSeverity::kHold});
  }
  row.villages = printed::SplitVillages(row.Text(F::kVillage));
  row.townships = printed::SplitTownships(row.Text(F::kTownship));
  const auto incomplete = [&](const printed::PlaceList& list, F field) {
    if (!list.incomplete) return;
    row.report.Add({std::string(ProjectFieldKey(field)), "LIST_INCOMPLETE",
                    std::string(row.Text(field)),
                    Cat("写出", list.names.size(), "个",
                        list.stated_count.has_value() ? Cat("，共", *list.stated_count, "个") : ""),
                    "名单不完整，请补全", IssueSeverity::kWarn});
  };
  incomplete(row.villages, F::kVillage);
  incomplete(row.townships, F::kTownship);
  row.village_shares_bp = VillageShares(&row);
  row.year = printed::ParseYear(row.Text(F::kYear));
  if (!row.year.has_value()) {
    row.report.Add({"year", row.Text(F::kYear).empty() ? "YEAR_MISSING" : "YEAR_UNCLEAR",
                    std::string(row.Text(F::kYear)), "", "请填写实施年度", IssueSeverity::kWarn});
  }
  AddAmountIssue(row.planned_total, "planned_total", &row.report, true);
  if (row.this_allocation.has_value())
    AddAmountIssue(*row.this_allocation, "this_allocation", &row.report, false);
  for (const DeclaredSource& source : row.sources.items) {
    if (source.source_code.empty()) {
      row.report.Add(
          {"fund_source", "SOURCE_UNCLEAR", source.raw, "",
           Cat("请选择资金来源", source.proposals.empty()
                                     ? ""
                                     : Cat("，可能是 ", absl::StrJoin(source.proposals, "、"))),
           IssueSeverity::kWarn});
    }
    if (source.amount.state == ParseState::kSplitUnknown) {
      row.report.Add({"fund_source", "AMOUNT_SPLIT_UNKNOWN", source.raw, "", source.amount.note_zh,
                      IssueSeverity::kWarn});
    }
  }
  if (row.sources.incomplete) {
    row.report.Add({"fund_source", "LIST_INCOMPLETE", std::string(row.Text(F::kFundSource)),
                    Cat("写出", row.sources.items.size(), "项"), "资金来源未写全，请补全",
                    IssueSeverity::kWarn});
  }
  if (row.sources.items.empty()) {
    row.report.Add(
        {"fund_source", "SOURCE_MISSING", "", "", "请填写资金来源", IssueSeverity::kWarn});
  }
  const SumResult sum = SumCheck(row.sources, row.planned_total);
  if (sum.verdict == SumVerdict::kRounding || sum.verdict == SumVerdict::kMismatch) {
    const bool rounding = sum.verdict == SumVerdict::kRounding;
    row.report.Add({"planned_total", rounding ? "SUM_ROUNDING" : "SUM_MISMATCH",
                    row.planned_total.raw,
                    Cat("各来源合计", FormatWanYuan(sum.items_fen), "万元，相差",
                        FormatWanYuan(sum.difference_fen), "万元"),
                    rounding ? "差额在取舍误差以内，两个数都保留" : "来源合计与总投资不符，请更正",
                    rounding ? IssueSeverity::kWarn : IssueSeverity::kHold});
  }
  if (row.planned_total.fen.has_value() && std::abs(*row.planned_total.fen) > 10'000'000'000) {
    row.report.Add({"planned_total", "IMPLAUSIBLE", row.planned_total.raw,
                    Cat(FormatWanYuan(*row.planned_total.fen), "万元"),
                    "单个项目超过1亿元，请核对单位", IssueSeverity::kWarn});
  }
  for (const std::string& warning : printed::ImplausibleFigures(row.Text(F::kContent))) {
    row.report.Add({"construction_content", "IMPLAUSIBLE", std::string(row.Text(F::kContent)), "",
                    warning, IssueSeverity::kWarn});
  }
  row.project_type = printed::ProjectTypeFrom(row.Text(F::kProjectType), facts.name);
  row.industry = printed::MajorIndustryFrom(
      row.Text(F::kIndustry).empty() ? facts.name : row.Text(F::kIndustry));
  row.nature = printed::NatureFrom(row.Text(F::kNature));
  if (row.nature.empty() && !row.Text(F::kNature).empty()) {
    row.report.Add({"nature", "NATURE_UNCLEAR", std::string(row.Text(F::kNature)), "",
                    "建设性质未能识别，请选择", IssueSeverity::kWarn});
  }
  if (const std::string_view word = row.Text(F::kClass); !word.empty()) {
    row.claimed_class = printed::ClassFromWord(word, options_.class_synonyms);
    if (row.claimed_class.empty()) {
      row.report.Add({"class", "CLASS_WORD_UNKNOWN", std::string(word), "",
                      "分类用词无法识别，请选择", IssueSeverity::kWarn});
    }
  }
  if (!row.Text(F::kStatus).empty()) {
    row.stage = printed::StageFromStatus(row.Text(F::kStatus));
    if (row.stage.stage.empty() || !row.stage.note_zh.empty()) {
      row.report.Add({"status", "STAGE_UNCLEAR", std::string(row.Text(F::kStatus)), row.stage.stage,
                      row.stage.note_zh, IssueSeverity::kWarn});
    }
  }
  const auto day = [&](F field, std::optional<printed::ParsedDay>* out) {
    if (row.Text(field).empty()) return;
    *out = ParseDay(row.Text(field));
    AddDayIssue(row.Text(field), ProjectFieldKey(field), &row.report);
  };
  day(F::kCompletedOn, &row.completed_on);
  day(F::kProductionOn, &row.production_on);
  const auto money = [&](F field, std::string_view indicator_zh, Amount* out) {
    *out = amount(field);
    AddAmountIssue(*out, ProjectFieldKey(field), &row.report, false);
    if (ContainsAny(Normalize(row.Text(field)), {"预计", "预期", "计划"})) {
      row.report.Add({std::string(ProjectFieldKey(field)), "EXPECTED_NOT_ACTUAL",
                      std::string(row.Text(field)), "", "预计数已记入绩效目标，不作为实际数",
                      IssueSeverity::kWarn});
      row.expected.push_back({field, std::string(indicator_zh), std::string(row.Text(field))});
      *out = Amount();
    }
  };
  money(F::kAssetValue, "资产价值", &row.asset_value);
  money(F::kAnnualOutput, "年产值", &row.annual_output);
  money(F::kAnnualIncome, "年收益", &row.annual_income);
  const auto count = [&](F field, printed::Count* out) {
    if (row.Text(field).empty()) return;
    *out = printed::ParsePrintedCount(row.Text(field));
    // Asked about, as far as it was understood; the field stays unknown until then.
    if (out->state == ParseState::kExact && *out->value > kLargestCount) {
      *out = {ParseState::kAbsent, {}, {}, {}, "数量级存疑，请核对"};
    }
    if (out->state == ParseState::kExact) return;
    row.report.Add({std::string(ProjectFieldKey(field)),
                    out->state == ParseState::kAbsent
                        ? "COUNT_UNCLEAR"
                        : Cat("COUNT_", printed::ParseStateName(out->state)),
                    std::string(row.Text(field)), printed::CountText(*out), out->note_zh,
                    IssueSeverity::kWarn});
  };
  count(F::kHouseholds, &row.households);
  count(F::kPoorHouseholds, &row.poor_households);
  count(F::kMonitoredHouseholds, &row.monitored_households);
  count(F::kWorkers, &row.workers);
  count(F::kAssetQuantity, &row.asset_quantity);
  for (F field : {F::kRegionCode, F::kProjectCode, F::kOperatorUscc}) {
    if (printed::IsDamagedCode(row.Text(field))) {
      row.report.Add({std::string(ProjectFieldKey(field)), "CODE_DAMAGED",
                      std::string(row.Text(field)), "",
                      "代码已被表格软件改成科学计数法，请按文本重新填写", IssueSeverity::kHold});
    }
  }
  if (!row.Text(F::kOperatorUscc).empty() && !row.report.Has("CODE_DAMAGED")) {
    if (auto uscc = NormalizeUscc(Normalize(row.Text(F::kOperatorUscc))); !uscc.ok()) {
      row.report.Add({"operator_uscc", "USCC_INVALID", std::string(row.Text(F::kOperatorUscc)), "",
                      "统一社会信用代码校验不通过，请核对", IssueSeverity::kWarn});
    }
  }
  const std::string_view code = row.Text(F::kProjectCode);
  if (!code.empty() && !printed::IsDamagedCode(code)) {
    row.key = Cat("code:", Normalize(code));
  } else {
    std::vector<std::string> parts;
    for (F field : {F::kProvince, F::kCity, F::kCounty, F::kTownship, F::kVillage, F::kYear,
                    F::kProjectName}) {
      parts.push_back(
          KeyOf(field, field == F::kVillage ? VillagesWithoutShares(row) : row.Text(field)));
    }
    row.key = Cat("name:", absl::StrJoin(parts, "|"));
  }
  row.report.key = row.key;
  return row;
}

void MatchRegion(const printed::RegionMatcher& matcher, ParsedProjectRow* row) {
  if (row->report.Has("SUMMARY_ONLY")) return;
  const auto text = [&](F field) { return std::string(row->Text(field)); };
  RegionQuery query;
  query.code = text(F::kRegionCode);
  query.province = text(F::kProvince);
  query.city = text(F::kCity);
  query.county = text(F::kCounty);
  query.year = row->year;
  if (query.county == query.city) query.county.clear();
  std::vector<RegionMatch> all;
  const auto match_villages = [&] {
    query.code.clear();
    for (const PlaceName& village : row->villages.names) {
      RegionQuery one = query;
      one.village = village.name;
      one.township = !village.township.empty()          ? village.township
                     : row->townships.names.size() == 1 ? row->townships.names[0].name
                                                        : "";
      RegionMatch match = matcher.Match(one);
      // Several townships in the row: the village lies in the one that has it.
      if (one.township.empty() && row->townships.names.size() > 1) {
        std::vector<RegionMatch> found;
        for (const PlaceName& township : row->townships.names) {
          one.township = township.name;
          RegionMatch m = matcher.Match(one);
          if (m.complete) found.push_back(std::move(m));
        }
        if (found.size() == 1) match = std::move(found[0]);
      }
      if (village.township_inferred && match.complete) {
        match.ask = true;
        match.explanation_zh = Cat("乡镇沿用前一个村，", match.explanation_zh);
      }
      all.push_back(std::move(match));
    }
  };
  if (!query.code.empty()) {
    query.township = text(F::kTownship);
    query.village = row->villages.names.size() == 1 ? row->villages.names[0].name : "";
    all.push_back(matcher.Match(query));
    // The code of a township or county, beside it the villages that the project covers.
    if (!all[0].code.empty() && all[0].level != RegionLevel::kVillage) match_villages();
  } else if (!row->villages.names.empty()) {
    match_villages();
  } else if (!row->townships.names.empty()) {
    for (const PlaceName& township : row->townships.names) {
      RegionQuery one = query;
      one.township = township.name;
      all.push_back(matcher.Match(one));
    }
  } else {
    all.push_back(matcher.Match(query));
  }
  row->region = all[0];
  row->covered_regions = std::move(all);
  for (const RegionMatch& match : row->covered_regions) {
    if (!match.ask && match.grade <= printed::MatchGrade::kExact) continue;
    RowIssue issue;
    issue.field = "region";
    issue.raw =
        Cat(query.province, query.city, query.county, text(F::kTownship), text(F::kVillage));
    issue.understood = match.code.empty() ? "" : Cat(match.code, " ", matcher.PathName(match.code));
    issue.proposal_zh = match.explanation_zh;
    if (match.reason == "OTHER_PROVINCE") {
      issue.reason = match.reason;
      issue.severity = IssueSeverity::kRefuse;
    } else if (match.ask) {
      issue.reason = match.reason.empty() ? Cat("REGION_", printed::MatchGradeName(match.grade))
                                          : match.reason;
      // The lead place has to be known; another one of the list may follow.
      issue.severity = &match == &row->covered_regions[0] || match.code.empty()
                           ? IssueSeverity::kHold
                           : IssueSeverity::kWarn;
    } else {
      issue.reason = Cat("REGION_", printed::MatchGradeName(match.grade));
    }
    row->report.Add(std::move(issue));
  }
}

void FoldLongRows(std::vector<ParsedProjectRow>* rows) {
  absl::flat_hash_map<std::string, size_t> first;
  absl::flat_hash_map<size_t, std::vector<Amount>> totals;        // of the rows of a folded project
  absl::flat_hash_map<size_t, std::set<std::string>> sources_of;  // by their keys
  std::vector<ParsedProjectRow> out;
  out.reserve(rows->size());
  for (ParsedProjectRow& row : *rows) {
    if (row.key.empty() || row.Text(F::kProjectName).empty()) {
      out.push_back(std::move(row));
      continue;
    }
    const auto [it, inserted] = first.emplace(row.key, out.size());
    if (inserted) {
      out.push_back(std::move(row));
      continue;
    }
    ParsedProjectRow& lead = out[it->second];
    std::set<std::string>& sources = sources_of[it->second];
    if (sources.empty()) sources.insert(MatchKey(lead.Text(F::kFundSource)));
    const bool same_source = sources.contains(MatchKey(row.Text(F::kFundSource)));
    const bool one_each = row.sources.items.size() == 1 && !lead.sources.items.empty();
    if (same_source || !one_each) {
      row.report.Add({"name", "DUPLICATE_ROW", std::string(row.Text(F::kProjectName)),
                      Cat("与第", lead.row_no, "行相同"), "同一项目重复出现，请确认",
                      IssueSeverity::kHold});
      out.push_back(std::move(row));
      continue;
    }
    sources.insert(MatchKey(row.Text(F::kFundSource)));
    std::vector<Amount>& printed = totals[it->second];
    if (printed.empty()) printed.push_back(lead.planned_total);
    printed.push_back(row.planned_total);
    lead.sources.items.push_back(std::move(row.sources.items[0]));
    lead.folded_rows.push_back(row.row_no);
    // Amounts of one source are no shares of the whole.
    if (!row.village_shares_bp.empty() && lead.village_shares_bp != row.village_shares_bp &&
        !lead.village_shares_bp.empty()) {
      lead.village_shares_bp.clear();
      lead.report.Add({"village", "SHARES_UNCLEAR", std::string(row.Text(F::kVillage)), "",
                       "各行的份额不同，请填写整个项目的份额", IssueSeverity::kWarn});
    }
    for (ParsedProjectRow::OtherCell& other : row.others) {
      const auto same = std::find_if(lead.others.begin(), lead.others.end(),
                                     [&](const auto& o) { return o.column == other.column; });
      if (same == lead.others.end()) {
        lead.others.push_back(std::move(other));
      } else if (const std::string more = Cat("；", other.text);
                 same->text != other.text && !HasSuffix(same->text, more)) {
        same->text += more;
      }
    }
    // What was said of a whole column is said nowhere else; what holds a row holds the project that
    // it is part of.
    for (RowIssue& issue : row.report.issues) {
      const auto same = [&](const RowIssue& known) {
        return known.field == issue.field && known.reason == issue.reason;
      };
      const bool known = issue.field != "fund_source" &&
                         std::any_of(lead.report.issues.begin(), lead.report.issues.end(), same);
      if (known) continue;
      if (issue.field == "fund_source" || issue.severity == IssueSeverity::kHold ||
          issue.reason == "FILLED_DOWN" || issue.reason.starts_with("COLUMN_")) {
        lead.report.Add(std::move(issue));
      }
    }
  }
  // One row per source. The amount beside a source is the source's; only where every row repeats
  // the same figure and no source has its own is it the project's total.
  for (auto& [at, printed] : totals) {
    if (std::all_of(printed.begin(), printed.end(),
                    [&](const Amount& total) { return total.fen == printed[0].fen; })) {
      continue;
    }
    ParsedProjectRow& lead = out[at];
    const size_t of_lead = lead.sources.items.size() - (printed.size() - 1);
    for (size_t i = 0; i < printed.size(); ++i) {
      Amount& amount = lead.sources.items[i == 0 ? 0 : of_lead + i - 1].amount;
      if (amount.state == ParseState::kAbsent) amount = printed[i];
      if (i == 0 || !lead.planned_total.exact() || !printed[i].exact()) continue;
      if (auto sum = AddFen(*lead.planned_total.fen, *printed[i].fen); sum.ok())
        lead.planned_total.fen = *sum;
    }
  }
  *rows = std::move(out);
}

void MarkProgrammeSources(std::vector<ParsedProjectRow>* rows) {
  struct Group {
    std::vector<size_t> rows;
    int64_t sum = 0;
    bool exact = true;
  };
  absl::flat_hash_map<std::string, Group> groups;
  for (size_t i = 0; i < rows->size(); ++i) {
    const ParsedProjectRow& row = (*rows)[i];
    if (row.kind != RowKind::kItem || row.sources.items.size() != 1 ||
        !row.sources.items[0].amount.exact())
      continue;
    Group& group = groups[Cat(row.Text(F::kSourceId), "|", MatchKey(row.sources.items[0].raw))];
    group.rows.push_back(i);
    group.exact = group.exact && row.planned_total.exact() &&
                  !__builtin_add_overflow(group.sum, *row.planned_total.fen, &group.sum);
  }
  for (auto& [key, group] : groups) {
    if (group.rows.size() < 2 || !group.exact) continue;
    const int64_t programme = *(*rows)[group.rows[0]].sources.items[0].amount.fen;
    const int64_t difference = group.sum - programme;
    if (std::abs(difference) > kSumToleranceFen * static_cast<int64_t>(group.rows.size())) continue;
    for (size_t i : group.rows) {
      ParsedProjectRow& row = (*rows)[i];
      Amount& amount = row.sources.items[0].amount;
      amount.state = ParseState::kSplitUnknown;
      amount.programme_fen = programme;
      amount.fen.reset();
      amount.note_zh = "原文是整个项目（批次）的金额，本行份额未写明";
      row.report.Withdraw("SUM_MISMATCH");
      row.report.Add(
          {"fund_source", "AMOUNT_SPLIT_UNKNOWN", row.sources.items[0].raw,
           Cat(group.rows.size(), "行合计", FormatWanYuan(group.sum), "万元，与资金总额相符"),
           Cat("建议本行取", FormatWanYuan(*row.planned_total.fen), "万元，请确认"),
           IssueSeverity::kWarn});
    }
  }
}

}  // namespace bangfu::registry::intake
