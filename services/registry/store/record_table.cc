#include "services/registry/store/record_table.h"

#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::registry {
namespace {

Record FromRow(const mysql::Row& row) {
  return {row.Id(0), row.String(1), row.Int(2), row.String(3)};
}

std::vector<Record> FromRows(const mysql::Rows& rows) {
  std::vector<Record> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) out.push_back(FromRow(row));
  return out;
}

void Add(const Condition& condition, std::string* sql, mysql::Params* params) {
  sql->append(" AND ").append(condition.sql);
  params->insert(params->end(), condition.params.begin(), condition.params.end());
}

}  // namespace

Condition Equals(std::string_view column, mysql::Param value) {
  return {Cat(column, " = ?"), {std::move(value)}, column.ends_with("_id")};
}

Condition OneOf(std::string_view column, const std::set<Ulid>& values) {
  return {Cat(column, " IN (", mysql::Placeholders(values.size()), ")"),
          mysql::Params(values.begin(), values.end())};
}

Condition Both(Condition a, const Condition& b) {
  a.sql += Cat(" AND ", b.sql);
  a.params.insert(a.params.end(), b.params.begin(), b.params.end());
  return a;
}

Condition StartsWith(std::string_view column, const std::string& text) {
  return {Cat("LEFT(", column, ", CHAR_LENGTH(?)) = ?"), {text, text}};
}

Condition ValidOn(absl::CivilDay day) {
  return {"(valid_from IS NULL OR valid_from <= ?) AND (valid_to IS NULL OR valid_to >= ?)",
          {day, day}};
}

absl::Status RecordTable::Insert(mysql::Tx& tx, const Record& record,
                                 const mysql::Params& extra) const {
  std::string sql = Cat("INSERT INTO ", table_, " (id, region_path, version, record");
  for (const std::string& column : columns_) absl::StrAppend(&sql, ", ", column);
  absl::StrAppend(&sql, ") VALUES (", mysql::Placeholders(4 + columns_.size()), ")");
  mysql::Params params = {record.id, record.region_path, record.version, record.bytes};
  params.insert(params.end(), extra.begin(), extra.end());
  return tx.Execute(sql, params).status();
}

absl::Status RecordTable::Update(mysql::Tx& tx, const Record& record,
                                 const mysql::Params& extra) const {
  std::string sql = Cat("UPDATE ", table_, " SET region_path = ?, version = ?, record = ?");
  for (const std::string& column : columns_) absl::StrAppend(&sql, ", ", column, " = ?");
  absl::StrAppend(&sql, " WHERE id = ? AND version = ?");
  mysql::Params params = {record.region_path, record.version, record.bytes};
  params.insert(params.end(), extra.begin(), extra.end());
  params.emplace_back(record.id);
  params.emplace_back(record.version - 1);
  ASSIGN_OR_RETURN(const int64_t matched, tx.Execute(sql, params));
  if (matched == 0) return EtagMismatch();
  return absl::OkStatus();
}

absl::StatusOr<Record> RecordTable::Get(mysql::Executor& db, const Ulid& id,
                                        const RegionScope& scope) const {
  mysql::Params params = {id};
  const std::string sql =
      Cat("SELECT id, region_path, version, record FROM ", table_, " WHERE id = ? AND ",
          mysql::RegionClause(scope, "region_path", &params));
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  if (rows.empty()) return NotFound(resource_, id.ToString()).Build();
  return FromRow(rows[0]);
}

absl::StatusOr<std::optional<Record>> RecordTable::Find(mysql::Executor& db,
                                                        const Condition& where) const {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT id, region_path, version, record FROM ", table_, " WHERE ",
                                where.sql, " LIMIT 1"),
                            where.params));
  if (rows.empty()) return std::optional<Record>();
  return std::optional<Record>(FromRow(rows[0]));
}

absl::StatusOr<std::vector<Record>> RecordTable::List(mysql::Executor& db, const RegionScope& scope,
                                                      const std::vector<Condition>& where,
                                                      const std::optional<After>& after,
                                                      int limit) const {
  mysql::Params params;
  std::string sql = Cat("SELECT id, region_path, version, record FROM ", table_);
  // In the order of the list, so that a page costs a page; a record's own few are found by it.
  bool narrow = false;
  for (const Condition& condition : where) narrow = narrow || condition.narrow;
  if (!narrow) absl::StrAppend(&sql, " FORCE INDEX (", key_, ")");
  absl::StrAppend(&sql, " WHERE ", mysql::RegionClause(scope, "region_path", &params));
  for (const Condition& condition : where) Add(condition, &sql, &params);
  if (after) {
    // Two ranges of the key: the page begins where the last one ended, however many share the path.
    sql.append(" AND ((region_path = ? AND id > ?) OR region_path > ?)");
    params.emplace_back(after->region_path);
    params.emplace_back(after->id);
    params.emplace_back(after->region_path);
  }
  sql.append(" ORDER BY region_path, id LIMIT ?");
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  return FromRows(rows);
}

