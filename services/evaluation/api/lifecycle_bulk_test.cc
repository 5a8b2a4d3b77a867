// Many evaluations in one call.
#include <map>

#include "services/evaluation/api/lifecycle_for_test.h"

namespace bangfu::evaluation {
namespace {

using testing::HasViolation;

TEST_F(EvaluationLifecycle, ABatchGoesOnPastTheRefused) {
  v1::BatchAdvanceRequest request;
  std::vector<Ulid> good;
  for (int i = 0; i < 60; ++i) {
    good.push_back(w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_UPGRADE, "G2"));
    request.add_items()->set_id(good.back().ToString());
  }
  const Ulid adjust = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_ADJUST, "H4");
  const Ulid elsewhere =
      w_.Compute(w_.AddSubject({.village = "360734101201"}), v1::EVALUATION_RESULT_UPGRADE, "G2");
  request.add_items()->set_id(adjust.ToString());
  request.add_items()->set_id(elsewhere.ToString());
  const auto advance = [&](v1::AdvanceStep step, const std::string& token) {
    request.set_step(step);
    request.clear_request_id();
    auto response =
        w_.Call<v1::BatchAdvanceResponse>(Cat(kEvaluationService, "BatchAdvance"), request, token);
    EXPECT_OK(response);
    std::map<std::string, int> counts;
    if (response.ok()) {
      for (const auto& r : response->results()) ++counts[r.done() ? "done" : r.refusal().reason()];
    }
    return counts;
  };
  using Counts = std::map<std::string, int>;
  request.set_validate_only(true);
  EXPECT_EQ(advance(v1::ADVANCE_STEP_ACCEPT, w_.Approver()),
            (Counts{{"done", 60}, {"ARGUMENT_REQUIRED", 1}, {"RESOURCE_NOT_FOUND", 1}}));
  request.set_validate_only(false);
  EXPECT_EQ(advance(v1::ADVANCE_STEP_ACCEPT, w_.Approver()),
            (Counts{{"done", 60}, {"ARGUMENT_REQUIRED", 1}, {"RESOURCE_NOT_FOUND", 1}}));
  EXPECT_EQ(advance(v1::ADVANCE_STEP_ACCEPT, w_.Operator()),
            (Counts{{"ROLE_NOT_ALLOWED", 61}, {"RESOURCE_NOT_FOUND", 1}}));
  request.add_channels("政府网站");
  EXPECT_EQ(advance(v1::ADVANCE_STEP_PUBLICISE, w_.Operator()),
            (Counts{{"done", 60}, {"STATE_NOT_ALLOWED", 1}, {"RESOURCE_NOT_FOUND", 1}}));
  w_.PassDays(8);
  for (const Ulid& id : good) ASSERT_OK(w_.Conclude(w_.Get(id).publicity_id()));
  request.set_validate_only(true);
  EXPECT_EQ(advance(v1::ADVANCE_STEP_MAKE_EFFECTIVE, w_.Approver()),
            (Counts{{"done", 60}, {"STATE_NOT_ALLOWED", 1}, {"RESOURCE_NOT_FOUND", 1}}));
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM ledger_entry"), 0);
  request.set_validate_only(false);
  EXPECT_EQ(advance(v1::ADVANCE_STEP_MAKE_EFFECTIVE, w_.Approver()),
            (Counts{{"done", 60}, {"STATE_NOT_ALLOWED", 1}, {"RESOURCE_NOT_FOUND", 1}}));
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM ledger_entry WHERE is_open = 1"), 60);
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM subject WHERE effective_class = 2"), 60);
  w_.ExpectRollupsEqualRecount();
}

// Each item is stored by itself: what was done stays done when a later item ends the call, and the
// same call again answers for it and goes on.
TEST_F(EvaluationLifecycle, ABatchIsStoredItemByItem) {
  v1::BatchAdvanceRequest request;
  request.set_step(v1::ADVANCE_STEP_ACCEPT);
  request.set_request_id("batch-item-by-item");
  std::vector<Ulid> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_UPGRADE, "G2"));
    request.add_items()->set_id(ids.back().ToString());
  }
  // The second item is stale; nobody has taken it back when the first is stored.
  request.mutable_items(1)->set_etag("99");
  const auto advance = [&] {
    return w_.server().Call<v1::BatchAdvanceResponse>(Cat(kEvaluationService, "BatchAdvance"),
                                                      request, w_.Approver());
  };
  // Only looked at: what would become of each, and nothing is stored, under the same request id
  // too.
  request.set_validate_only(true);
  ASSERT_OK_AND_ASSIGN(const auto looked_at, advance());
  EXPECT_EQ(w_.Get(ids[0]).state(), v1::EVALUATION_STATE_COMPUTED);
  request.set_validate_only(false);
  ASSERT_OK_AND_ASSIGN(const auto first, advance());
  EXPECT_EQ(first.SerializeAsString(), looked_at.SerializeAsString());
  ASSERT_EQ(first.results_size(), 3);
  EXPECT_TRUE(first.results(0).done());
  EXPECT_EQ(first.results(1).refusal().reason(), "ETAG_MISMATCH");
  EXPECT_TRUE(first.results(2).done());
  // Audited as the step's own rpc, one entry and one stored answer an item.
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM audit_log WHERE action = "
                              "'EvaluationService.AcceptEvaluation'"),
            2);
  EXPECT_EQ(w_.database().Int("SELECT COUNT(DISTINCT request_id) FROM audit_log WHERE action = "
                              "'EvaluationService.AcceptEvaluation'"),
            2);
  ASSERT_OK_AND_ASSIGN(const auto again, advance());
  EXPECT_EQ(again.SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM audit_log WHERE action = "
                              "'EvaluationService.AcceptEvaluation'"),
            2);
}

