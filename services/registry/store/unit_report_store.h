// Village reports of the inventory: their rows, steps, and what an edit of a project has to ask
// them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/registry/domain/inventory.h"
#include "services/registry/domain/project.h"
#include "services/registry/store/campaign_store.h"
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
  std::string submitted_delegated_by;  // on whose behalf; empty: in their own right
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

// A report with what its campaign says of it: one read.
struct UnitWithCampaign {
  UnitReportRow unit;
  int campaign_state = kCampaignOpen;
  CampaignDeadlines deadlines;
};
absl::StatusOr<UnitWithCampaign> GetUnit(mysql::Executor& db, const Ulid& id,
                                         const RegionScope& scope, bool for_update = false);
// Those that are there, in no order. Two queries.
absl::StatusOr<std::vector<UnitWithCampaign>> GetUnits(mysql::Executor& db,
                                                       const std::vector<Ulid>& ids,
                                                       const RegionScope& scope);
struct UnitQuery {
  RegionScope scope;
  Ulid campaign_id;
  std::vector<int> states;  // empty: all
  bool nil_only = false;
  bool verifiable_only = false;  // with the county: TOWNSHIP_PASSED or returned to it
  std::string after_path;
  int limit = 50;
  bool for_update = false;
};
// By region_path.
absl::StatusOr<std::vector<UnitReportRow>> ListUnits(mysql::Executor& db, const UnitQuery& query);
absl::StatusOr<int64_t> CountUnits(mysql::Executor& db, const Ulid& campaign_id);
// Whether the province has confirmed every report of the campaign.
absl::StatusOr<bool> AllConfirmed(mysql::Executor& db, const Ulid& campaign_id);
// Those who submitted every report of the region that waits for the province's confirmation, or on
// whose behalf it was submitted: all of them are their own.
absl::StatusOr<std::vector<std::string>> SubmittersOfAll(mysql::Executor& db,
                                                         const Ulid& campaign_id,
                                                         const std::string& region_path);
// Writes the unit where the stored version is unit.version - 1, and its step. ETAG_MISMATCH
// otherwise.
absl::Status StepUnit(mysql::Tx& tx, const UnitReportRow& unit, UnitReportState from,
                      std::string_view action, std::string_view actor, absl::Time now);
// Province's confirmation of many (locked by the caller): one UPDATE and their steps.
absl::Status ConfirmUnits(mysql::Tx& tx, const std::vector<UnitReportRow>& units,
                          std::string_view actor, absl::Time now);
// Marks drawn reports.
absl::Status MarkSampled(mysql::Tx& tx, const std::vector<Ulid>& ids, int level);
// When each report came to the county the last time, passed by the township or sent back to the
// county: what the county has found since is of the round that stands. Reports that never came to
// it are missing.
absl::StatusOr<std::map<Ulid, absl::Time>> CountyRounds(mysql::Executor& db,
                                                        const std::set<Ulid>& unit_ids);

// What stands in the way of editing the projects of a village in an open campaign.
struct OpenUnit {
  Ulid unit_report_id;
  Ulid campaign_id;
  EditWindow window;
};
// By village path; villages without an open campaign are missing. `today` in Shanghai.
absl::StatusOr<std::map<std::string, OpenUnit>> FindOpenUnits(
    mysql::Executor& db, const std::set<std::string>& village_paths, absl::Time now);

}  // namespace bangfu::registry
