#include "services/evaluation/domain/criteria_refinement.h"

#include <string>
#include <vector>

#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/evaluation/domain/baseline.h"

namespace bangfu::evaluation {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

CriteriaSet County() {
  CriteriaSet set = BaselineV1();
  set.parent_hash = ContentHash(set);
  set.version_no = 2;
  set.scope_region = "360733000000";
  return set;
}

std::vector<std::string> FaultsOf(const CriteriaSet& set) {
  std::vector<std::string> fields;
  absl::Status status = CheckRefinement(BaselineV1(), set);
  for (const FieldViolation& v : GetErrorDetail(status).violations) fields.push_back(v.field);
  return fields;
}

TEST(CriteriaRefinement, UnchangedIsAccepted) {
  EXPECT_TRUE(CheckRefinement(BaselineV1(), County()).ok());
}

TEST(CriteriaRefinement, ConsolidateGatesGoUpOnly) {
  CriteriaSet set = County();
  set.Set(Param::kConsolidateD3, 6999);
  absl::Status status = CheckRefinement(BaselineV1(), set);
  EXPECT_EQ(ReasonOf(status), "REFINEMENT_OUT_OF_BOUNDS");
  ASSERT_EQ(GetErrorDetail(status).violations.size(), 1u);
  EXPECT_EQ(GetErrorDetail(status).violations[0].field, "parameters.consolidate_d3_min");
  EXPECT_THAT(GetErrorDetail(status).violations[0].description, HasSubstr("7000 到 8000"));
  set.Set(Param::kConsolidateD3, 8000);
  EXPECT_TRUE(CheckRefinement(BaselineV1(), set).ok());
  set.Set(Param::kConsolidateD3, 8001);
  EXPECT_FALSE(CheckRefinement(BaselineV1(), set).ok());
}

TEST(CriteriaRefinement, HardRulesAreLockedAndOtherGatesBounded) {
  CriteriaSet set = County();
  set.Set(Param::kLifeExpiredShare, 8001);
  set.Set(Param::kViableD3, 2999);
  EXPECT_THAT(FaultsOf(set),
              ElementsAre("parameters.viable_d3_min", "parameters.life_expired_share_min"));
  set = County();
  set.Set(Param::kViableD3, 3000);
  EXPECT_TRUE(CheckRefinement(BaselineV1(), set).ok());
}

TEST(CriteriaRefinement, WeightsMoveWithinFiveHundred) {
  CriteriaSet set = County();
  set.dimensions[0].weight_bp = 2500;
  set.dimensions[1].weight_bp = 1500;
  EXPECT_TRUE(CheckRefinement(BaselineV1(), set).ok());
  set.dimensions[0].weight_bp = 2501;
  set.dimensions[1].weight_bp = 1499;
  EXPECT_THAT(FaultsOf(set), ElementsAre("dimensions.D1.weight_bp", "dimensions.D2.weight_bp"));
}

TEST(CriteriaRefinement, OwnIndicatorsAreFewAndLight) {
  CriteriaSet set = County();
  IndicatorDef own = set.indicators.back();
  own.code = "D5-90";
  own.weight = 25;  // 25 of 125 in a dimension of 2000: 400 bp
  set.indicators.push_back(own);
  EXPECT_TRUE(CheckRefinement(BaselineV1(), set).ok());
  set.indicators.back().weight = 101;
  EXPECT_THAT(FaultsOf(set), ElementsAre("indicators"));
  set.indicators.back().weight = 1;
  for (int i = 1; i <= 5; ++i) {
    own.code = "D5-9" + std::to_string(i);
    own.weight = 1;
    set.indicators.push_back(own);
  }
  EXPECT_THAT(FaultsOf(set), ElementsAre("indicators"));
}

TEST(CriteriaRefinement, ProvincialIndicatorsStay) {
  CriteriaSet set = County();
  set.indicators[0].breakpoints[1].score_bp = 2999;
  EXPECT_THAT(FaultsOf(set), ElementsAre("indicators.D1-01"));
  EXPECT_FALSE(CheckRefinement(BaselineV1(), WithoutIndicator(County(), "D1-05")).ok());
}

TEST(CriteriaRefinement, AnotherBaselineMeansRebase) {
  CriteriaSet set = County();
  set.parent_hash = "other";
  EXPECT_EQ(ReasonOf(CheckRefinement(BaselineV1(), set)), "REBASE_REQUIRED");
}

}  // namespace
}  // namespace bangfu::evaluation
