// The way of an evaluation from computed to effective (§3.3) as one table: behind the handlers and
// behind allowed_actions alike. The rules themselves are lifecycle.h's; here stand who may take
// which step and in which state.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/workflow/work.h"
#include "common/workflow/workflow.h"
#include "services/evaluation/domain/lifecycle.h"

namespace bangfu::evaluation {

// Numbers of bangfu.options.v1.Role.
inline constexpr int kVillageReporter = 1;
inline constexpr int kTownshipReviewer = 2;
inline constexpr int kTownshipApprover = 3;
inline constexpr int kCountyOperator = 4;
inline constexpr int kCountyApprover = 5;
inline constexpr int kSectorVerifier = 7;
inline constexpr int kFinanceOfficer = 8;
inline constexpr int kAppraiser = 9;
inline constexpr int kCitySupervisor = 10;
inline constexpr int kProvOffice = 11;
inline constexpr int kProvAdmin = 12;

// Numbers of evaluation.v1.EvaluationState.
enum class Phase {
  kUnspecified = 0,
  kComputed = 1,
  kOverrideProposed = 2,
  kCountyReviewed = 3,
  kJointConfirmed = 4,
  kPublicised = 5,
  kEffective = 6,
  kSuperseded = 7,
  kVoid = 8,
};
std::string PhaseLabel(Phase phase);

struct DepartmentSignature {
  std::string department;
  workflow::Person person;  // empty: has not signed
};

// What the guards look at. Only `sign` and the override's form depend on a request; what is not
// given is not asked for, so that the table can say what could be done.
struct EvaluationSubject {
  Phase phase = Phase::kUnspecified;
  Computed computed;
  absl::CivilDay today;
  bool subject_void = false;
  // A project that the county has not verified, or whose verified content was changed since.
  bool subject_unverified = false;
  workflow::Person computed_by;
  workflow::Person reviewed_by;
  workflow::Person override_by;  // who proposed it
  FourClass final_class = FourClass::kUnspecified;
  // The argument that the step names, else the newest one of the subject.
  std::optional<ArgumentRecord> argument;
  // The override that stands, or the one that the request proposes.
  std::optional<Override> override;
  bool needs_city_filing = false;
  bool city_filed = false;
  std::vector<DepartmentSignature> departments;
  std::string department;  // that the request signs for; "" = any
  bool publicity_passed = false;
  // An evaluation that was computed later is in force for the subject.
  bool newer_effective = false;
};

// Actions: accept, propose_override, approve_override, reject_override, file_override, sign,
// publicise, make_effective, void. A review or signature after which MissingSignatures is 0 goes on
// to kJointConfirmed at once.
const workflow::Table<Phase, EvaluationSubject>& EvaluationTable();

// The actions that are somebody's work while they can be taken.
const std::vector<workflow::Work>& EvaluationWorks();

// The level for which the actor approves an override of the subject: of several the one whose
// business it is.
AdminLevel ApproverLevel(const EvaluationSubject& subject, const workflow::Actor& actor);
// Departments whose signature is missing.
size_t MissingSignatures(const EvaluationSubject& subject);

// --- what is put on record for a subject ---
enum class SubjectPhase { kUnspecified = 0, kLive = 1, kVoid = 2 };
// Actions: record_argument; record_appraisal, in person. SUBJECT_VOID, DELEGATE_NOT_ALLOWED.
const workflow::Table<SubjectPhase, SubjectPhase>& SubjectTable();

// --- ledger entry ---
enum class EntryPhase { kUnspecified = 0, kOpen = 1, kPlanned = 2, kInProgress = 3, kLeft = 4 };
std::string EntryPhaseLabel(EntryPhase phase);
struct EntrySubject {
  EntryPhase phase = EntryPhase::kUnspecified;
  // As of EvaluationSubject; asked for by `evaluate` alone.
  bool subject_void = false;
  bool subject_unverified = false;
};
// Actions: plan_measures, report_progress, evaluate (the subject's, by EvaluateSubjects;
// SUBJECT_VOID, NOT_VERIFIED).
const workflow::Table<EntryPhase, EntrySubject>& EntryTable();
// The actions that are somebody's work.
const std::vector<workflow::Work>& EntryWorks();

}  // namespace bangfu::evaluation
