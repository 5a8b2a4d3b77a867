// Minimums of a panel and of an override's reason: parameters of the province.
#include "services/evaluation/api/lifecycle_world_for_test.h"

namespace bangfu::evaluation {
namespace {

using absl::StatusCode;
using testing::HasViolation;
using testing::StatusIs;

class Minimums : public ::testing::Test {
 protected:
  void Set(const std::string& code, int64_t value) {
    w_.world().Parameter(code, value);
    w_.world().Sync();
  }
  absl::StatusOr<v1::ArgumentRecord> Argue(const Ulid& subject,
                                           const std::vector<std::string>& panel) {
    v1::RecordArgumentRequest request = w_.Argument(subject, v1::ARGUMENT_CONCLUSION_FEASIBLE);
    request.mutable_argument()->clear_panel();
    for (const std::string& person : panel) {
      v1::PanelMember* member = request.mutable_argument()->add_panel();
      member->set_person(person);
      member->set_name(person);
    }
    return w_.Call<v1::ArgumentRecord>(Cat(kEvaluationService, "RecordArgument"), request,
                                       w_.Operator());
  }
  absl::StatusOr<v1::Evaluation> Propose(const Ulid& id, const std::string& reason) {
    v1::ProposeOverrideRequest request = w_.Proposal(type::v1::FOUR_CLASS_CONSOLIDATE);
    request.set_reason_text(reason);
    return w_.Step("ProposeOverride", request, id, w_.Operator());
  }
  LifecycleWorld w_;
};

TEST_F(Minimums, R034_APanelHasAsManyPersonsAsTheProvinceSays) {
  const Ulid subject = w_.AddSubject();
  const auto refused = StatusIs(StatusCode::kInvalidArgument, "FIELD_INVALID");
  const auto two = Argue(subject, {"甲", "乙"});
  EXPECT_THAT(two, refused);
  EXPECT_THAT(two.status(), HasViolation("argument.panel"));
  EXPECT_THAT(Argue(subject, {"甲", "乙", "乙"}), refused);
  EXPECT_OK(Argue(subject, {"甲", "乙", "丙"}));
  Set("ARGUMENT_PANEL_MINIMUM", 5);
  EXPECT_THAT(Argue(subject, {"甲", "乙", "丙", "丁"}), refused);
  EXPECT_OK(Argue(subject, {"甲", "乙", "丙", "丁", "戊"}));
  Set("ARGUMENT_PANEL_MINIMUM", 2);
  EXPECT_OK(Argue(subject, {"甲", "乙"}));
  EXPECT_THAT(Argue(subject, {"甲"}), refused);
}

TEST_F(Minimums, TheReasonOfAnOverrideIsAsLongAsTheProvinceSays) {
  const Ulid id = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_UPGRADE, "G2");
  const auto refused = StatusIs(StatusCode::kInvalidArgument, "FIELD_INVALID");
  const std::string short_reason = "订单已经签订，销路稳定";  // 11 characters
  EXPECT_THAT(Propose(id, short_reason), refused);
  EXPECT_THAT(Propose(id, short_reason).status(), HasViolation("reason_text"));
  EXPECT_THAT(Propose(id, Cat(short_reason, std::string(20, ' '))), refused);
  // Who may not propose is told that first.
  v1::ProposeOverrideRequest request = w_.Proposal(type::v1::FOUR_CLASS_CONSOLIDATE);
  request.set_reason_text(short_reason);
  EXPECT_THAT(w_.Step("ProposeOverride", request, id, w_.Operator("operator", "360734")),
              StatusIs(StatusCode::kNotFound));
  Set("OVERRIDE_REASON_CHARS", 11);
  ASSERT_OK(Propose(id, short_reason));
  // What was proposed is not measured anew.
  Set("OVERRIDE_REASON_CHARS", 50);
  EXPECT_OK(w_.Step("ApproveOverride", v1::ApproveOverrideRequest(), id, w_.Approver()));
}

}  // namespace
}  // namespace bangfu::evaluation
