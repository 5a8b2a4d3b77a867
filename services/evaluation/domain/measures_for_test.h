// The code lists as the registry ships them, for tests of the rules. That they are the very same is
// proved where both are known (facts/registry_seed_test.cc).
#pragma once

#include <string>
#include <vector>

#include "services/evaluation/domain/measures.h"

namespace bangfu::evaluation {

inline MeasureCatalogue ShippedCatalogue() {
  using C = FourClass;
  using R = RevitalizeCategory;
  MeasureCatalogue out;
  const auto of = [&out](C four_class, std::string code, std::string name,
                         std::vector<std::string> boards = {}, std::string path = "") {
    MeasureDef& m = out.measures.emplace_back();
    m.four_class = four_class;
    m.code = std::move(code);
    m.name_zh = std::move(name);
    m.short_boards = std::move(boards);
    m.path = std::move(path);
  };
  const auto revitalize = [&out](R category, std::string code, std::string name) -> MeasureDef& {
    MeasureDef& m = out.measures.emplace_back();
    m.four_class = C::kRevitalize;
    m.category = category;
    m.code = std::move(code);
    m.name_zh = std::move(name);
    return m;
  };
  of(C::kConsolidate, "NEW_VARIETY", "研发新品种新技术新产品");
  of(C::kConsolidate, "DEEP_PROCESSING", "发展精深加工");
  of(C::kConsolidate, "REGIONAL_BRAND", "创响区域公用品牌");
  of(C::kConsolidate, "MARKET_SCALE", "稳定并扩大市场规模");
  of(C::kConsolidate, "INTEGRATION", "促进产业融合");
  of(C::kUpgrade, "FILL_SHORT_BOARD", "补上技术、设施等短板", {"TECH", "FACILITY"});
  of(C::kUpgrade, "LOCAL_PROCESSING", "完善以当地农产品为主要原料的加工",
     {"CHAIN/PRIMARY_PROC", "CHAIN/DEEP_PROC", "CHAIN/COMPREHENSIVE_UTIL"});
  of(C::kUpgrade, "COLD_STORAGE", "完善产地冷藏保鲜", {"CHAIN/COLD_STORAGE"});
  of(C::kUpgrade, "BRAND_LINKAGE", "品牌打造和产销对接", {"MARKETING", "CHAIN/BRAND"});
  of(C::kUpgrade, "SALES_CHANNEL", "拓展产品销售渠道", {"BENEFIT", "CHAIN/SALES"});
  of(C::kUpgrade, "RURAL_TOURISM", "发展乡村旅游业、乡村服务业", {"CHAIN/SERVICE_TOURISM"});
  of(C::kUpgrade, "CHAIN_EXTENSION", "强链补链延链", {"CHAIN", "PROSPECT"});
  revitalize(R::kPolicy, "RENT_RELIEF", "租金减免");
  revitalize(R::kPolicy, "CREDIT", "金融信贷");
  revitalize(R::kPolicy, "TECH_SERVICE", "技术服务指导");
  revitalize(R::kPolicy, "TALENT", "人才培养");
  revitalize(R::kSupporting, "FACILITY_BUILD", "新建和完善配套设施设备").parts = {
      {"WATER", "水"},           {"POWER", "电"},           {"ROAD", "路"},
      {"MACHINERY", "机械设备"}, {"MARKETING", "市场营销"}, {"OTHER", "其他配套"}};
  revitalize(R::kManagement, "ENTRUST", "委托经营");
  revitalize(R::kManagement, "COOPERATE", "合作经营");
  revitalize(R::kManagement, "EQUITY_POOL", "资产资源整合入股");
  revitalize(R::kManagement, "PACKAGE_LEASE", "打包租赁");
  revitalize(R::kReorganize, "BUNDLE", "打捆盘活");
  revitalize(R::kReorganize, "SPLIT", "化整为零");
  revitalize(R::kReorganize, "ADD_INVEST", "增加投资规模");
  revitalize(R::kReorganize, "REDESIGN", "调整优化规划设计");
  revitalize(R::kDirection, "REDIRECT", "优化项目方向");
  revitalize(R::kDirection, "CHANGE_USE", "转变用途");
  of(C::kAdjust, "CONVERT_MODE", "转换经营模式", {}, "A");
  of(C::kAdjust, "ATTRACT_INVEST", "对外招商", {}, "A");
  of(C::kAdjust, "LEASE_OUT", "对外招租", {}, "A");
  of(C::kAdjust, "TO_PUBLIC_WELFARE", "转为公益性资产", {}, "B");
  of(C::kAdjust, "DISPOSE", "履行手续后规范处置", {}, "C");
  MeasureDef& other = revitalize(R::kOther, "OTHER", "其他（须说明）");
  other.any_cause = true;
  other.description_required = true;

  out.causes = {
      {"CASHFLOW_MARKET", "因市场行情变化导致暂时资金周转困难", {"RENT_RELIEF", "CREDIT"}},
      {"TECH_SUPPORT_LACK", "产业技术支撑不足", {"TECH_SERVICE", "TALENT"}},
      {"FACILITY_LACK", "配套设施设备不足", {"FACILITY_BUILD"}},
      {"MANAGEMENT_IDLE",
       "市场前景好、带动能力强、停产闲置",
       {"ENTRUST", "COOPERATE", "EQUITY_POOL", "PACKAGE_LEASE"}},
      {"REGIONAL_SIMILAR_INEFFICIENT", "区域内同类项目运行低效", {"BUNDLE"}},
      {"OVER_INVESTED_IDLE", "实际资金投入过大、资产闲置较多", {"SPLIT"}},
      {"UNDER_INVESTED", "规划规模大实际投入不足", {"ADD_INVEST", "REDESIGN"}},
      {"POOR_PLANNING", "前期规划不科学、论证不充分", {"REDIRECT", "CHANGE_USE"}},
      {"OTHER", "其他", {"OTHER"}},
  };
  out.override_reasons = {
      {"DATA_OUTDATED", "数据过时"},
      {"SEASONAL", "季节性因素"},
      {"FORCE_MAJEURE", "不可抗力"},
      {"POLICY_SUPPORT", "政策支持"},
      {"EXPERT_OPINION", "专家意见"},
      {"MERGED_PROJECT", "项目合并"},
      {"OTHER", "其他"},
  };
  return out;
}

}  // namespace bangfu::evaluation
