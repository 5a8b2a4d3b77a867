// Shared by the handler files of AssetService, and by what is filed on its assets.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bangfu/asset/v1/asset.pb.h"
#include "common/auth/caller.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "common/rpc/call_context.h"
#include "common/rpc/mutation.h"
#include "common/workflow/proto.h"
#include "common/workflow/workflow.h"
#include "services/asset/api/grant_scope.h"
#include "services/asset/domain/transitions.h"
#include "services/asset/store/asset_store.h"

namespace bangfu::asset::api {

inline constexpr char kAssetAggregate[] = "asset";
inline constexpr std::string_view kAssetService = "bangfu.asset.v1.AssetService.";

absl::StatusOr<store::AssetRow> LoadAsset(mysql::Executor& db, const std::string& id,
                                          const auth::RegionScope& scope, bool for_update = false);

// One change of one asset: loads it, locks its projects' facts, lets `change` work on the row,
// saves. The etag is compared before anything else of the asset is looked at; an item of a bulk
// step may come without one. `checked`: what else than the asset as it was the change asked the
// grants about, for it to fill in; the grant that is named covers that, too.
absl::StatusOr<v1::Asset> ChangeAsset(
    rpc::Mutation& m, const std::string& id, const std::string& etag, std::string_view reason,
    const std::function<absl::Status(store::AssetRow*, std::vector<Ulid>* projects)>& change,
    const std::vector<auth::Facets>* checked = nullptr);

// Evidence serves the asset, whichever of its steps brought it.
absl::Status TakeAssetEvidence(
    rpc::Mutation& m, const Ulid& asset,
    const google::protobuf::RepeatedPtrField<type::v1::Evidence>& evidence, std::string_view step,
    std::string_view field, std::vector<std::string> kinds);

// What is filled in now needs no printed text beside it.
void FilledIn(store::AssetRow* row, std::string_view field);

template <typename Table>
auto ExecuteOnAsset(const Table& table, const rpc::CallContext& c, const store::AssetRow& row,
                    const AssetSubject& subject, std::string_view action) {
  return table.Execute(subject, action,
                       workflow::ActorAt(c.caller, row.region_path, FacetsOf(c.caller, row)));
}

// The action leaves the record's state as it is; refused where the table says so.
absl::Status CheckAssetAction(const rpc::CallContext& c, const store::AssetRow& row,
                              std::string_view action);

}  // namespace bangfu::asset::api
