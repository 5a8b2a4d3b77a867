#include "services/asset/api/grant_scope.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"
#include "services/asset/api/convert.h"

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

// The share of each project.
using SharesOfProjects = std::set<std::pair<Ulid, int32_t>>;

SharesOfProjects SharesOf(const v1::AssetDetails& details) {
  std::vector<FieldViolation> ignored;
  SharesOfProjects out;
  for (const store::ProjectShare& share : ProjectSharesOf(details, &ignored)) {
    out.emplace(share.project_id, share.share_bp);
  }
  return out;
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

void ChangeScope::Know(const store::ProjectCopy& project) {
  projects_.emplace(project.id, project.industry_code);
}

absl::Status ChangeScope::LookUp(const std::vector<Ulid>& projects) {
  std::vector<Ulid> unknown;
  for (const Ulid& id : projects) {
    if (!projects_.contains(id)) unknown.push_back(id);
  }
  ASSIGN_OR_RETURN(const auto found, store::FindProjects(db_, unknown));
  for (const store::ProjectCopy& project : found) Know(project);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ChangeScope::WithParents(const std::string& industry) {
  const auto it = industries_.find(industry);
  if (it != industries_.end()) return it->second;
  ASSIGN_OR_RETURN(std::vector<std::string> all, store::WithParents(db_, industry));
  industries_.emplace(industry, all);
  return all;
}

absl::StatusOr<std::vector<auth::Facets>> ChangeScope::Of(const v1::AssetDetails& before,
                                                          const v1::AssetDetails& after) {
  const SharesOfProjects was = SharesOf(before);
  const SharesOfProjects is = SharesOf(after);
  const bool other_money = OtherSources(before, after);
  std::vector<Ulid> left, come;
  for (const auto& one : was) {
    if (!is.contains(one)) left.push_back(one.first);
  }
  for (const auto& one : is) {
    if (other_money || !was.contains(one)) come.push_back(one.first);
  }
  std::vector<auth::Facets> out;
  for (const auto& [projects, details] : {std::pair(&left, &before), std::pair(&come, &after)}) {
    RETURN_IF_ERROR(LookUp(*projects));
    for (const Ulid& id : *projects) {
      const auto known = projects_.find(id);
      if (known == projects_.end()) continue;  // no feed has told of it
      auth::Facets& one = out.emplace_back(FacetsOf(*details));
      ASSIGN_OR_RETURN(one.industries, WithParents(known->second));
    }
  }
  return out;
}

absl::StatusOr<std::vector<auth::Facets>> CheckOfProjects(mysql::Executor& db,
                                                          const rpc::CallContext& c,
                                                          std::string_view region_path,
                                                          const v1::AssetDetails& before,
                                                          const v1::AssetDetails& after) {
  if (!c.caller.MindsFacets()) return std::vector<auth::Facets>();
  ASSIGN_OR_RETURN(std::vector<auth::Facets> things, ChangeScope(db).Of(before, after));
  for (const auth::Facets& thing : things) {
    RETURN_IF_ERROR(
        workflow::CheckScope(c.caller, c.roles, region_path, thing, kProjectsOfAssetZh));
  }
  things.insert(things.begin(), FacetsOf(after));
  return things;
}

CoveringAll::CoveringAll(rpc::Mutation& m, std::string_view region_path,
                         const std::vector<auth::Facets>& things)
    : mutation_(&m) {
  for (const auth::Facets& thing : things) {
    const rpc::CallContext& c = mutation_->context();
    if (!each_.empty() && c.caller.Find(c.roles, region_path, thing) == nullptr) continue;
    mutation_ = &each_.emplace_back(*mutation_, thing).mutation();
  }
}

}  // namespace bangfu::asset::api
