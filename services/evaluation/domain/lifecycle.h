// The rules around a computed evaluation: what a county may accept or override, what becomes
// effective, what a plan may contain. Pure: the day and the code lists are given.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "common/workflow/workflow.h"
#include "services/evaluation/domain/measures.h"
#include "services/evaluation/domain/types.h"

namespace bangfu::evaluation {

enum class AdminLevel { kUnspecified = 0, kVillage, kTownship, kCounty, kCity, kProvince };

// --- 论证 ---------------------------------------------------------------------------------------

enum class ArgumentConclusion { kUnspecified = 0, kFeasible, kNotFeasible, kClass };
std::span<const EnumEntry<ArgumentConclusion>> Entries(const ArgumentConclusion*);

// Numbers of evaluation.v1.ArgumentState; domain/argument_actions.h says what leads to which.
enum class ArgumentState {
  kUnspecified = 0,
  kSigning = 1,
  kSigned = 2,
  kNotCarried = 3,
  kWithdrawn = 4
};

struct ArgumentRecord {
  std::string id;
  std::string subject_id;
  std::vector<std::string> panel_person_ids;
  absl::CivilDay date;
  ArgumentConclusion conclusion = ArgumentConclusion::kUnspecified;
  FourClass four_class = FourClass::kUnspecified;  // kClass only
  std::string opinion;
  int attachments = 0;
  workflow::Person recorded_by;
  ArgumentState state = ArgumentState::kUnspecified;  // kSigned alone counts
};

// R034: at least `panel_minimum` different persons, a day that is not in the future, a conclusion,
// an opinion and an attachment. The minimum is the parameter's when the argument is recorded; what
// was recorded keeps its worth when the parameter changes. INVALID_ARGUMENT FIELD_INVALID.
absl::Status Validate(const ArgumentRecord& argument, absl::CivilDay today,
                      int64_t panel_minimum = 1);

// --- county review
// --------------------------------------------------------------------------------

// The computed evaluation that is reviewed.
struct Computed {
  std::string subject_id;
  Result result = Result::kUnspecified;
  std::string rule_id;
};

// Accepting what the engine proposed. A MANUAL_REVIEW is decided by an argument that names the
// class (not an override); ADJUST needs one that does not speak against it. FAILED_PRECONDITION
// ARGUMENT_REQUIRED, ARGUMENT_SUBJECT, ARGUMENT_UNSIGNED, ARGUMENT_CONTRADICTS, EVALUATION_ENDED.
absl::StatusOr<FourClass> CheckAccept(const Computed& computed, const ArgumentRecord* argument,
                                      absl::CivilDay today);

struct Override {
  FourClass to_class = FourClass::kUnspecified;
  std::string reason_code;  // of the OVERRIDE_REASON list
  std::string reason_text;  // CheckOverrideReason
  std::vector<std::string> evidence_ids;
  std::string tolerance_decision_id;  // optional
  std::string proposer_person_id;
  std::string approver_person_id;
  AdminLevel approver_level = AdminLevel::kUnspecified;  // as of CheckOverrideLevel
};

struct OverrideDecision {
  FourClass four_class = FourClass::kUnspecified;
  bool needs_city_filing = false;  // towards a better class
};

// The last day of an override that was approved on `day`: the class stands, but re-evaluation is
// due after it.
absl::CivilDay OverrideExpiry(absl::CivilDay day, int64_t months);

// What rests on documents (H1–H3) and what is missing data is overridden by the province alone,
// everything else by the county alone: proposed, approved and rejected there.
AdminLevel OverrideLevel(const Computed& computed);
// FAILED_PRECONDITION OVERRIDE_LOCKED (the province's, and `level` is another), OVERRIDE_LEVEL (the
// county's).
absl::Status CheckOverrideLevel(const Computed& computed, AdminLevel level);

// The reason of an override that is proposed: at least so many characters without surrounding
// blanks. INVALID_ARGUMENT FIELD_INVALID of reason_text.
absl::Status CheckOverrideReason(std::string_view text, int64_t min_chars);

// The limits of a human override. INVALID_ARGUMENT FIELD_INVALID for the form; FAILED_PRECONDITION
// OVERRIDE_SAME_PERSON, OVERRIDE_NOT_ALLOWED, ARGUMENT_REQUIRED, and those of CheckOverrideLevel.
absl::StatusOr<OverrideDecision> CheckOverride(const Computed& computed, const Override& override,
                                               const ArgumentRecord* argument,
                                               absl::CivilDay today);

// --- effective
// ------------------------------------------------------------------------------------

struct EffectiveCheck {
  std::string subject_id;
  FourClass final_class = FourClass::kUnspecified;
  Result result = Result::kUnspecified;
  const ArgumentRecord* argument = nullptr;
  bool publicity_passed = false;
  bool open_objections = false;
  bool needs_city_filing = false;
  bool city_filed = false;
};
// ADJUST is never effective without an argument, whoever proposed it.
// FAILED_PRECONDITION PUBLICITY_NOT_PASSED, OBJECTION_OPEN, CITY_FILING_REQUIRED,
// ARGUMENT_REQUIRED.
absl::Status CheckEffective(const EffectiveCheck& check, absl::CivilDay today);

// --- measure plan
// ---------------------------------------------------------------------------------

struct PlannedMeasure {
  std::string code;
  std::string description;           // mandatory where the code list says so
  std::vector<std::string> parts{};  // of MeasureDef::parts
};
struct MeasurePlan {
  std::string subject_id;
  FourClass four_class = FourClass::kUnspecified;
  std::string cause;  // of the CAUSE list; 盘活类 only
  std::vector<PlannedMeasure> measures;
  std::string responsible;
  std::optional<absl::CivilDay> deadline;
};
// Codes belong to the class (R030, R032), and parts to their measure (R037); for 盘活类 they fit
// the cause (R035–R043) and the plan rests on an argument that finds it feasible (R034).
// INVALID_ARGUMENT FIELD_INVALID, MEASURE_NOT_OF_CLASS, CAUSE_MEASURE_MISMATCH; FAILED_PRECONDITION
// ARGUMENT_REQUIRED, ARGUMENT_UNSIGNED, ARGUMENT_CONTRADICTS.
absl::Status CheckMeasurePlan(const MeasurePlan& plan, const MeasureCatalogue& catalogue,
                              const ArgumentRecord* argument, absl::CivilDay today);

}  // namespace bangfu::evaluation
