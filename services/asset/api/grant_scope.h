// What of assets, contracts and projects the scope of a grant is asked about: the sources of their
// money, and of projects the industry.
#pragma once

#include <list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bangfu/asset/v1/asset.pb.h"
#include "common/auth/caller.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "common/rpc/call_context.h"
#include "common/rpc/covering.h"
#include "common/rpc/mutation.h"
#include "services/asset/store/asset_store.h"
#include "services/asset/store/contract_store.h"
#include "services/asset/store/reference_store.h"

namespace bangfu::asset::api {

// The asset's fund sources; none, and nothing parsed, where no grant of the caller is narrowed.
auth::Facets FacetsOf(const auth::Caller& caller, const store::AssetRow& row);
auth::Facets FacetsOf(const v1::AssetDetails& details);
// The same for work items, whoever asks.
auth::Facets FacetsOf(const store::AssetRow& row);

// Of each contract those of all its assets, in one query; empty where no grant is narrowed.
absl::StatusOr<std::map<Ulid, auth::Facets>> FacetsOfContracts(mysql::Executor& db,
                                                               const auth::Caller& caller,
                                                               const std::vector<Ulid>& contracts);
absl::StatusOr<std::map<Ulid, auth::Facets>> FacetsOfContracts(mysql::Executor& db,
                                                               const std::vector<Ulid>& contracts);

// Of a project, as its copy says: every source that it declares, its industry and those above it.
absl::StatusOr<auth::Facets> FacetsOf(mysql::Executor& db, const auth::Caller& caller,
                                      const store::ProjectCopy& project);
// The same of the project of this id; nothing of one that no feed has told of.
absl::StatusOr<auth::Facets> FacetsOfProject(mysql::Executor& db, const auth::Caller& caller,
                                             const Ulid& project);

// Whether other grants cover the asset than before.
bool OtherSources(const v1::AssetDetails& before, const v1::AssetDetails& after);

// What is filed about an asset or its contract, for refusals.
inline constexpr char kAssetMattersZh[] = "办理该资产的事项";
// What is filed about a project.
inline constexpr char kProjectMattersZh[] = "办理该项目的事项";
// For what is filed about an asset: SCOPE_EXCLUDES where the caller has the role only by grants for
// other money.
absl::Status CheckAssetScope(const rpc::CallContext& c, const store::AssetRow& row);

// What a change of an asset's money and projects is to grants. Lives within a call or a chunk of
// rows, and looks each project up once.
class ChangeScope {
 public:
  explicit ChangeScope(mysql::Executor& db) : db_(db) {}
  // A project that need not be looked up.
  void Know(const store::ProjectCopy& project);
  // By the money as it was each project that it leaves or has another share of; by the money as it
  // becomes each that it comes to or has another share of, all where that is other money. One that
  // stays as it is asks nobody. `before`: of a new asset, nothing.
  absl::StatusOr<std::vector<auth::Facets>> Of(const v1::AssetDetails& before,
                                               const v1::AssetDetails& after);
  // As the store's, once for each industry.
  absl::StatusOr<std::vector<std::string>> WithParents(const std::string& industry);

 private:
  absl::Status LookUp(const std::vector<Ulid>& projects);

  mysql::Executor& db_;
  std::map<Ulid, std::string> projects_;                        // their industries
  std::map<std::string, std::vector<std::string>> industries_;  // by code
};

inline constexpr char kProjectsOfAssetZh[] = "登记该项目的资产";
// For what says of which projects, or of which money, an asset is: SCOPE_EXCLUDES, too, where the
// grants for its money leave out the industry of a project that the change is about. Gives what the
// grants were asked about, the asset as it becomes first; nothing where none is narrowed.
absl::StatusOr<std::vector<auth::Facets>> CheckOfProjects(mysql::Executor& db,
                                                          const rpc::CallContext& c,
                                                          std::string_view region_path,
                                                          const v1::AssetDetails& before,
                                                          const v1::AssetDetails& after);

// A mutation in the name of the grant that covers all of several things, where one does; else of
// one that covers the first of them and what it can of the others.
class CoveringAll {
 public:
  CoveringAll(rpc::Mutation& m, std::string_view region_path,
              const std::vector<auth::Facets>& things);

  rpc::Mutation& mutation() const { return *mutation_; }
  const auth::Caller& caller() const { return mutation_->context().caller; }

 private:
  std::list<rpc::Covering> each_;  // of each the mutation of the one before it
  rpc::Mutation* mutation_;
};

}  // namespace bangfu::asset::api
