// What of projects and county industries the scope of a grant is asked about.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bangfu/registry/v1/project.pb.h"
#include "common/auth/caller.h"
#include "common/mysql/session.h"
#include "services/registry/store/facet_store.h"
#include "services/registry/store/taxonomy_store.h"

namespace bangfu::registry {

using Categories = std::map<std::string, CategoryRow>;  // of one taxonomy, by code

// Those of the current taxonomy; none, and nothing read, where no grant of the caller is narrowed
// by source or industry.
absl::StatusOr<Categories> CategoriesFor(mysql::Executor& db, const auth::Caller& caller);

// Every declared source; the industry's code and those above it.
auth::Facets FacetsOf(const v1::Project& project, const Categories& categories);
auth::Facets FacetsOfIndustry(const std::string& industry_code, const Categories& categories);

// The same for work items, whoever asks: of several things together, of all of them.
absl::StatusOr<std::map<Ulid, auth::Facets>> WorkFacets(mysql::Executor& db,
                                                        const std::map<Ulid, FacetCodes>& things);
absl::StatusOr<std::map<std::string, auth::Facets>> WorkFacets(
    mysql::Executor& db, const std::map<std::string, FacetCodes>& things);
// Whether other grants cover the project than before.
bool OtherFacets(const v1::Project& before, const v1::Project& after);

}  // namespace bangfu::registry
