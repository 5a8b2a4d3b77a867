// Who confirms the class of an industry jointly: the departments of its projects' money.
#include "absl/strings/numbers.h"
#include "services/evaluation/api/lifecycle_world_for_test.h"
#include "services/evaluation/facts/departments.h"

namespace bangfu::evaluation {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using testing::StatusIs;

class IndustryConfirmation : public ::testing::Test {
 protected:
  Ulid Industry() { return w_.AddSubject({.type = kIndustrySubject, .village = "360733"}); }
  Ulid Project(const Ulid& industry, const std::vector<std::string>& departments,
               bool verified = true) {
    const Ulid id = w_.AddSubject({.industry_id = industry, .verified = verified});
    w_.NeedDepartments(id, departments);
    return id;
  }
  static std::vector<std::string> Departments(const v1::Evaluation& e) {
    std::vector<std::string> out;
    for (const v1::JointSignature& j : e.joint_signatures()) out.push_back(j.department());
    return out;
  }
  int64_t Selects() {
    auto rows = w_.db().Query("SHOW SESSION STATUS LIKE 'Com_select'", {});
    EXPECT_OK(rows);
    int64_t n = 0;
    return rows.ok() && absl::SimpleAtoi((*rows)[0].String(1), &n) ? n : -1;
  }
  LifecycleWorld w_;
};

TEST_F(IndustryConfirmation, R017_TheDepartmentsOfItsProjectsMoneySign) {
  const Ulid industry = Industry();
  Project(industry, {"ETHNIC"});
  Project(industry, {"ETHNIC", "FINANCE"});
  // What nobody vouches for, is void or belongs to another industry adds no department.
  Project(industry, {"FORESTRY"}, /*verified=*/false);
  const Ulid gone = Project(industry, {"LOTTERY"});
  ASSERT_OK(w_.db().Execute("UPDATE subject SET is_void = 1 WHERE subject_id = ?", {gone}));
  Project(Industry(), {"DEVELOPMENT_REFORM"});

  const Ulid id = w_.Compute(industry, v1::EVALUATION_RESULT_CONSOLIDATE);
  ASSERT_OK_AND_ASSIGN(const v1::Evaluation accepted, w_.Accept(id));
  EXPECT_THAT(Departments(accepted), ElementsAre("AGRICULTURE", "ETHNIC", "FINANCE"));
  // Who signed for agriculture with the review is not the whole of the confirmation.
  EXPECT_EQ(accepted.state(), v1::EVALUATION_STATE_COUNTY_REVIEWED);
  EXPECT_THAT(w_.Publicise(id), StatusIs(StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
  EXPECT_THAT(w_.Sign(id, "ETHNIC", "approver"),
              StatusIs(StatusCode::kFailedPrecondition, "SAME_PERSON"));
  EXPECT_THAT(w_.Sign(id, "FORESTRY", "linye"),
              StatusIs(StatusCode::kFailedPrecondition, "DEPARTMENT_NOT_REQUIRED"));
  // Each by a grant that covers its money, as for a project.
  const auto sign = [&](const std::string& department, const std::string& source) {
    v1::SignJointlyRequest request;
    request.set_department(department);
    return w_.Step(
        "SignJointly", request, id,
        w_.Narrowed(auth::Role::ROLE_SECTOR_VERIFIER, Cat("of ", source), {{{source}, {}}}));
  };
  EXPECT_THAT(sign("ETHNIC", "SOURCE_FORESTRY"),
              StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  ASSERT_OK(sign("ETHNIC", "SOURCE_ETHNIC"));
  ASSERT_OK_AND_ASSIGN(const v1::Evaluation done, sign("FINANCE", "SOURCE_FINANCE"));
  EXPECT_EQ(done.state(), v1::EVALUATION_STATE_JOINT_CONFIRMED);
}

// Money of one department alone: agriculture's review is all the confirmation there can be.
TEST_F(IndustryConfirmation, R017_MoneyOfOneDepartmentIsConfirmedByIt) {
  const Ulid industry = Industry();
  Project(industry, {"AGRICULTURE"});
  const Ulid id = w_.Compute(industry, v1::EVALUATION_RESULT_CONSOLIDATE);
  ASSERT_OK_AND_ASSIGN(const v1::Evaluation accepted, w_.Accept(id));
  EXPECT_THAT(Departments(accepted), ElementsAre("AGRICULTURE"));
  EXPECT_EQ(accepted.state(), v1::EVALUATION_STATE_JOINT_CONFIRMED);
}

TEST_F(IndustryConfirmation, R017_AnOverrideIsConfirmedLikewise) {
  const Ulid industry = Industry();
  Project(industry, {"ETHNIC"});
  const Ulid id = w_.Compute(industry, v1::EVALUATION_RESULT_CONSOLIDATE);
  ASSERT_OK(
      w_.Step("ProposeOverride", w_.Proposal(type::v1::FOUR_CLASS_UPGRADE), id, w_.Operator()));
  ASSERT_OK_AND_ASSIGN(const v1::Evaluation approved,
                       w_.Step("ApproveOverride", v1::ApproveOverrideRequest(), id, w_.Approver()));
  EXPECT_THAT(Departments(approved), ElementsAre("AGRICULTURE", "ETHNIC"));
  EXPECT_EQ(approved.state(), v1::EVALUATION_STATE_COUNTY_REVIEWED);
}

// However many industries and projects there are.
TEST_F(IndustryConfirmation, TheirMoneyIsReadInAsManyStatementsAsThatOfOne) {
  std::vector<Ulid> industries;
  for (int i = 0; i < 5; ++i) {
    industries.push_back(Industry());
    Project(industries.back(), {"ETHNIC"});
    Project(industries.back(), {"FINANCE"});
  }
  const absl::CivilDay day = ShanghaiDay(w_.server().clock().Now());
  const auto statements = [&](const std::vector<Ulid>& ids) {
    const int64_t before = Selects();
    auto required = RequiredDepartments(w_.db(), ids, day);
    EXPECT_OK(required);
    for (const Ulid& id : ids) {
      EXPECT_THAT((*required)[id], ElementsAre("AGRICULTURE", "ETHNIC", "FINANCE"));
    }
    return Selects() - before;
  };
  EXPECT_EQ(statements(industries), statements({industries[0]}));
}

}  // namespace
}  // namespace bangfu::evaluation
