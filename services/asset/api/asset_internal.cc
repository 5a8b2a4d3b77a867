#include "services/asset/api/asset_internal.h"

#include <utility>

#include "common/base/strings.h"
#include "common/blob/service.h"
#include "common/inbox/service.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/asset/api/asset_work.h"
#include "services/asset/api/convert.h"
#include "services/asset/api/facts.h"
#include "services/asset/api/raw_texts.h"

namespace bangfu::asset::api {

namespace {

// "bangfu.asset.v1.AssetService.RegisterTitle" -> "RegisterTitle"
std::string OutcomeOf(const std::string& method) { return method.substr(method.rfind('.') + 1); }

// Writes the row, its audit entry, its event and the facts that follow.
absl::StatusOr<v1::Asset> Save(rpc::Mutation& m, store::AssetRow* row, const v1::Asset& before,
                               const std::vector<Ulid>& projects, std::string_view reason) {
  const rpc::CallContext& c = m.context();
  row->updated_by = ToActor(c.caller, c.roles, row->region_path).SerializeAsString();
  row->updated_at = c.now;
  RETURN_IF_ERROR(store::UpdateAsset(m.tx(), row));
  v1::Asset after = ToAsset(*row);
  MutationRecorder recorder(m);
  RETURN_IF_ERROR(
      recorder.Audit(kAssetAggregate, row->id, row->region_path, &before, after, reason));
  v1::AssetChanged event;
  *event.mutable_asset() = after;
  RETURN_IF_ERROR(recorder.Publish(kAssetAggregate, row->id, row->region_path, event));
  RETURN_IF_ERROR(RefreshFacts(m.tx(), projects, c.now, recorder));
  RETURN_IF_ERROR(SyncAssets(m.tx(), {*row}, inbox::ActOf(m, OutcomeOf(c.method), {})));
  if (OtherSources(before.details(), after.details())) {
    RETURN_IF_ERROR(FollowSources(m.tx(), {row->id}));
  }
  return after;
}

}  // namespace

absl::StatusOr<store::AssetRow> LoadAsset(mysql::Executor& db, const std::string& id,
                                          const auth::RegionScope& scope, bool for_update) {
  ASSIGN_OR_RETURN(const Ulid ulid, Ulid::Parse(id));
  ASSIGN_OR_RETURN(std::optional<store::AssetRow> row,
                   store::FindAsset(db, ulid, scope, for_update));
  if (!row) return NotFound("asset", id).Build();
  return *std::move(row);
}

absl::StatusOr<v1::Asset> ChangeAsset(
    rpc::Mutation& m, const std::string& id, const std::string& etag, std::string_view reason,
    const std::function<absl::Status(store::AssetRow*, std::vector<Ulid>* projects)>& change,
    const std::vector<auth::Facets>* checked) {
  const rpc::CallContext& c = m.context();
  ASSIGN_OR_RETURN(const store::AssetRow seen, LoadAsset(m.tx(), id, c.scope));
  ASSIGN_OR_RETURN(std::vector<Ulid> projects, ProjectIdsOf(m.tx(), seen.id));
  RETURN_IF_ERROR(LockFacts(m.tx(), projects));
  ASSIGN_OR_RETURN(store::AssetRow row, LoadAsset(m.tx(), id, c.scope, /*for_update=*/true));
  if (!etag.empty() && Cat(row.version) != etag) return EtagMismatch().Build();
  const v1::Asset before = ToAsset(row);
  std::vector<auth::Facets> things = {FacetsOf(c.caller, row)};
  RETURN_IF_ERROR(change(&row, &projects));
  if (checked != nullptr) things.insert(things.end(), checked->begin(), checked->end());
  const CoveringAll covering(m, row.region_path, things);
  return Save(covering.mutation(), &row, before, projects, reason);
}

absl::Status TakeAssetEvidence(
    rpc::Mutation& m, const Ulid& asset,
    const google::protobuf::RepeatedPtrField<type::v1::Evidence>& evidence, std::string_view step,
    std::string_view field, std::vector<std::string> kinds) {
  return blob::UseEvidence(
      m, evidence,
      {kAssetAggregate, asset, std::string(step), std::string(field), std::move(kinds)});
}

void FilledIn(store::AssetRow* row, std::string_view field) {
  const v1::AssetDetails before = DetailsOf(*row);
  if (before.raw_texts().empty()) return;
  v1::AssetDetails details = before;
  KeepRawTexts(before, &details, [&](const std::string& one) { return one != field; });
  std::vector<FieldViolation> ignored;
  ApplyDetails(details, row, &ignored);
}

absl::Status CheckAssetAction(const rpc::CallContext& c, const store::AssetRow& row,
                              std::string_view action) {
  return ExecuteOnAsset(States(), c, row, SubjectOf(row, false), action).status();
}

}  // namespace bangfu::asset::api
