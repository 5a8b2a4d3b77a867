// Regions as they stand and as they were: codes, paths, and what took a retired one's place.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::registry {

struct RegionSuccessorRow {
  std::string code;
  int year = 0;  // 0: the whole went over when the region ended; else a part of it in that year
  friend bool operator==(const RegionSuccessorRow&, const RegionSuccessorRow&) = default;
};
struct RegionRow {
  Ulid id;
  std::string code;
  int end_year = 0;
  int start_year = 0;
  std::string name, short_name;
  int level = 0;  // 1 province … 5 village
  std::string parent_code;
  std::string region_path;  // '' when several regions stand for it today
  bool is_extension = false;
  std::vector<std::string> flags;
  std::vector<RegionSuccessorRow> successors;
  int64_t version = 1;
};

// What a code as filed means today.
struct RegionHit {
  std::string path;  // '' when ambiguous
  std::string name;
  int level = 0;
  std::vector<std::string> candidates;  // when ambiguous: codes in use that stand for it
};
// Codes must be normalised. A code below a retired county is looked for below its one successor.
// Codes that are not known are missing from the result. Three queries at most.
absl::StatusOr<std::map<std::string, RegionHit>> LookupRegions(
    mysql::Executor& db, const std::vector<std::string>& codes);

absl::StatusOr<std::optional<RegionRow>> FindRegion(mysql::Executor& db, const std::string& code);
struct RegionQuery {
  std::string parent_code;
  int level = 0;  // 0: children; else everything of this level below the parent
  bool retired = false;
  std::string after_code;
  int after_end_year = -1;
  int limit = 100;
};
absl::StatusOr<std::vector<RegionRow>> ListRegions(mysql::Executor& db, const RegionQuery& query);
// Every row; for the matcher of names and for snapshots (after: id).
absl::StatusOr<std::vector<RegionRow>> LoadRegions(mysql::Executor& db);
absl::StatusOr<std::vector<RegionRow>> ListRegionsById(mysql::Executor& db, const Ulid& after,
                                                       int limit);
// By (code, end_year), of the rows that exist.
absl::StatusOr<std::vector<RegionRow>> LoadRegionsByCode(mysql::Executor& db,
                                                         const std::vector<std::string>& codes);
absl::Status UpsertRegions(mysql::Tx& tx, const std::vector<RegionRow>& rows);
// Recomputes region_path of retired rows from their successors; gives the rows that changed.
absl::StatusOr<std::vector<RegionRow>> RefreshRetiredPaths(mysql::Tx& tx);
// Ends the codes in use under one path that have a code in use under the other to go over into;
// gives their rows as they are now. A code that is known to have ended keeps the row that says so.
absl::StatusOr<std::vector<RegionRow>> RetireRegions(mysql::Tx& tx, const std::string& from,
                                                     const std::string& to, int year);
// Number and sum of versions: changes whenever a region does.
absl::StatusOr<std::pair<int64_t, int64_t>> RegionStamp(mysql::Executor& db);
// Names along the path, from the city on: 赣州市会昌县小密乡. Keyed by path.
absl::StatusOr<std::map<std::string, std::string>> RegionNames(
    mysql::Executor& db, const std::vector<std::string>& paths);

}  // namespace bangfu::registry
