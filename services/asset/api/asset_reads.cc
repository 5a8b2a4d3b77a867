#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/bp.h"
#include "common/base/digest.h"
#include "common/base/page_token.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"
#include "services/asset/api/asset_handlers.h"
#include "services/asset/api/asset_internal.h"
#include "services/asset/api/convert.h"
#include "services/asset/api/facts.h"
#include "services/asset/store/facts_store.h"
#include "services/asset/store/reference_store.h"

// What is asked of assets: one, many, pages, and the figures that they add up to.
namespace bangfu::asset::api {

namespace {

void AddAllowedActions(const rpc::CallContext& c, const store::AssetRow& row, bool referenced,
                       v1::Asset* out) {
  const AssetSubject subject = SubjectOf(row, referenced);
  const workflow::Actor actor =
      workflow::ActorAt(c.caller, row.region_path, FacetsOf(c.caller, row));
  workflow::FillAllowedActions(States().Allowed(subject, actor), out->mutable_allowed_actions());
  workflow::FillAllowedActions(Titles().Allowed(subject, actor), out->mutable_allowed_actions());
  workflow::FillAllowedActions(Custodies().Allowed(subject, actor), out->mutable_allowed_actions());
}

}  // namespace

absl::StatusOr<v1::Asset> AssetHandlers::GetAsset(rpc::CallContext& c,
                                                  const v1::GetAssetRequest& r) {
  ASSIGN_OR_RETURN(const store::AssetRow row, LoadAsset(c.db, r.id(), c.scope));
  ASSIGN_OR_RETURN(const auto referenced, store::ReferencedAssets(c.db, {row.id}));
  v1::Asset out = ToAsset(row);
  AddAllowedActions(c, row, !referenced.empty(), &out);
  return out;
}

absl::StatusOr<v1::BatchGetAssetsResponse> AssetHandlers::BatchGetAssets(
    rpc::CallContext& c, const v1::BatchGetAssetsRequest& r) {
  std::vector<Ulid> ids;
  for (const std::string& id : r.ids()) {
    ASSIGN_OR_RETURN(const Ulid ulid, Ulid::Parse(id));
    ids.push_back(ulid);
  }
  ASSIGN_OR_RETURN(const std::vector<store::AssetRow> rows, store::FindAssets(c.db, ids, c.scope));
  ASSIGN_OR_RETURN(const auto referenced, store::ReferencedAssets(c.db, ids));
  std::map<Ulid, const store::AssetRow*> by_id;
  for (const store::AssetRow& row : rows) by_id[row.id] = &row;
  v1::BatchGetAssetsResponse out;
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto it = by_id.find(ids[i]);
    if (it == by_id.end()) {
      out.add_not_found(r.ids(static_cast<int>(i)));
    } else {
      v1::Asset& asset = *out.add_assets();
      asset = ToAsset(*it->second);
      AddAllowedActions(c, *it->second, referenced.count(ids[i]) > 0, &asset);
    }
  }
  return out;
}

