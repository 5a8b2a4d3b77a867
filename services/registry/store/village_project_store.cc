#include "services/registry/store/village_project_store.h"

#include <algorithm>

#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/registry/store/project_store.h"
#include "services/registry/store/statement.h"

namespace bangfu::registry {
namespace {

using mysql::Params;
using mysql::Placeholders;

}  // namespace

absl::StatusOr<std::map<std::string, VillageCount>> CountProjects(
    mysql::Executor& db, const std::vector<std::string>& villages) {
  std::map<std::string, VillageCount> out;
  if (villages.empty()) return out;
  Params params;
  AddAll(villages, &params);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(
          Cat("SELECT r.region_path, COUNT(*), CAST(SUM(p.verification_state = 2) AS SIGNED) FROM "
              "project_region r JOIN project p ON p.id = r.project_id WHERE r.region_path IN (",
              Placeholders(villages.size()), ") AND p.is_void = 0 GROUP BY r.region_path"),
          params));
  for (const mysql::Row& row : rows) out[row.String(0)] = {row.Int(1), row.Int(2)};
  return out;
}

absl::StatusOr<std::vector<VillageProject>> LockVillageProjects(mysql::Tx& tx,
                                                                const std::string& village) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      tx.Query("SELECT p.id, p.region_path, p.verification_state, p.version, p.record FROM "
               "project_region r JOIN project p ON p.id = r.project_id WHERE r.region_path = ? AND "
               "p.is_void = 0 ORDER BY p.id FOR UPDATE",
               {village}));
  std::vector<VillageProject> out;
  for (const mysql::Row& row : rows) {
    out.push_back(
        {row.Id(0), row.String(1), static_cast<int>(row.Int(2)), row.Int(3), row.String(4)});
  }
  return out;
}

absl::StatusOr<std::map<std::string, std::vector<Ulid>>> VillageProjectIds(
    mysql::Executor& db, const std::vector<std::string>& villages) {
  std::map<std::string, std::vector<Ulid>> out;
  if (villages.empty()) return out;
  Params params;
  AddAll(villages, &params);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(
          Cat("SELECT r.region_path, p.id FROM project_region r JOIN project p ON p.id = "
              "r.project_id WHERE r.region_path IN (",
              Placeholders(villages.size()), ") AND p.is_void = 0 ORDER BY r.region_path, p.id"),
          params));
  for (const mysql::Row& row : rows) out[row.String(0)].push_back(row.Id(1));
  return out;
}

absl::StatusOr<std::map<std::string, std::vector<Ulid>>> SharedDisputes(
    mysql::Executor& db, const std::vector<std::string>& villages) {
  std::map<std::string, std::vector<Ulid>> out;
  if (villages.empty()) return out;
  Params params;
  AddAll(villages, &params);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT r.region_path, p.id FROM project_region r JOIN project p ON p.id = "
                   "r.project_id WHERE r.region_path IN (",
                   Placeholders(villages.size()),
                   ") AND p.is_void = 0 AND p.verification_state = 3 AND EXISTS (SELECT 1 FROM "
                   "project_region o WHERE o.project_id = p.id AND o.region_path <> "
                   "r.region_path)"),
               params));
  for (const mysql::Row& row : rows) out[row.String(0)].push_back(row.Id(1));
  return out;
}

absl::Status UpdateVerification(mysql::Tx& tx, const std::vector<VillageProject>& projects,
                                absl::Time now) {
  for (size_t begin = 0; begin < projects.size(); begin += 200) {
    const size_t end = std::min(projects.size(), begin + 200);
    std::string states = "CASE id", records = "CASE id";
    Params state_params, record_params, ids;
    for (size_t i = begin; i < end; ++i) {
      const VillageProject& p = projects[i];
      absl::StrAppend(&states, " WHEN ? THEN ?");
      absl::StrAppend(&records, " WHEN ? THEN ?");
      state_params.emplace_back(p.id);
      state_params.emplace_back(p.verification_state);
      record_params.emplace_back(p.id);
      record_params.emplace_back(p.bytes);
      ids.emplace_back(p.id);
    }
    Params params = std::move(state_params);
    params.emplace_back(now);
    params.insert(params.end(), record_params.begin(), record_params.end());
    params.insert(params.end(), ids.begin(), ids.end());
    std::vector<std::pair<Ulid, int>> to;
    for (size_t i = begin; i < end; ++i) {
      to.emplace_back(projects[i].id, projects[i].verification_state);
    }
    RETURN_IF_ERROR(NoteVerificationChanges(tx, to, now));
    RETURN_IF_ERROR(
        tx.ExecuteOnce(Cat("UPDATE project SET verification_state = ", states,
                           " END, version = version + 1, updated_at = ?, record = ", records,
                           " END WHERE id IN (", Placeholders(end - begin), ")"),
                       params)
            .status());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::map<std::string, std::vector<FundingRef>>> FundingOfVillages(
    mysql::Executor& db, const std::vector<std::string>& villages) {
  std::map<std::string, std::vector<FundingRef>> out;
  if (villages.empty()) return out;
  Params params;
  AddAll(villages, &params);
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(
          Cat("SELECT DISTINCT r.region_path, f.source_code, f.task_code FROM project_region r "
              "JOIN project p ON p.id = r.project_id JOIN project_funding f ON f.project_id = "
              "p.id WHERE r.region_path IN (",
              Placeholders(villages.size()), ") AND p.is_void = 0"),
          params));
  for (const mysql::Row& row : rows) out[row.String(0)].push_back({row.String(1), row.String(2)});
  return out;
}

}  // namespace bangfu::registry
