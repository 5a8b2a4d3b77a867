// The trail across records, newest first: by record, person, region, action and time.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/audit/audit.h"
#include "common/mysql/session.h"
#include "common/recode/recode.h"

namespace bangfu::audit {

// Where a page ended: the entry's place in the order.
struct Place {
  absl::Time occurred_at;
  std::string aggregate_type;
  Ulid aggregate_id;
  int64_t chain_no = 0;
};

struct Search {
  std::vector<std::string> scope;     // regions that the caller may read
  std::optional<std::string> region;  // of these
  std::string subject;
  // On whose behalf; no index begins with it, since nearly all entries have none: it picks among
  // those of the other filters.
  std::string delegated_by;
  std::string aggregate_type;
  std::optional<Ulid> aggregate_id;  // with aggregate_type
  std::string action;
  std::optional<absl::Time> from;  // included
  std::optional<absl::Time> to;    // not included
  std::optional<Place> after;
  int limit = 50;
  // Entries that one page looks through at most.
  int candidates = 5000;
};

struct Found {
  std::vector<Record> records;
  // From here the next page goes on; nullopt: there is no more. A page may be empty and go on.
  std::optional<Place> next;
};

// The one county that everything asked for lies in; empty: there are more.
std::string OneCounty(const std::vector<std::string>& scope,
                      const std::optional<std::string>& region);

// Entries and accesses stay under the code of their day. Those of a region are the ones under each
// code, its present one too, from when it got the code until it got the next: what a bearer of the
// code before did is not its own. A condition on the path and on the time, both as SQL; where no
// time is known, any would do.
std::string Within(const std::vector<std::string>& regions, const std::vector<recode::Move>& moves,
                   std::string_view column, std::string_view time, mysql::Params* params);
std::string WithinBorne(const recode::FormerPath& borne, std::string_view column,
                        std::string_view time, mysql::Params* params);

// The entries l of the chain of audit_head h that are shown to whoever reads in the regions: all of
// a record that lies there. But some chains are named by a code (a county's roll-ups) and go on
// under its next bearer: of these each sees its own entries.
std::string WithinChain(const std::vector<std::string>& regions,
                        const std::vector<recode::Move>& moves, mysql::Params* params);

// When the chain of audit_head h got its newest entry that is there, or else its last that was cut:
// a head keeps that one's path.
inline constexpr char kHeadTime[] =
    "COALESCE((SELECT n.occurred_at FROM audit_log n WHERE n.aggregate_type = h.aggregate_type AND "
    "n.aggregate_id = h.aggregate_id AND n.chain_no <= h.chain_no ORDER BY n.chain_no DESC LIMIT "
    "1), (SELECT n.occurred_at FROM audit_cut n WHERE n.aggregate_type = h.aggregate_type AND "
    "n.aggregate_id = h.aggregate_id ORDER BY n.chain_no DESC LIMIT 1))";

// The counties of those former codes, but for the one county.
std::vector<std::string> FormerCounties(const std::vector<std::string>& scope,
                                        const std::optional<std::string>& region,
                                        const std::vector<recode::Move>& moves);

absl::StatusOr<Found> SearchLog(mysql::Executor& db, const Search& search);

// The statement of SearchLog that takes candidates from an index, for the test of its plan.
// `former_counties`: whose codes the one county had before.
std::string CandidateSql(const Search& search, mysql::Params* params,
                         const std::vector<std::string>& former_counties = {});

}  // namespace bangfu::audit
