#include "services/registry/store/organisation_store.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_join.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/registry/store/statement.h"

namespace bangfu::registry {
namespace {

constexpr char kOrganisationColumns[] =
    "id, org_code, name, org_type, region_code, region_path, uscc, clauses, department_code, "
    "is_active, "
    "version";

std::string JoinClauses(const std::vector<std::string>& clauses) {
  return clauses.empty() ? "" : Cat(",", absl::StrJoin(clauses, ","), ",");
}

absl::StatusOr<std::vector<OrganisationRow>> QueryOrganisations(mysql::Executor& db,
                                                                std::string_view rest,
                                                                const mysql::Params& params) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT ", kOrganisationColumns, " FROM organisation ", rest), params));
  std::vector<OrganisationRow> out;
  for (const mysql::Row& r : rows) {
    OrganisationRow row;
    row.id = r.Id(0);
    row.org_code = r.String(1);
    row.name = r.String(2);
    row.org_type = static_cast<int>(r.Int(3));
    row.region_code = r.String(4);
    row.region_path = r.String(5);
    row.uscc = r.String(6);
    row.clauses = SplitList(r.String(7));
    row.department_code = r.String(8);
    row.is_active = r.Bool(9);
    row.version = r.Int(10);
    out.push_back(std::move(row));
  }
  return out;
}

std::vector<mysql::Params> OrganisationValues(const std::vector<OrganisationRow>& rows) {
  std::vector<mysql::Params> values;
  for (const OrganisationRow& r : rows) {
    values.push_back({r.id, r.org_code, r.name, r.org_type, r.region_code, r.region_path, r.uscc,
                      JoinClauses(r.clauses), r.department_code, r.is_active, r.version});
  }
  return values;
}

}  // namespace

absl::StatusOr<std::optional<OrganisationRow>> FindOrganisation(mysql::Executor& db,
                                                                const std::string& org_code) {
  ASSIGN_OR_RETURN(std::vector<OrganisationRow> rows,
                   QueryOrganisations(db, "WHERE org_code = ?", {org_code}));
  if (rows.empty()) return std::optional<OrganisationRow>();
  return std::optional<OrganisationRow>(std::move(rows[0]));
}

absl::StatusOr<std::vector<OrganisationRow>> FindOrganisations(
    mysql::Executor& db, const std::vector<std::string>& org_codes) {
  if (org_codes.empty()) return std::vector<OrganisationRow>();
  mysql::Params params;
  for (const std::string& code : org_codes) params.emplace_back(code);
  return QueryOrganisations(db, Cat("WHERE org_code IN (", mysql::Placeholders(params.size()), ")"),
                            params);
}

absl::StatusOr<std::vector<OrganisationRow>> ListOrganisations(mysql::Executor& db,
                                                               const OrganisationQuery& query) {
  mysql::Params params;
  std::string where = Cat("FORCE INDEX (organisation_by_place) WHERE ",
                          mysql::RegionClause({query.region_path}, "region_path", &params));
  if (query.org_type != 0) {
    where += " AND org_type = ?";
    params.emplace_back(query.org_type);
  }
  if (!query.clause.empty()) {
    where += " AND LOCATE(?, clauses) > 0";
    params.emplace_back(Cat(",", query.clause, ","));
  }
  if (!query.after_code.empty()) {
    where += " AND region_path >= ? AND (region_path > ? OR org_code > ?)";
    params.emplace_back(query.after_path);
    params.emplace_back(query.after_path);
    params.emplace_back(query.after_code);
  }
  where += " ORDER BY region_path, org_code LIMIT ?";
  params.emplace_back(query.limit);
  return QueryOrganisations(db, where, params);
}

absl::StatusOr<std::vector<OrganisationRow>> ListOrganisationsById(mysql::Executor& db,
                                                                   const Ulid& after, int limit) {
  return QueryOrganisations(db, "WHERE id > ? ORDER BY id LIMIT ?", {after, limit});
}

absl::Status UpsertOrganisations(mysql::Tx& tx, const std::vector<OrganisationRow>& rows,
                                 std::map<std::string, OrganisationRow>* before) {
  // Counted first, which holds the rows: nobody changes what is read of them then.
  RETURN_IF_ERROR(mysql::BulkInsert(tx, "organisation", kOrganisationColumns,
                                    OrganisationValues(rows),
                                    "ON DUPLICATE KEY UPDATE version = version + 1")
                      .status());
  std::vector<std::string> org_codes;
  for (const OrganisationRow& row : rows) org_codes.push_back(row.org_code);
  ASSIGN_OR_RETURN(std::vector<OrganisationRow> held, FindOrganisations(tx, org_codes));
  for (OrganisationRow& row : held) {
    if (row.version == 1) continue;  // new
    --row.version;
    before->insert_or_assign(row.org_code, std::move(row));
  }
  return mysql::BulkInsert(
             tx, "organisation", kOrganisationColumns, OrganisationValues(rows),
             "ON DUPLICATE KEY UPDATE name = VALUES(name), org_type = VALUES(org_type), "
             "region_code = VALUES(region_code), region_path = VALUES(region_path), uscc = "
             "VALUES(uscc), clauses = VALUES(clauses), department_code = "
             "VALUES(department_code), is_active = VALUES(is_active)")
      .status();
}

absl::Status AddOrganisations(mysql::Tx& tx, const std::vector<OrganisationRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  return mysql::BulkInsert(tx, "organisation", kOrganisationColumns, OrganisationValues(rows), "",
                           "INSERT IGNORE INTO")
      .status();
}

}  // namespace bangfu::registry
