#include "services/evaluation/jobs/asset_effects.h"

#include <map>
#include <utility>

#include "bangfu/asset/v1/events.pb.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

std::vector<std::string> AssetAggregates() { return {"project_asset_facts"}; }

absl::Status AssetEffects::Apply(mysql::Tx& tx, const feed::Batch& batch) {
  std::map<Ulid, std::pair<asset::v1::ProjectAssetFacts, int64_t>> changed;
  for (const feed::v1::Event* event : batch.events) {
    if (event->aggregate_type() != "project_asset_facts") continue;
    asset::v1::ProjectAssetFactsChanged message;
    absl::StatusOr<Ulid> id = Ulid::Parse(event->aggregate_id());
    if (!event->payload().UnpackTo(&message) || !id.ok()) {
      return Error(absl::StatusCode::kInvalidArgument, "EVENT_MALFORMED")
          .Message(Cat(event->aggregate_type(), "/", event->aggregate_id()))
          .Build();
    }
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
  return PutSubjects(tx, rows, before);
}

absl::Status AssetEffects::FinishSnapshot(mysql::Tx& tx, const std::string& source,
                                          int64_t generation) {
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
    RETURN_IF_ERROR(PutSubjects(tx, rows, before));
  }
}

}  // namespace bangfu::evaluation
