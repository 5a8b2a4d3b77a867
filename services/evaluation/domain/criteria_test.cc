#include "services/evaluation/domain/criteria.h"

#include <string>

#include "common/base/strings.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "services/evaluation/domain/baseline.h"
#include "services/evaluation/domain/measures_for_test.h"

namespace bangfu::evaluation {
namespace {

using ::testing::AllOf;
using ::testing::Contains;

std::vector<std::string> FaultsOf(const CriteriaSet& set) {
  std::vector<std::string> fields;
  for (const FieldViolation& v : GetErrorDetail(Validate(set)).violations) {
    fields.push_back(v.field);
  }
  return fields;
}

IndicatorDef& Indicator(CriteriaSet& set, const std::string& code) {
  for (IndicatorDef& d : set.indicators) {
    if (d.code == code) return d;
  }
  std::abort();
}

TEST(Criteria, R024_R028_BaselineIsValidAndAwaitsConfirmation) {
  CriteriaSet set = BaselineV1();
  EXPECT_TRUE(Validate(set).ok()) << Validate(set);
  EXPECT_EQ(set.dimensions.size(), 5u);
  EXPECT_EQ(set.indicators.size(), 22u);
  EXPECT_EQ(set.note, "待省厅确认");
  EXPECT_TRUE(Validate(DefaultCriteria()).ok());
}

TEST(Criteria, R028_FurtherDimensionsAreData) {
  CriteriaSet set = BaselineV1();
  for (DimensionDef& d : set.dimensions) d.weight_bp = 1600;
  set.dimensions.push_back({"D6", "生态效益", 2000, false, false});
  IndicatorDef own = Indicator(set, "D5-01");
  own.code = "D6-01";
  own.dimension = "D6";
  set.indicators.push_back(own);
  EXPECT_TRUE(Validate(set).ok()) << Validate(set);
}

TEST(Criteria, LeavingOutTheWarningLevelLeavesOutItsSource) {
  CriteriaSet set = DefaultCriteria();
  EXPECT_EQ(set.indicators.size(), 21u);
  EXPECT_THAT(set.needed_sources, ::testing::Not(Contains(FactSource::kRisk)));
  EXPECT_THAT(BaselineV1().needed_sources, Contains(FactSource::kRisk));
  EXPECT_NE(ContentHash(set), ContentHash(BaselineV1()));
}

TEST(Criteria, CanonicalJsonReadsBackToTheSameBytes) {
  std::string json = CanonicalJson(BaselineV1());
  EXPECT_EQ(nlohmann::json::parse(json).dump(), json);
  auto back = ParseCriteria(json);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(CanonicalJson(*back), json);
  EXPECT_EQ(ContentHash(*back), ContentHash(BaselineV1()));
  EXPECT_EQ(ContentHash(*back).size(), 64u);
}

TEST(Criteria, ForeignJsonIsRefused) {
  std::string json = CanonicalJson(BaselineV1());
  for (std::string bad :
       {std::string("{"), std::string("[]"), std::string("{}"), "{\"extra\":1," + json.substr(1)}) {
    EXPECT_EQ(ReasonOf(ParseCriteria(bad).status()), "CRITERIA_MALFORMED") << bad.substr(0, 20);
  }
  std::string fraction = json;
  fraction.replace(fraction.find("\"version_no\":1"), 14, "\"version_no\":1.5");
  EXPECT_EQ(ReasonOf(ParseCriteria(fraction).status()), "CRITERIA_MALFORMED");
}

TEST(Criteria, EveryFaultIsNamed) {
  CriteriaSet set = BaselineV1();
  set.dimensions[0].weight_bp = 1999;
  Indicator(set, "D1-01").breakpoints[2].raw = 3000;
  Indicator(set, "D1-04").breakpoints[1].score_bp = 10001;
  set.Set(Param::kUpgradeD5, 7001);
  EXPECT_THAT(FaultsOf(set), AllOf(Contains("dimensions"), Contains("indicators[0].breakpoints[2]"),
                                   Contains("indicators[3].breakpoints[1]"),
                                   Contains("parameters.upgrade_d5_min")));
}

TEST(Criteria, WhatTheGatesReadMustBeThereAndReported) {
  EXPECT_FALSE(Validate(WithoutIndicator(BaselineV1(), "D5-03")).ok());
  CriteriaSet set = BaselineV1();
  Indicator(set, "D1-01").missing_policy = MissingPolicy::kExclude;
  EXPECT_THAT(FaultsOf(set), Contains("indicators"));
}

TEST(Criteria, ScoresArePiecewiseLinearRoundedHalfUpAndClamped) {
  CriteriaSet set = BaselineV1();
  const IndicatorDef& margin = Indicator(set, "D2-03");
  EXPECT_EQ(ScoreOf(margin, -5000), 0);
  EXPECT_EQ(ScoreOf(margin, -1000), 2000);
  EXPECT_EQ(ScoreOf(margin, 0), 4000);
  EXPECT_EQ(ScoreOf(margin, 1501), 10000);
  const IndicatorDef& idle = Indicator(set, "D2-02");
  EXPECT_EQ(ScoreOf(idle, int64_t{1}), 8667);  // 10000 − 1333.3
  EXPECT_EQ(ScoreOf(idle, int64_t{2}), 7333);  // 10000 − 2666.7
  const IndicatorDef& status = Indicator(set, "D2-01");
  EXPECT_EQ(ScoreOf(status, std::string_view("SEASONAL")), 9000);
  EXPECT_EQ(ScoreOf(status, std::string_view("UNKNOWN")), -1);
}

TEST(Criteria, ParameterTableIsInOrderAndComplete) {
  auto table = ParamTable();
  ASSERT_EQ(table.size(), static_cast<size_t>(kParamCount));
  for (size_t i = 0; i < table.size(); ++i) EXPECT_EQ(static_cast<size_t>(table[i].param), i);
}

TEST(Measures, R035_R043_PairsOfCauseAndMeasure) {
  const MeasureCatalogue catalogue = ShippedCatalogue();
  const CauseDef& cash = *catalogue.FindCause("CASHFLOW_MARKET");
  const auto revitalize = [&](std::string_view code) -> const MeasureDef& {
    return *catalogue.FindMeasure(FourClass::kRevitalize, code);
  };
  EXPECT_TRUE(IsAllowed(cash, revitalize("CREDIT")));
  EXPECT_FALSE(IsAllowed(cash, revitalize("BUNDLE")));
  EXPECT_TRUE(IsAllowed(cash, revitalize("OTHER")));
  EXPECT_EQ(catalogue.FindMeasure(FourClass::kUpgrade, "CREDIT"), nullptr);
}

TEST(Measures, OptionsAreWhatTheFactsCanCallFor) {
  MeasureCatalogue catalogue = ShippedCatalogue();
  RuleFacts facts;
  facts.missing_links = {"COLD_STORAGE"};
  facts.cause = "CASHFLOW_MARKET";
  const auto codes = [&](std::string_view reason) {
    std::string out;
    for (const MeasureOption& o : MeasureOptions(catalogue, facts)) {
      if (o.reason == reason) out += Cat(out.empty() ? "" : " ", o.code);
    }
    return out;
  };
  EXPECT_EQ(codes(kOptionForCause), "RENT_RELIEF CREDIT");
  EXPECT_EQ(codes("CHAIN/COLD_STORAGE"), "COLD_STORAGE");
  EXPECT_EQ(codes("CHAIN/BRAND"), "");  // the link is there
  EXPECT_EQ(codes("PATH_A"), "CONVERT_MODE ATTRACT_INVEST LEASE_OUT");
  // A code that has ended is not suggested any more.
  catalogue
      .measures[static_cast<size_t>(catalogue.FindMeasure(FourClass::kRevitalize, "CREDIT") -
                                    catalogue.measures.data())]
      .in_force = false;
  EXPECT_EQ(codes(kOptionForCause), "RENT_RELIEF");
}

}  // namespace
}  // namespace bangfu::evaluation
