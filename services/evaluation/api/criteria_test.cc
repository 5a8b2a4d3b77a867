#include <string>

#include "common/testing/at_once.h"
#include "services/evaluation/api/evaluation_api_for_test.h"
#include "services/evaluation/domain/baseline.h"

namespace bangfu::evaluation {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::StatusIs;

constexpr char kCriteria[] = "bangfu.evaluation.v1.CriteriaService.";

class CriteriaApi : public EvaluationApi {
 protected:
  absl::StatusOr<v1::CriteriaSet> Draft(const CriteriaSet& set, const std::string& person,
                                        const std::string& region = "36") {
    v1::CreateCriteriaDraftRequest request;
    request.set_request_id(world_.RequestId());
    request.set_region_code(region);
    request.set_content_json(CanonicalJson(set));
    request.set_note_zh("待省厅确认");
    return world_.server().Call<v1::CriteriaSet>(Cat(kCriteria, "CreateCriteriaDraft"), request,
                                                 world_.Admin(person));
  }
  v1::ActivateCriteriaRequest Activation(const std::string& id, absl::CivilDay from) {
    v1::ActivateCriteriaRequest request;
    request.set_request_id(world_.RequestId());
    request.set_id(id);
    SetDay(from, request.mutable_effective_from());
    return request;
  }
  absl::StatusOr<v1::CriteriaSet> Activate(const v1::ActivateCriteriaRequest& request,
                                           const std::string& person) {
    return world_.server().Call<v1::CriteriaSet>(Cat(kCriteria, "ActivateCriteria"), request,
                                                 world_.Admin(person));
  }
};

TEST_F(CriteriaApi, TheBaselineIsInForceAndMarked) {
  ASSERT_OK(SeedBaseline(world_.db(), world_.server().ids(), world_.server().clock().Now()));
  EXPECT_EQ(world_.database().Int("SELECT COUNT(*) FROM criteria_set"), 1);
  ASSERT_OK_AND_ASSIGN(auto active, world_.server().Call<v1::CriteriaSet>(
                                        Cat(kCriteria, "GetActiveCriteria"),
                                        v1::GetActiveCriteriaRequest(), world_.County()));
  EXPECT_EQ(active.note_zh(), "待省厅确认");
  EXPECT_EQ(active.region_code(), "36");
  EXPECT_THAT(active.content_json(), Not(HasSubstr("D5-04")));
}

TEST_F(CriteriaApi, ANewVersionNeedsTwoPersonsAndEndsTheOld) {
  CriteriaSet set = DefaultCriteria();
  set.Set(Param::kConsolidateD4, 7000);
  ASSERT_OK_AND_ASSIGN(auto draft, Draft(set, "wang"));
  EXPECT_EQ(draft.version_no(), 2);
  EXPECT_EQ(draft.state(), v1::CRITERIA_STATE_DRAFT);
  EXPECT_THAT(Activate(Activation(draft.id(), absl::CivilDay(2026, 3, 1)), "wang"),
              StatusIs(absl::StatusCode::kFailedPrecondition, "SAME_PERSON"));
  // Everybody is told whether they may, and why not.
  const auto told = [&](const std::string& token) -> std::string {
    v1::GetCriteriaSetRequest get;
    get.set_id(draft.id());
    auto got = world_.server().Call<v1::CriteriaSet>(Cat(kCriteria, "GetCriteriaSet"), get, token);
    if (!got.ok() || got->allowed_actions_size() != 1) return "not told";
    const type::v1::AllowedAction& action = got->allowed_actions(0);
    return action.allowed() ? "allowed" : action.refusal_reason();
  };
  EXPECT_EQ(told(world_.Admin("wang")), "SAME_PERSON");
  EXPECT_EQ(told(world_.Admin("li")), "allowed");
  EXPECT_EQ(told(world_.County()), "ROLE_NOT_ALLOWED");
  EXPECT_THAT(Activate(Activation(draft.id(), absl::CivilDay(2026, 2, 28)), "li"),
              StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
  ASSERT_OK_AND_ASSIGN(auto active,
                       Activate(Activation(draft.id(), absl::CivilDay(2026, 4, 1)), "li"));
  EXPECT_EQ(active.state(), v1::CRITERIA_STATE_ACTIVE);
  EXPECT_THAT(Activate(Activation(draft.id(), absl::CivilDay(2026, 5, 1)), "li"),
              StatusIs(absl::StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
  v1::GetActiveCriteriaRequest on;
  SetDay(absl::CivilDay(2026, 3, 31), on.mutable_on());
  ASSERT_OK_AND_ASSIGN(auto before, world_.server().Call<v1::CriteriaSet>(
                                        Cat(kCriteria, "GetActiveCriteria"), on, world_.County()));
  EXPECT_EQ(before.version_no(), 1);
  SetDay(absl::CivilDay(2026, 4, 1), on.mutable_on());
  ASSERT_OK_AND_ASSIGN(auto after, world_.server().Call<v1::CriteriaSet>(
                                       Cat(kCriteria, "GetActiveCriteria"), on, world_.County()));
  EXPECT_EQ(after.version_no(), 2);
}

TEST_F(CriteriaApi, BadContentIsRefusedWithEachFault) {
  CriteriaSet set = DefaultCriteria();
  set.dimensions[0].weight_bp = 1;
  EXPECT_THAT(Draft(set, "wang"), StatusIs(absl::StatusCode::kInvalidArgument, "CRITERIA_INVALID"));
  v1::CreateCriteriaDraftRequest request;
  request.set_request_id(world_.RequestId());
  request.set_region_code("36");
  request.set_content_json("{]");
  EXPECT_THAT(world_.server().Call<v1::CriteriaSet>(Cat(kCriteria, "CreateCriteriaDraft"), request,
                                                    world_.Admin()),
              StatusIs(absl::StatusCode::kInvalidArgument, "CRITERIA_INVALID"));
}

TEST_F(CriteriaApi, ACountyMayOnlyBeStricter) {
  CriteriaSet set = DefaultCriteria();
  set.parent_hash = ContentHash(DefaultCriteria());
  set.Set(Param::kConsolidateD4, 5000);  // easier to be 巩固类
  EXPECT_THAT(Draft(set, "wang", "360733"),
              StatusIs(absl::StatusCode::kInvalidArgument, "REFINEMENT_OUT_OF_BOUNDS"));
  set.Set(Param::kConsolidateD4, 6500);
  ASSERT_OK_AND_ASSIGN(auto draft, Draft(set, "wang", "360733"));
  ASSERT_OK(Activate(Activation(draft.id(), absl::CivilDay(2026, 3, 1)), "li"));
  v1::GetActiveCriteriaRequest request;
  request.set_region_code("360733");
  ASSERT_OK_AND_ASSIGN(auto active,
                       world_.server().Call<v1::CriteriaSet>(Cat(kCriteria, "GetActiveCriteria"),
                                                             request, world_.County()));
  EXPECT_EQ(active.region_code(), "360733");
}

TEST_F(CriteriaApi, OfTwoActivationsAtOnceOneWins) {
  CriteriaSet set = DefaultCriteria();
  set.Set(Param::kConsolidateD4, 6500);
  ASSERT_OK_AND_ASSIGN(auto one, Draft(set, "wang"));
  set.Set(Param::kConsolidateD4, 7000);
  ASSERT_OK_AND_ASSIGN(auto two, Draft(set, "wang"));
  const v1::ActivateCriteriaRequest requests[] = {Activation(one.id(), absl::CivilDay(2026, 4, 1)),
                                                  Activation(two.id(), absl::CivilDay(2026, 4, 1))};
  EXPECT_EQ(
      testing::Outcomes(testing::AtOnce(2, [&](int i) { return Activate(requests[i], "li"); })),
      (testing::Tally{{"OK", 1}, {"FAILED_PRECONDITION/CRITERIA_OVERLAP", 1}}));
  EXPECT_EQ(world_.database().Int("SELECT COUNT(*) FROM criteria_set WHERE state = 2 AND "
                                  "effective_to IS NULL"),
            1);
}

}  // namespace
}  // namespace bangfu::evaluation
