// The inbox of evaluations and the ledger: whatever happens, items are equal to states.
#include <algorithm>
#include <iostream>
#include <set>

#include "common/blob/blob_for_test.h"
#include "common/inbox/recount.h"
#include "common/inbox/walks_for_test.h"
#include "common/status/macros.h"
#include "common/testing/deep.h"
#include "common/testing/random.h"
#include "services/evaluation/api/inbox_for_test.h"
#include "services/evaluation/domain/baseline.h"
#include "services/evaluation/domain/criteria.h"
#include "services/evaluation/jobs/ledger_work.h"
#include "services/evaluation/jobs/overrides.h"

namespace bangfu::evaluation {
namespace {

using absl::StatusCode;
using auth::Role;

const inbox::Walk kWalk({"EVALUATION_ACCEPT", "EVALUATION_ARGUE", "EVALUATION_APPROVE_OVERRIDE",
                         "EVALUATION_SIGN", "EVALUATION_PUBLICISE", "EVALUATION_FILE_OVERRIDE",
                         "ARGUMENT_TO_SIGN", "MEASURE_PLAN", "EVALUATION_MAKE_EFFECTIVE",
                         "MEASURE_PROGRESS", "LEDGER_ARGUE", "LEDGER_REEVALUATE", "LEDGER_SIGN",
                         "CRITERIA_ACTIVATE", "OBJECTION_ANSWER", "PUBLICITY_EVIDENCE",
                         "PUBLICITY_CONCLUDE"});

class InboxProperty : public EvaluationInbox {
 protected:
  std::vector<Ulid> Ids(const std::string& sql) {
    auto rows = w_.db().Query(sql);
    EXPECT_OK(rows);
    std::vector<Ulid> out;
    for (const mysql::Row& row : *rows) out.push_back(row.Id(0));
    return out;
  }
  // Newest first, those that were withdrawn left out.
  std::vector<v1::ArgumentRecord> Arguments(const std::string& subject) {
    v1::ListArgumentsRequest request;
    request.set_subject_id(subject);
    auto list = w_.Call<v1::ListArgumentsResponse>(Cat(kEvaluationService, "ListArguments"),
                                                   request, w_.Province());
    EXPECT_OK(list);
    std::vector<v1::ArgumentRecord> out;
    for (const v1::ArgumentRecord& a : list->arguments()) {
      if (a.state() != v1::ARGUMENT_STATE_WITHDRAWN) out.push_back(a);
    }
    return out;
  }
  v1::ArgumentRecord Newest(const std::string& subject) {
    const std::vector<v1::ArgumentRecord> all = Arguments(subject);
    return all.empty() ? v1::ArgumentRecord() : all[0];
  }
  // Of a newest argument: whether its panel is waited for, five working days.
  bool Awaited(const v1::ArgumentRecord& a) {
    const absl::CivilDay recorded = ShanghaiDay(absl::FromUnixSeconds(a.recorded_at().seconds()));
    return a.state() == v1::ARGUMENT_STATE_SIGNING &&
           ShanghaiDay(w_.server().clock().Now()) <=
               workflow::AddDays(recorded, 5, workflow::DayKind::kWorking, workflow::Calendar())
                   .day;
  }
  void ExpectSignatures(const Ulid& id, std::set<std::string>* out) {
    const v1::ArgumentRecord argument = w_.GetArgument(id.ToString());
    if (Newest(argument.subject_id()).id() != argument.id()) return;
    for (int seat = 0; seat < argument.panel_size(); ++seat) {
      if (argument.panel(seat).has_signed_at()) continue;
      out->insert(Cat(id.ToString(), " sign_argument ", seat));
    }
  }
  static bool Supports(const v1::ArgumentRecord& a, type::v1::FourClass wanted) {
    switch (a.conclusion()) {
      case v1::ARGUMENT_CONCLUSION_CLASS:
        return a.named_class() == wanted;
      case v1::ARGUMENT_CONCLUSION_FEASIBLE:
        return wanted == type::v1::FOUR_CLASS_REVITALIZE;
      case v1::ARGUMENT_CONCLUSION_NOT_FEASIBLE:
        return wanted == type::v1::FOUR_CLASS_ADJUST;
      default:
        return false;
    }
  }

  absl::Status Recounted() {
    return inbox::Recount(w_.db(),
                          {EvaluationSource(), ArgumentSource(), EntrySource(), SigningSource(),
                           CriteriaSource(), ClassPublicitySource()},
                          w_.server().ids(), w_.server().clock().Now(),
                          {.every = absl::ZeroDuration(), .calendar = WorkCalendar});
  }

