#include "services/registry/store/code_list_store.h"

#include <cstddef>
#include <set>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/strings.h"
#include "common/status/macros.h"

namespace bangfu::registry {
namespace {

// The code first: LookupCodes chooses by it.
constexpr char kCodeColumns[] =
    "code, list, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, "
    "unconfirmed";

CodeRow CodeFrom(const mysql::Row& r) {
  CodeRow row;
  row.code = r.String(0);
  row.list = r.String(1);
  row.name_zh = r.String(2);
  row.description_zh = r.String(3);
  for (const std::string& pair :
       std::vector<std::string>(absl::StrSplit(r.String(4), ';', absl::SkipEmpty()))) {
    const size_t equals = pair.find('=');
    row.attributes.emplace_back(pair.substr(0, equals),
                                equals == std::string::npos ? "" : pair.substr(equals + 1));
  }
  row.sort = static_cast<int>(r.Int(5));
  row.valid_from = r.OptDay(6);
  row.valid_to = r.OptDay(7);
  row.version = r.Int(8);
  row.unconfirmed = r.Bool(9);
  return row;
}

absl::StatusOr<std::vector<CodeRow>> QueryCodes(mysql::Executor& db, std::string_view rest,
                                                const mysql::Params& params) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query(Cat("SELECT ", kCodeColumns, " FROM code ", rest), params));
  std::vector<CodeRow> out;
  for (const mysql::Row& r : rows) out.push_back(CodeFrom(r));
  return out;
}

}  // namespace

std::string CodeRow::Attribute(std::string_view name) const {
  for (const auto& [key, value] : attributes) {
    if (key == name) return value;
  }
  return "";
}

absl::StatusOr<std::map<CodeKey, CodeRow>> LookupCodes(mysql::Executor& db,
                                                       const std::vector<CodeKey>& keys) {
  std::map<CodeKey, CodeRow> out;
  std::set<CodeKey> wanted;
  std::set<std::string> lists, codes;
  for (const CodeKey& key : keys) {
    if (key.second.empty()) continue;
    wanted.insert(key);
    lists.insert(key.first);
    codes.insert(key.second);
  }
  if (lists.empty()) return out;
  // One text whatever the codes: whole lists, each a few dozen rows of the primary key.
  const mysql::Params params(lists.begin(), lists.end());
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.QuerySome(Cat("SELECT ", kCodeColumns, " FROM code WHERE list IN (",
                       mysql::Placeholders(params.size()), ")"),
                   params, [&](const std::string& code) { return codes.count(code) > 0; }));
  for (const mysql::Row& row : rows) {
    CodeKey key{row.String(1), row.String(0)};
    if (wanted.count(key) > 0) out.emplace(std::move(key), CodeFrom(row));
  }
  return out;
}

absl::StatusOr<std::vector<CodeRow>> ListCodes(mysql::Executor& db, const std::string& list) {
  return QueryCodes(db, "WHERE list = ? ORDER BY sort, code", {list});
}
absl::StatusOr<std::vector<CodeRow>> LoadCodes(mysql::Executor& db) {
  return QueryCodes(db, "ORDER BY list, code", {});
}

absl::StatusOr<std::vector<CodeListRow>> ListCodeLists(mysql::Executor& db) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query("SELECT l.list, l.name_zh, l.version, (SELECT COUNT(*) FROM code c WHERE "
               "c.list = l.list) FROM code_list l ORDER BY l.list"));
  std::vector<CodeListRow> out;
  for (const mysql::Row& r : rows) out.push_back({r.String(0), r.String(1), r.Int(2), r.Int(3)});
  return out;
}

absl::Status UpsertCodes(mysql::Tx& tx, std::vector<CodeRow>* rows,
                         std::map<CodeKey, CodeRow>* before) {
  std::set<std::string> lists;
  for (const CodeRow& row : *rows) lists.insert(row.list);
  std::map<std::string, int64_t> versions;
  for (const std::string& list : lists) {
    RETURN_IF_ERROR(
        tx.Execute("INSERT INTO code_list (list, name_zh, version) VALUES (?, ?, 1) ON DUPLICATE "
                   "KEY UPDATE version = version + 1",
                   {list, list})
            .status());
    ASSIGN_OR_RETURN(const mysql::Rows found,
                     tx.Query("SELECT version FROM code_list WHERE list = ?", {list}));
    versions[list] = found[0].Int(0);
  }
  if (before != nullptr) {
    // Under the lists' rows, which whoever changes them holds.
    std::vector<CodeKey> keys;
    for (const CodeRow& row : *rows) keys.emplace_back(row.list, row.code);
    ASSIGN_OR_RETURN(*before, LookupCodes(tx, keys));
  }
  std::vector<mysql::Params> values;
  for (CodeRow& r : *rows) {
    r.version = versions[r.list];
    std::vector<std::string> pairs;
    for (const auto& [key, value] : r.attributes) pairs.push_back(Cat(key, "=", value));
    values.push_back({r.code, r.list, r.name_zh, r.description_zh, absl::StrJoin(pairs, ";"),
                      r.sort, r.valid_from, r.valid_to, r.version, r.unconfirmed});
  }
  return mysql::BulkInsert(
             tx, "code", kCodeColumns, values,
             "ON DUPLICATE KEY UPDATE name_zh = VALUES(name_zh), description_zh = "
             "VALUES(description_zh), attributes = VALUES(attributes), sort = VALUES(sort), "
             "valid_from = VALUES(valid_from), valid_to = VALUES(valid_to), version = "
             "VALUES(version), unconfirmed = VALUES(unconfirmed)")
      .status();
}

}  // namespace bangfu::registry
