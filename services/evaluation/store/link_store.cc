#include "services/evaluation/store/link_store.h"

#include "common/base/strings.h"
#include "common/base/ulid.h"
#include "common/status/macros.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/rows.h"

namespace bangfu::evaluation {

absl::StatusOr<std::set<std::string>> OperatingProjects(
    mysql::Executor& db, const std::string& county, const std::vector<std::string>& references) {
  std::set<std::string> out;
  if (references.empty()) return out;
  std::vector<Ulid> ids;
  for (const std::string& reference : references) {
    if (const absl::StatusOr<Ulid> id = Ulid::Parse(reference); id.ok()) ids.push_back(*id);
  }
  mysql::Params params{county};
  std::string where = InClause("code", references, &params);
  if (!ids.empty()) where = Cat("(", where, " OR ", InClause("subject_id", ids, &params), ")");
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT code, subject_id FROM subject WHERE county = ? AND "
                                "subject_type = 1 AND stage = 'OPERATING' AND is_void = 0 AND ",
                                where),
                            params));
  for (const mysql::Row& row : rows) {
    out.insert(row.String(0));
    out.insert(row.Id(1).ToString());
  }
  return out;
}

absl::StatusOr<std::vector<std::string>> BrandsOfCounty(mysql::Executor& db,
                                                        const std::string& county) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query("SELECT f.payload FROM subject s JOIN fact_source f ON f.subject_id = s.subject_id "
               "AND f.kind = ? WHERE s.county = ? AND s.is_void = 0",
               {kBrandFacts, county}));
  std::vector<std::string> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) out.push_back(row.String(0));
  return out;
}

absl::Status PutLinkBases(mysql::Tx& tx, const std::vector<LinkBasisRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::vector<mysql::Params> values;
  values.reserve(rows.size());
  for (const LinkBasisRow& r : rows) {
    values.push_back({static_cast<int>(r.kind), r.id, r.code, r.region_path, r.stands, r.from, r.to,
                      r.generation});
  }
  return mysql::BulkInsert(
             tx, "link_basis",
             "kind, id, code, region_path, stands, stands_from, stands_to, generation", values,
             "ON DUPLICATE KEY UPDATE code = VALUES(code), region_path = VALUES(region_path), "
             "stands = VALUES(stands), stands_from = VALUES(stands_from), "
             "stands_to = VALUES(stands_to), generation = VALUES(generation)")
      .status();
}

absl::StatusOr<std::vector<LinkBasisRow>> FindLinkBases(
    mysql::Executor& db, BasisKind kind, const std::vector<std::string>& references) {
  std::vector<LinkBasisRow> out;
  std::vector<Ulid> ids;
  std::vector<std::string> codes;
  for (const std::string& reference : references) {
    if (const absl::StatusOr<Ulid> id = Ulid::Parse(reference); id.ok()) {
      ids.push_back(*id);
    } else {
      codes.push_back(reference);
    }
  }
  // Two statements, each by its own key.
  const auto read = [&](std::string_view by, const mysql::Params& more) -> absl::Status {
    mysql::Params params{static_cast<int>(kind)};
    params.insert(params.end(), more.begin(), more.end());
    ASSIGN_OR_RETURN(
        const mysql::Rows rows,
        db.Query(Cat("SELECT id, code, region_path, stands, stands_from, stands_to, generation "
                     "FROM link_basis WHERE kind = ? AND ",
                     by),
                 params));
    for (const mysql::Row& row : rows) {
      out.push_back({kind, row.Id(0), row.String(1), row.String(2), row.Int(3) != 0, row.OptDay(4),
                     row.OptDay(5), row.Int(6)});
    }
    return absl::OkStatus();
  };
  mysql::Params params;
  if (!ids.empty()) {
    const std::string where = InClause("id", ids, &params);
    RETURN_IF_ERROR(read(where, params));
  }
  // A contract has no code.
  params.clear();
  if (!codes.empty() && kind == BasisKind::kAsset) {
    const std::string where = InClause("code", codes, &params);
    RETURN_IF_ERROR(read(where, params));
  }
  return out;
}

absl::Status DeleteOldLinkBases(mysql::Tx& tx, BasisKind kind, int64_t generation) {
  constexpr int kPage = 1000;
  while (true) {
    ASSIGN_OR_RETURN(const int64_t gone,
                     tx.Execute("DELETE FROM link_basis WHERE kind = ? AND generation < ? LIMIT ?",
                                {static_cast<int>(kind), generation, kPage}));
    if (gone < kPage) return absl::OkStatus();
  }
}

}  // namespace bangfu::evaluation
