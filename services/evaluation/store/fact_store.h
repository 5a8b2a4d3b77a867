// What is known of the subjects: the newest state of each source record as a blob, and what is
// entered here (expert scores, appraisals, dispatch reports).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::evaluation {

// Kinds of fact_source and the message that each holds.
inline constexpr std::string_view kProjectFacts = "project";    // registry.v1.Project
inline constexpr std::string_view kIndustryFacts = "industry";  // registry.v1.Industry
inline constexpr std::string_view kReportFacts =
    "reports";  // registry.v1.ListOperationReportsResponse
inline constexpr std::string_view kShortBoardFacts =
    "short_boards";  // registry.v1.ListShortBoardsResponse
inline constexpr std::string_view kBrandFacts =
    "brands";  // registry.v1.ListBrandCertificationsResponse
inline constexpr std::string_view kAssetFacts = "assets";  // asset.v1.ProjectAssetFacts

struct FactSourceRow {
  Ulid subject_id;
  std::string kind;
  std::string payload;
  std::string source;  // registry, asset
  int64_t source_sequence = 0;
  int64_t generation = 0;
  absl::Time updated_at;
};

// Inserts or replaces, in as few statements as fit.
absl::Status PutFactSources(mysql::Tx& tx, const std::vector<FactSourceRow>& rows);
// All kinds (empty) or some, of these subjects.
absl::StatusOr<std::vector<FactSourceRow>> LoadFactSources(
    mysql::Executor& db, const std::vector<Ulid>& subject_ids,
    const std::vector<std::string_view>& kinds);
// Payloads of one kind of a project, or of the projects of an industry.
absl::StatusOr<std::vector<std::string>> LoadFactPayloads(mysql::Executor& db,
                                                          const Ulid& subject_id,
                                                          std::string_view kind);
// Payloads of one kind of the verified projects of these industries that are not void, each with
// its industry: one statement, streamed, since an industry may have thousands.
absl::Status StreamMemberFacts(
    mysql::Executor& db, const std::vector<Ulid>& industry_ids, std::string_view kind,
    const std::function<absl::Status(const Ulid& industry_id, const std::string& payload)>& take);
// After a snapshot: payloads of this source and kind that an older snapshot brought are gone there.
absl::StatusOr<std::vector<Ulid>> DeleteOldFactSources(mysql::Tx& tx, std::string_view source,
                                                       std::string_view kind, int64_t generation,
                                                       int limit);

struct ExpertScoreRow {
  Ulid subject_id;
  std::string expert;  // the caller's subject
  absl::CivilDay scored_on;
  std::string payload;  // evaluation.v1.ExpertScore
  absl::Time scored_at;
};
// An expert's second score of a day replaces the first; one of another day stands beside it.
absl::Status PutExpertScores(mysql::Tx& tx, const std::vector<ExpertScoreRow>& rows);
// The last of each expert up to the day, by subject and expert.
absl::StatusOr<std::vector<ExpertScoreRow>> LoadExpertScores(mysql::Executor& db,
                                                             const std::vector<Ulid>& subject_ids,
                                                             absl::CivilDay as_of);
// All of a subject; of each expert the newest first.
absl::StatusOr<std::vector<ExpertScoreRow>> ListExpertScores(mysql::Executor& db,
                                                             const Ulid& subject_id);

struct AppraisalRow {
  Ulid id;
  Ulid subject_id;
  std::string region_path;
  std::string report_no;
  std::string payload;  // evaluation.v1.Appraisal
  absl::Time recorded_at;
};
// ALREADY_EXISTS APPRAISAL_EXISTS when the subject has this report number.
absl::Status InsertAppraisal(mysql::Tx& tx, const AppraisalRow& row);
absl::StatusOr<std::vector<AppraisalRow>> LoadAppraisals(mysql::Executor& db,
                                                         const std::vector<Ulid>& subject_ids);

struct DispatchReportRow {
  Ulid id;
  Ulid industry_id;
  std::string period;
  std::string region_path;
  std::string payload;  // evaluation.v1.DispatchReport
  int64_t version = 1;
  absl::Time reported_at;
};
// The report of a month; nullopt: none.
absl::StatusOr<std::optional<DispatchReportRow>> LockDispatchReport(mysql::Tx& tx,
                                                                    const Ulid& industry_id,
                                                                    const std::string& period);
// Inserts version 1; replaces a row that was read at version - 1. ABORTED ETAG_MISMATCH otherwise.
absl::Status PutDispatchReport(mysql::Tx& tx, const DispatchReportRow& row);
// Of these industries and the months between, both included; newest month first.
absl::StatusOr<std::vector<DispatchReportRow>> LoadDispatchReports(
    mysql::Executor& db, const std::vector<Ulid>& industry_ids, const std::string& from_period,
    const std::string& to_period);
// Which industries have reported which of these months ("2026-10").
absl::StatusOr<std::set<std::pair<Ulid, std::string>>> ReportedMonths(
    mysql::Executor& db, const std::vector<Ulid>& industry_ids, const std::string& from_period,
    const std::string& to_period);
// Newest month first, after `before` ("": from the newest).
absl::StatusOr<std::vector<DispatchReportRow>> ListDispatchReports(
    mysql::Executor& db, const Ulid& industry_id, const std::string& before, int limit,
    const std::optional<std::vector<std::string>>& scope);

}  // namespace bangfu::evaluation
