#include "services/asset/jobs/states.h"

#include "common/status/macros.h"
#include "services/asset/api/convert.h"
#include "services/asset/store/facts_store.h"

namespace bangfu::asset {
namespace {

class FeedStates final : public feed::SnapshotSource {
 public:
  std::vector<std::string> aggregate_types() const override {
    return {"asset", "contract", "project_asset_facts"};
  }
  absl::StatusOr<std::vector<feed::OutboxEvent>> Page(
      mysql::Executor& db, const std::string& aggregate_type, const Ulid& after, int limit,
      const std::optional<feed::RegionPrefixes>& scope) override {
    std::vector<feed::OutboxEvent> out;
    if (aggregate_type == "asset") {
      ASSIGN_OR_RETURN(const auto rows, store::AssetsAfter(db, after, limit, scope));
      for (const store::AssetRow& row : rows) {
        v1::AssetChanged event;
        *event.mutable_asset() = api::ToAsset(row);
        out.push_back(feed::MakeEvent("asset", row.id, row.region_path, event, row.updated_at));
      }
    } else if (aggregate_type == "contract") {
      ASSIGN_OR_RETURN(const auto rows, store::ContractsAfter(db, after, limit, scope));
      std::vector<Ulid> ids;
      for (const store::ContractRow& row : rows) ids.push_back(row.id);
      // As the events: without arrears, which are of the day of reading.
      ASSIGN_OR_RETURN(const auto sums, store::SumsOf(db, ids, absl::CivilDay(1970, 1, 1)));
      for (size_t i = 0; i < rows.size(); ++i) {
        v1::ContractChanged event;
        *event.mutable_contract() = api::ToContract(rows[i], sums[i]);
        out.push_back(feed::MakeEvent("contract", rows[i].id, rows[i].region_path, event,
                                      rows[i].created_at));
      }
    } else if (aggregate_type == "project_asset_facts") {
      ASSIGN_OR_RETURN(const auto rows, store::FactsAfter(db, after, limit, scope));
      for (const store::FactsRow& row : rows) {
        v1::ProjectAssetFactsChanged event;
        (void)event.mutable_facts()->ParseFromString(row.facts);
        out.push_back(feed::MakeEvent("project_asset_facts", row.project_id, row.region_path, event,
                                      row.project_id.time()));
      }
    }
    return out;
  }
};

}  // namespace

std::shared_ptr<feed::SnapshotSource> AssetStates() { return std::make_shared<FeedStates>(); }

}  // namespace bangfu::asset
