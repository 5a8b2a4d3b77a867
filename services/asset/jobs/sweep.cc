#include "services/asset/jobs/sweep.h"

#include "common/base/clock.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/asset/api/convert.h"
#include "services/asset/api/facts.h"
#include "services/asset/store/asset_store.h"
#include "services/asset/store/contract_store.h"
#include "services/asset/store/facts_store.h"

namespace bangfu::asset {
namespace {

constexpr int kStep = 200;

type::v1::Actor System() {
  type::v1::Actor actor;
  actor.set_subject("system");
  actor.set_name("系统");
  return actor;
}

absl::StatusOr<std::vector<Ulid>> ProjectsOf(mysql::Executor& db, const std::vector<Ulid>& assets) {
  ASSIGN_OR_RETURN(const auto shares, store::ProjectsOf(db, assets));
  std::vector<Ulid> projects;
  for (const auto& [asset, share] : shares) projects.push_back(share.project_id);
  return projects;
}

// Locked rows, changed: written with audit entries and events.
absl::Status Save(mysql::Tx& tx, const std::vector<store::AssetRow>& before,
                  std::vector<store::AssetRow> rows, absl::Time now, std::string_view reason,
                  api::Recorder& recorder) {
  for (store::AssetRow& row : rows) {
    row.updated_by = System().SerializeAsString();
    row.updated_at = now;
  }
  RETURN_IF_ERROR(store::UpdateLockedAssets(tx, &rows));
  for (size_t i = 0; i < rows.size(); ++i) {
    const v1::Asset old = api::ToAsset(before[i]);
    v1::AssetChanged event;
    *event.mutable_asset() = api::ToAsset(rows[i]);
    RETURN_IF_ERROR(
        recorder.Audit("asset", rows[i].id, rows[i].region_path, &old, event.asset(), reason));
    RETURN_IF_ERROR(recorder.Publish("asset", rows[i].id, rows[i].region_path, event));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<int64_t> AdvanceUseStates(mysql::Session& db, absl::Time now) {
  const absl::CivilDay today = ShanghaiDay(now);
  const absl::CivilDay stopped_before = AddMonths(today, -kIdleMonths);
  ASSIGN_OR_RETURN(const std::vector<Ulid> ids,
                   store::AssetsToAdvance(db, today, stopped_before, kStep));
  if (ids.empty()) return 0;
  return mysql::Transact(db, [&](mysql::Tx& tx) -> absl::StatusOr<int64_t> {
    ASSIGN_OR_RETURN(const std::vector<Ulid> projects, ProjectsOf(tx, ids));
    RETURN_IF_ERROR(api::LockFacts(tx, projects));
    ASSIGN_OR_RETURN(const std::vector<store::AssetRow> all,
                     store::FindAssets(tx, ids, {""}, /*for_update=*/true));
    std::vector<store::AssetRow> before;
    std::vector<store::AssetRow> rows;
    for (const store::AssetRow& asset : all) {
      Use use = api::UseFromReport(asset.use_report);
      if (use.state == UseState::kCultivating && asset.cultivation_ends &&
          *asset.cultivation_ends < today) {
        use.state = UseState::kNotStarted;
        use.since = *asset.cultivation_ends + 1;
      } else if (use.state == UseState::kSuspended && use.idle_since &&
                 MonthsBetween(*use.idle_since, today) >= kIdleMonths) {
        use.state = UseState::kIdle;
      } else {
        continue;
      }
      before.push_back(asset);
      store::AssetRow row = asset;
      api::ApplyUse(use, &row);
      rows.push_back(std::move(row));
    }
    const auto changed = static_cast<int64_t>(rows.size());
    api::BatchRecorder recorder({.subject = "system"}, "advance_use_state", now);
    RETURN_IF_ERROR(Save(tx, before, std::move(rows), now, "到期自动变更", recorder));
    RETURN_IF_ERROR(api::RefreshFacts(tx, projects, now, recorder));
    RETURN_IF_ERROR(recorder.Flush(tx));
    return changed;
  });
}

absl::StatusOr<int64_t> EndContracts(mysql::Session& db, absl::Time now) {
  const absl::CivilDay today = ShanghaiDay(now);
  ASSIGN_OR_RETURN(const std::vector<Ulid> ids, store::ContractsToEnd(db, today, kStep));
  for (const Ulid& id : ids) {
    RETURN_IF_ERROR(mysql::Transact(db, [&](mysql::Tx& tx) -> absl::Status {
      ASSIGN_OR_RETURN(const std::vector<Ulid> projects, store::ProjectsOfContract(tx, id));
      RETURN_IF_ERROR(api::LockFacts(tx, projects));
      ASSIGN_OR_RETURN(auto contract, store::FindContract(tx, id, {""}, /*for_update=*/true));
      if (!contract || contract->state != ContractState::kActive || contract->end_date >= today) {
        return absl::OkStatus();
      }
      ASSIGN_OR_RETURN(const auto old_sums, store::SumsOf(tx, {id}, today));
      const v1::OperatingContract before = api::ToContract(*contract, old_sums.front());
      contract->state = ContractState::kEnded;
      contract->ended_on = contract->end_date;
      RETURN_IF_ERROR(store::UpdateContract(tx, &*contract));
      ASSIGN_OR_RETURN(const auto parts, store::AssetsOfContract(tx, id));
      std::vector<Ulid> assets;
      for (const store::ContractAsset& part : parts) assets.push_back(part.asset_id);
      ASSIGN_OR_RETURN(const auto all, store::FindAssets(tx, assets, {""}, /*for_update=*/true));
      std::vector<store::AssetRow> olds;
      std::vector<store::AssetRow> rows;
      for (const store::AssetRow& asset : all) {
        if (asset.contract_id != id) continue;
        olds.push_back(asset);
        store::AssetRow row = asset;
        // The operator stays named until someone says who runs it now; the contract is over.
        row.contract_id.reset();
        rows.push_back(std::move(row));
      }
      api::BatchRecorder recorder({.subject = "system"}, "end_contract", now);
      RETURN_IF_ERROR(Save(tx, olds, std::move(rows), now, "合同到期", recorder));
      v1::ContractChanged event;
      *event.mutable_contract() = api::ToContract(*contract, old_sums.front());
      RETURN_IF_ERROR(recorder.Audit("contract", id, contract->region_path, &before,
                                     event.contract(), "合同到期"));
      // Arrears are of the day of reading; an event carries what stays true.
      event.mutable_contract()->clear_arrears_fen();
      event.mutable_contract()->clear_oldest_arrears_due();
      RETURN_IF_ERROR(recorder.Publish("contract", id, contract->region_path, event));
      RETURN_IF_ERROR(api::RefreshFacts(tx, projects, now, recorder));
      return recorder.Flush(tx);
    }));
  }
  return static_cast<int64_t>(ids.size());
}

absl::StatusOr<int64_t> RefreshDueFacts(mysql::Session& db, absl::Time now) {
  const absl::CivilDay today = ShanghaiDay(now);
  const std::string month = absl::FormatCivilTime(absl::CivilMonth(today));
  ASSIGN_OR_RETURN(const std::vector<Ulid> ids, store::FactsToRefresh(db, today, month, kStep));
  if (ids.empty()) return 0;
  RETURN_IF_ERROR(mysql::Transact(db, [&](mysql::Tx& tx) -> absl::Status {
    RETURN_IF_ERROR(api::LockFacts(tx, ids));
    api::BatchRecorder recorder({.subject = "system"}, "refresh_facts", now);
    RETURN_IF_ERROR(api::RefreshFacts(tx, ids, now, recorder));
    return recorder.Flush(tx);
  }));
  return static_cast<int64_t>(ids.size());
}

absl::Status SweepAll(mysql::Session& db, absl::Time now) {
  while (true) {
    ASSIGN_OR_RETURN(const int64_t used, AdvanceUseStates(db, now));
    ASSIGN_OR_RETURN(const int64_t ended, EndContracts(db, now));
    ASSIGN_OR_RETURN(const int64_t refreshed, RefreshDueFacts(db, now));
    if (used + ended + refreshed == 0) return absl::OkStatus();
  }
}

}  // namespace bangfu::asset
