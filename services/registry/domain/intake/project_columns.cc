#include "services/registry/domain/intake/project_columns.h"

#include <algorithm>
#include <set>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_join.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/printed/chinese.h"
#include "common/status/error.h"

namespace bangfu::registry::intake {
namespace {

using F = ProjectField;
using printed::ContainsAny;
using printed::Normalize;

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

}  // namespace

std::string_view ProjectFieldKey(ProjectField field) {
  for (const Synonyms& s : FieldTable()) {
    if (s.field == field) return s.key;
  }
  return field == F::kFundColumn ? "fund_column" : "ignored";
}

std::string HeaderKey(std::string_view part) {
  std::string key = MatchKey(printed::WithoutBrackets(Normalize(part)));
  std::string_view view = key;
  ConsumePrefix(&view, "其中");
  for (std::string_view unit : {"万元", "亿元"}) ConsumeSuffix(&view, unit);
  return std::string(view);
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

std::string_view ColumnMap::HeaderOf(ProjectField field) const {
  for (const Column& c : columns) {
    if (c.field == field) return c.header;
  }
  return {};
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

}  // namespace bangfu::registry::intake
