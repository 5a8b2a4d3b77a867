// Grants narrowed to fund sources or industries: what they evaluate.
#include <string>
#include <utility>
#include <vector>

#include "services/evaluation/api/evaluation_api_for_test.h"

namespace bangfu::evaluation {
namespace {

using testing::StatusIs;

class EvaluationScope : public EvaluationApi {
 protected:
  // An operator with a grant for each list of industries, in its region.
  using Held = std::vector<std::pair<std::vector<std::string>, std::string>>;
  std::string Holder(const Held& held) {
    auth::Caller caller;
    caller.subject = "narrowed";
    for (const auto& [industries, region] : held) {
      auth::Grant& grant = caller.grants.emplace_back();
      grant.role = auth::Role::ROLE_COUNTY_OPERATOR;
      grant.region_path = region;
      grant.industries = industries;
    }
    return world_.server().Token(caller);
  }
  // All of them in the county.
  std::string Narrowed(const std::vector<std::vector<std::string>>& industries) {
    Held held;
    for (const auto& one : industries) held.emplace_back(one, sample::kCounty);
    return Holder(held);
  }
};

TEST_F(EvaluationScope, EachSubjectIsEvaluatedByThoseWhoseItIs) {
  const std::string industry = world_.AddIndustry();
  const std::string ours = world_.AddProject(industry);
  const std::string theirs = world_.AddProject(industry);
  registry::v1::Project tea = sample::Project(theirs, industry, sample::kVillage);
  tea.set_industry_code("TEA");
  world_.Tell(tea);
  world_.Sync();
  world_.Score({ours, theirs}, 85, 85);

  // One is refused, the other is evaluated.
  ASSERT_OK_AND_ASSIGN(const auto mixed,
                       world_.Evaluate({ours, theirs}, Narrowed({{sample::kIndustryCode}})));
  ASSERT_EQ(mixed.outcomes_size(), 2);
  EXPECT_TRUE(mixed.outcomes(0).has_evaluation()) << mixed.outcomes(0).refusal_reason();
  EXPECT_EQ(mixed.outcomes(1).subject_id(), theirs);
  EXPECT_EQ(mixed.outcomes(1).refusal_reason(), "SCOPE_EXCLUDES");
  EXPECT_FALSE(mixed.outcomes(1).refusal_zh().empty());
  EXPECT_EQ(world_.database().Int("SELECT COUNT(*) FROM evaluation"), 1);
  // By a grant for each both are.
  ASSERT_OK_AND_ASSIGN(
      const auto both,
      world_.Evaluate({ours, theirs}, Narrowed({{"TEA"}, {sample::kIndustryCode}})));
  for (const v1::SubjectOutcome& outcome : both.outcomes()) {
    EXPECT_NE(outcome.refusal_reason(), "SCOPE_EXCLUDES");
  }
}

TEST_F(EvaluationScope, TheEvaluationNamesTheGrantThatCoversItsSubject) {
  const std::string project = world_.AddProject(world_.AddIndustry());
  world_.Sync();
  world_.Score({project}, 85, 85);
  // The first with the role is for another industry; the second tells itself by its region.
  const std::string token = Holder({{{"TEA"}, sample::kCounty}, {{sample::kIndustryCode}, "3607"}});
  ASSERT_OK_AND_ASSIGN(const auto made, world_.Evaluate({project}, token));
  ASSERT_EQ(made.outcomes_size(), 1);
  EXPECT_EQ(made.outcomes(0).evaluation().computed_by().region_path(), "3607");
}

TEST_F(EvaluationScope, NobodyEvaluatesAllOfARegionByAGrantForSomeOfIt) {
  world_.AddProject(world_.AddIndustry());
  world_.Sync();
  v1::StartBatchEvaluationRequest request;
  request.set_region_code(sample::kCounty);
  request.set_period(sample::kPeriod);
  const auto start = [&](const std::string& token) {
    request.set_request_id(world_.RequestId());
    return world_.server().Call<operation::v1::Operation>(Cat(kService, "StartBatchEvaluation"),
                                                          request, token);
  };
  EXPECT_THAT(start(Narrowed({{sample::kIndustryCode}})),
              StatusIs(absl::StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  // With another for all of it, it is that one that is named.
  ASSERT_OK_AND_ASSIGN(const operation::v1::Operation started,
                       start(Holder({{{sample::kIndustryCode}, sample::kCounty}, {{}, "3607"}})));
  EXPECT_EQ(started.created_by().region_path(), "3607");
}

}  // namespace
}  // namespace bangfu::evaluation
