// How long the trail is kept. A service's tables are not partitioned by time, since the key of a
// chain has no time in it; a job cuts from the begin of each chain what is older than its years.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/region.h"
#include "common/mysql/session.h"

namespace bangfu::audit {

// The parameter of the years, what the province has until it says otherwise, and the least that it
// may say: fewer are refused where it is set, cut nothing, and excuse nothing in a verification.
inline constexpr char kKeepYears[] = "AUDIT_KEEP_YEARS";
inline constexpr int64_t kDefaultKeepYears = 30;
inline constexpr int64_t kLeastKeepYears = 10;
// Fewer years than before cut nothing until so long after the job first read them, so that a
// mistake or a misuse is seen and put back before anything is gone. Compiled in: a parameter could
// be lowered along with the years.
inline constexpr absl::Duration kKeepNotice = absl::Hours(30 * 24);

struct CutOptions {
  int64_t keep_years = kDefaultKeepYears;
  // Of the entries that tell of the cuts.
  std::string region_path = kProvinceCode;
  std::function<bool()> stopped;  // asked between transactions
  int max_batches = 200;          // of one call
  // Of one transaction; one of chains takes as many bytes of JSON too, but an entry at least.
  int max_rows = 500;
  int64_t max_bytes = 16 << 20;
};

struct CutReport {
  int64_t batches = 0;
  int64_t rows = 0;      // entries of chains
  int64_t accesses = 0;  // looks
  int64_t anchors = 0;   // whose items are no longer kept
  int64_t damaged = 0;   // chains that do not verify: they stay for whoever finds out why
  bool more = false;     // max_batches were made, or it was stopped
};

// The instant from which entries are kept: the same day so many years ago, in Asia/Shanghai; never
// less than kLeastKeepYears ago.
absl::Time KeptFrom(absl::Time now, int64_t years);

// Cuts of each chain the entries before KeptFrom that an anchor from before then covers, in small
// transactions, oldest first. Each leaves in audit_cut where the chain begins now, and in the trail
// an entry with a hash over those places: a verification excuses nothing else. Then the items of
// anchors before KeptFrom and the looks that belong to them, when no entry that is kept depends on
// them; the anchors themselves stay. Any number of jobs may run at once. FAILED_PRECONDITION when
// the years are fewer than kLeastKeepYears: nobody can have set them.
absl::StatusOr<CutReport> CutOld(mysql::Session& db, absl::Time now, const CutOptions& options);

// A parameter's value by its code, or the last argument where it is not known.
using ParameterLookup =
    std::function<absl::StatusOr<int64_t>(mysql::Executor&, const std::string&, int64_t)>;

// CutOld by the most years that the parameter said at a call of the last kKeepNotice, this one
// among them; by kDefaultKeepYears at least while no calls reach back that far. Until they are
// known here nothing goes: they may be more than any default. What is below kLeastKeepYears refuses
// at once.
absl::StatusOr<CutReport> CutByParameter(mysql::Session& db, absl::Time now,
                                         const ParameterLookup& parameter, CutOptions options);

}  // namespace bangfu::audit
