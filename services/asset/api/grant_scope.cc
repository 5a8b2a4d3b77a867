#include "services/asset/api/grant_scope.h"

#include <algorithm>

#include "common/status/macros.h"
#include "common/workflow/proto.h"

namespace bangfu::asset::api {

namespace {

void AddSources(const v1::AssetDetails& details, auth::Facets* facets) {
  for (const v1::AssetFunding& source : details.fund_sources()) {
    std::vector<std::string>& all = facets->fund_sources;
    if (std::find(all.begin(), all.end(), source.source_code()) == all.end()) {
      all.push_back(source.source_code());
    }
  }
}

void AddSources(const std::string& bytes, auth::Facets* facets) {
  v1::AssetDetails details;
  (void)details.ParseFromString(bytes);  // the sources are not sealed
  AddSources(details, facets);
}

}  // namespace

auth::Facets FacetsOf(const v1::AssetDetails& details) {
  auth::Facets facets;
  AddSources(details, &facets);
  return facets;
}

bool OtherSources(const v1::AssetDetails& before, const v1::AssetDetails& after) {
  const auto sources = [](const v1::AssetDetails& details) {
    std::vector<std::string> out = FacetsOf(details).fund_sources;
    std::sort(out.begin(), out.end());
    return out;
  };
  return sources(before) != sources(after);
}

auth::Facets FacetsOf(const store::AssetRow& row) {
  auth::Facets facets;
  AddSources(row.details, &facets);
  return facets;
}

auth::Facets FacetsOf(const auth::Caller& caller, const store::AssetRow& row) {
  return caller.MindsFacets() ? FacetsOf(row) : auth::Facets();
}

absl::StatusOr<std::map<Ulid, auth::Facets>> FacetsOfContracts(mysql::Executor& db,
                                                               const auth::Caller& caller,
                                                               const std::vector<Ulid>& contracts) {
  if (!caller.MindsFacets()) return std::map<Ulid, auth::Facets>();
  return FacetsOfContracts(db, contracts);
}

absl::StatusOr<std::map<Ulid, auth::Facets>> FacetsOfContracts(mysql::Executor& db,
                                                               const std::vector<Ulid>& contracts) {
  std::map<Ulid, auth::Facets> out;
  if (contracts.empty()) return out;
  ASSIGN_OR_RETURN(const auto details, store::AssetDetailsOfContracts(db, contracts));
  for (const auto& [contract, bytes] : details) AddSources(bytes, &out[contract]);
  return out;
}

absl::StatusOr<auth::Facets> FacetsOf(mysql::Executor& db, const auth::Caller& caller,
                                      const store::ProjectCopy& project) {
  auth::Facets facets;
  if (!caller.MindsFacets()) return facets;
  facets.fund_sources = project.fund_sources;
  ASSIGN_OR_RETURN(facets.industries, store::WithParents(db, project.industry_code));
  return facets;
}

absl::StatusOr<auth::Facets> FacetsOfProject(mysql::Executor& db, const auth::Caller& caller,
                                             const Ulid& project) {
  if (!caller.MindsFacets()) return auth::Facets();
  ASSIGN_OR_RETURN(const auto found, store::FindProjects(db, {project}));
  if (found.empty()) return auth::Facets();
  return FacetsOf(db, caller, found.front());
}

absl::Status CheckAssetScope(const rpc::CallContext& c, const store::AssetRow& row) {
  return workflow::CheckScope(c.caller, c.roles, row.region_path, FacetsOf(c.caller, row),
                              kAssetMattersZh);
}

absl::StatusOr<auth::Facets> CheckOfProjects(mysql::Executor& db, const rpc::CallContext& c,
                                             const store::AssetRow& row,
                                             const std::vector<store::ProjectCopy>& projects) {
  auth::Facets all = FacetsOf(c.caller, row);
  if (!c.caller.MindsFacets()) return all;
  for (const store::ProjectCopy& project : projects) {
    auth::Facets one = FacetsOf(row);
    ASSIGN_OR_RETURN(one.industries, store::WithParents(db, project.industry_code));
    RETURN_IF_ERROR(
        workflow::CheckScope(c.caller, c.roles, row.region_path, one, "登记该项目的资产"));
    all.industries.insert(all.industries.end(), one.industries.begin(), one.industries.end());
  }
  return all;
}

}  // namespace bangfu::asset::api