// Approved, rejected and filed in bulk as one by one: by the same roles and with the same duties
// kept apart, each item with its own result.
TEST_F(EvaluationLifecycle, OverridesGoOnInBulkEachWithItsResult) {
  const auto proposed = [&](const std::string& computer, const std::string& proposer,
                            const std::string& village = "360733101201") {
    const Ulid id = w_.Compute(w_.AddSubject({.village = village}), v1::EVALUATION_RESULT_UPGRADE,
                               "G2", computer);
    const std::string county = village.substr(0, 6);
    v1::ProposeOverrideRequest proposal = w_.Proposal(type::v1::FOUR_CLASS_CONSOLIDATE);
    *proposal.mutable_evidence(0) = w_.Paper(county);
    EXPECT_OK(w_.Step("ProposeOverride", proposal, id, w_.Operator(proposer, county)));
    return id;
  };
  const Ulid one = proposed("computer", "operator");
  const Ulid two = proposed("computer", "operator");
  const Ulid own_proposal = proposed("computer", "approver");
  const Ulid own_result = proposed("approver", "operator");
  const Ulid none = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_UPGRADE, "G2");
  const auto advance = [&](v1::AdvanceStep step, const std::vector<Ulid>& ids,
                           const std::string& token, const std::string& reason = "") {
    v1::BatchAdvanceRequest request;
    request.set_step(step);
    request.set_reason(reason);
    for (const Ulid& id : ids) request.add_items()->set_id(id.ToString());
    return w_.Call<v1::BatchAdvanceResponse>(Cat(kEvaluationService, "BatchAdvance"), request,
                                             token);
  };
  const auto outcomes = [&](v1::AdvanceStep step, const std::vector<Ulid>& ids,
                            const std::string& token, const std::string& reason = "") {
    auto response = advance(step, ids, token, reason);
    EXPECT_OK(response);
    std::vector<std::string> out;
    if (!response.ok()) return out;
    for (int i = 0; i < response->results_size(); ++i) {
      const type::v1::BulkResult& r = response->results(i);
      EXPECT_EQ(r.id(), ids[static_cast<size_t>(i)].ToString());
      out.push_back(r.done() ? r.state_zh() : r.refusal().reason());
    }
    return out;
  };
  using ::testing::ElementsAre;
  const v1::AdvanceStep approve = v1::ADVANCE_STEP_APPROVE_OVERRIDE;
  const v1::AdvanceStep reject = v1::ADVANCE_STEP_REJECT_OVERRIDE;
  const v1::AdvanceStep file = v1::ADVANCE_STEP_FILE_OVERRIDE;
  const Ulid elsewhere = proposed("computer", "operator", "360734101201");

  EXPECT_THAT(outcomes(approve, {one, elsewhere}, w_.Operator()),
              ElementsAre("ROLE_NOT_ALLOWED", "RESOURCE_NOT_FOUND"));
  EXPECT_THAT(
      outcomes(approve, {one, own_proposal, own_result, none, elsewhere, two}, w_.Approver()),
      ElementsAre("联合确认", "SAME_PERSON", "SAME_PERSON", "STATE_NOT_ALLOWED",
                  "RESOURCE_NOT_FOUND", "联合确认"));
  EXPECT_EQ(w_.Get(one).override().approved_by().subject(), "approver");
  EXPECT_EQ(w_.Get(one).final_class(), type::v1::FOUR_CLASS_CONSOLIDATE);
  EXPECT_TRUE(w_.Get(two).override().has_expires_on());
  EXPECT_EQ(w_.Get(own_proposal).state(), v1::EVALUATION_STATE_OVERRIDE_PROPOSED);
  // Each is audited as the step's own rpc.
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM audit_log WHERE action = "
                              "'EvaluationService.ApproveOverride'"),
            2);
  // Neither does the province, whose business this is not.
  EXPECT_THAT(outcomes(approve, {elsewhere}, w_.Province()), ElementsAre("OVERRIDE_LEVEL"));
  EXPECT_THAT(outcomes(reject, {elsewhere}, w_.Province(), "材料不足"),
              ElementsAre("OVERRIDE_LEVEL"));
  EXPECT_THAT(outcomes(approve, {elsewhere}, w_.Approver("360734")), ElementsAre("联合确认"));

  // Who rejects says why; the reason is on each one's record.
  EXPECT_THAT(advance(reject, {own_proposal}, w_.Approver()), HasViolation("reason"));
  EXPECT_THAT(outcomes(reject, {own_proposal}, w_.City(), "材料不足"),
              ElementsAre("ROLE_NOT_ALLOWED"));
  EXPECT_THAT(outcomes(reject, {own_proposal, one, own_result}, w_.Approver(), "材料不足"),
              ElementsAre("已测算", "STATE_NOT_ALLOWED", "已测算"));
  EXPECT_FALSE(w_.Get(own_result).has_override());
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM audit_log WHERE action = "
                              "'EvaluationService.RejectOverride' AND reason = '材料不足'"),
            2);

  // Filed by the city, once.
  EXPECT_THAT(outcomes(file, {one}, w_.Approver()), ElementsAre("ROLE_NOT_ALLOWED"));
  EXPECT_THAT(outcomes(file, {one, none, two}, w_.City()),
              ElementsAre("联合确认", "STATE_NOT_ALLOWED", "联合确认"));
  EXPECT_TRUE(w_.Get(one).override().city_filed());
  EXPECT_THAT(outcomes(file, {one}, w_.City()), ElementsAre("FILING_NOT_REQUIRED"));
}

}  // namespace
}  // namespace bangfu::evaluation
