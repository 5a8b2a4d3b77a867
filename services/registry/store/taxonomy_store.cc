#include "services/registry/store/taxonomy_store.h"

#include <unordered_map>
#include <utility>

#include "absl/strings/str_join.h"
#include "common/status/macros.h"
#include "services/registry/store/statement.h"

namespace bangfu::registry {

absl::StatusOr<std::vector<TaxonomyRow>> ListTaxonomies(mysql::Executor& db) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query("SELECT t.taxonomy_version, t.name, t.valid_from, t.is_current, "
               "CAST(COALESCE(SUM(c.level = 1), 0) AS SIGNED), CAST(COALESCE(SUM(c.level = 2), 0) "
               "AS SIGNED), "
               "CAST(COALESCE(SUM(c.level = 3), 0) AS SIGNED) FROM taxonomy t LEFT JOIN "
               "industry_category c "
               "ON c.taxonomy_version = t.taxonomy_version GROUP BY t.taxonomy_version, t.name, "
               "t.valid_from, t.is_current ORDER BY t.taxonomy_version"));
  std::vector<TaxonomyRow> out;
  for (const mysql::Row& r : rows) {
    out.push_back({r.String(0), r.String(1), r.OptDay(2), r.Bool(3), r.Int(4), r.Int(5), r.Int(6)});
  }
  return out;
}

absl::StatusOr<std::string> CurrentTaxonomy(mysql::Executor& db) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT taxonomy_version FROM taxonomy WHERE is_current = 1 ORDER BY "
                            "taxonomy_version DESC LIMIT 1"));
  return rows.empty() ? std::string() : rows[0].String(0);
}

namespace {

absl::StatusOr<mysql::Rows> QueryCategories(mysql::Executor& db, const std::string& version) {
  std::string sql =
      "SELECT taxonomy_version, code, name, level, parent_code, applicable_links, "
      "cultivation_months, "
      "maps_from, unconfirmed FROM industry_category";
  mysql::Params params;
  if (!version.empty()) {
    sql += " WHERE taxonomy_version = ?";
    params.emplace_back(version);
  }
  return db.Query(sql + " ORDER BY taxonomy_version, code", params);
}

CategoryRow CategoryFrom(const mysql::Row& r) {
  return {r.String(0),
          r.String(1),
          r.String(2),
          static_cast<int>(r.Int(3)),
          r.String(4),
          SplitList(r.String(5)),
          static_cast<int>(r.Int(6)),
          SplitList(r.String(7)),
          r.Bool(8)};
}

}  // namespace

absl::StatusOr<std::vector<CategoryRow>> LoadCategories(mysql::Executor& db,
                                                        const std::string& version) {
  ASSIGN_OR_RETURN(const mysql::Rows rows, QueryCategories(db, version));
  std::vector<CategoryRow> out;
  for (const mysql::Row& r : rows) out.push_back(CategoryFrom(r));
  return out;
}

absl::StatusOr<std::map<std::string, CategoryRow>> LookupCategories(
    mysql::Executor& db, const std::string& version, const std::set<std::string>& codes) {
  std::map<std::string, CategoryRow> out;
  ASSIGN_OR_RETURN(const mysql::Rows rows, QueryCategories(db, version));
  // A few of many rows are wanted: the others stay as they came.
  std::unordered_map<std::string, const mysql::Row*> by_code;
  by_code.reserve(rows.size());
  for (const mysql::Row& row : rows) by_code.emplace(row.String(1), &row);
  for (std::string code : codes) {
    while (!code.empty() && out.count(code) == 0) {
      const auto found = by_code.find(code);
      if (found == by_code.end()) break;
      CategoryRow row = CategoryFrom(*found->second);
      std::string parent = row.parent_code;
      out.emplace(std::move(code), std::move(row));
      code = std::move(parent);
    }
  }
  return out;
}

absl::Status UpsertCategories(mysql::Tx& tx, const std::vector<CategoryRow>& rows) {
  std::vector<mysql::Params> values;
  for (const CategoryRow& r : rows) {
    values.push_back({r.taxonomy_version, r.code, r.name, r.level, r.parent_code,
                      absl::StrJoin(r.applicable_links, ","), r.cultivation_months,
                      absl::StrJoin(r.maps_from, ","), r.unconfirmed});
  }
  return mysql::BulkInsert(
             tx, "industry_category",
             "(taxonomy_version, code, name, level, parent_code, applicable_links, "
             "cultivation_months, "
             "maps_from, unconfirmed)",
             values,
             "ON DUPLICATE KEY UPDATE name = VALUES(name), level = VALUES(level), parent_code = "
             "VALUES(parent_code), applicable_links = VALUES(applicable_links), cultivation_months "
             "= "
             "VALUES(cultivation_months), maps_from = VALUES(maps_from), unconfirmed = "
             "VALUES(unconfirmed)")
      .status();
}

absl::Status AddTaxonomy(mysql::Tx& tx, const std::string& version, const std::string& name) {
  return tx
      .Execute(
          "INSERT IGNORE INTO taxonomy (taxonomy_version, name, valid_from, is_current) VALUES (?, "
          "?, "
          "NULL, 0)",
          {version, name})
      .status();
}

absl::Status SetCurrentTaxonomy(mysql::Tx& tx, const std::string& version) {
  return tx.Execute("UPDATE taxonomy SET is_current = (taxonomy_version = ?)", {version}).status();
}

}  // namespace bangfu::registry
