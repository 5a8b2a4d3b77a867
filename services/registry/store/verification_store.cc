#include "services/registry/store/verification_store.h"

#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/registry/store/campaign_store.h"
#include "services/registry/store/statement.h"

namespace bangfu::registry {
namespace {

using mysql::Params;
using mysql::Placeholders;

// Numbers of bangfu.registry.v1.FindingAction.
constexpr int kActionCorrected = 2;
constexpr int kActionDisputed = 3;
// One of bangfu.registry.v1.VerificationState.
constexpr int kCountyVerified = 2;

FindingRow FindingFrom(const mysql::Row& r) {
  return {r.Id(0),
          r.Id(1),
          r.Id(2),
          r.String(3),
          static_cast<int>(r.Int(4)),
          static_cast<int>(r.Int(5)),
          r.String(6),
          r.String(7)};
}

}  // namespace

absl::Status InsertSignature(mysql::Tx& tx, const SignatureRow& row) {
  const absl::Status status =
      tx.Execute(
            "INSERT INTO verification_signature (unit_report_id, verification_round, "
            "department_code, "
            "region_path, signed_by, signed_at, record) VALUES (?, ?, ?, ?, ?, ?, ?)",
            {row.unit_report_id, row.round, row.department_code, row.region_path, row.signed_by,
             row.signed_at, row.bytes})
          .status();
  if (mysql::IsDuplicateKey(status)) return FailedPrecondition("ALREADY_SIGNED", "该部门已签字");
  return status;
}

absl::StatusOr<std::vector<SignatureRow>> Signatures(mysql::Executor& db,
                                                     const std::vector<UnitReportRow>& units) {
  std::vector<SignatureRow> out;
  if (units.empty()) return out;
  Params params;
  std::string pairs;
  for (const UnitReportRow& unit : units) {
    absl::StrAppend(&pairs, pairs.empty() ? "" : " OR ",
                    "(unit_report_id = ? AND verification_round = ?)");
    params.emplace_back(unit.id);
    params.emplace_back(unit.verification_round);
  }
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT unit_report_id, verification_round, department_code, region_path, "
                   "signed_by, signed_at, record FROM verification_signature WHERE ",
                   pairs),
               params));
  for (const mysql::Row& r : rows) {
    out.push_back(
        {r.Id(0), r.Int(1), r.String(2), r.String(3), r.String(4), r.Time(5), r.String(6)});
  }
  return out;
}

absl::Status InsertFindings(mysql::Tx& tx, const std::vector<FindingRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<Params> values;
  for (const FindingRow& f : rows) {
    values.push_back(
        {f.id, f.unit_report_id, f.project_id, f.region_path, f.level, f.action, f.field, f.bytes});
  }
  return mysql::BulkInsert(
             tx, "verification_finding",
             "(id, unit_report_id, project_id, region_path, level, action, field, record)", values)
      .status();
}

absl::StatusOr<std::vector<FindingRow>> Findings(mysql::Executor& db,
                                                 const std::vector<Ulid>& unit_ids) {
  std::vector<FindingRow> out;
  if (unit_ids.empty()) return out;
  Params params;
  AddAll(unit_ids, &params);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(
          Cat("SELECT id, unit_report_id, project_id, region_path, level, action, field, record "
              "FROM verification_finding WHERE unit_report_id IN (",
              Placeholders(unit_ids.size()), ") ORDER BY unit_report_id, id"),
          params));
  for (const mysql::Row& row : rows) out.push_back(FindingFrom(row));
  return out;
}

absl::StatusOr<std::vector<FindingRow>> DisputesElsewhere(
    mysql::Executor& db, const std::vector<VillageProject>& projects, const UnitReportRow& unit) {
  std::vector<FindingRow> out;
  if (projects.empty()) return out;
  Params params;
  for (const VillageProject& p : projects) params.emplace_back(p.id);
  params.emplace_back(unit.id);
  params.emplace_back(unit.campaign_id);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT f.id, f.unit_report_id, f.project_id, f.region_path, f.level, f.action, "
                   "f.field, f.record FROM verification_finding f JOIN unit_report u ON u.id = "
                   "f.unit_report_id JOIN campaign c ON c.id = u.campaign_id WHERE f.project_id IN "
                   "(",
                   Placeholders(projects.size()),
                   ") AND f.unit_report_id <> ? AND (c.id = ? OR c.state = ", kCampaignOpen,
                   ") AND f.level = 3 AND f.action = ", kActionDisputed,
                   " AND u.verified_at IS NOT NULL"),
               params));
  for (const mysql::Row& row : rows) out.push_back(FindingFrom(row));
  return out;
}

absl::StatusOr<std::map<Ulid, absl::Time>> VerifiedElsewhere(
    mysql::Executor& db, const std::vector<VillageProject>& projects, const std::string& village) {
  std::map<Ulid, absl::Time> out;
  if (projects.empty()) return out;
  Params params;
  for (const VillageProject& p : projects) params.emplace_back(p.id);
  params.emplace_back(village);
  // A village's reports are found through its campaigns, which are few.
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT r.project_id, MAX(u.verified_at) FROM project_region r STRAIGHT_JOIN "
                   "campaign c ON LEFT(r.region_path, CHAR_LENGTH(c.region_path)) = c.region_path "
                   "STRAIGHT_JOIN unit_report u ON u.campaign_id = c.id AND u.region_path = "
                   "r.region_path WHERE r.project_id IN (",
                   Placeholders(projects.size()),
                   ") AND r.region_path <> ? AND u.verified_at >= COALESCE((SELECT "
                   "MAX(v.changed_at) FROM project_verification_change v WHERE v.project_id = "
                   "r.project_id AND v.from_state <> ",
                   kCountyVerified, "), u.verified_at) GROUP BY r.project_id"),
               params));
  for (const mysql::Row& row : rows) out[row.Id(0)] = row.Time(1);
  return out;
}

absl::StatusOr<std::vector<CorrectionRow>> CorrectionsOf(
    mysql::Executor& db, const std::vector<VillageProject>& projects) {
  std::vector<CorrectionRow> out;
  if (projects.empty()) return out;
  Params params;
  for (const VillageProject& p : projects) params.emplace_back(p.id);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(
          Cat("SELECT f.project_id, f.unit_report_id, f.record, s.at, (SELECT MAX(b.at) FROM "
              "unit_report_step b WHERE b.unit_report_id = s.unit_report_id AND b.step_no < "
              "s.step_no AND (b.action = 'pass' OR (b.action IN ('return', 'recall') AND "
              "b.return_to_level = 3))), u.verified_at FROM verification_finding f JOIN "
              "unit_report u ON u.id = f.unit_report_id JOIN unit_report_step s ON "
              "s.unit_report_id = f.unit_report_id AND s.action = 'complete' WHERE "
              "f.project_id IN (",
              Placeholders(projects.size()), ") AND f.level = 3 AND f.action = ", kActionCorrected),
          params));
  for (const mysql::Row& row : rows) {
    out.push_back(
        {row.Id(0), row.Id(1), row.String(2), row.Time(3), row.OptTime(4), row.OptTime(5)});
  }
  return out;
}

}  // namespace bangfu::registry
