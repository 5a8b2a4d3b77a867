#include "common/period/store.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "common/base/digest.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/recode/recode.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::period {

namespace {

constexpr char kColumns[] =
    "id, table_no, region_path, period, revision, newest, state, cut_off, needs_update, details, "
    "version";

absl::StatusOr<PeriodRow> FromRow(const mysql::Row& row) {
  PeriodRow out;
  out.id = row.Id(0);
  if (!out.message.ParseFromString(row.String(9))) {
    return absl::DataLossError("a stored period cannot be read");
  }
  out.version = row.Int(10);
  out.message.set_id(out.id.ToString());
  out.message.set_etag(Cat(out.version));
  out.message.set_newest(!row.IsNull(5));
  out.message.set_state(static_cast<v1::PeriodState>(row.Int(6)));
  out.message.set_needs_update(row.Bool(8));
  return out;
}

absl::StatusOr<std::vector<PeriodRow>> FromRows(const absl::StatusOr<mysql::Rows>& rows) {
  if (!rows.ok()) return rows.status();
  std::vector<PeriodRow> out;
  out.reserve(rows->size());
  for (const mysql::Row& row : *rows) {
    ASSIGN_OR_RETURN(out.emplace_back(), FromRow(row));
  }
  return out;
}

std::string Details(const v1::Period& period) {
  v1::Period kept = period;
  for (int field : {v1::Period::kIdFieldNumber, v1::Period::kEtagFieldNumber,
                    v1::Period::kRegionNameFieldNumber, v1::Period::kTableNameZhFieldNumber,
                    v1::Period::kStateFieldNumber, v1::Period::kLateFieldNumber,
                    v1::Period::kUnsignedRegionsFieldNumber, v1::Period::kUnsignedCountFieldNumber,
                    v1::Period::kDraftNoteFieldNumber, v1::Period::kComponentsFieldNumber,
                    v1::Period::kNeedsUpdateFieldNumber, v1::Period::kNewestFieldNumber,
                    v1::Period::kAllowedActionsFieldNumber}) {
    kept.GetReflection()->ClearField(&kept, kept.GetDescriptor()->FindFieldByNumber(field));
  }
  return kept.SerializeAsString();
}

mysql::Param NewestMark(const v1::Period& period) {
  return period.newest() ? mysql::Param(1) : mysql::Param(nullptr);
}

// Regions above those of the scope: their tables hold rows of it.
std::vector<std::string> Above(const RegionScope& scope) {
  std::set<std::string> out;
  for (const std::string& region : scope) {
    for (std::string up = RegionParent(region); !up.empty(); up = RegionParent(up)) out.insert(up);
  }
  return {out.begin(), out.end()};
}

// A frozen table is found under the code of its day by those who have the region today.
absl::StatusOr<std::string> Inside(mysql::Executor& db, const RegionScope& regions,
                                   mysql::Params* params) {
  return recode::ClauseWithFormer(
      db, regions, "region_path", "id",
      [](const RegionScope& scope, mysql::Params* p) {
        return mysql::RegionClause(scope, "region_path", p);
      },
      params);
}

// Inside the scope, or above it.
absl::StatusOr<std::string> Visible(mysql::Executor& db, const RegionScope& regions,
                                    mysql::Params* params) {
  return recode::ClauseWithFormer(
      db, regions, "region_path", "id",
      [](const RegionScope& scope, mysql::Params* p) {
        std::string where = Cat("(", mysql::RegionClause(scope, "region_path", p));
        const std::vector<std::string> above = Above(scope);
        if (!above.empty()) {
          where += Cat(" OR region_path IN (", mysql::Placeholders(above.size()), ")");
          p->insert(p->end(), above.begin(), above.end());
        }
        return where + ")";
      },
      params);
}

absl::StatusOr<PeriodRow> Find(mysql::Executor& db, const Ulid& id, const RegionScope& scope,
                               std::string_view suffix) {
  mysql::Params params{id};
  ASSIGN_OR_RETURN(const std::string where, Visible(db, scope, &params));
  ASSIGN_OR_RETURN(std::vector<PeriodRow> rows,
                   FromRows(db.Query(Cat("SELECT ", kColumns,
                                         " FROM report_period WHERE id = ? AND ", where, suffix),
                                     params)));
  if (rows.empty()) return NotFound("period", id.ToString());
  return std::move(rows[0]);
}

UnitRow UnitFrom(const mysql::Row& row) {
  UnitRow unit;
  unit.region_path = row.String(0);
  unit.hash = {row.Int(1), row.String(2)};
  unit.signed_by = row.String(3);
  unit.signature = row.String(4);
  return unit;
}

// Holds what was read against what the freezing and the signatures say of it.
absl::Status CheckHashes(mysql::Executor& db, const PeriodRow& period,
                         const std::map<std::string, UnitHash>& read) {
  const auto is = [&](const std::string& unit, const UnitHash& stored) {
    const auto found = read.find(unit);
    if (found == read.end()) return stored.rows == 0 && stored.sha256 == Sha256Hex("");
    return found->second.rows == stored.rows && found->second.sha256 == stored.sha256;
  };
  const v1::Period& p = period.message;
  bool same = is(p.region_code(), {p.rows(), p.rows_sha256()});
  ASSIGN_OR_RETURN(const std::vector<UnitRow> units, LoadUnits(db, period.id));
  for (const UnitRow& unit : units) {
    same = same && is(unit.region_path, unit.hash);
    if (unit.signed_by.empty()) continue;
    type::v1::SignOff signature;
    same = same && signature.ParseFromString(unit.signature) &&
           signature.rows_sha256() == unit.hash.sha256;
  }
  if (same) return absl::OkStatus();
  return RowsDamaged(Cat("the rows of period ", period.id.ToString(), " are not those frozen"));
}

// FROZEN … ACCEPTED.
constexpr char kStanding[] = "state BETWEEN 3 AND 8";

}  // namespace

