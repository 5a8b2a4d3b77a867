// What must hold of one asset: its use, its shares, its value.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "common/status/error.h"
#include "services/asset/domain/types.h"

namespace bangfu::asset {

struct UsePart {
  std::string description;
  int32_t share_bp = 0;
  UseState state = UseState::kUnspecified;
};

// Days on which an asset operated, both included; open where none is known.
struct UsePeriod {
  std::optional<absl::CivilDay> from, to;
  bool operator==(const UsePeriod&) const = default;
};

// A report of use (使用情况).
struct Use {
  UseState state = UseState::kUnspecified;
  absl::CivilDay since;
  std::optional<absl::CivilDay> idle_since;
  std::string idle_reason;
  std::vector<UsePart> parts;
  bool irreparable = false;
  bool ever_used = false;
  std::vector<UsePeriod> operated;  // domain/operated.h
};

// The days of the asset that a report of use is checked against.
struct UseContext {
  absl::CivilDay today;
  std::optional<absl::CivilDay> formed;
  std::optional<absl::CivilDay> cultivation_ends;  // absent: no cultivation period
  const Use* previous = nullptr;                   // nullptr on entry
};

// Checks a report of use and completes it: the idle day of a stopped asset, ever_used, the days on
// which it operated, SUSPENDED against IDLE by the six months (domain §4.2). Paths of violations
// begin with `path` ("use"). INVALID_ARGUMENT with all violations; FAILED_PRECONDITION
// REPORT_OUT_OF_ORDER, USE_STATE_WRONG.
absl::Status CheckUse(const UseContext& context, std::string_view path, Use* use);

// True for the states in which nothing runs: SUSPENDED, IDLE, DAMAGED.
bool IsStopped(UseState state);
// True for the states in which it operates, wholly, in part or by its seasons: IN_USE, PARTIAL,
// OFF_SEASON.
bool UsesSomething(UseState state);
// Part of the value that is in use, in bp: IN_USE and OFF_SEASON all, PARTIAL by its parts.
int32_t InUseShareBp(const Use& use);
// Whole months from `from` to `to`, never negative.
int MonthsBetween(absl::CivilDay from, absl::CivilDay to);
// `day` plus months; the last day of the month where the month is shorter.
absl::CivilDay AddMonths(absl::CivilDay day, int months);
inline constexpr int kIdleMonths = 6;  // SUSPENDED before, IDLE from here on [domain §4.2]

// Σ shares = 10000; all zero = not known (allowed when `may_be_unknown`). Adds to `violations`.
void CheckShares(const std::vector<int32_t>& shares, bool may_be_unknown, std::string_view path,
                 std::vector<FieldViolation>* violations);
// Σ of the sources = the original value. VALUE_NOT_CONSERVED as a violation of `path`.
void CheckConservation(int64_t original_value_fen, const std::vector<int64_t>& amounts,
                       std::string_view path, std::vector<FieldViolation>* violations);
// Σ of parts owned or held at village or household level, in bp; nullopt while shares are unknown.
std::optional<int32_t> VillageShareBp(const std::vector<std::pair<OwnerLevel, int32_t>>& shares);

// INVALID_ARGUMENT with all violations, or OK when there are none.
absl::Status ToStatus(std::vector<FieldViolation> violations);

}  // namespace bangfu::asset
