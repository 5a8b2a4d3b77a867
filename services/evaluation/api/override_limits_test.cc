// Who may override what (§4.7): documents and gaps the province, everything else the county.
#include "bangfu/inbox/v1/inbox.pb.h"
#include "services/evaluation/api/lifecycle_world_for_test.h"

namespace bangfu::evaluation {
namespace {

using absl::StatusCode;
using auth::Role;
using testing::StatusIs;

class OverrideLimits : public ::testing::Test {
 protected:
  std::string Office(const std::string& person = "office") {
    return w_.Token(Role::ROLE_PROV_OFFICE, "36", person);
  }
  absl::StatusOr<v1::Evaluation> Propose(const Ulid& id, const std::string& token) {
    return w_.Step("ProposeOverride", w_.Proposal(type::v1::FOUR_CLASS_UPGRADE), id, token);
  }
  absl::StatusOr<v1::Evaluation> Approve(const Ulid& id, const std::string& token) {
    return w_.Step("ApproveOverride", v1::ApproveOverrideRequest(), id, token);
  }
  absl::StatusOr<v1::Evaluation> Reject(const Ulid& id, const std::string& token) {
    v1::RejectOverrideRequest request;
    request.set_reason("材料不足");
    return w_.Step("RejectOverride", request, id, token);
  }
  // What the evaluation offers this caller: "", or why not.
  std::string RefusalOf(const Ulid& id, const std::string& action, const std::string& token) {
    v1::GetEvaluationRequest request;
    request.set_id(id.ToString());
    auto got = w_.Call<v1::Evaluation>(Cat(kEvaluationService, "GetEvaluation"), request, token);
    EXPECT_OK(got);
    if (!got.ok()) return "";
    for (const auto& a : got->allowed_actions()) {
      if (a.action() == action) return a.allowed() ? "" : a.refusal_reason();
    }
    return "not offered";
  }
  int Waiting(const std::string& token) {
    auto list = w_.Call<inbox::v1::ListMyWorkResponse>("bangfu.inbox.v1.InboxService.ListMyWork",
                                                       inbox::v1::ListMyWorkRequest(), token);
    EXPECT_OK(list);
    int n = 0;
    if (!list.ok()) return n;
    for (const auto& item : list->items()) {
      if (item.kind() == "EVALUATION_APPROVE_OVERRIDE") ++n;
    }
    return n;
  }
  LifecycleWorld w_;
};

TEST_F(OverrideLimits, WhatIsLockedForTheCountyIsTheProvincesFromEndToEnd) {
  struct Locked {
    v1::EvaluationResult result;
    const char* rule;
  };
  for (const Locked& locked :
       {Locked{v1::EVALUATION_RESULT_ADJUST, "H1"}, Locked{v1::EVALUATION_RESULT_ADJUST, "H2"},
        Locked{v1::EVALUATION_RESULT_ADJUST, "H3"},
        Locked{v1::EVALUATION_RESULT_INSUFFICIENT_DATA, "P1"}}) {
    SCOPED_TRACE(locked.rule);
    const auto refused = StatusIs(StatusCode::kFailedPrecondition, "OVERRIDE_LOCKED");
    const Ulid id = w_.Compute(w_.AddSubject(), locked.result, locked.rule);
    EXPECT_EQ(RefusalOf(id, "propose_override", w_.Operator()), "OVERRIDE_LOCKED");
    EXPECT_THAT(Propose(id, w_.Operator()), refused);
    EXPECT_EQ(RefusalOf(id, "propose_override", Office()), "");
    ASSERT_OK(Propose(id, Office()));
    EXPECT_EQ(RefusalOf(id, "approve_override", w_.Approver()), "OVERRIDE_LOCKED");
    EXPECT_EQ(RefusalOf(id, "reject_override", w_.Approver()), "OVERRIDE_LOCKED");
    EXPECT_THAT(Approve(id, w_.Approver()), refused);
    EXPECT_THAT(Reject(id, w_.Approver()), refused);
    EXPECT_EQ(Waiting(w_.Approver()), 0);
    EXPECT_EQ(Waiting(Office()), 0);  // the own proposal
    EXPECT_EQ(Waiting(Office("another")), 1);
    EXPECT_EQ(Waiting(w_.Province()), 1);
    EXPECT_THAT(Approve(id, Office()), StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
    ASSERT_OK(Reject(id, Office("another")));
    ASSERT_OK(Propose(id, Office()));
    ASSERT_OK(Approve(id, locked.rule[1] == '1' ? w_.Province() : Office("another")));
    EXPECT_EQ(Waiting(w_.Province()), 0);
  }
}

TEST_F(OverrideLimits, EverythingElseIsTheCountysAlone) {
  const auto refused = StatusIs(StatusCode::kFailedPrecondition, "OVERRIDE_LEVEL");
  const Ulid id = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_REVITALIZE, "G4");
  EXPECT_EQ(RefusalOf(id, "propose_override", Office()), "OVERRIDE_LEVEL");
  EXPECT_THAT(Propose(id, Office()), refused);
  ASSERT_OK(Propose(id, w_.Operator()));
  for (const std::string& token : {Office(), w_.Province()}) {
    EXPECT_EQ(RefusalOf(id, "approve_override", token), "OVERRIDE_LEVEL");
    EXPECT_EQ(RefusalOf(id, "reject_override", token), "OVERRIDE_LEVEL");
    EXPECT_THAT(Approve(id, token), refused);
    EXPECT_THAT(Reject(id, token), refused);
    EXPECT_EQ(Waiting(token), 0);
  }
  EXPECT_EQ(Waiting(w_.Approver()), 1);
  EXPECT_EQ(RefusalOf(id, "approve_override", w_.Approver()), "");
  ASSERT_OK_AND_ASSIGN(const v1::Evaluation approved, Approve(id, w_.Approver()));
  EXPECT_TRUE(approved.override().needs_city_filing());
}

// Who has a grant of each level acts by the one whose business it is.
TEST_F(OverrideLimits, APersonOfBothLevelsActsForTheRightOne) {
  auth::Caller caller;
  caller.subject = "both";
  for (const auto& [role, region] :
       {std::pair{Role::ROLE_PROV_OFFICE, "36"}, {Role::ROLE_COUNTY_APPROVER, "360733"}}) {
    auth::Grant& grant = caller.grants.emplace_back();
    grant.role = role;
    grant.region_path = region;
  }
  const std::string both = w_.server().Token(caller);
  const Ulid own = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_REVITALIZE, "G4");
  ASSERT_OK(Propose(own, w_.Operator()));
  ASSERT_OK(Approve(own, both));
  const Ulid locked = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_ADJUST, "H1");
  ASSERT_OK(Propose(locked, Office()));
  ASSERT_OK(Approve(locked, both));
}

}  // namespace
}  // namespace bangfu::evaluation