absl::Status InsertPeriod(mysql::Tx& tx, const PeriodRow& row) {
  const v1::Period& p = row.message;
  return tx
      .Execute(
          Cat("INSERT INTO report_period (", kColumns, ") VALUES (", mysql::Placeholders(11), ")"),
          {row.id, p.table_no(), p.region_code(), p.period(), p.revision(), NewestMark(p),
           static_cast<int>(p.state()), DayFrom(p.cut_off()), p.needs_update(), Details(p),
           row.version})
      .status();
}

absl::Status UpdatePeriod(mysql::Tx& tx, PeriodRow& row) {
  const v1::Period& p = row.message;
  ASSIGN_OR_RETURN(int64_t matched,
                   tx.Execute("UPDATE report_period SET newest = ?, state = ?, needs_update = ?, "
                              "details = ?, version = version + 1 WHERE id = ? AND version = ?",
                              {NewestMark(p), static_cast<int>(p.state()), p.needs_update(),
                               Details(p), row.id, row.version}));
  if (matched != 1) return EtagMismatch();
  row.message.set_etag(Cat(++row.version));
  return absl::OkStatus();
}

absl::StatusOr<PeriodRow> GetPeriod(mysql::Executor& db, const Ulid& id, const RegionScope& scope) {
  return Find(db, id, scope, "");
}

absl::StatusOr<PeriodRow> LockPeriod(mysql::Tx& tx, const Ulid& id, const RegionScope& scope) {
  return Find(tx, id, scope, " FOR UPDATE");
}

absl::StatusOr<std::vector<PeriodRow>> GetPeriods(mysql::Executor& db, const std::vector<Ulid>& ids,
                                                  const RegionScope& scope) {
  if (ids.empty()) return std::vector<PeriodRow>();
  mysql::Params params(ids.begin(), ids.end());
  ASSIGN_OR_RETURN(const std::string where, Visible(db, scope, &params));
  return FromRows(db.Query(Cat("SELECT ", kColumns, " FROM report_period WHERE id IN (",
                               mysql::Placeholders(ids.size()), ") AND ", where),
                           params));
}

absl::StatusOr<std::optional<PeriodRow>> FindPeriod(mysql::Executor& db,
                                                    const std::string& table_no,
                                                    const std::string& period,
                                                    const std::string& region_path, int revision) {
  mysql::Params params{table_no, period};
  ASSIGN_OR_RETURN(const std::string there,
                   recode::ClauseWithFormer(
                       db, {region_path}, "region_path", "id",
                       [](const RegionScope& path, mysql::Params* p) -> std::string {
                         p->emplace_back(path.front());
                         return "region_path = ?";
                       },
                       &params));
  // FROZEN … REISSUED: rows are there.
  std::string where = Cat("table_no = ? AND period = ? AND ", there, " AND state >= 3");
  if (revision > 0) {
    where += " AND revision = ?";
    params.emplace_back(revision);
  }
  ASSIGN_OR_RETURN(std::vector<PeriodRow> rows,
                   FromRows(db.Query(Cat("SELECT ", kColumns, " FROM report_period WHERE ", where,
                                         " ORDER BY revision DESC LIMIT 1"),
                                     params)));
  if (rows.empty()) return std::nullopt;
  return std::move(rows[0]);
}

