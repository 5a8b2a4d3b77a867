// Due payments of an operating contract (应收), exact to the fen. Rents that step by year, rents
// that rise every few years, rates of a base and guaranteed sums beside a rate all fit one
// schedule.
#pragma once

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "services/asset/domain/types.h"

namespace bangfu::asset {

struct ScheduleStep {
  absl::CivilDay from;
  absl::CivilDay to;  // included
  int64_t fixed_fen_per_year = 0;
  int32_t rate_bp = 0;  // a year
  RateBase base = RateBase::kUnspecified;
  int32_t escalation_bp = 0;     // raise of the fixed sum …
  int32_t escalation_years = 0;  // … after every so many full years of the step
};
struct DueDay {
  int month = 12;
  int day = 31;  // the last day of the month where the month is shorter
};

struct Due {
  int32_t no = 0;  // from 1
  absl::CivilDay from;
  absl::CivilDay to;
  absl::CivilDay due_date;
  int64_t fixed_fen = 0;
  int32_t rate_bp = 0;
  RateBase base = RateBase::kUnspecified;
  std::optional<int64_t> base_fen;
  std::optional<int64_t> due_fen;  // absent while the base is not stated
};

inline constexpr size_t kMaxDues = 600;

// The dues of the whole schedule, in order of their days.
//
// Each step runs in years from its first day; a last year that is cut short bears its share of
// days, rounded half up. A year's sum falls due in equal parts (largest remainder, so that they add
// up) on the due days inside the year; without due days, or with none inside a cut year, on the
// year's last day. A rate of ORIGINAL_VALUE is a year's sum like a fixed one; a rate of OUTPUT,
// SALES or PROFIT is of the period's own base, which is stated later (WithBase).
//
// INVALID_ARGUMENT with paths under `terms.schedule` when steps overlap, leave the contract's days,
// hold nothing or name no base.
absl::StatusOr<std::vector<Due>> ComputeDues(const std::vector<ScheduleStep>& steps,
                                             const std::vector<DueDay>& due_days,
                                             absl::CivilDay contract_from,
                                             absl::CivilDay contract_to,
                                             int64_t original_value_fen);

// The due with its base stated: fixed + rate × base, rounded half up; a loss gives no share.
Due WithBase(Due due, int64_t base_fen);
// A due needs a base that someone states.
bool NeedsBase(const Due& due);

}  // namespace bangfu::asset
