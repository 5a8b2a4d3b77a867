#include "services/evaluation/jobs/asset_effects.h"

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "bangfu/asset/v1/events.pb.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/facts/work_calendar.h"
#include "services/evaluation/jobs/outstanding_work.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/link_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

namespace {

LinkBasisRow BasisOf(const asset::v1::Asset& asset) {
  LinkBasisRow row;
  row.kind = BasisKind::kAsset;
  row.code = asset.asset_code();
  row.region_path = asset.region_path();
  if (asset.state() != asset::v1::ASSET_STATE_ACTIVE) return row;
  const asset::v1::UseReport& use = asset.use();
  switch (use.use_state()) {
    case asset::v1::USE_STATE_IN_USE:
      row.stands = true;
      row.from = ToDay(use.since());
      break;
    // Of an asset that was in use before.
    case asset::v1::USE_STATE_PARTIAL:
    case asset::v1::USE_STATE_OFF_SEASON:
      row.stands = true;
      break;
    case asset::v1::USE_STATE_SUSPENDED:
    case asset::v1::USE_STATE_IDLE:
    case asset::v1::USE_STATE_DAMAGED:
      // It operated up to the day before, if ever.
      if (const auto idle = ToDay(use.has_idle_since() ? use.idle_since() : use.since());
          idle && use.ever_used()) {
        row.stands = true;
        row.to = *idle - 1;
      }
      break;
    default:
      break;
  }
  return row;
}

LinkBasisRow BasisOf(const asset::v1::OperatingContract& contract) {
  LinkBasisRow row;
  row.kind = BasisKind::kContract;
  row.region_path = contract.region_path();
  row.stands = contract.state() != asset::v1::CONTRACT_STATE_VOID;
  row.from = ToDay(contract.terms().start_date());
  row.to = ToDay(contract.has_ended_on() ? contract.ended_on() : contract.terms().end_date());
  return row;
}

absl::Status BadEvent(const feed::v1::Event& event) {
  return Error(absl::StatusCode::kInvalidArgument, "EVENT_MALFORMED")
      .Message(Cat(event.aggregate_type(), "/", event.aggregate_id()))
      .Build();
}

// The last state of each in the batch.
absl::Status PutBases(mysql::Tx& tx, const feed::Batch& batch) {
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
  std::vector<LinkBasisRow> put;
  put.reserve(rows.size());
  for (auto& [key, row] : rows) put.push_back(std::move(row));
  return PutLinkBases(tx, put);
}

absl::Status Put(mysql::Tx& tx, const std::vector<SubjectRow>& rows, const SubjectMap& before,
                 const inbox::Act& act) {
  RETURN_IF_ERROR(PutSubjects(tx, rows, before));
  OutstandingChanges outstanding;
  for (const SubjectRow& row : rows) outstanding.Add(&before.at(row.id), AsPut(row, before));
  return outstanding.Sync(tx, act);
}

}  // namespace

std::vector<std::string> AssetAggregates() { return {"project_asset_facts", "asset", "contract"}; }

absl::Status AssetEffects::Apply(mysql::Tx& tx, const feed::Batch& batch) {
  RETURN_IF_ERROR(PutBases(tx, batch));
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
  return Put(tx, rows, before, {ids_, batch.now, nullptr, "facts_changed", WorkCalendar});
}

absl::Status AssetEffects::FinishSnapshot(mysql::Tx& tx, const std::string& source,
                                          int64_t generation) {
  for (const BasisKind kind : {BasisKind::kAsset, BasisKind::kContract}) {
    RETURN_IF_ERROR(DeleteOldLinkBases(tx, kind, generation));
  }
  while (true) {
    ASSIGN_OR_RETURN(std::vector<Ulid> gone,
                     DeleteOldFactSources(tx, source, kAssetFacts, generation, 1000));
    if (gone.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(SubjectMap before, LockSubjects(tx, gone));
    std::vector<SubjectRow> rows;
    for (const auto& [id, row] : before) {
      rows.push_back(row);
      rows.back().asset_value_fen = 0;
      rows.back().operating_value_fen = 0;
    }
    RETURN_IF_ERROR(
        Put(tx, rows, before, {ids_, ids_.Next().time(), nullptr, "facts_changed", WorkCalendar}));
  }
}

}  // namespace bangfu::evaluation
