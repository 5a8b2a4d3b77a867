// What of projects and county industries grants are narrowed by (auth::Facets), without their
// records.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::registry {

// Codes as declared: of an industry not those above it.
struct FacetCodes {
  std::set<std::string> fund_sources;
  std::set<std::string> industries;
};

// Of those of the ids that are a project's or an industry's.
absl::StatusOr<std::map<Ulid, FacetCodes>> FacetCodesOf(mysql::Executor& db,
                                                        const std::set<Ulid>& ids);
// By path, of all the projects together that CountMissingReports counts there.
absl::StatusOr<std::map<std::string, FacetCodes>> FacetCodesOfMissingReports(
    mysql::Executor& db, const std::vector<std::string>& paths, const std::vector<int>& states,
    const std::string& period);
// Of each code those above it in the current taxonomy, which has three levels. It reads the rows of
// these codes alone: work items are brought up to date at every step, and LookupCategories would
// read the whole taxonomy for them each time.
absl::StatusOr<std::map<std::string, std::vector<std::string>>> IndustriesAbove(
    mysql::Executor& db, const std::set<std::string>& codes);

}  // namespace bangfu::registry
