// Lists of projects: by what a caller asks, by the words of a search, by id.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/registry/store/project_store.h"
#include "services/registry/store/record_table.h"
#include "services/registry/store/scope.h"

namespace bangfu::registry {

struct ProjectQuery {
  RegionScope scope;  // already narrowed to the region asked for
  bool include_covering = false;
  std::vector<int> states;
  std::vector<std::string> project_types;
  std::string industry_code, category, fund_source_code;
  std::optional<Ulid> industry_id, operator_id, campaign_id;
  int verification_state = 0;
  int year_from = 0, year_to = 0;
  bool include_void = false;
  // Newest change first inside this county ("" : by region_path, id).
  std::string updated_in_county;
  std::optional<After> after;
  std::optional<absl::Time> after_updated;
  int limit = 50;
};
std::string ListProjectsSql(const ProjectQuery& query, mysql::Params* params);
absl::StatusOr<std::vector<ProjectRow>> ListProjects(mysql::Executor& db,
                                                     const ProjectQuery& query);
// By id; for snapshots of the feed.
absl::StatusOr<std::vector<ProjectRow>> ListProjectsById(mysql::Executor& db,
                                                         const std::optional<RegionScope>& scope,
                                                         const Ulid& after, int limit);
// Projects whose text holds every gram, by (region_path, id).
std::string SearchProjectsSql(const std::vector<std::string>& grams, const RegionScope& scope,
                              const std::optional<After>& after, int limit, mysql::Params* params);
absl::StatusOr<std::vector<ProjectRow>> SearchProjects(mysql::Executor& db,
                                                       const std::vector<std::string>& grams,
                                                       const RegionScope& scope,
                                                       const std::optional<After>& after,
                                                       int limit);

}  // namespace bangfu::registry
