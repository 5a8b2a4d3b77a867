#include "services/registry/api/grant_scope.h"

#include <utility>

#include "common/status/macros.h"

namespace bangfu::registry {

absl::StatusOr<Categories> CategoriesFor(mysql::Executor& db, const auth::Caller& caller) {
  Categories categories;
  if (!caller.MindsFacets()) return categories;
  ASSIGN_OR_RETURN(const std::string version, CurrentTaxonomy(db));
  ASSIGN_OR_RETURN(std::vector<CategoryRow> rows, LoadCategories(db, version));
  for (CategoryRow& row : rows) {
    std::string code = row.code;
    categories.emplace(std::move(code), std::move(row));
  }
  return categories;
}

auth::Facets FacetsOfIndustry(const std::string& industry_code, const Categories& categories) {
  auth::Facets out;
  std::string code = industry_code;
  // A taxonomy has three levels; no circle of parents leads on for ever.
  for (int level = 0; level < 3 && !code.empty(); ++level) {
    out.industries.push_back(code);
    const auto found = categories.find(code);
    code = found == categories.end() ? "" : found->second.parent_code;
  }
  return out;
}

auth::Facets FacetsOf(const v1::Project& project, const Categories& categories) {
  auth::Facets out = FacetsOfIndustry(project.industry_code(), categories);
  for (const v1::DeclaredFunding& funding : project.declared_funding()) {
    out.fund_sources.push_back(funding.source_code());
  }
  return out;
}

}  // namespace bangfu::registry