absl::StatusOr<std::vector<Record>> RecordTable::ListById(mysql::Executor& db,
                                                          const std::optional<RegionScope>& scope,
                                                          const Ulid& after, int limit) const {
  mysql::Params params = {after};
  std::string sql = Cat("SELECT id, region_path, version, record FROM ", table_, " WHERE id > ?");
  if (scope) absl::StrAppend(&sql, " AND ", mysql::RegionClause(*scope, "region_path", &params));
  sql.append(" ORDER BY id LIMIT ?");
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(sql, params));
  return FromRows(rows);
}

absl::StatusOr<std::vector<Record>> RecordTable::Lock(mysql::Tx& tx,
                                                      const std::set<Ulid>& ids) const {
  if (ids.empty()) return std::vector<Record>();
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      tx.Query(Cat("SELECT id, region_path, version, record FROM ", table_, " WHERE id IN (",
                   mysql::Placeholders(ids.size()), ") ORDER BY id FOR UPDATE"),
               mysql::Params(ids.begin(), ids.end())));
  return FromRows(rows);
}

absl::StatusOr<std::vector<Record>> RecordTable::LockWhere(mysql::Tx& tx,
                                                           const Condition& where) const {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   tx.Query(Cat("SELECT id, region_path, version, record FROM ", table_, " WHERE ",
                                where.sql, " ORDER BY id FOR UPDATE"),
                            where.params));
  return FromRows(rows);
}

absl::StatusOr<std::set<Ulid>> RecordTable::Existing(mysql::Executor& db,
                                                     const std::set<Ulid>& ids) const {
  std::set<Ulid> out;
  if (ids.empty()) return out;
  mysql::Params params;
  for (const Ulid& id : ids) params.emplace_back(id);
  ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(Cat("SELECT id FROM ", table_, " WHERE id IN (",
                                                        mysql::Placeholders(ids.size()), ")",
                                                        voids_ ? " AND is_void = 0" : ""),
                                                    params));
  for (const mysql::Row& row : rows) out.insert(row.Id(0));
  return out;
}

absl::StatusOr<std::set<Ulid>> RecordTable::Hold(mysql::Tx& tx, const std::set<Ulid>& ids) const {
  if (ids.empty()) return std::set<Ulid>();
  mysql::Params params;
  for (const Ulid& id : ids) params.emplace_back(id);
  RETURN_IF_ERROR(tx.Execute(Cat("UPDATE ", table_, " SET named = named + 1 WHERE id IN (",
                                 mysql::Placeholders(ids.size()), ") ORDER BY id"),
                             params)
                      .status());
  return Existing(tx, ids);
}

absl::StatusOr<bool> RecordTable::EverNamed(mysql::Executor& db, const Ulid& id) const {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT named FROM ", table_, " WHERE id = ?"), {id}));
  return !rows.empty() && rows[0].Int(0) > 0;
}

absl::StatusOr<int64_t> RecordTable::Count(mysql::Executor& db, const Condition& where) const {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT COUNT(*) FROM ", table_, " WHERE ", where.sql), where.params));
  return rows[0].Int(0);
}

const RecordTable& OperatorTable() {
  static const auto* t =
      new RecordTable("operator", {"uscc", "name", "kind", "is_void"}, "operator");
  return *t;
}
const RecordTable& HelperTable() {
  static const auto* t = new RecordTable("helper_organisation", {"is_void"}, "helper_organisation");
  return *t;
}
const RecordTable& IndustryTable() {
  static const auto* t =
      new RecordTable("industry", {"industry_code"}, "industry", "industry_by_place");
  return *t;
}
const RecordTable& ShortBoardTable() {
  static const auto* t =
      new RecordTable("short_board", {"subject_id", "kind", "completed", "is_void"}, "short_board");
  return *t;
}
const RecordTable& LeadingIndustryTable() {
  static const auto* t =
      new RecordTable("leading_industry", {"plan_period", "industry_id", "is_active"},
                      "leading_industry", "leading_industry_by_place");
  return *t;
}
const RecordTable& BrandTable() {
  static const auto* t = new RecordTable(
      "brand_certification",
      {"industry_id", "project_id", "brand_type", "certificate_no", "valid_from", "valid_to"},
      "brand_certification");
  return *t;
}
const RecordTable& TechPairingTable() {
  static const auto* t = new RecordTable(
      "tech_pairing", {"industry_id", "team_name", "starts_on", "ends_on", "visits", "is_void"},
      "tech_pairing");
  return *t;
}
const RecordTable& TrainingTable() {
  static const auto* t = new RecordTable(
      "training_record", {"programme", "held_on", "persons", "poor_labour_persons", "is_void"},
      "training_record");
  return *t;
}
const RecordTable& CampaignTable() {
  static const auto* t = new RecordTable(
      "campaign",
      {"state", "village_deadline", "township_deadline", "county_deadline", "unit_count"},
      "campaign");
  return *t;
}

}  // namespace bangfu::registry
