#include "services/registry/store/published_store.h"

#include <map>
#include <utility>

#include "common/status/macros.h"

namespace bangfu::registry {

absl::StatusOr<std::vector<UnpublishedReference>> ListUnpublished(mysql::Executor& db) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(
          "SELECT ?, l.list, l.version FROM code_list l LEFT JOIN published_reference p ON "
          "p.kind = ? AND p.name = l.list WHERE p.version IS NULL OR p.version <> l.version "
          "UNION ALL SELECT ?, HEX(d.id), d.version FROM fund_source_department d LEFT JOIN "
          "published_reference p ON p.kind = ? AND p.name = HEX(d.id) WHERE p.version IS NULL "
          "OR p.version <> d.version "
          "UNION ALL SELECT ?, m.code, m.version FROM parameter m LEFT JOIN published_reference p "
          "ON p.kind = ? AND p.name = m.code WHERE p.version IS NULL OR p.version <> m.version",
          {kCodeListKind, kCodeListKind, kFundSourceDepartmentKind, kFundSourceDepartmentKind,
           kParameterKind, kParameterKind}));
  std::vector<UnpublishedReference> out;
  for (const mysql::Row& row : rows) out.push_back({row.String(0), row.String(1), row.Int(2)});
  return out;
}

absl::StatusOr<std::vector<UnpublishedReference>> KeepUnpublished(
    mysql::Executor& db, const std::vector<UnpublishedReference>& references) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT kind, name, version FROM published_reference"));
  std::map<std::pair<std::string, std::string>, int64_t> published;
  for (const mysql::Row& row : rows) published[{row.String(0), row.String(1)}] = row.Int(2);
  std::vector<UnpublishedReference> out;
  for (const UnpublishedReference& one : references) {
    const auto found = published.find({one.kind, one.name});
    if (found == published.end() || found->second != one.version) out.push_back(one);
  }
  return out;
}

absl::Status LockReferences(mysql::Tx& tx) {
  RETURN_IF_ERROR(tx.Query("SELECT list FROM code_list ORDER BY list FOR UPDATE").status());
  RETURN_IF_ERROR(
      tx.Query("SELECT id FROM fund_source_department ORDER BY id FOR UPDATE").status());
  RETURN_IF_ERROR(tx.Query("SELECT code FROM parameter ORDER BY code FOR UPDATE").status());
  RETURN_IF_ERROR(
      tx.Query("SELECT taxonomy_version FROM taxonomy ORDER BY taxonomy_version FOR UPDATE")
          .status());
  RETURN_IF_ERROR(tx.Query("SELECT code FROM industry_category ORDER BY taxonomy_version, code FOR "
                           "UPDATE")
                      .status());
  return tx.Query("SELECT day FROM work_day ORDER BY day FOR UPDATE").status();
}

absl::Status MarkPublished(mysql::Tx& tx, const std::vector<UnpublishedReference>& references) {
  if (references.empty()) return absl::OkStatus();
  std::vector<mysql::Params> values;
  for (const UnpublishedReference& one : references) {
    values.push_back({one.kind, one.name, one.version});
  }
  return mysql::BulkInsert(tx, "published_reference", "kind, name, version", values,
                           "ON DUPLICATE KEY UPDATE version = VALUES(version)")
      .status();
}

}  // namespace bangfu::registry
