// Numbers that the province may change (参数): the registry's parameters, copied by the feed.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/mysql/session.h"

namespace bangfu::evaluation {

struct ParameterDef {
  std::string_view code;
  int64_t fallback;  // while the registry has no such parameter; 待省厅确认
};

// A source's copy may be this old when facts are taken (minutes).
inline constexpr ParameterDef kSourceLagMinutes{"EVALUATION_SOURCE_LAG_MINUTES", 15};
// Class publicity (natural days).
inline constexpr ParameterDef kClassPublicityDays{"CLASS_PUBLICITY_DAYS", 7};
// Files of its showing that a class publicity needs before it passes.
inline constexpr ParameterDef kClassPublicityEvidence{"CLASS_PUBLICITY_EVIDENCE", 0};
// Working days to evaluate what is verified and waits for it.
inline constexpr ParameterDef kEvaluationRunDays{"EVALUATION_RUN_DAYS", 20};
// Working days for the county's review (or its argument, or the re-evaluation after an override
// ended), and for each step after it.
inline constexpr ParameterDef kReviewDays{"EVALUATION_REVIEW_DAYS", 20};
inline constexpr ParameterDef kStepDays{"EVALUATION_STEP_DAYS", 5};
// Working days to make the plan of an entry, and to sign a ledger that changed.
inline constexpr ParameterDef kMeasurePlanDays{"MEASURE_PLAN_DAYS", 20};
inline constexpr ParameterDef kLedgerSignDays{"LEDGER_SIGN_DAYS", 10};
// The day of the next month on which a month's dispatch reports are due.
inline constexpr ParameterDef kDispatchReportDay{"DISPATCH_REPORT_DAY", 10};
// Working days to go on with long work that stopped.
inline constexpr ParameterDef kResumeDays{"OPERATION_RESUME_DAYS", 2};
// How long an appraisal counts (months).
inline constexpr ParameterDef kAppraisalMonths{"APPRAISAL_VALID_MONTHS", 12};

// Share of overridden classes above which a county is reported to its city.
inline constexpr ParameterDef kOverrideShareLimit{"OVERRIDE_SHARE_LIMIT_BP", 1500};
// How long an override stands (months).
inline constexpr ParameterDef kOverrideMonths{"OVERRIDE_VALID_MONTHS", 12};

// After how many working days what is overdue rises to the next level.
inline constexpr ParameterDef kEscalationDays{"ESCALATION_DAYS", 5};

// Objections are answered within (working days).
inline constexpr ParameterDef kObjectionAnswerDays{"OBJECTION_ANSWER_DAYS", 5};
// Writes wait while the copies of the registry's reference data are older (minutes).
inline constexpr ParameterDef kReferenceLagMinutes{"REFERENCE_LAG_MINUTES", 15};

// Experts who must have scored a subject for their median to be a fact.
inline constexpr ParameterDef kExpertScoresMinimum{"EXPERT_SCORES_MINIMUM", 3};
// Different persons of an argument's panel, on the day when it is recorded.
inline constexpr ParameterDef kArgumentPanelMinimum{"ARGUMENT_PANEL_MINIMUM", 3};
// Characters of an override's reason, when it is proposed.
inline constexpr ParameterDef kOverrideReasonChars{"OVERRIDE_REASON_CHARS", 20};
// Share of a year's expected months that must be reported for the year to be estimated.
inline constexpr ParameterDef kReportMonthsNeeded{"REPORT_MONTHS_NEEDED_BP", 5000};
// How long a dispatch report's figures stand (months, its own among them).
inline constexpr ParameterDef kDispatchReportMonths{"DISPATCH_REPORT_MONTHS", 12};

absl::StatusOr<int64_t> ReadParameter(mysql::Executor& db, const ParameterDef& parameter);
// In the order asked for; one query.
absl::StatusOr<std::vector<int64_t>> ReadParameters(mysql::Executor& db,
                                                    const std::vector<ParameterDef>& parameters);

// A number of days with their kind.
struct DaysValue {
  int64_t days = 0;
  bool working = false;
};
absl::StatusOr<DaysValue> ReadDays(mysql::Executor& db, const ParameterDef& parameter,
                                   bool working_by_default);

}  // namespace bangfu::evaluation
