// Organisations: offices and departments of a region, and the clauses that concern them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::registry {

struct OrganisationRow {
  Ulid id;
  std::string org_code, name;
  int org_type = 0;
  std::string region_code, region_path, uscc;
  std::vector<std::string> clauses;
  std::string department_code;
  bool is_active = true;
  int64_t version = 1;
};
absl::StatusOr<std::optional<OrganisationRow>> FindOrganisation(mysql::Executor& db,
                                                                const std::string& org_code);
// Those of the codes that are there.
absl::StatusOr<std::vector<OrganisationRow>> FindOrganisations(
    mysql::Executor& db, const std::vector<std::string>& org_codes);
struct OrganisationQuery {
  std::string region_path;
  int org_type = 0;
  std::string clause;
  std::string after_path, after_code;
  int limit = 100;
};
absl::StatusOr<std::vector<OrganisationRow>> ListOrganisations(mysql::Executor& db,
                                                               const OrganisationQuery& query);
absl::StatusOr<std::vector<OrganisationRow>> ListOrganisationsById(mysql::Executor& db,
                                                                   const Ulid& after, int limit);
// Inserts or updates by org_code, each code once. `before`: what stood at that moment, by code.
absl::Status UpsertOrganisations(mysql::Tx& tx, const std::vector<OrganisationRow>& rows,
                                 std::map<std::string, OrganisationRow>* before);
// Adds those whose org_code is not there yet.
absl::Status AddOrganisations(mysql::Tx& tx, const std::vector<OrganisationRow>& rows);

}  // namespace bangfu::registry
