#include "services/evaluation/store/link_store.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "common/base/strings.h"
#include "common/base/ulid.h"
#include "common/status/macros.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/rows.h"

namespace bangfu::evaluation {

namespace {

absl::Status DeletePeriods(mysql::Tx& tx, BasisKind kind, const std::vector<Ulid>& ids) {
  mysql::Params params{static_cast<int>(kind)};
  const std::string where = InClause("id", ids, &params);
  return tx.Execute(Cat("DELETE FROM link_basis_period WHERE kind = ? AND ", where), params)
      .status();
}

}  // namespace

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

bool LinkBasisRow::StandsOn(absl::CivilDay day) const {
  return std::any_of(periods.begin(), periods.end(), [&](const StandingPeriod& p) {
    return !(p.from && *p.from > day) && !(p.to && *p.to < day);
  });
}

absl::Status PutLinkBases(mysql::Tx& tx, const std::vector<LinkBasisRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  std::map<BasisKind, std::vector<Ulid>> ids;
  std::vector<mysql::Params> values;
  std::vector<mysql::Params> periods;
  values.reserve(rows.size());
  for (const LinkBasisRow& r : rows) {
    const int kind = static_cast<int>(r.kind);
    ids[r.kind].push_back(r.id);
    values.push_back({kind, r.id, r.code, r.region_path, r.generation});
    int position = 0;
    for (const StandingPeriod& p : r.periods) {
      periods.push_back({kind, r.id, position++, p.from, p.to});
    }
  }
  RETURN_IF_ERROR(
      mysql::BulkInsert(tx, "link_basis", "kind, id, code, region_path, generation", values,
                        "ON DUPLICATE KEY UPDATE code = VALUES(code), "
                        "region_path = VALUES(region_path), generation = VALUES(generation)")
          .status());
  for (const auto& [kind, those] : ids) RETURN_IF_ERROR(DeletePeriods(tx, kind, those));
  if (periods.empty()) return absl::OkStatus();
  return mysql::BulkInsert(tx, "link_basis_period", "kind, id, position, stands_from, stands_to",
                           periods)
      .status();
}

absl::StatusOr<std::vector<LinkBasisRow>> FindLinkBases(
    mysql::Executor& db, BasisKind kind, const std::vector<std::string>& references) {
  std::map<Ulid, LinkBasisRow> found;
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
        db.Query(Cat("SELECT b.id, b.code, b.region_path, b.generation, p.position, p.stands_from, "
                     "p.stands_to FROM link_basis b LEFT JOIN link_basis_period p ON p.kind = "
                     "b.kind AND p.id = b.id WHERE b.kind = ? AND ",
                     by, " ORDER BY b.id, p.position"),
                 params));
    std::set<Ulid> before;
    for (const auto& [id, row] : found) before.insert(id);
    for (const mysql::Row& row : rows) {
      const Ulid id = row.Id(0);
      if (before.contains(id)) continue;
      LinkBasisRow& basis = found[id];
      basis.kind = kind;
      basis.id = id;
      basis.code = row.String(1);
      basis.region_path = row.String(2);
      basis.generation = row.Int(3);
      if (!row.IsNull(4)) basis.periods.push_back({row.OptDay(5), row.OptDay(6)});
    }
    return absl::OkStatus();
  };
  mysql::Params params;
  if (!ids.empty()) {
    const std::string where = InClause("b.id", ids, &params);
    RETURN_IF_ERROR(read(where, params));
  }
  // A contract has no code.
  params.clear();
  if (!codes.empty() && kind == BasisKind::kAsset) {
    const std::string where = InClause("b.code", codes, &params);
    RETURN_IF_ERROR(read(where, params));
  }
  std::vector<LinkBasisRow> out;
  out.reserve(found.size());
  for (auto& [id, row] : found) out.push_back(std::move(row));
  return out;
}

absl::StatusOr<std::vector<LinkBasisRow>> DeleteOldLinkBases(mysql::Tx& tx, BasisKind kind,
                                                             int64_t generation, int limit) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      tx.Query("SELECT id, code, region_path, generation FROM link_basis WHERE "
               "kind = ? AND generation < ? ORDER BY generation, id LIMIT ? FOR UPDATE",
               {static_cast<int>(kind), generation, limit}));
  std::vector<LinkBasisRow> out;
  std::vector<Ulid> ids;
  for (const mysql::Row& row : rows) {
    LinkBasisRow& basis = out.emplace_back();
    basis.kind = kind;
    basis.id = row.Id(0);
    basis.code = row.String(1);
    basis.region_path = row.String(2);
    basis.generation = row.Int(3);
    ids.push_back(basis.id);
  }
  if (ids.empty()) return out;
  RETURN_IF_ERROR(DeletePeriods(tx, kind, ids));
  mysql::Params params{static_cast<int>(kind)};
  const std::string where = InClause("id", ids, &params);
  RETURN_IF_ERROR(
      tx.Execute(Cat("DELETE FROM link_basis WHERE kind = ? AND ", where), params).status());
  return out;
}

}  // namespace bangfu::evaluation