  void ExpectEvaluation(const Ulid& id, std::set<std::string>* out) {
    const v1::Evaluation e = w_.Get(id);
    const auto add = [&](std::string_view action, std::string_view slot = "") {
      out->insert(Cat(id.ToString(), " ", action, " ", slot));
    };
    const Ulid subject = *Ulid::Parse(e.subject_id());
    auto row = w_.db().Query(
        "SELECT latest_evaluation_id, effective_evaluation_id FROM subject WHERE subject_id = ?",
        {subject});
    ASSERT_OK(row);
    const bool latest = row->at(0).Id(0) == id;
    const bool newer = !row->at(0).IsNull(1) && row->at(0).Id(1) > id;
    const bool filed = !e.override().needs_city_filing() || e.override().city_filed();
    switch (e.state()) {
      case v1::EVALUATION_STATE_COMPUTED: {
        if (!latest) break;
        const bool manual = e.result() == v1::EVALUATION_RESULT_MANUAL_REVIEW;
        const bool adjust = e.result() == v1::EVALUATION_RESULT_ADJUST;
        if (e.result() >= v1::EVALUATION_RESULT_CONSOLIDATE &&
            e.result() <= v1::EVALUATION_RESULT_REVITALIZE) {
          add("accept");
        } else if (manual || adjust) {
          const auto will_do = [&](const v1::ArgumentRecord& argument) {
            return manual ? argument.conclusion() == v1::ARGUMENT_CONCLUSION_CLASS
                          : Supports(argument, type::v1::FOUR_CLASS_ADJUST);
          };
          const v1::ArgumentRecord newest = Newest(e.subject_id());
          if (newest.state() == v1::ARGUMENT_STATE_SIGNED && will_do(newest)) {
            add("accept");
          } else if (!Awaited(newest) || !will_do(newest)) {
            add("record_argument");
          }
        }
        break;
      }
      case v1::EVALUATION_STATE_OVERRIDE_PROPOSED:
        add("approve_override");
        break;
      case v1::EVALUATION_STATE_COUNTY_REVIEWED:
        for (const v1::JointSignature& j : e.joint_signatures()) {
          if (!j.has_signed_by()) add("sign", j.department());
        }
        if (!filed) add("file_override");
        break;
      case v1::EVALUATION_STATE_JOINT_CONFIRMED:
        add(filed ? "publicise" : "file_override");
        break;
      case v1::EVALUATION_STATE_PUBLICISED:
        if (e.publicity_passed() && !newer) add("make_effective");
        break;
      default:
        break;
    }
  }
  void ExpectLedger(std::set<std::string>* out) {
    for (const Ulid& id : Ids("SELECT id FROM ledger_entry WHERE is_open = 1")) {
      v1::GetLedgerEntryRequest request;
      request.set_id(id.ToString());
      auto entry =
          w_.Call<v1::LedgerEntry>(Cat(kLedgerService, "GetLedgerEntry"), request, w_.Province());
      ASSERT_OK(entry);
      if (entry->reevaluation_due()) out->insert(Cat(id.ToString(), " evaluate "));
      if (entry->state() == v1::LEDGER_ENTRY_STATE_OPEN) {
        bool argued = entry->class_() != type::v1::FOUR_CLASS_REVITALIZE;
        bool signing = false;
        const std::vector<v1::ArgumentRecord> arguments = Arguments(entry->subject_id());
        for (const v1::ArgumentRecord& a : arguments) {
          if (a.state() == v1::ARGUMENT_STATE_NOT_CARRIED) break;
          if (!Supports(a, type::v1::FOUR_CLASS_REVITALIZE)) continue;
          argued |= a.state() == v1::ARGUMENT_STATE_SIGNED;
          signing |= a.id() == arguments[0].id() && Awaited(a);
        }
        if (argued || !signing) {
          out->insert(Cat(id.ToString(), argued ? " plan_measures " : " record_argument "));
        }
      } else {
        bool done = true;
        for (const auto& p : entry->plan().measures()) done &= p.progress_bp() >= 10000;
        if (!done) out->insert(Cat(id.ToString(), " report_progress "));
      }
    }
    for (const std::string& unit : Units()) {
      const v1::LedgerStatus status = Status(unit);
      if (status.rows() > 0 && !status.has_signature() && status.unsigned_count() == 0) {
        out->insert(Cat(LedgerUnitId(unit).ToString(), " sign_ledger "));
      }
    }
  }
  static std::vector<std::string> Units() {
    return {"360733101201", "360733101202", "360733102201", "360733101", "360733102", "360733"};
  }
  void ExpectPublicity(const Ulid& id, std::set<std::string>* out) {
    publicity::v1::GetPublicityRequest request;
    request.set_id(id.ToString());
    auto p = w_.Call<publicity::v1::Publicity>(Cat(kPublicityService, "GetPublicity"), request,
                                               w_.Province());
    ASSERT_OK(p);
    bool open = false;
    for (const auto& objection : p->objections()) {
      if (objection.state() != publicity::v1::OBJECTION_STATE_OPEN) continue;
      open = true;
      out->insert(Cat(id.ToString(), " decide_objection ", objection.id()));
    }
    // One file has to show that it was put up.
    const bool shown = p->evidence_size() > 0;
    if (!shown) out->insert(Cat(id.ToString(), " add_evidence "));
    if (shown && !open) out->insert(Cat(id.ToString(), " conclude "));
  }
  std::set<std::string> Expected() {
    std::set<std::string> out;
    // One that was only computed and is not the newest is nobody's work.
    for (const Ulid& id :
         Ids("SELECT e.id FROM evaluation e JOIN subject s ON s.subject_id = e.subject_id WHERE "
             "e.state BETWEEN 2 AND 5 OR (e.state = 1 AND s.latest_evaluation_id = e.id)")) {
      ExpectEvaluation(id, &out);
    }
    for (const Ulid& id : Ids("SELECT id FROM publicity WHERE state IN (1, 2, 6)")) {
      ExpectPublicity(id, &out);
    }
    for (const Ulid& id : Ids("SELECT id FROM argument_record WHERE state = 1")) {
      ExpectSignatures(id, &out);
    }
    ExpectLedger(&out);
    for (const Ulid& id : Ids("SELECT id FROM criteria_set WHERE state = 1")) {
      out.insert(Cat(id.ToString(), " activate "));
    }
    return out;
  }
  std::set<std::string> Stored() {
    std::set<std::string> out;
    // What is outstanding by county has a property test of its own.
    auto rows = w_.db().Query(
        "SELECT subject_id, action, slot FROM work_item WHERE open_mark = 1 AND subject_type NOT "
        "IN ('evaluation_runs', 'evaluation_data')");
    EXPECT_OK(rows);
    for (const mysql::Row& row : *rows) {
      out.insert(Cat(row.Id(0).ToString(), " ", row.String(1), " ", row.String(2)));
    }
    return out;
  }
  // What an open item names as its action, its record tells as allowed to somebody of the item's
  // roles who had no hand in it.
  void ExpectToldByRecords() {
    auto rows = w_.db().Query(
        "SELECT subject_type, subject_id, action, region_path, roles, assignee FROM work_item "
        "WHERE open_mark = 1 AND starts_on <= ? AND subject_type NOT IN ('evaluation_runs', "
        "'evaluation_data')",
        {ShanghaiDay(w_.server().clock().Now())});
    ASSERT_OK(rows);
    for (const mysql::Row& row : *rows) {
      const std::string type = row.String(0);
      const std::string id = row.Id(1).ToString();
      const std::string roles = row.String(4);
      int role = 0;
      ASSERT_TRUE(ParseInt(roles.substr(0, roles.find(',')), &role)) << roles;
      const std::string token =
          w_.Token(static_cast<Role>(role), row.String(3),
                   row.String(5).empty() ? "had-no-hand-in-it" : row.String(5));
      if (type == "evaluation") {
        ExpectTold<v1::GetEvaluationRequest, v1::Evaluation>(
            Cat(kEvaluationService, "GetEvaluation"), id, row.String(2), token);
      } else if (type == "argument") {
        ExpectTold<v1::GetArgumentRequest, v1::ArgumentRecord>(
            Cat(kEvaluationService, "GetArgument"), id, row.String(2), token);
      } else if (type == "ledger_entry") {
        ExpectTold<v1::GetLedgerEntryRequest, v1::LedgerEntry>(
            Cat(kLedgerService, "GetLedgerEntry"), id, row.String(2), token);
      } else if (type == "publicity") {
        ExpectTold<publicity::v1::GetPublicityRequest, publicity::v1::Publicity>(
            Cat(kPublicityService, "GetPublicity"), id, row.String(2), token);
      } else if (type == "criteria_set") {
        ExpectTold<v1::GetCriteriaSetRequest, v1::CriteriaSet>(
            Cat(kCriteriaService, "GetCriteriaSet"), id, row.String(2), token);
      } else if (type == "ledger") {
        v1::GetLedgerStatusRequest request;
        request.set_region_code(row.String(3));
        ExpectAllowed(
            w_.Call<v1::LedgerStatus>(Cat(kLedgerService, "GetLedgerStatus"), request, token),
            row.String(2));
      } else {
        ADD_FAILURE() << "no record is known of " << type;
      }
    }
  }
  template <typename Request, typename Response>
  void ExpectTold(const std::string& method, const std::string& id, const std::string& action,
                  const std::string& token) {
    Request request;
    request.set_id(id);
    ExpectAllowed(w_.Call<Response>(method, request, token), action);
  }
  template <typename Response>
  void ExpectAllowed(const absl::StatusOr<Response>& record, const std::string& action) {
    ASSERT_OK(record);
    EXPECT_TRUE(std::any_of(
        record->allowed_actions().begin(), record->allowed_actions().end(),
        [&](const type::v1::AllowedAction& a) { return a.action() == action && a.allowed(); }))
        << "not told: " << action << ": " << record->ShortDebugString();
  }

