#include "services/asset/api/facts.h"

#include <algorithm>

#include "common/base/digest.h"
#include "common/status/macros.h"
#include "services/asset/api/convert.h"
#include "services/asset/store/asset_store.h"
#include "services/asset/store/facts_store.h"

namespace bangfu::asset::api {
namespace {

std::vector<Ulid> Unique(std::vector<Ulid> ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

}  // namespace

absl::StatusOr<std::vector<Ulid>> ProjectIdsOf(mysql::Executor& db, const Ulid& asset_id) {
  ASSIGN_OR_RETURN(const auto projects, store::ProjectsOf(db, {asset_id}));
  std::vector<Ulid> ids;
  for (const auto& [asset, share] : projects) ids.push_back(share.project_id);
  return ids;
}

absl::Status LockFacts(mysql::Tx& tx, const std::vector<Ulid>& projects) {
  return store::LockFacts(tx, projects);
}

absl::Status RefreshFacts(mysql::Tx& tx, const std::vector<Ulid>& projects, absl::Time now,
                          Recorder& recorder) {
  const std::vector<Ulid> ids = Unique(projects);
  if (ids.empty()) return absl::OkStatus();
  const absl::CivilDay today = ShanghaiDay(now);
  ASSIGN_OR_RETURN(const std::vector<store::FactsRow> stored, store::ReadLocked(tx, ids));
  std::vector<std::optional<absl::CivilDay>> refresh;
  ASSIGN_OR_RETURN(const std::vector<FactInput> inputs,
                   store::LoadInputs(tx, ids, today, &refresh));

  std::vector<store::SavedFacts> saved;
  for (size_t i = 0; i < ids.size(); ++i) {
    const Facts facts = ComputeFacts(inputs[i], today);
    v1::ProjectAssetFacts message = ToFacts(facts);
    store::SavedFacts row;
    row.project_id = ids[i];
    row.region_path = facts.region_path;
    row.digest = Sha256Hex(message.SerializeAsString());
    row.month = absl::FormatCivilTime(absl::CivilMonth(today));
    row.refresh_on = refresh[i];
    if (facts.status == OperatingStatus::kSuspended && facts.idle_since) {
      const absl::CivilDay idle = AddMonths(*facts.idle_since, kIdleMonths);
      if (!row.refresh_on || idle < *row.refresh_on) row.refresh_on = idle;
    }
    SetDay(today, message.mutable_as_of());
    row.facts = message.SerializeAsString();
    const bool changed = row.digest != stored[i].digest;
    if (changed) {
      v1::ProjectAssetFactsChanged event;
      *event.mutable_facts() = std::move(message);
      RETURN_IF_ERROR(recorder.Publish("project_asset_facts", ids[i], facts.region_path, event));
    }
    saved.push_back(std::move(row));
  }
  // Facts that came out alike keep their day.
  std::vector<store::SavedFacts> fresh;
  std::vector<store::SavedFacts> same;
  for (size_t i = 0; i < saved.size(); ++i) {
    (saved[i].digest != stored[i].digest ? fresh : same).push_back(std::move(saved[i]));
  }
  RETURN_IF_ERROR(store::SaveFacts(tx, fresh));
  return store::TouchFacts(tx, same);
}

}  // namespace bangfu::asset::api