absl::StatusOr<std::vector<PeriodRow>> QueryPeriods(mysql::Executor& db, const PeriodQuery& query,
                                                    const RegionScope& scope) {
  mysql::Params params;
  ASSIGN_OR_RETURN(std::string where, Visible(db, scope, &params));
  if (query.region) {
    ASSIGN_OR_RETURN(const std::string inside, Inside(db, {*query.region}, &params));
    where += Cat(" AND ", inside);
  }
  if (!query.table_no.empty()) {
    where += " AND table_no = ?";
    params.emplace_back(query.table_no);
  }
  if (!query.period.empty()) {
    where += " AND period = ?";
    params.emplace_back(query.period);
  }
  if (query.state != 0) {
    where += " AND state = ?";
    params.emplace_back(query.state);
  }
  if (query.late_on) {
    // Not yet SUBMITTED, or RETURNED.
    where += " AND cut_off < ? AND (state < 7 OR state = 9)";
    params.emplace_back(*query.late_on);
  }
  if (!query.all_revisions) where += " AND newest = 1";
  if (query.after) {
    where += " AND region_path >= ? AND (region_path > ? OR id > ?)";
    params.emplace_back(query.after->first);
    params.emplace_back(query.after->first);
    params.emplace_back(query.after->second);
  }
  params.emplace_back(query.limit);
  return FromRows(
      db.Query(Cat("SELECT ", kColumns, " FROM report_period FORCE INDEX (period_by_region) WHERE ",
                   where, " ORDER BY region_path, id LIMIT ?"),
               params));
}

absl::StatusOr<std::vector<PeriodRow>> PagePeriodsById(mysql::Executor& db, const Ulid& after,
                                                       int limit,
                                                       const std::optional<RegionScope>& scope) {
  mysql::Params params{after};
  std::string where = "id > ?";
  if (scope) where += Cat(" AND ", mysql::RegionClause(*scope, "region_path", &params));
  params.emplace_back(limit);
  return FromRows(db.Query(
      Cat("SELECT ", kColumns, " FROM report_period WHERE ", where, " ORDER BY id LIMIT ?"),
      params));
}

absl::Status PutFrozen(mysql::Tx& tx, const Ulid& id, const FrozenRows& frozen,
                       const std::vector<Component>& components) {
  for (const char* table : {"period_rows", "period_unit", "period_component"}) {
    RETURN_IF_ERROR(tx.Execute(Cat("DELETE FROM ", table, " WHERE period_id = ?"), {id}).status());
  }
  std::vector<mysql::Params> values;
  int chunk_no = 0;
  for (const Chunk& c : frozen.chunks) {
    values.push_back({id, ++chunk_no, c.first_path, c.last_path, c.row_count, c.body});
  }
  if (!values.empty()) {
    RETURN_IF_ERROR(mysql::BulkInsert(tx, "period_rows",
                                      "period_id, chunk_no, first_path, last_path, row_count, body",
                                      values)
                        .status());
  }
  values.clear();
  for (const auto& [path, unit] : frozen.units) {
    values.push_back({id, path, unit.rows, unit.sha256, "", ""});
  }
  RETURN_IF_ERROR(
      mysql::BulkInsert(tx, "period_unit",
                        "period_id, region_path, row_count, rows_sha256, signed_by, signature",
                        values)
          .status());
  values.clear();
  for (const Component& c : components) {
    values.push_back({id, c.region_path,
                      c.id.is_zero() ? mysql::Param(nullptr) : mysql::Param(c.id), c.revision,
                      c.rows_sha256});
  }
  if (values.empty()) return absl::OkStatus();
  return mysql::BulkInsert(tx, "period_component",
                           "period_id, region_path, component_id, revision, rows_sha256", values)
      .status();
}

