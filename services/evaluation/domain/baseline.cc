#include "services/evaluation/domain/baseline.h"

#include <string>
#include <utility>
#include <vector>

namespace bangfu::evaluation {

namespace {

constexpr char kNote[] = "待省厅确认";

IndicatorDef Number(std::string code, std::string name_zh, std::string unit, Direction direction,
                    std::vector<Breakpoint> breakpoints, FactSource source, int32_t weight,
                    MissingPolicy policy) {
  IndicatorDef d;
  d.dimension = code.substr(0, 2);
  d.code = std::move(code);
  d.name_zh = std::move(name_zh);
  d.unit = std::move(unit);
  d.value_type = ValueType::kNumber;
  d.direction = direction;
  d.breakpoints = std::move(breakpoints);
  d.source = source;
  d.weight = weight;
  d.missing_policy = policy;
  return d;
}

IndicatorDef Category(std::string code, std::string name_zh, std::vector<CategoryScore> categories,
                      FactSource source, int32_t weight, MissingPolicy policy) {
  IndicatorDef d;
  d.dimension = code.substr(0, 2);
  d.code = std::move(code);
  d.name_zh = std::move(name_zh);
  d.unit = "code";
  d.value_type = ValueType::kCategory;
  d.direction = Direction::kCategory;
  d.categories = std::move(categories);
  d.source = source;
  d.weight = weight;
  d.missing_policy = policy;
  return d;
}

}  // namespace

CriteriaSet BaselineV1() {
  using S = FactSource;
  using P = MissingPolicy;
  constexpr Direction kUp = Direction::kHigherBetter;
  constexpr Direction kDown = Direction::kLowerBetter;
  CriteriaSet set;
  set.version_no = 1;
  set.scope_region = "360000000000";
  set.name_zh = "江西省帮扶产业“四个一批”分类评估标准（基准版）";
  set.note = kNote;
  set.dimensions = {
      {"D1", "产业发展水平", 2000, false, false}, {"D2", "经营管理状况", 2000, false, true},
      {"D3", "项目资产收益", 2000, true, true},   {"D4", "联农带农效果", 2000, false, true},
      {"D5", "产业发展前景", 2000, false, false},
  };
  auto add = [&set](IndicatorDef d) -> IndicatorDef& {
    return set.indicators.emplace_back(std::move(d));
  };
  const std::vector<Breakpoint> three = {{0, 0}, {1, 3000}, {2, 7000}, {3, 10000}};
  const std::vector<Breakpoint> points = {{0, 0}, {100, 10000}};

  add(Number("D1-01", "产业链环节覆盖率", "bp", kUp,
             {{0, 0}, {3000, 3000}, {6000, 6000}, {8000, 9000}, {10000, 10000}}, S::kRegistry, 30,
             P::kRequired));
  add(Number("D1-02", "产能利用率", "bp", kUp, {{0, 0}, {4000, 4000}, {7000, 8000}, {9000, 10000}},
             S::kRegistry, 30, P::kRequired))
      .not_applicable_when_stopped = true;
  add(Number("D1-03", "年产值与投资之比", "bp", kUp,
             {{0, 0}, {5000, 5000}, {10000, 8000}, {20000, 10000}}, S::kRegistry, 20, P::kExclude))
      .not_applicable_when_stopped = true;
  add(Number("D1-04", "未补短板数", "count", kDown, {{0, 10000}, {1, 7000}, {3, 3000}, {5, 0}},
             S::kRegistry, 10, P::kExclude));
  add(Number("D1-05", "品牌认证数", "count", kUp, {{0, 2000}, {1, 7000}, {2, 10000}}, S::kRegistry,
             10, P::kZeroReal));

  add(Category("D2-01", "运营状态",
               {{"NORMAL", 10000, "正常运营"},
                {"SEASONAL", 9000, "季节性停产"},
                {"PARTIAL", 5000, "部分运营"},
                {"SUSPENDED", 2500, "停产不足六个月"},
                {"IDLE", 0, "停产六个月以上"},
                {"NOT_STARTED", 0, "未投产"}},
               S::kAsset, 35, P::kRequired));
  add(Number("D2-02", "连续闲置月数", "month", kDown, {{0, 10000}, {3, 6000}, {6, 3000}, {12, 0}},
             S::kAsset, 20, P::kDerived))
      .not_before_acceptance = true;
  add(Number("D2-03", "经营利润率", "bp", kUp, {{-2000, 0}, {0, 4000}, {500, 7000}, {1500, 10000}},
             S::kRegistry, 20, P::kExclude))
      .not_applicable_when_stopped = true;
  add(Number("D2-04", "运营主体合规", "grade", kUp, three, S::kAsset, 15, P::kRequired));
  add(Number("D2-05", "管护落实", "grade", kUp, three, S::kAsset, 10, P::kPenalise));

  add(Number("D3-01", "年资产收益率", "bp", kUp,
             {{0, 0}, {200, 3000}, {400, 6000}, {600, 9000}, {800, 10000}}, S::kAsset, 40,
             P::kRequired))
      .needs_operating_assets = true;
  add(Number("D3-02", "收益兑现率", "bp", kUp, {{0, 0}, {6000, 3000}, {9000, 8000}, {10000, 10000}},
             S::kAsset, 30, P::kPenalise))
      .needs_operating_assets = true;
  add(Number("D3-03", "资产使用率", "bp", kUp, {{0, 0}, {5000, 4000}, {8000, 8000}, {10000, 10000}},
             S::kAsset, 30, P::kRequired))
      .needs_operating_assets = true;

  add(Number("D4-01", "每十万元资金带动脱贫户（含监测对象）数", "milli_household", kUp,
             {{0, 0}, {1000, 5000}, {2000, 8000}, {4000, 10000}}, S::kRegistry, 30, P::kRequired));
  add(Number("D4-02", "户均年增收", "fen", kUp,
             {{0, 0}, {50000, 3000}, {200000, 7000}, {500000, 10000}}, S::kAsset, 30,
             P::kPenalise));
  add(Number("D4-03", "分红兑现率", "bp", kUp, {{0, 0}, {8000, 5000}, {10000, 10000}}, S::kAsset,
             20, P::kExclude))
      .may_be_not_applicable = true;
  add(Number("D4-04", "务工带动（脱贫户人日）", "person_day", kUp,
             {{0, 0}, {200, 4000}, {1000, 8000}, {3000, 10000}}, S::kRegistry, 10, P::kExclude));
  add(Number("D4-05", "利益联结方式数", "count", kUp, {{0, 0}, {1, 6000}, {2, 9000}, {3, 10000}},
             S::kAsset, 10, P::kZeroReal));

  add(Number("D5-01", "市场前景研判（三名以上专家中位数）", "point", kUp, points, S::kExpert, 40,
             P::kRequired));
  add(Category("D5-02", "主导产业匹配",
               {{"LEADING", 10000, "县主导产业"},
                {"LIST134", 7000, "134项优势特色产业"},
                {"OTHER", 4000, "其他产业"}},
               S::kRegistry, 15, P::kDerived));
  add(Number("D5-03", "资源支撑", "point", kUp, points, S::kExpert, 25, P::kRequired));
  add(Category("D5-04", "风险等级",
               {{"NONE", 10000, "无预警"},
                {"BLUE", 8000, "蓝色"},
                {"YELLOW", 6000, "黄色"},
                {"ORANGE", 3000, "橙色"},
                {"RED", 0, "红色"}},
               S::kRisk, 20, P::kRequired));

  set.Set(Param::kViableD2, 5000);
  set.Set(Param::kViableD3, 4000);
  set.Set(Param::kViableIdleMonths, 3);
  set.Set(Param::kChainComplete, 8000);
  set.Set(Param::kMarketMargin, 500);
  set.Set(Param::kMarketUtilisation, 7000);
  set.Set(Param::kMarketReceived, 9000);
  set.Set(Param::kResourceSupport, 50);
  set.Set(Param::kConsolidateD1, 7000);
  set.Set(Param::kConsolidateD3, 7000);
  set.Set(Param::kConsolidateD4, 6000);
  set.Set(Param::kConsolidateD5, 7000);
  set.Set(Param::kUpgradeD5, 4000);
  set.Set(Param::kRevitalizeD5, 5000);
  set.Set(Param::kManualD5, 4000);
  set.Set(Param::kAdjustD4, 3000);
  set.Set(Param::kAdjustD5, 4000);
  set.Set(Param::kLifeExpiredShare, 8000);
  set.Set(Param::kMinPresent, 6000);
  set.Set(Param::kOverdueDays, 30);
  set.Set(Param::kRampUpMonths, 12);
  set.Set(Param::kLevelExcellent, 8500);
  set.Set(Param::kLevelGood, 7000);
  set.Set(Param::kLevelFair, 5500);
  set.Set(Param::kConfidenceHighCoverage, 9000);
  set.Set(Param::kConfidenceHighMargin, 1000);
  set.Set(Param::kConfidenceLowCoverage, 7500);
  set.Set(Param::kConfidenceLowMargin, 300);
  set.Set(Param::kIndustryNormalShare, 8000);
  set.Set(Param::kIndustryPartialShare, 3000);
  set.needed_sources = {S::kRegistry, S::kAsset, S::kRisk, S::kExpert};
  return set;
}

CriteriaSet DefaultCriteria() { return WithoutIndicator(BaselineV1(), "D5-04"); }

}  // namespace bangfu::evaluation
