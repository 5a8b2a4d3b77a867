#include "services/evaluation/domain/measures.h"

namespace bangfu::evaluation {

namespace {

using C = FourClass;
using R = RevitalizeCategory;

constexpr MeasureDef kMeasures[] = {
    // 巩固类 (R030)
    {"NEW_VARIETY_TECH_PRODUCT", C::kConsolidate, R::kUnspecified, "研发新品种新技术新产品"},
    {"DEEP_PROCESSING", C::kConsolidate, R::kUnspecified, "发展精深加工"},
    {"REGIONAL_BRAND", C::kConsolidate, R::kUnspecified, "创响区域公用品牌"},
    {"MARKET_SCALE", C::kConsolidate, R::kUnspecified, "稳定并扩大市场规模"},
    {"INDUSTRY_INTEGRATION", C::kConsolidate, R::kUnspecified, "促进产业融合和产业发展质效再提升"},
    // 升级类 (R032)
    {"FILL_TECH_FACILITY", C::kUpgrade, R::kUnspecified, "补上技术、设施等短板"},
    {"LOCAL_PROCESSING", C::kUpgrade, R::kUnspecified, "完善以当地农产品为主要原料的加工配套设施"},
    {"COLD_CHAIN", C::kUpgrade, R::kUnspecified, "完善产地冷藏保鲜配套设施"},
    {"BRAND_AND_MATCHING", C::kUpgrade, R::kUnspecified, "农产品品牌打造和产销对接"},
    {"SALES_CHANNELS", C::kUpgrade, R::kUnspecified, "拓展产品销售渠道"},
    {"RURAL_TOURISM_SERVICE", C::kUpgrade, R::kUnspecified, "因地制宜发展乡村旅游业、乡村服务业"},
    {"CHAIN_EXTENSION", C::kUpgrade, R::kUnspecified, "强链补链延链"},
    // 盘活类: 五优化 (R035–R043)
    {"RENT_RELIEF", C::kRevitalize, R::kPolicy, "租金减免"},
    {"CREDIT", C::kRevitalize, R::kPolicy, "金融信贷"},
    {"TECH_SERVICE", C::kRevitalize, R::kPolicy, "技术服务指导"},
    {"TALENT", C::kRevitalize, R::kPolicy, "人才培养"},
    {"FACILITY_BUILD", C::kRevitalize, R::kSupporting, "新建和完善配套设施设备"},
    {"ENTRUST", C::kRevitalize, R::kManagement, "委托经营"},
    {"COOPERATE", C::kRevitalize, R::kManagement, "合作经营"},
    {"EQUITY_POOL", C::kRevitalize, R::kManagement, "资产资源整合入股"},
    {"PACKAGE_LEASE", C::kRevitalize, R::kManagement, "打包租赁"},
    {"BUNDLE", C::kRevitalize, R::kReorganize, "资产整合重组、打捆盘活"},
    {"SPLIT", C::kRevitalize, R::kReorganize, "化整为零，分区域、分产业盘活"},
    {"ADD_INVEST", C::kRevitalize, R::kReorganize, "增加投资规模"},
    {"REDESIGN", C::kRevitalize, R::kReorganize, "调整优化规划设计"},
    {"REDIRECT", C::kRevitalize, R::kDirection, "优化项目方向"},
    {"CHANGE_USE", C::kRevitalize, R::kDirection, "转变用途"},
    {"OTHER", C::kRevitalize, R::kOther, "因地制宜的其他盘活方式"},
    // 调整类: the three paths
    {"PATH_A_MARKET_REUSE", C::kAdjust, R::kUnspecified,
     "转换经营模式、对外招商招租等市场运作盘活使用"},
    {"PATH_B_PUBLIC_WELFARE", C::kAdjust, R::kUnspecified, "转为公益性资产"},
    {"PATH_C_DISPOSE", C::kAdjust, R::kUnspecified, "履行手续后规范处置"},
};

constexpr CauseMeasure kCauseMeasures[] = {
    {Cause::kCashflowMarket, "RENT_RELIEF"},   {Cause::kCashflowMarket, "CREDIT"},
    {Cause::kTechSupportLack, "TECH_SERVICE"}, {Cause::kTechSupportLack, "TALENT"},
    {Cause::kFacilityLack, "FACILITY_BUILD"},  {Cause::kManagementIdle, "ENTRUST"},
    {Cause::kManagementIdle, "COOPERATE"},     {Cause::kManagementIdle, "EQUITY_POOL"},
    {Cause::kManagementIdle, "PACKAGE_LEASE"}, {Cause::kRegionalSimilarInefficient, "BUNDLE"},
    {Cause::kOverInvestedIdle, "SPLIT"},       {Cause::kUnderInvested, "ADD_INVEST"},
    {Cause::kUnderInvested, "REDESIGN"},       {Cause::kPoorPlanning, "REDIRECT"},
    {Cause::kPoorPlanning, "CHANGE_USE"},      {Cause::kOther, "OTHER"},
};

constexpr ShortBoardMeasure kShortBoardMeasures[] = {
    {ShortBoardKind::kChain, "COLD_STORAGE", "COLD_CHAIN"},
    {ShortBoardKind::kChain, "PRIMARY_PROC", "LOCAL_PROCESSING"},
    {ShortBoardKind::kChain, "DEEP_PROC", "LOCAL_PROCESSING"},
    {ShortBoardKind::kChain, "COMPREHENSIVE_UTIL", "LOCAL_PROCESSING"},
    {ShortBoardKind::kChain, "BRAND", "BRAND_AND_MATCHING"},
    {ShortBoardKind::kChain, "SALES", "SALES_CHANNELS"},
    {ShortBoardKind::kChain, "SERVICE_TOURISM", "RURAL_TOURISM_SERVICE"},
    {ShortBoardKind::kChain, "", "CHAIN_EXTENSION"},
    {ShortBoardKind::kTech, "", "FILL_TECH_FACILITY"},
    {ShortBoardKind::kFacility, "", "FILL_TECH_FACILITY"},
    {ShortBoardKind::kMarketing, "", "BRAND_AND_MATCHING"},
    {ShortBoardKind::kBenefit, "", "SALES_CHANNELS"},
    {ShortBoardKind::kProspect, "", "CHAIN_EXTENSION"},
};

}  // namespace

std::span<const MeasureDef> Measures() { return kMeasures; }

const MeasureDef* FindMeasure(FourClass four_class, std::string_view code) {
  for (const MeasureDef& measure : kMeasures) {
    if (measure.four_class == four_class && measure.code == code) return &measure;
  }
  return nullptr;
}

std::span<const CauseMeasure> CauseMeasures() { return kCauseMeasures; }

bool IsAllowed(Cause cause, std::string_view measure) {
  if (cause == Cause::kUnspecified) return false;
  if (measure == "OTHER") return true;
  for (const CauseMeasure& row : kCauseMeasures) {
    if (row.cause == cause && row.measure == measure) return true;
  }
  return false;
}

std::span<const ShortBoardMeasure> ShortBoardMeasures() { return kShortBoardMeasures; }

}  // namespace bangfu::evaluation
