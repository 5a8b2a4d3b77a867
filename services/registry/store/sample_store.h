// Samples of a region's reports, drawn by city or province: what was drawn, and the results.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/registry/store/scope.h"

namespace bangfu::registry {

struct SampleRow {
  Ulid id, campaign_id;
  std::string region_path;
  int level = 0;
  std::string seed;
  int64_t drawn = 0, results_recorded = 0, issues = 0;
  int64_t version = 1;
  std::string bytes;
};
struct SampleUnitRow {
  Ulid sample_id, unit_report_id;
  std::string region_path;
  int stratum = 0;
  bool has_result = false, issue = false;
  std::string bytes;
};
absl::StatusOr<SampleRow> GetSample(mysql::Executor& db, const Ulid& id, const RegionScope& scope,
                                    bool for_update = false);
absl::StatusOr<std::optional<SampleRow>> FindSample(mysql::Tx& tx, const Ulid& campaign_id,
                                                    const std::string& region_path, int level,
                                                    bool for_update = false);
absl::StatusOr<std::vector<SampleRow>> SamplesById(mysql::Executor& db,
                                                   const std::vector<Ulid>& ids);
// FAILED_PRECONDITION SAMPLE_EXISTS: the region has one of this level.
absl::Status InsertSample(mysql::Tx& tx, const SampleRow& row);
absl::Status UpdateSample(mysql::Tx& tx, const SampleRow& row);  // version - 1
absl::Status InsertSampleUnits(mysql::Tx& tx, const std::vector<SampleUnitRow>& rows);
// The first of a sample, by region.
absl::StatusOr<std::vector<SampleUnitRow>> SampleUnits(mysql::Executor& db, const Ulid& sample_id,
                                                       int limit);
struct SampleUnitQuery {
  Ulid sample_id;
  RegionScope scope;
  // Of one result only: whether it is there, and whether it is an issue.
  std::optional<std::pair<bool, bool>> result;
  std::string after_path;
  Ulid after_id;
  int limit = 50;
};
absl::StatusOr<std::vector<SampleUnitRow>> ListSampleUnits(mysql::Executor& db,
                                                           const SampleUnitQuery& query);
// The reports that a sample drew.
absl::StatusOr<std::vector<Ulid>> DrawnReports(mysql::Executor& db, const Ulid& sample_id);
// Whether a report that the sample was drawn from is verified, not confirmed and not drawn.
absl::StatusOr<bool> CanDrawMore(mysql::Executor& db, const Ulid& sample_id);
absl::StatusOr<std::optional<SampleUnitRow>> FindSampleUnit(mysql::Executor& db,
                                                            const Ulid& sample_id,
                                                            const Ulid& unit_report_id);
// False when the unit is not in the sample or has its result already.
absl::StatusOr<bool> RecordResult(mysql::Tx& tx, const SampleUnitRow& row);
// A sample that drew a report.
struct SampleOfUnit {
  Ulid unit_report_id;
  int level = 0;
  bool has_result = false;
  std::string bytes;  // SampleUnit, of a result
};
absl::StatusOr<std::vector<SampleOfUnit>> SamplesOf(mysql::Executor& db,
                                                    const std::vector<Ulid>& unit_report_ids);
struct SampleQuery {
  RegionScope scope;
  Ulid campaign_id;
  std::string after_path;
  Ulid after_id;
  int limit = 50;
};
absl::StatusOr<std::vector<SampleRow>> ListSamples(mysql::Executor& db, const SampleQuery& query);
// Samples drawn around a region (its city's, its province's), and what they leave open inside it.
struct SampleStanding {
  std::vector<SampleRow> samples;
  int64_t missing_results = 0;
  // Reports that are verified and were not yet when the samples were drawn; 0 without samples.
  int64_t not_covered = 0;
};
absl::StatusOr<SampleStanding> SamplesAround(mysql::Executor& db, const Ulid& campaign_id,
                                             const std::string& region_path,
                                             bool for_update = false);
// Reports with an issue of any sample in the region.
absl::StatusOr<std::vector<Ulid>> UnitsWithIssue(mysql::Executor& db, const Ulid& campaign_id,
                                                 const std::string& region_path);
struct StratumRow {
  Ulid unit_report_id;
  std::string region_path;
  int64_t public_fen = 0;
  bool can_be_drawn = false;   // verified by the county, not confirmed
  bool confirmed = false;      // by the province
  bool in_population = false;  // of the sample so far
};
// Reports that can be drawn, and those that the sample was drawn from so far, with the public money
// of their villages' projects. A sample that is not there yet has the id "none".
absl::StatusOr<std::vector<StratumRow>> SamplePopulation(mysql::Executor& db,
                                                         const Ulid& campaign_id,
                                                         const std::string& region_path,
                                                         const Ulid& sample_id);
// Locks those of them that can be drawn, so that none is taken back meanwhile; what was taken back
// since it was read cannot be drawn any more.
absl::Status LockDrawable(mysql::Tx& tx, std::vector<StratumRow>* population);
// Reports whose verification is taken back, or that are opened again: what they will say was in no
// sample, unless they were drawn. The rows are locked. Gives the samples that lost one, locked as
// well.
absl::StatusOr<std::vector<Ulid>> LeaveSamplePopulations(mysql::Tx& tx,
                                                         const std::vector<Ulid>& unit_report_ids);
// What a sample was drawn from: reports that come in, and reports that leave.
absl::Status ChangeSamplePopulation(mysql::Tx& tx, const Ulid& sample_id,
                                    const std::vector<Ulid>& joining,
                                    const std::vector<Ulid>& leaving);

}  // namespace bangfu::registry
