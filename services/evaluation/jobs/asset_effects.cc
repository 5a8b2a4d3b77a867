#include "services/evaluation/jobs/asset_effects.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bangfu/asset/v1/events.pb.h"
#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/facts/work_calendar.h"
#include "services/evaluation/jobs/link_supply.h"
#include "services/evaluation/jobs/outstanding_work.h"
#include "services/evaluation/store/disposal_store.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/link_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

namespace {

// What a release told before assets kept the days on which they operated: nothing of those, which
// an asset in use never tells now.
void FromStateAlone(const asset::v1::UseReport& use, LinkBasisRow* row) {
  switch (use.use_state()) {
    case asset::v1::USE_STATE_IN_USE:
      row->periods.push_back({DayOf(use.since()), std::nullopt});
      break;
    case asset::v1::USE_STATE_PARTIAL:
    case asset::v1::USE_STATE_OFF_SEASON:  // of one that was in use before
      row->periods.emplace_back();
      break;
    default:
      break;
  }
}

LinkBasisRow BasisOf(const asset::v1::Asset& asset) {
  LinkBasisRow row;
  row.kind = BasisKind::kAsset;
  row.code = asset.asset_code();
  row.region_path = asset.region_path();
  if (asset.state() != asset::v1::ASSET_STATE_ACTIVE) return row;
  for (const asset::v1::UsePeriod& period : asset.use().operated()) {
    row.periods.push_back({DayOf(period.from()), DayOf(period.to())});
  }
  if (row.periods.empty()) FromStateAlone(asset.use(), &row);
  return row;
}

LinkBasisRow BasisOf(const asset::v1::OperatingContract& contract) {
  LinkBasisRow row;
  row.kind = BasisKind::kContract;
  row.region_path = contract.region_path();
  if (contract.state() == asset::v1::CONTRACT_STATE_VOID) return row;
  row.periods.push_back(
      {DayOf(contract.terms().start_date()),
       DayOf(contract.has_ended_on() ? contract.ended_on() : contract.terms().end_date())});
  return row;
}

absl::Status BadEvent(const feed::v1::Event& event) {
  return Error(absl::StatusCode::kInvalidArgument, "EVENT_MALFORMED")
      .Message(Cat(event.aggregate_type(), "/", event.aggregate_id()))
      .Build();
}

// The last state of each in the batch. Those that stand otherwise by that, as they were and as they
// are.
absl::StatusOr<std::vector<LinkBasisRow>> PutBases(mysql::Tx& tx, const feed::Batch& batch) {
  std::map<std::pair<BasisKind, Ulid>, LinkBasisRow> rows;
  for (const feed::v1::Event* event : batch.events) {
    LinkBasisRow row;
    if (event->aggregate_type() == "asset") {
      asset::v1::AssetChanged message;
      if (!event->payload().UnpackTo(&message)) return BadEvent(*event);
      row = BasisOf(message.asset());
    } else if (event->aggregate_type() == "contract") {
      asset::v1::ContractChanged message;
      if (!event->payload().UnpackTo(&message)) return BadEvent(*event);
      row = BasisOf(message.contract());
    } else {
      continue;
    }
    absl::StatusOr<Ulid> id = Ulid::Parse(event->aggregate_id());
    if (!id.ok()) return BadEvent(*event);
    row.id = *id;
    row.generation = batch.generation;
    rows[{row.kind, *id}] = std::move(row);
  }
  std::map<BasisKind, std::vector<std::string>> ids;
  for (const auto& [key, row] : rows) ids[key.first].push_back(row.id.ToString());
  std::vector<LinkBasisRow> changed;
  std::set<Ulid> same;
  for (const auto& [kind, those] : ids) {
    ASSIGN_OR_RETURN(std::vector<LinkBasisRow> stored, FindLinkBases(tx, kind, those));
    for (LinkBasisRow& old : stored) {
      const LinkBasisRow& now = rows.at({kind, old.id});
      if (old.code == now.code && old.region_path == now.region_path &&
          old.periods == now.periods) {
        same.insert(old.id);
      } else {
        changed.push_back(std::move(old));
      }
    }
  }
  std::vector<LinkBasisRow> put;
  put.reserve(rows.size());
  for (auto& [key, row] : rows) {
    if (!same.contains(row.id)) changed.push_back(row);
    put.push_back(std::move(row));
  }
  RETURN_IF_ERROR(PutLinkBases(tx, put));
  return changed;
}

// By the last state of each asset in the batch. A disposal that was reversed is none.
absl::Status KeepDisposals(mysql::Tx& tx, const feed::Batch& batch) {
  std::map<Ulid, asset::v1::Asset> assets;
  for (const feed::v1::Event* event : batch.events) {
    if (event->aggregate_type() != "asset") continue;
    asset::v1::AssetChanged message;
    const absl::StatusOr<Ulid> id = Ulid::Parse(event->aggregate_id());
    if (!event->payload().UnpackTo(&message) || !id.ok()) return BadEvent(*event);
    assets[*id] = std::move(*message.mutable_asset());
  }
  std::vector<DisposalRow> disposed;
  std::vector<Ulid> others;
  for (const auto& [id, asset] : assets) {
    if (asset.state() == asset::v1::ASSET_STATE_DISPOSED) {
      disposed.push_back(
          {id, asset.region_path(), asset.details().original_value_fen(), batch.generation});
    } else {
      others.push_back(id);
    }
  }
  RETURN_IF_ERROR(DeleteDisposals(tx, others));
  return PutDisposals(tx, disposed);
}

absl::Status Put(mysql::Tx& tx, const std::vector<SubjectRow>& rows, const SubjectMap& before,
                 OutstandingChanges* outstanding) {
  RETURN_IF_ERROR(PutSubjects(tx, rows, before));
  for (const SubjectRow& row : rows) outstanding->Add(&before.at(row.id), AsPut(row, before));
  return absl::OkStatus();
}

}  // namespace