absl::Status ReadRows(mysql::Executor& db, const Ulid& id, const RegionScope& regions,
                      const RowSink& sink) {
  ASSIGN_OR_RETURN(const RegionScope paths, recode::WithFormerPaths(db, regions, id));
  ASSIGN_OR_RETURN(
      const std::vector<PeriodRow> period,
      FromRows(db.Query(Cat("SELECT ", kColumns, " FROM report_period WHERE id = ?"), {id})));
  if (period.empty()) return NotFound("period", id.ToString());
  UnitHasher hasher(period[0].message.region_code());
  int64_t after = 0;
  while (true) {
    ASSIGN_OR_RETURN(mysql::Rows rows,
                     db.Query("SELECT chunk_no, first_path, last_path, body FROM period_rows "
                              "WHERE period_id = ? AND chunk_no > ? ORDER BY chunk_no LIMIT 1",
                              {id, after}));
    if (rows.empty()) return CheckHashes(db, period[0], hasher.Finish());
    after = rows[0].Int(0);
    ASSIGN_OR_RETURN(std::vector<Row> unpacked, UnpackRows(rows[0].String(3)));
    for (Row& row : unpacked) {
      hasher.Add(row.region_path, RowHash(row));
      const bool inside = std::any_of(paths.begin(), paths.end(), [&](const std::string& r) {
        return RegionContains(r, row.region_path);
      });
      if (inside) RETURN_IF_ERROR(sink(std::move(row)));
    }
  }
}

absl::StatusOr<std::vector<UnitRow>> LoadUnits(mysql::Executor& db, const Ulid& id) {
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query("SELECT region_path, row_count, rows_sha256, signed_by, signature "
                            "FROM period_unit WHERE period_id = ? ORDER BY region_path",
                            {id}));
  std::vector<UnitRow> out;
  for (const mysql::Row& row : rows) out.push_back(UnitFrom(row));
  return out;
}

SignBoard BoardOf(const std::vector<UnitRow>& units) {
  std::map<std::string, UnitState> out;
  for (const UnitRow& u : units) {
    workflow::Person signer = u.signed_by;
    if (type::v1::SignOff sign_off; sign_off.ParseFromString(u.signature)) {
      signer.delegated_by = sign_off.signed_by().delegated_by();
    }
    out[u.region_path] = {u.hash.rows, u.hash.sha256, u.signed_by.empty() ? "" : u.hash.sha256,
                          std::move(signer)};
  }
  return SignBoard(std::move(out));
}

absl::StatusOr<std::vector<UnitRow>> ListUnits(mysql::Executor& db, const Ulid& id,
                                               const UnitQuery& query, const RegionScope& scope) {
  ASSIGN_OR_RETURN(const RegionScope seen, recode::WithFormerPaths(db, scope, id));
  mysql::Params params{id, query.after};
  std::string where = Cat("period_id = ? AND region_path > ? AND ",
                          mysql::RegionClause(seen, "region_path", &params));
  if (query.region) {
    ASSIGN_OR_RETURN(const RegionScope asked, recode::WithFormerPaths(db, {*query.region}, id));
    where += Cat(" AND ", mysql::RegionClause(asked, "region_path", &params));
  }
  if (query.unsigned_only) where += " AND signed_by = ''";
  params.emplace_back(query.limit);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT region_path, row_count, rows_sha256, signed_by, signature "
                                "FROM period_unit WHERE ",
                                where, " ORDER BY region_path LIMIT ?"),
                            params));
  std::vector<UnitRow> out;
  for (const mysql::Row& row : rows) out.push_back(UnitFrom(row));
  return out;
}

absl::StatusOr<bool> SignUnit(mysql::Tx& tx, const Ulid& id, const UnitRow& unit) {
  ASSIGN_OR_RETURN(
      int64_t matched,
      tx.Execute("UPDATE period_unit SET signed_by = ?, signature = ? WHERE "
                 "period_id = ? AND region_path = ? AND rows_sha256 = ? AND "
                 "signed_by = ''",
                 {unit.signed_by, unit.signature, id, unit.region_path, unit.hash.sha256}));
  return matched == 1;
}

absl::StatusOr<std::vector<ComponentState>> LoadComponents(mysql::Executor& db, const Ulid& id) {
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query("SELECT c.region_path, c.component_id, c.revision, c.rows_sha256, p.state "
               "FROM period_component c LEFT JOIN report_period p ON p.id = c.component_id "
               "WHERE c.period_id = ? ORDER BY c.region_path",
               {id}));
  std::vector<ComponentState> out;
  for (const mysql::Row& row : rows) {
    ComponentState& c = out.emplace_back();
    c.component.region_path = row.String(0);
    if (!row.IsNull(1)) c.component.id = row.Id(1);
    c.component.revision = static_cast<int>(row.Int(2));
    c.component.rows_sha256 = row.String(3);
    c.state = row.IsNull(4) ? 0 : static_cast<int>(row.Int(4));
  }
  return out;
}

