// Village reports of the inventory: their rows, steps, and what an edit of a project has to ask
// them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/registry/domain/inventory.h"
#include "services/registry/domain/project.h"
#include "services/registry/store/scope.h"

namespace bangfu::registry {

struct UnitReportRow {
  Ulid id;
  Ulid campaign_id;
  std::string region_code;
  std::string region_path;
  int state = 0;
  bool is_nil = false;
  bool late = false;
  bool in_city_sample = false;
  bool in_province_sample = false;
  int reopened = 0;
  std::string submitted_by;
  std::string passed_by;
  std::optional<absl::Time> submitted_at, passed_at, verified_at, confirmed_at;
  int return_to_level = 0;
  std::optional<absl::CivilDay> return_due_on;
  int verification_round = 0;
  int64_t version = 1;
  std::string record;  // InventoryUnitReport; the columns win
};

// The columns that UnitReportFrom reads, of table alias u.
std::string UnitReportColumns();
UnitReportRow UnitReportFrom(const mysql::Row& row);

absl::StatusOr<UnitReportRow> GetUnitReport(mysql::Executor& db, const Ulid& id,
                                            const RegionScope& scope);
// By id; for snapshots of the feed.
absl::StatusOr<std::vector<UnitReportRow>> ListUnitReportsById(
    mysql::Executor& db, const std::optional<RegionScope>& scope, const Ulid& after, int limit);
// Locks in id order; those that exist.
absl::StatusOr<std::vector<UnitReportRow>> LockUnitReports(mysql::Tx& tx,
                                                           const std::vector<Ulid>& ids);
absl::Status InsertUnitReports(mysql::Tx& tx, const std::vector<UnitReportRow>& rows);
// Writes each row where its stored version is row.version - 1 (under the lock of LockUnitReports or
// as a conditional update). ABORTED ETAG_MISMATCH otherwise.
absl::Status UpdateUnitReport(mysql::Tx& tx, const UnitReportRow& row);

struct UnitReportStep {
  Ulid unit_report_id;
  Ulid campaign_id;
  std::string region_path;
  std::string action;
  int from_state = 0;
  int to_state = 0;
  bool is_nil = false;
  std::string actor;
  absl::Time at;
};
// Numbers them after the steps that are there; the reports must be locked.
absl::Status AppendSteps(mysql::Tx& tx, const std::vector<UnitReportStep>& steps);

// What stands in the way of editing the projects of a village in an open campaign.
struct OpenUnit {
  Ulid unit_report_id;
  Ulid campaign_id;
  EditWindow window;
};
// By village path; villages without an open campaign are missing. `today` in Shanghai.
absl::StatusOr<std::map<std::string, OpenUnit>> FindOpenUnits(
    mysql::Executor& db, const std::set<std::string>& village_paths, absl::Time now);

struct CampaignRef {
  Ulid id;
  std::string region_path;
  int state = 0;
  CampaignDeadlines deadlines;
};
absl::StatusOr<std::map<Ulid, CampaignRef>> FindCampaigns(mysql::Executor& db,
                                                          const std::set<Ulid>& ids);

}  // namespace bangfu::registry
