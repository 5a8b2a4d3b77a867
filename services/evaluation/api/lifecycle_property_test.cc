// All states, actions and roles through the handlers, and roll-ups after many random steps.
#include <random>

#include "common/testing/deep.h"
#include "common/workflow/triples.h"
#include "services/evaluation/api/lifecycle_for_test.h"
#include "services/evaluation/domain/evaluation_actions.h"
#include "services/evaluation/store/reference_store.h"

namespace bangfu::evaluation {
namespace {

TEST_F(EvaluationLifecycle, EveryStateActionAndRoleThroughTheHandlersIsAsTheTableSays) {
  // An evaluation in that state with every guard of the action satisfied; then the rpc.
  const std::function<absl::StatusOr<Phase>(Phase, const std::string&, workflow::RoleId)> attempt =
      [&](Phase phase, const std::string& action, workflow::RoleId role) -> absl::StatusOr<Phase> {
    const Ulid subject = w_.AddSubject();
    w_.NeedDepartments(subject, {"ETHNIC", "FINANCE"});
    // One of those that this role may override, if any.
    const bool locked = role == kProvOffice;
    const Ulid id =
        w_.Compute(subject, locked ? v1::EVALUATION_RESULT_ADJUST : v1::EVALUATION_RESULT_UPGRADE,
                   locked ? "H1" : "G2");
    absl::Status prepared = mysql::Transact(w_.db(), [&](mysql::Tx& tx) -> absl::Status {
      auto rows = LockEvaluations(tx, {id}, std::nullopt);
      if (!rows.ok()) return rows.status();
      EvaluationRow* row = &rows->at(0);
      auto m = ToMessage(*row);
      if (!m.ok()) return m.status();
      m->set_state(static_cast<v1::EvaluationState>(phase));
      if (phase >= Phase::kOverrideProposed) {
        const bool unfiled = action == "file_override";
        v1::Override* o = m->mutable_override();
        o->set_from_class(locked ? type::v1::FOUR_CLASS_ADJUST : type::v1::FOUR_CLASS_UPGRADE);
        o->set_to_class(type::v1::FOUR_CLASS_CONSOLIDATE);
        o->set_reason_code("SEASONAL");
        o->set_reason_text("上月投产的新生产线尚未反映在月报之中，实际产能利用率已达到九成");
        o->add_evidence()->set_sha256(std::string(64, 'a'));
        o->mutable_proposed_by()->set_subject("proposer");
        o->set_needs_city_filing(true);
        o->set_city_filed(!unfiled);
      }
      if (phase >= Phase::kCountyReviewed) {
        m->set_final_class(type::v1::FOUR_CLASS_CONSOLIDATE);
        for (const char* department : {"AGRICULTURE", "ETHNIC", "FINANCE"}) {
          m->add_joint_signatures()->set_department(department);
        }
        m->mutable_joint_signatures(0)->mutable_signed_by()->set_subject("lead");
      }
      m->set_publicity_passed(phase == Phase::kPublicised);
      StoreMessage(*m, *row);
      return UpdateEvaluation(tx, *row);
    });
    if (!prepared.ok()) return prepared;
    const std::string token = w_.Token(static_cast<auth::Role>(role), "36", "tester");
    absl::StatusOr<v1::Evaluation> done = absl::UnknownError("no such action");
    if (action == "accept") {
      done = w_.Step("AcceptEvaluation", v1::AcceptEvaluationRequest(), id, token);
    } else if (action == "propose_override") {
      done = w_.Step("ProposeOverride", w_.Proposal(type::v1::FOUR_CLASS_CONSOLIDATE), id, token);
    } else if (action == "approve_override") {
      done = w_.Step("ApproveOverride", v1::ApproveOverrideRequest(), id, token);
    } else if (action == "reject_override") {
      v1::RejectOverrideRequest request;
      request.set_reason("材料不足");
      done = w_.Step("RejectOverride", request, id, token);
    } else if (action == "file_override") {
      done = w_.Step("FileOverride", v1::FileOverrideRequest(), id, token);
    } else if (action == "sign") {
      v1::SignJointlyRequest request;
      request.set_department(role == kFinanceOfficer ? "FINANCE" : "ETHNIC");
      done = w_.Step("SignJointly", request, id, token);
    } else if (action == "publicise") {
      v1::StartClassPublicityRequest request;
      request.add_channels("村务公开栏");
      done = w_.Step("StartClassPublicity", request, id, token);
    } else if (action == "make_effective") {
      done = w_.Step("MakeEffective", v1::MakeEffectiveRequest(), id, token);
    } else if (action == "void") {
      v1::VoidEvaluationRequest request;
      request.set_reason("登记有误");
      done = w_.Step("VoidEvaluation", request, id, token);
    }
    if (!done.ok()) return done.status();
    return static_cast<Phase>(done->state());
  };
  const std::vector<Phase> states = {
      Phase::kComputed,   Phase::kOverrideProposed, Phase::kCountyReviewed, Phase::kJointConfirmed,
      Phase::kPublicised, Phase::kEffective,        Phase::kSuperseded,     Phase::kVoid};
  const std::vector<workflow::RoleId> roles = {kVillageReporter, kTownshipReviewer, kCountyOperator,
                                               kCountyApprover,  kSectorVerifier,   kFinanceOfficer,
                                               kCitySupervisor,  kProvOffice,       kProvAdmin};
  EXPECT_THAT(workflow::TryTriples(EvaluationTable(), states, roles, attempt),
              ::testing::IsEmpty());
}

TEST_F(EvaluationLifecycle, RollupsEqualTheirRecountAfterManyRandomSteps) {
  const uint32_t seed = testing::PropertySeed(std::random_device()());
  SCOPED_TRACE(Cat("seed ", seed));
  std::mt19937 random(seed);
  const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  const std::vector<std::string> villages = {"360733101201", "360733101202", "360733102201",
                                             "360734101201"};
  struct One {
    Ulid subject;
    std::vector<Ulid> evaluations;
  };
  std::vector<One> all;
  for (int i = 0; i < 24; ++i) {
    One one;
    one.subject = w_.AddSubject({.type = i % 4 == 0 ? kIndustrySubject : kProjectSubject,
                                 .village = villages[below(villages.size())],
                                 .invested_fen = static_cast<int64_t>(below(1'000'000'000)),
                                 .asset_value_fen = static_cast<int64_t>(below(1'000'000'000))});
    all.push_back(one);
  }
  // One person for each role over the whole city, so that the region is never the refusal.
  const std::string approver = w_.Token(auth::Role::ROLE_COUNTY_APPROVER, "3607", "approver");
  const std::string op = w_.Token(auth::Role::ROLE_COUNTY_OPERATOR, "3607", "operator");
  int done = 0, refused = 0;
  const auto count = [&](const absl::Status& status) {
    status.ok() ? ++done : ++refused;
    // Whatever is refused is refused by a rule, never by a fault.
    EXPECT_FALSE(absl::IsInternal(status) || absl::IsUnknown(status) || absl::IsDataLoss(status))
        << status;
  };
  const int steps = testing::Runs(2000, 10'000);
  for (int step = 0; step < steps; ++step) {
    One& one = all[below(all.size())];
    const size_t what = one.evaluations.empty() ? 0 : below(10);
    if (what == 0) {
      const v1::EvaluationResult results[] = {
          v1::EVALUATION_RESULT_CONSOLIDATE,       v1::EVALUATION_RESULT_UPGRADE,
          v1::EVALUATION_RESULT_REVITALIZE,        v1::EVALUATION_RESULT_ADJUST,
          v1::EVALUATION_RESULT_INSUFFICIENT_DATA, v1::EVALUATION_RESULT_MANUAL_REVIEW};
      one.evaluations.push_back(w_.Compute(one.subject, results[below(6)], "G2"));
      ++done;
      continue;
    }
    const Ulid id = one.evaluations[one.evaluations.size() - 1 -
                                    below(std::min<size_t>(2, one.evaluations.size()))];
    switch (what) {
      case 1:
      case 2:
      case 3:
        count(w_.Step("AcceptEvaluation", v1::AcceptEvaluationRequest(), id, approver).status());
        break;
      case 4: {
        v1::StartClassPublicityRequest request;
        request.add_channels("村务公开栏");
        count(w_.Step("StartClassPublicity", request, id, op).status());
        break;
      }
      case 5: {
        const std::string publicity_id = w_.Get(id).publicity_id();
        if (publicity_id.empty()) break;
        w_.PassDays(1);
        publicity::v1::ConcludePublicityRequest request;
        request.set_id(publicity_id);
        count(w_.Call<publicity::v1::Publicity>(Cat(kPublicityService, "ConcludePublicity"),
                                                request, op)
                  .status());
        break;
      }
      case 6:
      case 7:
        count(w_.Step("MakeEffective", v1::MakeEffectiveRequest(), id, approver).status());
        break;
      case 8: {
        if (below(3) == 0) {
          v1::VoidEvaluationRequest request;
          request.set_reason("随机作废");
          count(w_.Step("VoidEvaluation", request, id, approver).status());
        } else {
          count(w_.Step("ProposeOverride",
                        w_.Proposal(static_cast<type::v1::FourClass>(1 + below(3))), id, op)
                    .status());
          count(w_.Step("ApproveOverride", v1::ApproveOverrideRequest(), id, approver).status());
        }
        break;
      }
      case 9: {
        // What the registry says may change under way: money, and whether it is there at all.
        auto before = LoadSubjects(w_.db(), {one.subject}, std::nullopt);
        ASSERT_OK(before);
        SubjectRow changed = before->at(one.subject);
        changed.invested_fen = static_cast<int64_t>(below(1'000'000'000));
        changed.asset_value_fen = static_cast<int64_t>(below(1'000'000'000));
        if (below(4) == 0) changed.is_void = !changed.is_void;
        ASSERT_OK(mysql::Transact(
            w_.db(), [&](mysql::Tx& tx) { return PutSubjects(tx, {changed}, *before); }));
        ++done;
        break;
      }
    }
    if (step % 500 == 499) w_.ExpectRollupsEqualRecount();
  }
  w_.ExpectRollupsEqualRecount();
  std::cout << done << " steps done, " << refused << " refused" << std::endl;
  EXPECT_GT(done, 400);
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM (SELECT subject_id FROM evaluation WHERE state "
                              "= 6 GROUP BY subject_id HAVING COUNT(*) > 1) twice"),
            0);
  EXPECT_EQ(w_.database().Int(
                "SELECT COUNT(*) FROM subject s LEFT JOIN ledger_entry e ON e.subject_id = "
                "s.subject_id AND e.is_open = 1 WHERE s.effective_class <> COALESCE(e.class, 0)"),
            0);
}

}  // namespace
}  // namespace bangfu::evaluation
