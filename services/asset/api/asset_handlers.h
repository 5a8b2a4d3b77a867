// Handlers of bangfu.asset.v1.AssetService.
#pragma once

#include "absl/time/time.h"
#include "bangfu/asset/v1/asset_service.pb.h"
#include "common/audit/service.h"
#include "common/rpc/call_context.h"
#include "common/rpc/router.h"

namespace bangfu::asset::api {

struct HandlerOptions {
  // Age of the registry's copies beyond which writes wait; InfiniteDuration: never.
  absl::Duration max_reference_lag = absl::Minutes(15);
};

class AssetHandlers {
 public:
  explicit AssetHandlers(HandlerOptions options) : options_(options) {}
  void Register(rpc::Router& router);

  absl::StatusOr<v1::Asset> RegisterAsset(rpc::CallContext& c, const v1::RegisterAssetRequest& r);
  absl::StatusOr<v1::Asset> UpdateAsset(rpc::CallContext& c, const v1::UpdateAssetRequest& r);
  absl::StatusOr<v1::Asset> ReportUseState(rpc::CallContext& c, const v1::ReportUseStateRequest& r);
  absl::StatusOr<v1::Asset> RegisterTitle(rpc::CallContext& c, const v1::RegisterTitleRequest& r);
  absl::StatusOr<v1::Asset> DisputeTitle(rpc::CallContext& c, const v1::DisputeTitleRequest& r);
  absl::StatusOr<v1::Asset> SettleTitle(rpc::CallContext& c, const v1::SettleTitleRequest& r);
  absl::StatusOr<v1::Asset> HandOver(rpc::CallContext& c, const v1::HandOverRequest& r);
  absl::StatusOr<v1::BatchHandOverResponse> BatchHandOver(rpc::CallContext& c,
                                                          const v1::BatchHandOverRequest& r);
  absl::StatusOr<v1::BatchReturnCustodyResponse> BatchReturnCustody(
      rpc::CallContext& c, const v1::BatchReturnCustodyRequest& r);
  absl::StatusOr<v1::BatchRecordInspectionResponse> BatchRecordInspection(
      rpc::CallContext& c, const v1::BatchRecordInspectionRequest& r);
  absl::StatusOr<v1::Asset> ReturnCustody(rpc::CallContext& c, const v1::ReturnCustodyRequest& r);
  absl::StatusOr<v1::Asset> RecordInspection(rpc::CallContext& c,
                                             const v1::RecordInspectionRequest& r);
  absl::StatusOr<v1::Asset> VoidAsset(rpc::CallContext& c, const v1::VoidAssetRequest& r);
  absl::StatusOr<v1::Asset> GetAsset(rpc::CallContext& c, const v1::GetAssetRequest& r);
  absl::StatusOr<v1::BatchGetAssetsResponse> BatchGetAssets(rpc::CallContext& c,
                                                            const v1::BatchGetAssetsRequest& r);
  absl::StatusOr<v1::ListAssetsResponse> ListAssets(rpc::CallContext& c,
                                                    const v1::ListAssetsRequest& r);
  absl::StatusOr<v1::ProjectAssetFacts> GetProjectAssetFacts(
      rpc::CallContext& c, const v1::GetProjectAssetFactsRequest& r);
  absl::StatusOr<v1::CheckProjectAssetsResponse> CheckProjectAssets(
      rpc::CallContext& c, const v1::CheckProjectAssetsRequest& r);
  absl::StatusOr<v1::GetOwnershipDescentResponse> GetOwnershipDescent(
      rpc::CallContext& c, const v1::GetOwnershipDescentRequest& r);

 private:
  const HandlerOptions options_;
};

// The keepers of assets by name, for the one rpc that records who looks (record type "asset").
audit::SensitiveRecord SensitiveAssets();

}  // namespace bangfu::asset::api
