// The trail across records, newest first: by record, person, region, action and time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/audit/audit.h"
#include "common/mysql/session.h"

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

absl::StatusOr<Found> SearchLog(mysql::Executor& db, const Search& search);

// The statement of SearchLog that takes candidates from an index, for the test of its plan.
// `former_counties`: whose codes the one county had before.
std::string CandidateSql(const Search& search, mysql::Params* params,
                         const std::vector<std::string>& former_counties = {});

}  // namespace bangfu::audit
