// Campaigns of the inventory, and the villages and counties that they are for. Whole records are
// the contract's bytes; columns win over them.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/registry/domain/inventory.h"
#include "services/registry/store/scope.h"

namespace bangfu::registry {

// Numbers of bangfu.registry.v1.CampaignState.
inline constexpr int kCampaignPlanned = 1;
inline constexpr int kCampaignOpen = 2;
inline constexpr int kCampaignClosed = 3;
inline constexpr int kCampaignOpening = 4;

struct CampaignRow {
  Ulid id;
  std::string region_path;
  int state = kCampaignPlanned;
  CampaignDeadlines deadlines;
  int64_t unit_count = 0;
  int64_t version = 1;
  std::string bytes;
};
// A campaign is seen by whoever has a region in it or around it. NOT_FOUND otherwise.
absl::StatusOr<CampaignRow> GetCampaign(mysql::Executor& db, const Ulid& id,
                                        const RegionScope& scope, bool for_update = false);
absl::Status InsertCampaign(mysql::Tx& tx, const CampaignRow& row);
// Where the stored version is row.version - 1. ABORTED ETAG_MISMATCH otherwise.
absl::Status UpdateCampaign(mysql::Tx& tx, const CampaignRow& row);
struct CampaignQuery {
  RegionScope scope;
  std::string includes_path;  // only those whose region is it or above it
  int state = 0;
  std::string after_path;
  Ulid after_id;
  int limit = 50;
};
absl::StatusOr<std::vector<CampaignRow>> ListCampaigns(mysql::Executor& db,
                                                       const CampaignQuery& query);
// Whether a campaign of the county of a region, or of its city or province, has ended, in which
// reports were made.
absl::StatusOr<bool> CountyHadCampaign(mysql::Executor& db, const std::string& region_path);
struct CampaignRef {
  Ulid id;
  std::string region_path;
  int state = 0;
  CampaignDeadlines deadlines;
};
absl::StatusOr<std::vector<CampaignRow>> CampaignsById(mysql::Executor& db,
                                                       const std::set<Ulid>& ids);
// Those that are not closed, by id.
absl::StatusOr<std::vector<Ulid>> OpenCampaignsAfter(mysql::Executor& db, const Ulid& after,
                                                     int limit);
absl::StatusOr<std::map<Ulid, CampaignRef>> FindCampaigns(mysql::Executor& db,
                                                          const std::set<Ulid>& ids);

struct VillageRow {
  std::string code, name, region_path;
};
// Villages in use under a path that come after one of them, in order.
absl::StatusOr<std::vector<VillageRow>> VillagesAfter(mysql::Executor& db,
                                                      const std::string& region_path,
                                                      const std::string& after, int limit);
absl::StatusOr<int64_t> CountVillages(mysql::Executor& db, const std::string& region_path);
// Counties (six digits) inside a region that a campaign covers; of all that are open.
absl::StatusOr<std::vector<std::string>> CountiesOfCampaign(mysql::Executor& db,
                                                            const Ulid& campaign_id,
                                                            const std::string& region_path);
absl::StatusOr<std::vector<std::pair<Ulid, std::string>>> CountiesOfOpenCampaigns(
    mysql::Executor& db);

}  // namespace bangfu::registry