absl::StatusOr<v1::ListAssetsResponse> AssetHandlers::ListAssets(rpc::CallContext& c,
                                                                 const v1::ListAssetsRequest& r) {
  store::AssetFilter filter;
  if (!r.region_code().empty()) {
    ASSIGN_OR_RETURN(filter.region_prefix, NormalizeRegionCode(r.region_code()));
    // A code that was replaced stands for what it is today.
    ASSIGN_OR_RETURN(const auto path, store::RegionPath(c.db, filter.region_prefix));
    if (path && !path->empty()) filter.region_prefix = *path;
  }
  if (!r.project_id().empty()) {
    ASSIGN_OR_RETURN(filter.project_id, Ulid::Parse(r.project_id()));
  }
  filter.asset_class = r.asset_class();
  filter.use_state = r.use_state();
  filter.title_status = r.title_status();
  filter.state = r.state();
  filter.asset_code = r.asset_code();
  v1::ListAssetsRequest query = r;
  query.clear_page_size();
  query.clear_page_token();
  const std::string bytes = query.SerializeAsString();
  ASSIGN_OR_RETURN(const int size, ResolvePageSize(r.page_size()));
  const auto key = DecodePageToken(r.page_token(), bytes);
  if (!key.ok()) return InvalidField("page_token", "页码标记无效").Build();
  std::string after_region;
  std::optional<Ulid> after_id;
  if (key->size() == 2) {
    after_region = (*key)[0];
    ASSIGN_OR_RETURN(after_id, Ulid::Parse((*key)[1]));
  }
  ASSIGN_OR_RETURN(std::vector<store::AssetRow> rows,
                   store::ListAssets(c.db, c.scope, filter, after_region, after_id, size + 1));
  v1::ListAssetsResponse out;
  if (rows.size() > static_cast<size_t>(size)) {
    rows.resize(static_cast<size_t>(size));
    out.set_next_page_token(
        EncodePageToken({rows.back().region_path, rows.back().id.ToString()}, bytes));
  }
  for (const store::AssetRow& row : rows) *out.add_assets() = ToAsset(row);
  return out;
}

absl::StatusOr<v1::ProjectAssetFacts> AssetHandlers::GetProjectAssetFacts(
    rpc::CallContext& c, const v1::GetProjectAssetFactsRequest& r) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(r.project_id()));
  ASSIGN_OR_RETURN(const std::optional<store::FactsRow> row, store::FindFacts(c.db, id, c.scope));
  if (!row) return NotFound("project_asset_facts", r.project_id()).Build();
  v1::ProjectAssetFacts facts;
  if (!facts.ParseFromString(row->facts)) return absl::DataLossError("stored facts are malformed");
  return facts;
}

absl::StatusOr<v1::CheckProjectAssetsResponse> AssetHandlers::CheckProjectAssets(
    rpc::CallContext& c, const v1::CheckProjectAssetsRequest& r) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(r.project_id()));
  store::AssetFilter filter;
  filter.project_id = id;
  filter.state = static_cast<int>(AssetState::kActive);
  ASSIGN_OR_RETURN(const auto rows,
                   store::ListAssets(c.db, c.scope, filter, "", std::nullopt, 1000));
  v1::CheckProjectAssetsResponse out;
  std::string versions;
  int64_t value = 0;
  for (const store::AssetRow& row : rows) {
    value += row.original_value_fen;
    versions += Cat(row.id.ToString(), "/", row.version, ";");
  }
  out.set_registered(!rows.empty());
  out.set_asset_count(static_cast<int32_t>(rows.size()));
  out.set_original_value_fen(value);
  out.set_snapshot_id(Sha256Hex(versions));
  return out;
}

absl::StatusOr<v1::GetOwnershipDescentResponse> AssetHandlers::GetOwnershipDescent(
    rpc::CallContext& c, const v1::GetOwnershipDescentRequest& r) {
  ASSIGN_OR_RETURN(const std::string region, NormalizeRegionCode(r.region_code()));
  ASSIGN_OR_RETURN(const auto rows, store::OwnershipDescent(c.db, c.scope, region));
  v1::GetOwnershipDescentResponse out;
  for (const store::DescentRow& row : rows) {
    v1::OwnershipDescent* to = out.add_counties();
    to->set_region_path(row.county);
    to->set_year(static_cast<int32_t>(row.year));
    to->set_value_fen(row.value_fen);
    to->set_owned_known_fen(row.owned_known_fen);
    to->set_owned_village_fen(row.owned_village_fen);
    to->set_income_known_fen(row.income_known_fen);
    to->set_income_village_fen(row.income_village_fen);
    to->set_ownership_bp(static_cast<int32_t>(RatioBp(row.owned_village_fen, row.owned_known_fen)));
    to->set_income_bp(static_cast<int32_t>(RatioBp(row.income_village_fen, row.income_known_fen)));
  }
  return out;
}

}  // namespace bangfu::asset::api
