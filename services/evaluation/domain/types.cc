#include "services/evaluation/domain/types.h"

#include "services/evaluation/domain/indicator.h"

namespace bangfu::evaluation {

namespace {

constexpr EnumEntry<FourClass> kFourClass[] = {
    {FourClass::kUnspecified, "UNSPECIFIED", "未定"},
    {FourClass::kConsolidate, "CONSOLIDATE", "巩固类"},
    {FourClass::kUpgrade, "UPGRADE", "升级类"},
    {FourClass::kRevitalize, "REVITALIZE", "盘活类"},
    {FourClass::kAdjust, "ADJUST", "调整类"},
};
constexpr EnumEntry<Result> kResult[] = {
    {Result::kUnspecified, "UNSPECIFIED", "未定"},
    {Result::kConsolidate, "CONSOLIDATE", "巩固类"},
    {Result::kUpgrade, "UPGRADE", "升级类"},
    {Result::kRevitalize, "REVITALIZE", "盘活类"},
    {Result::kAdjust, "ADJUST", "调整类"},
    {Result::kInsufficientData, "INSUFFICIENT_DATA", "数据不足"},
    {Result::kNotApplicable, "NOT_APPLICABLE", "暂不分类"},
    {Result::kManualReview, "MANUAL_REVIEW", "人工研判"},
};
constexpr EnumEntry<SubjectType> kSubjectType[] = {
    {SubjectType::kUnspecified, "UNSPECIFIED", "未定"},
    {SubjectType::kProject, "PROJECT", "项目"},
    {SubjectType::kIndustry, "INDUSTRY", "产业"},
};
constexpr EnumEntry<Stage> kStage[] = {
    {Stage::kUnspecified, "UNSPECIFIED", "未定"},
    {Stage::kDraft, "DRAFT", "草稿"},
    {Stage::kDeclared, "DECLARED", "已申报"},
    {Stage::kTownshipReviewed, "TOWNSHIP_REVIEWED", "乡镇已审"},
    {Stage::kArgued, "ARGUED", "已论证"},
    {Stage::kPlanned, "PLANNED", "列入年度计划"},
    {Stage::kApproved, "APPROVED", "已立项"},
    {Stage::kUnderConstruction, "UNDER_CONSTRUCTION", "在建"},
    {Stage::kPaused, "PAUSED", "停工"},
    {Stage::kCompleted, "COMPLETED", "已竣工"},
    {Stage::kAccepted, "ACCEPTED", "已验收"},
    {Stage::kOperating, "OPERATING", "运营"},
    {Stage::kIdle, "IDLE", "停产闲置"},
    {Stage::kClosedOut, "CLOSED_OUT", "已销号退出"},
    {Stage::kTerminated, "TERMINATED", "终止"},
    {Stage::kSuperseded, "SUPERSEDED", "已被新版申报替代"},
};
constexpr EnumEntry<FactSource> kFactSource[] = {
    {FactSource::kUnspecified, "UNSPECIFIED", "未注明"},
    {FactSource::kRegistry, "REGISTRY", "项目库"},
    {FactSource::kAsset, "ASSET", "资产台账"},
    {FactSource::kFund, "FUND", "资金台账"},
    {FactSource::kRisk, "RISK", "风险监测"},
    {FactSource::kExpert, "EXPERT", "专家研判"},
    {FactSource::kExternal, "EXTERNAL", "外部数据"},
    {FactSource::kDispatch, "DISPATCH", "产业调度"},
};
constexpr EnumEntry<FactState> kFactState[] = {
    {FactState::kUnspecified, "UNSPECIFIED", "未定"},
    {FactState::kPresent, "PRESENT", "有值"},
    {FactState::kMissing, "MISSING", "缺报"},
    {FactState::kNotApplicable, "NOT_APPLICABLE", "不适用"},
};
constexpr EnumEntry<Feasibility> kFeasibility[] = {
    {Feasibility::kUnknown, "UNKNOWN", "未论证"},
    {Feasibility::kYes, "YES", "可行"},
    {Feasibility::kNo, "NO", "不可行"},
};
constexpr EnumEntry<ShortBoardKind> kShortBoardKind[] = {
    {ShortBoardKind::kUnspecified, "UNSPECIFIED", "未定"},
    {ShortBoardKind::kTech, "TECH", "技术短板"},
    {ShortBoardKind::kFacility, "FACILITY", "设施短板"},
    {ShortBoardKind::kMarketing, "MARKETING", "营销短板"},
    {ShortBoardKind::kChain, "CHAIN", "产业链短板"},
    {ShortBoardKind::kBenefit, "BENEFIT", "效益短板"},
    {ShortBoardKind::kLinkage, "LINKAGE", "联农带农短板"},
    {ShortBoardKind::kResource, "RESOURCE", "资源支撑短板"},
    {ShortBoardKind::kProspect, "PROSPECT", "发展前景短板"},
    {ShortBoardKind::kRisk, "RISK", "风险短板"},
};
constexpr EnumEntry<Level> kLevel[] = {
    {Level::kUnspecified, "UNSPECIFIED", "未评"},
    {Level::kExcellent, "EXCELLENT", "优"},
    {Level::kGood, "GOOD", "良"},
    {Level::kFair, "FAIR", "中"},
    {Level::kPoor, "POOR", "差"},
};
constexpr EnumEntry<Confidence> kConfidence[] = {
    {Confidence::kUnspecified, "UNSPECIFIED", "未评"},
    {Confidence::kLow, "LOW", "低"},
    {Confidence::kMid, "MID", "中"},
    {Confidence::kHigh, "HIGH", "高"},
};
constexpr EnumEntry<RevitalizeCategory> kRevitalizeCategory[] = {
    {RevitalizeCategory::kUnspecified, "UNSPECIFIED", ""},
    {RevitalizeCategory::kPolicy, "POLICY", "优化政策支持"},
    {RevitalizeCategory::kSupporting, "SUPPORTING", "优化补齐配套"},
    {RevitalizeCategory::kManagement, "MANAGEMENT", "优化管理模式"},
    {RevitalizeCategory::kReorganize, "REORGANIZE", "优化资源重组"},
    {RevitalizeCategory::kDirection, "DIRECTION", "优化发展方向"},
    {RevitalizeCategory::kOther, "OTHER", "因地制宜"},
};
constexpr EnumEntry<ValueType> kValueType[] = {
    {ValueType::kUnspecified, "UNSPECIFIED", "未定"},
    {ValueType::kNumber, "NUMBER", "数值"},
    {ValueType::kCategory, "CATEGORY", "类别"},
};
constexpr EnumEntry<Direction> kDirection[] = {
    {Direction::kUnspecified, "UNSPECIFIED", "未定"},
    {Direction::kHigherBetter, "HIGHER_BETTER", "越高越好"},
    {Direction::kLowerBetter, "LOWER_BETTER", "越低越好"},
    {Direction::kCategory, "CATEGORY", "按类别"},
};
constexpr EnumEntry<MissingPolicy> kMissingPolicy[] = {
    {MissingPolicy::kUnspecified, "UNSPECIFIED", "未定"},
    {MissingPolicy::kRequired, "REQUIRED", "必报"},
    {MissingPolicy::kExclude, "EXCLUDE", "缺报不计权重"},
    {MissingPolicy::kPenalise, "PENALISE", "未报按零分"},
    {MissingPolicy::kZeroReal, "ZERO_REAL", "无记录即为零"},
    {MissingPolicy::kDerived, "DERIVED", "由其他数据推算"},
    {MissingPolicy::kCarryForward, "CARRY_FORWARD", "沿用前期数据"},
};

struct LinkName {
  std::string_view code;
  std::string_view zh;
};
constexpr LinkName kLinks[] = {
    {"SEED", "育种育苗"},
    {"PLANT_BREED", "种养"},
    {"PRIMARY_PROC", "初加工"},
    {"DEEP_PROC", "精深加工"},
    {"COMPREHENSIVE_UTIL", "综合利用"},
    {"COLD_STORAGE", "冷藏保鲜"},
    {"LOGISTICS", "物流"},
    {"BRAND", "品牌"},
    {"SALES", "销售"},
    {"SERVICE_TOURISM", "服务/乡村旅游"},
};

}  // namespace

std::span<const EnumEntry<FourClass>> Entries(const FourClass*) { return kFourClass; }
std::span<const EnumEntry<Result>> Entries(const Result*) { return kResult; }
std::span<const EnumEntry<SubjectType>> Entries(const SubjectType*) { return kSubjectType; }
std::span<const EnumEntry<Stage>> Entries(const Stage*) { return kStage; }
std::span<const EnumEntry<FactSource>> Entries(const FactSource*) { return kFactSource; }
std::span<const EnumEntry<FactState>> Entries(const FactState*) { return kFactState; }
std::span<const EnumEntry<Feasibility>> Entries(const Feasibility*) { return kFeasibility; }
std::span<const EnumEntry<ShortBoardKind>> Entries(const ShortBoardKind*) {
  return kShortBoardKind;
}
std::span<const EnumEntry<Level>> Entries(const Level*) { return kLevel; }
std::span<const EnumEntry<Confidence>> Entries(const Confidence*) { return kConfidence; }
std::span<const EnumEntry<RevitalizeCategory>> Entries(const RevitalizeCategory*) {
  return kRevitalizeCategory;
}
std::span<const EnumEntry<ValueType>> Entries(const ValueType*) { return kValueType; }
std::span<const EnumEntry<Direction>> Entries(const Direction*) { return kDirection; }
std::span<const EnumEntry<MissingPolicy>> Entries(const MissingPolicy*) { return kMissingPolicy; }

std::optional<FourClass> ClassOf(Result result) {
  switch (result) {
    case Result::kConsolidate:
      return FourClass::kConsolidate;
    case Result::kUpgrade:
      return FourClass::kUpgrade;
    case Result::kRevitalize:
      return FourClass::kRevitalize;
    case Result::kAdjust:
      return FourClass::kAdjust;
    default:
      return std::nullopt;
  }
}

Result ResultOf(FourClass four_class) { return static_cast<Result>(static_cast<int>(four_class)); }

std::string_view ChainLinkZh(std::string_view link) {
  for (const LinkName& entry : kLinks) {
    if (entry.code == link) return entry.zh;
  }
  return link;
}

}  // namespace bangfu::evaluation