absl::StatusOr<std::vector<Component>> StandingComponents(mysql::Executor& db,
                                                          const std::string& table_no,
                                                          const std::string& period,
                                                          const std::vector<std::string>& regions,
                                                          bool lock) {
  std::vector<Component> out;
  if (regions.empty()) return out;
  // A table keeps the code under which it was frozen.
  ASSIGN_OR_RETURN(const std::vector<recode::Move> moves, recode::ListMoves(db));
  std::map<std::string, std::string> former_ones;  // path -> today's
  RegionScope paths = regions;
  for (const std::string& region : regions) {
    for (const recode::FormerPath& former : recode::FormerPaths(moves, {region})) {
      if (former.path.size() != region.size()) continue;
      former_ones.emplace(former.path, region);
      paths.push_back(former.path);
    }
  }
  mysql::Params params{table_no, period};
  params.insert(params.end(), paths.begin(), paths.end());
  ASSIGN_OR_RETURN(
      std::vector<PeriodRow> rows,
      FromRows(db.Query(Cat("SELECT ", kColumns,
                            " FROM report_period WHERE table_no = ? AND period = ? AND "
                            "region_path IN (",
                            mysql::Placeholders(paths.size()), ") AND newest = 1 AND ", kStanding,
                            " ORDER BY region_path", lock ? " FOR UPDATE" : ""),
                        params)));
  std::map<std::string, const PeriodRow*> by_region;
  for (const PeriodRow& row : rows) {
    by_region[row.message.region_code()] = &row;
    const auto former = former_ones.find(row.message.region_code());
    if (former != former_ones.end() &&
        recode::TodaysPath(moves, former->first, row.id.time()) == former->second) {
      by_region.emplace(former->second, &row);
    }
  }
  for (const std::string& region : regions) {
    Component& c = out.emplace_back();
    c.region_path = region;
    auto found = by_region.find(region);
    if (found == by_region.end()) continue;
    c.id = found->second->id;
    c.revision = found->second->message.revision();
    c.rows_sha256 = found->second->message.rows_sha256();
  }
  return out;
}

absl::StatusOr<std::vector<PeriodRow>> LockPeriods(mysql::Tx& tx, const std::vector<Ulid>& ids) {
  if (ids.empty()) return std::vector<PeriodRow>();
  mysql::Params params(ids.begin(), ids.end());
  return FromRows(tx.Query(Cat("SELECT ", kColumns, " FROM report_period WHERE id IN (",
                               mysql::Placeholders(ids.size()), ") ORDER BY id FOR UPDATE"),
                           params));
}

absl::StatusOr<std::vector<PeriodRow>> LockAbove(mysql::Tx& tx, const std::string& table_no,
                                                 const std::string& period,
                                                 const std::string& region_path) {
  const std::vector<std::string> above = Above({region_path});
  if (above.empty()) return std::vector<PeriodRow>();
  mysql::Params params{table_no, period};
  params.insert(params.end(), above.begin(), above.end());
  return FromRows(tx.Query(
      Cat("SELECT ", kColumns,
          " FROM report_period WHERE table_no = ? AND period = ? AND "
          "region_path IN (",
          mysql::Placeholders(above.size()), ") AND newest = 1 ORDER BY region_path FOR UPDATE"),
      params));
}

absl::Status MarkAbove(
    mysql::Tx& tx, const std::string& table_no, const std::string& period,
    const std::string& region_path,
    const std::function<absl::Status(const v1::Period& before, const PeriodRow& after)>& record) {
  const std::vector<std::string> above = Above({region_path});
  if (above.empty()) return absl::OkStatus();
  mysql::Params params{table_no, period};
  params.insert(params.end(), above.begin(), above.end());
  // Those that are being frozen, too. Their versions move: a submission above at the same moment
  // does not pass.
  ASSIGN_OR_RETURN(std::vector<PeriodRow> rows,
                   FromRows(tx.Query(Cat("SELECT ", kColumns,
                                         " FROM report_period WHERE table_no = ? AND period = ? "
                                         "AND region_path IN (",
                                         mysql::Placeholders(above.size()),
                                         ") AND newest = 1 AND state BETWEEN 2 AND 8 "
                                         "ORDER BY region_path FOR UPDATE"),
                                     params)));
  for (PeriodRow& row : rows) {
    const v1::Period before = row.message;
    row.message.set_needs_update(true);
    RETURN_IF_ERROR(UpdatePeriod(tx, row));
    RETURN_IF_ERROR(record(before, row));
  }
  return absl::OkStatus();
}

}  // namespace bangfu::period
