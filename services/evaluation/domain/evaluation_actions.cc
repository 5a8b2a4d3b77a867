#include "services/evaluation/domain/evaluation_actions.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/departments.h"
#include "services/evaluation/domain/argument_actions.h"

namespace bangfu::evaluation {

namespace {

using workflow::Actor;
using Subject = EvaluationSubject;
using Guard = workflow::Guard<Subject>;

static_assert(workflow::signing::kSectorVerifier == kSectorVerifier);
static_assert(workflow::signing::kFinanceOfficer == kFinanceOfficer);

constexpr std::array<std::string_view, 9> kPhaseLabels = {
    "未知", "已测算", "拟人工调整", "县级已审", "联合确认", "公示中", "生效", "已被替代", "作废"};
constexpr std::array<std::string_view, 5> kEntryLabels = {"未知", "在册", "已定措施", "整改中",
                                                          "已出册"};

absl::Status SamePerson(std::string_view why) { return FailedPrecondition("SAME_PERSON", why); }

// The reasons of lifecycle.h in the words of the contract.
absl::Status InContract(const absl::Status& status) {
  const ErrorDetail detail = GetErrorDetail(status);
  if (detail.reason == "OVERRIDE_SAME_PERSON") return SamePerson(detail.message_zh);
  if (detail.reason == "EVALUATION_ENDED") {
    return FailedPrecondition("RESULT_HAS_NO_CLASS", detail.message_zh);
  }
  return status;
}

const ArgumentRecord* ArgumentOf(const Subject& s) { return s.argument ? &*s.argument : nullptr; }

template <typename Of = Subject>
workflow::Guard<Of> NotVoid() {
  return {"subject_not_void", [](const Of& s, const Actor&) -> absl::Status {
            if (!s.subject_void) return absl::OkStatus();
            return FailedPrecondition("SUBJECT_VOID", "对象已作废");
          }};
}
// Nothing is classified for good on facts that nobody vouches for: a project may lose its
// verification while its evaluation is on the way, or while it stands in the ledger.
template <typename Of = Subject>
workflow::Guard<Of> Verified() {
  return {"subject_verified", [](const Of& s, const Actor&) -> absl::Status {
            if (!s.subject_unverified) return absl::OkStatus();
            return FailedPrecondition("NOT_VERIFIED",
                                      "对象未经县级核实，或核实后内容有更正，不得分类");
          }};
}
Guard OtherThanComputer() {
  return {"other_person", [](const Subject& s, const Actor& a) -> absl::Status {
            if (!a.Is(s.computed_by)) return absl::OkStatus();
            return SamePerson("测算人不能审定自己测算的评估");
          }};
}
Guard Acceptable() {
  return {"acceptable", [](const Subject& s, const Actor&) -> absl::Status {
            return InContract(CheckAccept(s.computed, ArgumentOf(s), s.today).status());
          }};
}
// Whether the step's class rests on the argument; else that only stands by.
bool AcceptRests(const Subject& s) {
  return s.computed.result == Result::kManualReview || s.computed.result == Result::kAdjust;
}
bool OverrideRests(const Subject& s) {
  return s.override && s.override->to_class == FourClass::kAdjust;
}
bool EffectRests(const Subject& s) {
  return s.computed.result == Result::kManualReview || s.final_class == FourClass::kAdjust;
}
// Who brought an argument about, or spoke in it, does not decide by it.
Guard OtherThanArguers(bool (*rests)(const Subject&)) {
  return {"other_than_arguers", [rests](const Subject& s, const Actor& a) -> absl::Status {
            if (!s.argument || !rests(s)) return absl::OkStatus();
            if (a.Is(s.argument->recorded_by)) {
              return SamePerson("登记论证的人不能依据该论证作出决定");
            }
            for (const std::string& expert : s.argument->panel_person_ids) {
              if (a.Is(expert)) return SamePerson("论证专家不能依据自己参加的论证作出决定");
            }
            return absl::OkStatus();
          }};
}
// Who acts for both levels acts for the one whose business it is.
AdminLevel ActingLevel(const Subject& s, bool county, bool province) {
  if (province && (!county || OverrideLevel(s.computed) == AdminLevel::kProvince)) {
    return AdminLevel::kProvince;
  }
  return county ? AdminLevel::kCounty : AdminLevel::kUnspecified;
}
// What can be said of an override before its form is filled in: whether this result can be
// overridden at all by this actor.
Guard Overridable() {
  return {"overridable", [](const Subject& s, const Actor& a) -> absl::Status {
            Override o;
            if (s.override) {
              o = *s.override;
            } else {
              o.to_class = s.computed.result == Result::kUpgrade ? FourClass::kConsolidate
                                                                 : FourClass::kUpgrade;
              o.reason_code = "?";
              o.reason_text = "?";
              o.evidence_ids = {"?"};
            }
            o.proposer_person_id = a.subject;
            o.approver_person_id = Cat(a.subject, "/approver");
            o.approver_level = ActingLevel(s, a.Holds(kCountyOperator), a.Holds(kProvOffice));
            return InContract(CheckOverride(s.computed, o, ArgumentOf(s), s.today).status());
          }};
}
Guard Approvable() {
  return {"approvable", [](const Subject& s, const Actor& a) -> absl::Status {
            if (!s.override) return FailedPrecondition("STATE_NOT_ALLOWED", "没有待批准的人工调整");
            if (a.Is(s.override_by)) return SamePerson("提出人和批准人不能是同一人");
            Override o = *s.override;
            o.approver_person_id = a.subject;
            o.approver_level = ApproverLevel(s, a);
            return InContract(CheckOverride(s.computed, o, ArgumentOf(s), s.today).status());
          }};
}
// Who could not approve does not reject either.
Guard Rejectable() {
  return {"rejectable", [](const Subject& s, const Actor& a) -> absl::Status {
            return CheckOverrideLevel(s.computed, ApproverLevel(s, a));
          }};
}
Guard FilingWanted() {
  return {"filing_wanted", [](const Subject& s, const Actor&) -> absl::Status {
            if (s.needs_city_filing && !s.city_filed) return absl::OkStatus();
            return FailedPrecondition("FILING_NOT_REQUIRED",
                                      s.city_filed ? "已经市级备案" : "无须报市级备案");
          }};
}
Guard Filed() {
  return {"city_filed", [](const Subject& s, const Actor&) -> absl::Status {
            if (!s.needs_city_filing || s.city_filed) return absl::OkStatus();
            return FailedPrecondition("CITY_FILING_REQUIRED", "调整到更好类别须先报市级备案");
          }};
}
// One signs in the name of the own department only. Which of several that is, is asked where none
// is named.
Guard SignsForDepartment() {
  return {"signs_for_department", [](const Subject& s, const Actor& a) -> absl::Status {
            if (!s.department.empty()) return workflow::CheckSigner(s.department, a);
            absl::Status refusal;
            for (const DepartmentSignature& d : s.departments) {
              if (!d.person.empty()) continue;
              absl::Status one = workflow::CheckSigner(d.department, a);
              if (one.ok()) return one;
              if (refusal.ok()) refusal = std::move(one);
            }
            return refusal;
          }};
}
Guard Signable() {
  return {"signable", [](const Subject& s, const Actor& a) -> absl::Status {
            bool open = false;
            for (const DepartmentSignature& d : s.departments) {
              if (d.person.empty()) {
                open = open || s.department.empty() || s.department == d.department;
              } else if (d.department == s.department) {
                return FailedPrecondition("ALREADY_SIGNED", "该部门已签字");
              }
            }
            if (!open) {
              return FailedPrecondition("DEPARTMENT_NOT_REQUIRED", "该部门不在联合确认之列");
            }
            if (a.Is(s.computed_by)) return SamePerson("测算人不能参加联合确认");
            for (const DepartmentSignature& d : s.departments) {
              if (a.Is(d.person)) return SamePerson("同一人不能代表两个部门签字");
            }
            return absl::OkStatus();
          }};
}
Guard Effective() {
  return {"effective", [](const Subject& s, const Actor&) -> absl::Status {
            if (s.newer_effective) {
              return FailedPrecondition("NEWER_EFFECTIVE", "该对象更新的评估已经生效");
            }
            EffectiveCheck check;
            check.subject_id = s.computed.subject_id;
            check.final_class = s.final_class;
            check.result = s.computed.result;
            check.argument = ArgumentOf(s);
            check.publicity_passed = s.publicity_passed;
            check.needs_city_filing = s.needs_city_filing;
            check.city_filed = s.city_filed;
            return InContract(CheckEffective(check, s.today));
          }};
}

}  // namespace

std::string PhaseLabel(Phase phase) {
  const size_t i = static_cast<size_t>(phase);
  return std::string(i < kPhaseLabels.size() ? kPhaseLabels[i] : kPhaseLabels[0]);
}

std::string EntryPhaseLabel(EntryPhase phase) {
  const size_t i = static_cast<size_t>(phase);
  return std::string(i < kEntryLabels.size() ? kEntryLabels[i] : kEntryLabels[0]);
}

AdminLevel ApproverLevel(const EvaluationSubject& subject, const Actor& actor) {
  return ActingLevel(subject, actor.Holds(kCountyApprover), actor.Holds(kProvOffice));
}

const std::vector<workflow::Work>& EvaluationWorks() {
  static const auto* works = new std::vector<workflow::Work>{
      {"accept", "EVALUATION_ACCEPT"},
      {"approve_override", "EVALUATION_APPROVE_OVERRIDE"},
      {"file_override", "EVALUATION_FILE_OVERRIDE"},
      {"sign", "EVALUATION_SIGN"},
      {"publicise", "EVALUATION_PUBLICISE"},
      {"make_effective", "EVALUATION_MAKE_EFFECTIVE"},
  };
  return *works;
}

size_t MissingSignatures(const EvaluationSubject& subject) {
  return static_cast<size_t>(
      std::count_if(subject.departments.begin(), subject.departments.end(),
                    [](const DepartmentSignature& d) { return d.person.empty(); }));
}

const workflow::Table<Phase, EvaluationSubject>& EvaluationTable() {
  using P = Phase;
  static const auto* table = new workflow::Table<Phase, EvaluationSubject>(
      [](const Subject& s) { return s.phase; }, PhaseLabel,
      {
          {{P::kComputed},
           "accept",
           "采纳",
           {kCountyApprover},
           {NotVoid(), Verified(), OtherThanComputer(), Acceptable(),
            OtherThanArguers(AcceptRests)},
           {},
           P::kCountyReviewed},
          {{P::kComputed},
           "propose_override",
           "提出人工调整",
           {kCountyOperator, kProvOffice},
           {NotVoid(), Overridable()},
           {},
           P::kOverrideProposed,
           {"OVERRIDE_BASIS", "PHOTO", "MINUTES", "ARGUMENT", "APPRAISAL", "APPROVAL", "PUBLICITY",
            "CONTRACT", "OTHER"},
           true},
          {{P::kOverrideProposed},
           "approve_override",
           "批准人工调整",
           {kCountyApprover, kProvOffice},
           {NotVoid(), Verified(), OtherThanComputer(), Approvable(),
            OtherThanArguers(OverrideRests)},
           {},
           P::kCountyReviewed},
          {{P::kOverrideProposed},
           "reject_override",
           "驳回人工调整",
           {kCountyApprover, kProvOffice},
           {Rejectable()},
           {},
           P::kComputed},
          {{P::kCountyReviewed},
           "file_override",
           "市级备案",
           {kCitySupervisor},
           {FilingWanted()},
           {},
           P::kCountyReviewed},
          {{P::kJointConfirmed},
           "file_override",
           "市级备案",
           {kCitySupervisor},
           {FilingWanted()},
           {},
           P::kJointConfirmed},
          {{P::kCountyReviewed},
           "sign",
           "联合确认",
           {kSectorVerifier, kFinanceOfficer},
           {NotVoid(), Verified(), SignsForDepartment(), Signable()},
           {},
           P::kCountyReviewed},
          {{P::kJointConfirmed},
           "publicise",
           "公示",
           {kCountyOperator},
           {NotVoid(), Verified(), Filed()},
           {},
           P::kPublicised,
           {"PUBLICITY", "PHOTO"}},
          {{P::kPublicised},
           "make_effective",
           "生效",
           {kCountyApprover},
           {NotVoid(), Verified(), Effective(), OtherThanArguers(EffectRests)},
           {},
           P::kEffective},
          {{P::kComputed, P::kOverrideProposed, P::kCountyReviewed, P::kJointConfirmed,
            P::kPublicised, P::kEffective},
           "void",
           "作废",
           {kCountyApprover, kProvOffice},
           {},
           {},
           P::kVoid},
      });
  return *table;
}

const workflow::Table<SubjectPhase, SubjectPhase>& SubjectTable() {
  using P = SubjectPhase;
  const workflow::Guard<P> alive = {"not_void",
                                    [](const P& phase, const workflow::Actor&) -> absl::Status {
                                      if (phase != P::kVoid) return absl::OkStatus();
                                      return FailedPrecondition("SUBJECT_VOID", "对象已作废");
                                    }};
  const workflow::Guard<P> in_person = {
      "in_person", [](const P&, const workflow::Actor& a) { return CheckInPerson(a); }};
  static const auto* table =
      new workflow::Table<P, P>([](const P& phase) { return phase; },
                                [](P phase) { return phase == P::kVoid ? "已作废" : "有效"; },
                                {
                                    {{P::kLive, P::kVoid},
                                     "record_argument",
                                     "论证",
                                     {kCountyOperator, kCountyApprover},
                                     {alive},
                                     {},
                                     P::kLive,
                                     {"ARGUMENT", "MINUTES", "PHOTO", "APPRAISAL"},
                                     true},
                                    {{P::kLive, P::kVoid},
                                     "record_appraisal",
                                     "登记评估报告",
                                     {kAppraiser},
                                     {alive, in_person},
                                     {},
                                     P::kLive,
                                     {"APPRAISAL"},
                                     true},
                                });
  return *table;
}

const workflow::Table<EntryPhase, EntrySubject>& EntryTable() {
  using P = EntryPhase;
  static const auto* table = new workflow::Table<EntryPhase, EntrySubject>(
      [](const EntrySubject& s) { return s.phase; }, EntryPhaseLabel,
      {
          {{P::kOpen, P::kPlanned},
           "plan_measures",
           "制定措施",
           {kCountyOperator, kTownshipReviewer},
           {},
           {},
           P::kPlanned},
          {{P::kInProgress},
           "plan_measures",
           "制定措施",
           {kCountyOperator, kTownshipReviewer},
           {},
           {},
           P::kInProgress},
          {{P::kPlanned, P::kInProgress},
           "report_progress",
           "填报进展",
           {kVillageReporter, kTownshipReviewer, kCountyOperator},
           {},
           {},
           P::kInProgress},
          {{P::kOpen},
           "evaluate",
           "重新评估",
           {kCountyOperator, kCountyApprover, kProvOffice},
           {NotVoid<EntrySubject>(), Verified<EntrySubject>()},
           {},
           P::kOpen},
          {{P::kPlanned},
           "evaluate",
           "重新评估",
           {kCountyOperator, kCountyApprover, kProvOffice},
           {NotVoid<EntrySubject>(), Verified<EntrySubject>()},
           {},
           P::kPlanned},
          {{P::kInProgress},
           "evaluate",
           "重新评估",
           {kCountyOperator, kCountyApprover, kProvOffice},
           {NotVoid<EntrySubject>(), Verified<EntrySubject>()},
           {},
           P::kInProgress},
      });
  return *table;
}

const std::vector<workflow::Work>& EntryWorks() {
  static const auto* works =
      new std::vector<workflow::Work>{{"plan_measures", "MEASURE_PLAN"},
                                      {"report_progress", "MEASURE_PROGRESS"},
                                      {"evaluate", "LEDGER_REEVALUATE"}};
  return *works;
}

}  // namespace bangfu::evaluation
