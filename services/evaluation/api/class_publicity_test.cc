// What shows that a class was put up, from its first photograph to the publicity that passes.
#include "bangfu/inbox/v1/inbox.pb.h"
#include "common/inbox/recount.h"
#include "common/publicity/publicity.h"
#include "common/publicity/work.h"
#include "services/evaluation/api/lifecycle_for_test.h"
#include "services/evaluation/domain/evaluation_actions.h"
#include "services/evaluation/store/reference_store.h"

namespace bangfu::evaluation {
namespace {

using absl::StatusCode;
using testing::StatusIs;

class ClassPublicity : public EvaluationLifecycle {
 protected:
  // An upload of the operator's; another one each time.
  type::v1::Evidence File(std::string_view kind) {
    auto evidence = testing::CompleteEvidence(w_.db(), w_.server().ids(), w_.server().clock().Now(),
                                              kind, "360733", "operator");
    EXPECT_OK(evidence);
    return evidence.ok() ? *evidence : type::v1::Evidence();
  }
  Ulid Confirmed() {
    const Ulid id = w_.Compute(w_.AddSubject(), v1::EVALUATION_RESULT_UPGRADE, "G2");
    EXPECT_OK(w_.Accept(id));
    return id;
  }
  absl::StatusOr<v1::Evaluation> PubliciseWith(const Ulid& id,
                                               const std::vector<type::v1::Evidence>& files) {
    v1::StartClassPublicityRequest request;
    request.add_channels("村务公开栏");
    for (const auto& file : files) *request.add_evidence() = file;
    return w_.Step("StartClassPublicity", request, id, w_.Operator());
  }
  absl::StatusOr<publicity::v1::Publicity> Add(const std::string& publicity,
                                               const type::v1::Evidence& file) {
    publicity::v1::AddPublicityEvidenceRequest request;
    request.set_id(publicity);
    *request.add_evidence() = file;
    return w_.Call<publicity::v1::Publicity>(Cat(kPublicityService, "AddPublicityEvidence"),
                                             request, w_.Operator());
  }
  void Want(int64_t files) {
    registry::v1::Parameter wanted;
    wanted.set_code("CLASS_PUBLICITY_EVIDENCE");
    wanted.set_value(files);
    ASSERT_OK(mysql::Transact(w_.db(), [&](mysql::Tx& tx) {
      return PutReferences(
          tx, {{std::string(kParameterRef), wanted.code(), "", wanted.SerializeAsString(), 1}});
    }));
  }
};

TEST_F(ClassPublicity, ItsStartTakesWhatTheRoomTakes) {
  EXPECT_EQ(EvaluationTable().EvidenceKinds("publicise"),
            publicity::Transitions().EvidenceKinds("add_evidence"));
}

TEST_F(ClassPublicity, FilesComeWithItsStartAndLater) {
  const Ulid id = Confirmed();
  EXPECT_THAT(PubliciseWith(id, {File("CONTRACT")}),
              StatusIs(StatusCode::kFailedPrecondition, "EVIDENCE_KIND_NOT_WANTED"));
  const auto board = File("PHOTO");
  ASSERT_OK_AND_ASSIGN(const v1::Evaluation started, PubliciseWith(id, {board}));
  // Of this publicity, and of no other.
  EXPECT_THAT(PubliciseWith(Confirmed(), {board}),
              StatusIs(StatusCode::kFailedPrecondition, "EVIDENCE_USED_ELSEWHERE"));
  w_.PassDays(8);
  ASSERT_OK_AND_ASSIGN(const publicity::v1::Publicity publicity,
                       Add(started.publicity_id(), File("PUBLICITY")));
  EXPECT_EQ(publicity.state(), publicity::v1::PUBLICITY_STATE_ENDED);
  ASSERT_EQ(publicity.evidence_size(), 2);
  EXPECT_EQ(publicity.evidence(0).blob_id(), board.blob_id());
  ASSERT_OK(w_.Conclude(started.publicity_id()));
  EXPECT_OK(w_.MakeEffective(id));
}

TEST_F(ClassPublicity, HowManyFilesItNeedsIsAParameter) {
  const Ulid id = Confirmed();
  ASSERT_OK_AND_ASSIGN(const v1::Evaluation started, PubliciseWith(id, {}));
  Want(1);
  w_.PassDays(8);
  EXPECT_THAT(w_.Conclude(started.publicity_id()),
              StatusIs(StatusCode::kFailedPrecondition, "PUBLICITY_EVIDENCE_MISSING"));
  ASSERT_OK(Add(started.publicity_id(), File("PHOTO")));
  EXPECT_OK(w_.Conclude(started.publicity_id()));
}

// Until the files are there they wait for those who show it, and its conclusion, which would be
// refused, for nobody; a recount finds the same.
TEST_F(ClassPublicity, WhatWaitsIsTheFileThatIsMissing) {
  Want(1);
  ASSERT_OK_AND_ASSIGN(const v1::Evaluation started, PubliciseWith(Confirmed(), {}));
  const auto kinds = [&](const std::string& token) {
    const auto page = w_.Call<inbox::v1::ListMyWorkResponse>(
        "bangfu.inbox.v1.InboxService.ListMyWork", inbox::v1::ListMyWorkRequest(), token);
    EXPECT_OK(page);
    std::vector<std::string> out;
    if (!page.ok()) return out;
    for (const inbox::v1::WorkItem& item : page->items()) {
      if (item.subject_id() == started.publicity_id()) out.push_back(item.kind());
    }
    return out;
  };
  using ::testing::ElementsAre;
  using ::testing::IsEmpty;
  const auto recounted = [&] {
    return inbox::Recount(w_.db(), {ClassPublicitySource()}, w_.server().ids(),
                          w_.server().clock().Now(),
                          {.every = absl::ZeroDuration(), .calendar = WorkCalendar});
  };
  EXPECT_THAT(kinds(w_.Operator()), ElementsAre("PUBLICITY_EVIDENCE"));
  EXPECT_THAT(kinds(w_.Approver()), IsEmpty());
  ASSERT_OK(recounted());
  EXPECT_THAT(kinds(w_.Operator()), ElementsAre("PUBLICITY_EVIDENCE"));
  w_.PassDays(8);
  EXPECT_THAT(kinds(w_.Operator()), ElementsAre("PUBLICITY_EVIDENCE"));
  ASSERT_OK(Add(started.publicity_id(), File("PHOTO")));
  EXPECT_THAT(kinds(w_.Operator()), ElementsAre("PUBLICITY_CONCLUDE"));
  // The province asks for one more: what waits follows with the recount.
  Want(2);
  ASSERT_OK(recounted());
  EXPECT_THAT(kinds(w_.Operator()), ElementsAre("PUBLICITY_EVIDENCE"));
  ASSERT_OK(Add(started.publicity_id(), File("PHOTO")));
  ASSERT_OK(w_.Conclude(started.publicity_id()));
  EXPECT_THAT(kinds(w_.Operator()), IsEmpty());
}

// As the evaluation's own steps: by the industry and the money of its subject.
TEST_F(ClassPublicity, ItsStepsAreForThoseWhoseSubjectItIs) {
  const Ulid subject = w_.AddSubject({.industry_code = "NAVEL_ORANGE"});
  w_.NeedDepartments(subject, {"ETHNIC"});
  const Ulid id = w_.Compute(subject, v1::EVALUATION_RESULT_UPGRADE, "G2");
  ASSERT_OK(w_.Accept(id));
  v1::SignJointlyRequest sign;
  sign.set_department("ETHNIC");
  ASSERT_OK(w_.Step("SignJointly", sign, id, w_.Verifier()));
  ASSERT_OK_AND_ASSIGN(const v1::Evaluation started, PubliciseWith(id, {}));
  const std::string publicity = started.publicity_id();
  w_.PassDays(8);
  const auto conclude = [&](const std::string& token) {
    publicity::v1::ConcludePublicityRequest request;
    request.set_id(publicity);
    return w_.Call<publicity::v1::Publicity>(Cat(kPublicityService, "ConcludePublicity"), request,
                                             token);
  };
  const auth::Role role = auth::Role::ROLE_COUNTY_OPERATOR;
  for (const auth::Facets& other :
       std::vector<auth::Facets>{{{}, {"TEA"}}, {{"SOURCE_LOTTERY"}, {"NAVEL_ORANGE"}}}) {
    EXPECT_THAT(conclude(w_.Narrowed(role, "other", {other})),
                StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  }
  ASSERT_OK(conclude(w_.Narrowed(role, "own", {{{"SOURCE_ETHNIC"}, {"NAVEL_ORANGE"}}})));
  // What comes of it is done, too.
  EXPECT_TRUE(GetAs(id, w_.Operator()).publicity_passed());
}

TEST_F(ClassPublicity, AVoidedEvaluationTakesItsEndedPublicityWithIt) {
  const Ulid id = Confirmed();
  ASSERT_OK_AND_ASSIGN(const v1::Evaluation started, PubliciseWith(id, {}));
  w_.PassDays(8);
  ASSERT_OK(Add(started.publicity_id(), File("PHOTO")));
  v1::VoidEvaluationRequest request;
  request.set_reason("测算口径有误");
  ASSERT_OK(w_.Step("VoidEvaluation", request, id, w_.Approver()));
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM publicity WHERE state = 5"), 1);
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM work_item WHERE open_mark = 1 AND kind = "
                              "'PUBLICITY_CONCLUDE'"),
            0);
}

}  // namespace
}  // namespace bangfu::evaluation
