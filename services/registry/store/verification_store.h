// Joint verification of village reports: the departments' signatures, and what they found.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/registry/store/unit_report_store.h"
#include "services/registry/store/village_project_store.h"

namespace bangfu::registry {

struct SignatureRow {
  Ulid unit_report_id;
  int64_t round = 0;
  std::string department_code, region_path, signed_by;
  absl::Time signed_at;
  std::string bytes;
};
absl::Status InsertSignature(mysql::Tx& tx, const SignatureRow& row);
// Of the units' present rounds.
absl::StatusOr<std::vector<SignatureRow>> Signatures(mysql::Executor& db,
                                                     const std::vector<UnitReportRow>& units);
struct FindingRow {
  Ulid id, unit_report_id, project_id;
  std::string region_path;
  int level = 0, action = 0;
  std::string field, bytes;
};
absl::Status InsertFindings(mysql::Tx& tx, const std::vector<FindingRow>& rows);
absl::StatusOr<std::vector<FindingRow>> Findings(mysql::Executor& db,
                                                 const std::vector<Ulid>& unit_ids);
// The county's findings, of whatever round, that dispute one of these projects in another report
// that stands verified, of the unit's campaign or of one that is open (another county's). However
// the project stands by now: what it says may have been amended since.
absl::StatusOr<std::vector<FindingRow>> DisputesElsewhere(
    mysql::Executor& db, const std::vector<VillageProject>& projects, const UnitReportRow& unit);
// Of these projects, which are COUNTY_VERIFIED, those that a report of another village, of whatever
// campaign, has verified since they became so, and that stands: when the latest of them did. What
// stood before they were amended or disputed does not count.
absl::StatusOr<std::map<Ulid, absl::Time>> VerifiedElsewhere(
    mysql::Executor& db, const std::vector<VillageProject>& projects, const std::string& village);
// The county's corrections of these projects, of whatever report and round, with each completion of
// the report: a correction was written by the one whose round it was found in.
struct CorrectionRow {
  Ulid project_id, unit_report_id;
  std::string bytes;  // VerificationFinding
  absl::Time completed_at;
  std::optional<absl::Time> round_began;  // of that completion; as CountyRounds
  std::optional<absl::Time> verified_at;  // of the report as it stands
};
absl::StatusOr<std::vector<CorrectionRow>> CorrectionsOf(
    mysql::Executor& db, const std::vector<VillageProject>& projects);

}  // namespace bangfu::registry