std::vector<std::string> AssetAggregates() { return {"project_asset_facts", "asset", "contract"}; }

absl::Status AssetEffects::Apply(mysql::Tx& tx, const feed::Batch& batch) {
  ASSIGN_OR_RETURN(const std::vector<LinkBasisRow> bases, PutBases(tx, batch));
  RETURN_IF_ERROR(KeepDisposals(tx, batch));
  std::map<Ulid, std::pair<asset::v1::ProjectAssetFacts, int64_t>> changed;
  for (const feed::v1::Event* event : batch.events) {
    if (event->aggregate_type() != "project_asset_facts") continue;
    asset::v1::ProjectAssetFactsChanged message;
    absl::StatusOr<Ulid> id = Ulid::Parse(event->aggregate_id());
    if (!event->payload().UnpackTo(&message) || !id.ok()) return BadEvent(*event);
    changed[*id] = {std::move(*message.mutable_facts()), event->sequence()};
  }
  std::vector<Ulid> ids;
  std::vector<FactSourceRow> facts;
  for (const auto& [id, value] : changed) {
    ids.push_back(id);
    facts.push_back({id, std::string(kAssetFacts), value.first.SerializeAsString(), batch.source,
                     value.second, batch.generation, batch.now});
  }
  ASSIGN_OR_RETURN(SubjectMap before, LockSubjects(tx, ids));
  RETURN_IF_ERROR(PutFactSources(tx, facts));
  // Subjects that are not known yet take the values when their project comes.
  std::vector<SubjectRow> rows;
  for (const Ulid& id : ids) {
    auto old = before.find(id);
    if (old == before.end()) continue;
    SubjectRow row = old->second;
    row.asset_value_fen = changed[id].first.total_original_value_fen();
    row.operating_value_fen = changed[id].first.operating_original_value_fen();
    row.updated_at = batch.now;
    rows.push_back(std::move(row));
  }
  OutstandingChanges outstanding;
  RETURN_IF_ERROR(Put(tx, rows, before, &outstanding));
  RETURN_IF_ERROR(SupplyByBases(tx, bases, &outstanding));
  return outstanding.Sync(tx, {ids_, batch.now, nullptr, "facts_changed", WorkCalendar});
}

absl::Status AssetEffects::FinishSnapshot(mysql::Tx& tx, const std::string& source,
                                          int64_t generation) {
  constexpr int kPage = 1000;
  const inbox::Act act{ids_, ids_.Next().time(), nullptr, "facts_changed", WorkCalendar};
  OutstandingChanges outstanding;
  while (true) {
    ASSIGN_OR_RETURN(std::vector<Ulid> gone,
                     DeleteOldFactSources(tx, source, kAssetFacts, generation, kPage));
    if (gone.empty()) break;
    ASSIGN_OR_RETURN(SubjectMap before, LockSubjects(tx, gone));
    std::vector<SubjectRow> rows;
    for (const auto& [id, row] : before) {
      rows.push_back(row);
      rows.back().asset_value_fen = 0;
      rows.back().operating_value_fen = 0;
    }
    RETURN_IF_ERROR(Put(tx, rows, before, &outstanding));
  }
  // Locked in the order of Apply: projects, then industries, and the counties at the very end.
  for (const BasisKind kind : {BasisKind::kAsset, BasisKind::kContract}) {
    while (true) {
      ASSIGN_OR_RETURN(const std::vector<LinkBasisRow> gone,
                       DeleteOldLinkBases(tx, kind, generation, kPage));
      if (gone.empty()) break;
      RETURN_IF_ERROR(SupplyByBases(tx, gone, &outstanding));
    }
  }
  RETURN_IF_ERROR(DeleteOldDisposals(tx, generation));
  return outstanding.Sync(tx, act);
}

}  // namespace bangfu::evaluation