  // A photograph of where it is put up.
  absl::Status Show(const Ulid& publicity) {
    publicity::v1::AddPublicityEvidenceRequest request;
    request.set_id(publicity.ToString());
    ASSIGN_OR_RETURN(
        *request.add_evidence(),
        testing::CompleteEvidence(w_.db(), w_.server().ids(), w_.server().clock().Now(), "PHOTO",
                                  "360733", "operator"));
    return w_
        .Call<publicity::v1::Publicity>(Cat(kPublicityService, "AddPublicityEvidence"), request,
                                        w_.Operator())
        .status();
  }

  // One of the open items, or nothing.
  template <typename T>
  const T* Any(const std::vector<T>& all, const testing::SeededRandom& random) {
    return all.empty() ? nullptr : &all[random.Below(all.size())];
  }
};

TEST_F(InboxProperty, R002_ItemsAreEqualToStatesAfterRandomSteps) {
  const uint64_t seed = testing::TestSeed();
  std::cout << "seed " << seed << " (BANGFU_TEST_SEED)" << std::endl;
  const testing::SeededRandom random(seed);
  std::vector<Ulid> subjects;
  for (const char* village : {"360733101201", "360733101201", "360733101202", "360733102201"}) {
    LifecycleWorld::SubjectOptions options;
    options.village = village;
    subjects.push_back(w_.AddSubject(options));
  }
  w_.NeedDepartments(subjects[0], {"ETHNIC", "DEVELOPMENT"});
  w_.world().Parameter("OVERRIDE_VALID_MONTHS", 1);  // so that some end under way
  w_.world().Sync();
  // Chance alone seldom comes so far: an entry to revitalise, and an override that ends under way.
  w_.BringInForce(w_.Compute(subjects[1], v1::EVALUATION_RESULT_REVITALIZE, "G4"));
  const Ulid overridden = w_.Compute(subjects[2], v1::EVALUATION_RESULT_UPGRADE, "G2");
  ASSERT_OK(w_.Step("ProposeOverride", w_.Proposal(type::v1::FOUR_CLASS_CONSOLIDATE), overridden,
                    w_.Operator("proposer")));
  ASSERT_OK(w_.Step("ApproveOverride", v1::ApproveOverrideRequest(), overridden, w_.Approver()));
  if (w_.Get(overridden).override().needs_city_filing()) {
    ASSERT_OK(w_.Step("FileOverride", v1::FileOverrideRequest(), overridden, w_.City()));
  }
  w_.PassPublicity(overridden);
  ASSERT_OK(w_.MakeEffective(overridden));
  w_.world().Parameter("CLASS_PUBLICITY_EVIDENCE", 1);
  w_.world().Sync();
  ASSERT_OK(Recounted());
  const int steps = testing::Runs(500, 2000);
  int done = 0;
  for (int i = 0; i < steps; ++i) {
    const Ulid subject = subjects[random.Below(subjects.size())];
    // Mostly the newest evaluation; now and then one that was left behind.
    const std::vector<Ulid> all =
        Ids("SELECT id FROM evaluation WHERE state BETWEEN 1 AND 5 ORDER BY id DESC LIMIT 8");
    const Ulid* some = Any(all, random);
    const Ulid id = some == nullptr ? subject : *some;
    absl::Status status;
    const absl::Time before = w_.server().clock().Now();
    switch (random.Below(25)) {
      case 0: {
        static constexpr v1::EvaluationResult kResults[] = {
            v1::EVALUATION_RESULT_CONSOLIDATE,  v1::EVALUATION_RESULT_UPGRADE,
            v1::EVALUATION_RESULT_REVITALIZE,   v1::EVALUATION_RESULT_REVITALIZE,
            v1::EVALUATION_RESULT_ADJUST,       v1::EVALUATION_RESULT_INSUFFICIENT_DATA,
            v1::EVALUATION_RESULT_MANUAL_REVIEW};
        w_.Compute(subject, kResults[random.Below(7)], "G4");
        break;
      }
      case 1:
      case 2:
      case 3:
        status = w_.Accept(id).status();
        break;
      case 4: {
        static constexpr v1::ArgumentConclusion kConclusions[] = {
            v1::ARGUMENT_CONCLUSION_FEASIBLE, v1::ARGUMENT_CONCLUSION_NOT_FEASIBLE,
            v1::ARGUMENT_CONCLUSION_CLASS};
        const v1::ArgumentConclusion conclusion = kConclusions[random.Below(3)];
        const v1::ArgumentRecord argument =
            w_.RecordUnsigned(subject, conclusion,
                              conclusion == v1::ARGUMENT_CONCLUSION_CLASS
                                  ? static_cast<type::v1::FourClass>(random.Between(1, 4))
                                  : type::v1::FOUR_CLASS_UNSPECIFIED);
        if (random.Below(2) == 0) w_.SignAll(argument);
        break;
      }
      case 19:
      case 20: {
        const std::vector<Ulid> unsigned_now =
            Ids("SELECT id FROM argument_record WHERE state = 1");
        const Ulid* one = Any(unsigned_now, random);
        if (one == nullptr) break;
        const v1::ArgumentRecord argument = w_.GetArgument(one->ToString());
        status = w_.SignWith(argument.id(), random.Below(3) != 0,
                             w_.Appraiser(argument.panel(random.Below(3)).person()))
                     .status();
        break;
      }
      case 23:
      case 24: {
        const std::vector<Ulid> running = Ids("SELECT id FROM publicity WHERE state IN (1, 2, 6)");
        const Ulid* one = Any(running, random);
        if (one == nullptr) break;
        status = Show(*one);
        break;
      }
      case 22: {
        const std::vector<Ulid> unsigned_now =
            Ids("SELECT id FROM argument_record WHERE state = 1");
        const Ulid* one = Any(unsigned_now, random);
        if (one == nullptr) break;
        v1::WithdrawArgumentRequest withdraw;
        withdraw.set_id(one->ToString());
        withdraw.set_reason("登记有误");
        status = w_.Call<v1::ArgumentRecord>(Cat(kEvaluationService, "WithdrawArgument"), withdraw,
                                             w_.Operator())
                     .status();
        break;
      }
      case 5:
        status = w_.Step("ProposeOverride",
                         w_.Proposal(static_cast<type::v1::FourClass>(random.Between(1, 3))), id,
                         w_.Operator("proposer"))
                     .status();
        break;
      case 6:
        status =
            w_.Step("ApproveOverride", v1::ApproveOverrideRequest(), id, w_.Approver()).status();
        break;
      case 7: {
        v1::RejectOverrideRequest reject;
        reject.set_reason("依据不足");
        status = w_.Step("RejectOverride", reject, id, w_.Approver()).status();
        break;
      }
      case 8:
        status = w_.Step("FileOverride", v1::FileOverrideRequest(), id, w_.City()).status();
        break;
      case 9:
        status = w_.Sign(id, random.Below(2) == 0 ? "ETHNIC" : "DEVELOPMENT",
                         Cat("verifier", random.Below(3)))
                     .status();
        break;
      case 10:
      case 11: {
        const absl::StatusOr<v1::Evaluation> started = w_.Publicise(id);
        status = started.status();
        if (started.ok() && random.Below(4) != 0) {
          status = Show(*Ulid::Parse(started->publicity_id()));
        }
        break;
      }
      case 12: {
        const std::vector<Ulid> running = Ids("SELECT id FROM publicity WHERE state IN (1, 2, 6)");
        const Ulid* one = Any(running, random);
        if (one == nullptr) break;
        if (random.Below(3) == 0) {
          status = Object(one->ToString(), w_.Operator("recorder")).status();
          break;
        }
        w_.PassDays(8);
        status = w_.Conclude(one->ToString()).status();
        break;
      }
      case 13: {
        auto rows = w_.db().Query("SELECT publicity_id, id FROM objection WHERE state = 1");
        ASSERT_OK(rows);
        if (rows->empty()) break;
        const mysql::Row& row = rows->at(random.Below(rows->size()));
        publicity::v1::DecideObjectionRequest decide;
        decide.set_id(row.Id(0).ToString());
        decide.set_objection_id(row.Id(1).ToString());
        decide.set_decision(random.Below(3) == 0 ? publicity::v1::OBJECTION_STATE_UPHELD
                                                 : publicity::v1::OBJECTION_STATE_REJECTED);
        decide.set_reply("已复核");
        status = w_.Call<publicity::v1::Publicity>(Cat(kPublicityService, "DecideObjection"),
                                                   decide, w_.Approver())
                     .status();
        break;
      }
      case 14:
        status = w_.MakeEffective(id).status();
        break;
      case 15: {
        if (random.Below(4) != 0) break;
        v1::VoidEvaluationRequest request;
        request.set_reason("测算口径有误");
        status = w_.Step("VoidEvaluation", request, id, w_.Approver()).status();
        break;
      }
      case 16: {
        auto entry = w_.OpenEntry(subject);
        if (!entry.ok()) break;
        status = entry->state() == v1::LEDGER_ENTRY_STATE_OPEN || random.Below(4) == 0
                     ? PlanIt(*entry, Newest(subject.ToString()).id())
                     : ReportProgress(*entry, random.Below(2) == 0 ? 5000 : 10000);
        break;
      }
      case 17:
        w_.PassDays(static_cast<int>(random.Between(0, 10)));
        ASSERT_OK(ExpireOverrides(w_.db(), w_.server().ids(), w_.server().clock().Now()));
        break;
      case 18: {
        const std::vector<Ulid> drafts = Ids("SELECT id FROM criteria_set WHERE state = 1");
        const Ulid* draft = Any(drafts, random);
        if (draft == nullptr || random.Below(2) == 0) {
          v1::CreateCriteriaDraftRequest request;
          request.set_region_code("36");
          request.set_content_json(CanonicalJson(DefaultCriteria()));
          status = w_.Call<v1::CriteriaSet>(Cat(kCriteriaService, "CreateCriteriaDraft"), request,
                                            w_.world().Admin("drafter"))
                       .status();
          break;
        }
        v1::ActivateCriteriaRequest request;
        request.set_id(draft->ToString());
        SetDay(ShanghaiDay(w_.server().clock().Now()) + static_cast<int>(random.Between(0, 5)),
               request.mutable_effective_from());
        status = w_.Call<v1::CriteriaSet>(
                       Cat(kCriteriaService, "ActivateCriteria"), request,
                       w_.world().Admin(random.Below(3) == 0 ? "drafter" : "activator"))
                     .status();
        break;
      }
      default: {
        const std::string unit = Units()[random.Below(Units().size())];
        status = SignLedger(unit, Cat("signer-", unit));
      }
    }
    ASSERT_NE(status.code(), StatusCode::kInternal) << status;
    done += status.ok() ? 1 : 0;
    // The term of a panel's signatures runs out with the days alone.
    if (w_.server().clock().Now() != before) {
      ASSERT_OK(Recounted());
    }
    ASSERT_EQ(Stored(), Expected()) << "step " << i << ", seed " << seed;
    if (i % 25 == 0) ExpectToldByRecords();
    if (HasFailure()) return;
  }
  std::cout << steps << " steps, " << done << " of them taken, "
            << w_.database().Int("SELECT COUNT(*) FROM work_item WHERE kind = 'LEDGER_REEVALUATE'")
            << " overrides ended" << std::endl;
  EXPECT_GT(done, steps / 10);
  kWalk.ExpectSeen(w_.db());
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM work_desk d LEFT JOIN work_item w ON w.id = "
                              "d.item_id AND w.open_mark = 1 WHERE w.id IS NULL"),
            0);
  // The recount agrees.
  const int64_t version = w_.database().Int("SELECT SUM(version) FROM work_item");
  const int64_t items = w_.database().Int("SELECT COUNT(*) FROM work_item");
  ASSERT_OK(Recounted());
  EXPECT_EQ(w_.database().Int("SELECT SUM(version) FROM work_item"), version);
  EXPECT_EQ(w_.database().Int("SELECT COUNT(*) FROM work_item"), items);
}

}  // namespace
}  // namespace bangfu::evaluation
