// What of assets and contracts the scope of a grant is asked about: the sources of their money.
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

namespace bangfu::asset::api {

// The asset's fund sources; none, and nothing parsed, where no grant of the caller is narrowed.
auth::Facets FacetsOf(const auth::Caller& caller, const store::AssetRow& row);
auth::Facets FacetsOf(const v1::AssetDetails& details);

// Of each contract those of all its assets, in one query; empty where no grant is narrowed.
absl::StatusOr<std::map<Ulid, auth::Facets>> FacetsOfContracts(mysql::Executor& db,
                                                               const auth::Caller& caller,
                                                               const std::vector<Ulid>& contracts);

// What is filed about an asset or its contract, for refusals.
inline constexpr char kAssetMattersZh[] = "办理该资产的事项";
// For what is filed about an asset: SCOPE_EXCLUDES where the caller has the role only by grants for
// other money.
absl::Status CheckAssetScope(const rpc::CallContext& c, const store::AssetRow& row);

}  // namespace bangfu::asset::api
