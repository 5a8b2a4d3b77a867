// What of assets, contracts and projects the scope of a grant is asked about: the sources of their
// money, and of projects the industry.
#pragma once

#include <map>
#include <vector>

#include "absl/status/statusor.h"
#include "bangfu/asset/v1/asset.pb.h"
#include "common/auth/caller.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "common/rpc/call_context.h"
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
// For what says of which projects an asset is: SCOPE_EXCLUDES, too, where the grants for its money
// leave out the industry of one of them. Gives the asset's facets with the industries of all.
absl::StatusOr<auth::Facets> CheckOfProjects(mysql::Executor& db, const rpc::CallContext& c,
                                             const store::AssetRow& row,
                                             const std::vector<store::ProjectCopy>& projects);

}  // namespace bangfu::asset::api
