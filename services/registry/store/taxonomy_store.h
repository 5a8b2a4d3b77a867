// The taxonomy of industries: its versions and their categories.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "common/mysql/session.h"

namespace bangfu::registry {

struct CategoryRow {
  std::string taxonomy_version, code, name;
  int level = 0;  // 1 major, 2 speciality, 3 chain link
  std::string parent_code;
  std::vector<std::string> applicable_links;
  int cultivation_months = 0;
  std::vector<std::string> maps_from;
  bool unconfirmed = false;
  friend bool operator==(const CategoryRow&, const CategoryRow&) = default;
};
struct TaxonomyRow {
  std::string taxonomy_version, name;
  std::optional<absl::CivilDay> valid_from;
  bool is_current = false;
  int64_t majors = 0, specialities = 0, chain_links = 0;
};
absl::StatusOr<std::vector<TaxonomyRow>> ListTaxonomies(mysql::Executor& db);
absl::StatusOr<std::string> CurrentTaxonomy(mysql::Executor& db);
// Empty version: every version.
absl::StatusOr<std::vector<CategoryRow>> LoadCategories(mysql::Executor& db,
                                                        const std::string& version);
// Those of a version that exist among the codes, and those above them.
absl::StatusOr<std::map<std::string, CategoryRow>> LookupCategories(
    mysql::Executor& db, const std::string& version, const std::set<std::string>& codes);
absl::Status UpsertCategories(mysql::Tx& tx, const std::vector<CategoryRow>& rows);
absl::Status AddTaxonomy(mysql::Tx& tx, const std::string& version, const std::string& name);
absl::Status SetCurrentTaxonomy(mysql::Tx& tx, const std::string& version);

}  // namespace bangfu::registry
