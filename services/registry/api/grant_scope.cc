#include "services/registry/api/grant_scope.h"

#include <set>
#include <utility>

#include "common/status/macros.h"

namespace bangfu::registry {
namespace {

template <typename Key>
absl::StatusOr<std::map<Key, auth::Facets>> Expand(mysql::Executor& db,
                                                   const std::map<Key, FacetCodes>& things) {
  std::map<Key, auth::Facets> out;
  std::set<std::string> codes;
  for (const auto& [key, thing] : things) {
    codes.insert(thing.industries.begin(), thing.industries.end());
  }
  ASSIGN_OR_RETURN(const auto above, IndustriesAbove(db, codes));
  for (const auto& [key, thing] : things) {
    auth::Facets& facets = out[key];
    facets.fund_sources.assign(thing.fund_sources.begin(), thing.fund_sources.end());
    for (const std::string& code : thing.industries) {
      facets.industries.push_back(code);
      if (const auto of = above.find(code); of != above.end()) {
        facets.industries.insert(facets.industries.end(), of->second.begin(), of->second.end());
      }
    }
  }
  return out;
}

}  // namespace

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

absl::StatusOr<std::map<Ulid, auth::Facets>> WorkFacets(mysql::Executor& db,
                                                        const std::map<Ulid, FacetCodes>& things) {
  return Expand(db, things);
}

absl::StatusOr<std::map<std::string, auth::Facets>> WorkFacets(
    mysql::Executor& db, const std::map<std::string, FacetCodes>& things) {
  return Expand(db, things);
}

bool OtherFacets(const v1::Project& before, const v1::Project& after) {
  const auto sources = [](const v1::Project& project) {
    std::set<std::string> out;
    for (const v1::DeclaredFunding& funding : project.declared_funding()) {
      out.insert(funding.source_code());
    }
    return out;
  };
  return before.industry_code() != after.industry_code() || sources(before) != sources(after);
}

}  // namespace bangfu::registry
