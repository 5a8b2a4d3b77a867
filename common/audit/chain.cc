#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>

#include "common/audit/audit.h"
#include "common/audit/canonical.h"
#include "common/audit/rows.h"
#include "common/audit/search.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::audit {
namespace {

constexpr size_t kMaxJson = 4 << 20;  // a value stays under 6 MB (architecture: data)

absl::Time ToMicros(absl::Time t) { return absl::FromUnixMicros(absl::ToUnixMicros(t)); }

// The entry as its columns can hold it: what is hashed is what is read back.
absl::StatusOr<Entry> Fit(Entry e) {
  if (e.aggregate_type.empty() || e.aggregate_type.size() > 64 || e.aggregate_id.is_zero()) {
    return Error(absl::StatusCode::kInternal, "AUDIT_ENTRY_INVALID")
        .Message("audit entry without a record")
        .Zh("系统内部错误");
  }
  if (e.before_json.size() > kMaxJson || e.after_json.size() > kMaxJson) {
    return Error(absl::StatusCode::kInternal, "AUDIT_ENTRY_INVALID")
        .Message("record too large for the audit")
        .Zh("系统内部错误");
  }
  e.occurred_at = ToMicros(e.occurred_at);
  const std::pair<std::string*, size_t> bounded[] = {{&e.region_path, 12},
                                                     {&e.action, 160},
                                                     {&e.actor.subject, 128},
                                                     {&e.actor.name, 128},
                                                     {&e.actor.role, 64},
                                                     {&e.actor.region_path, 12},
                                                     {&e.reason, 1000},
                                                     {&e.request_id, 64},
                                                     {&e.source_system, 64},
                                                     {&e.client_ip, 64},
                                                     {&e.actor.delegated_by, 128},
                                                     {&e.actor.grant_id, 26},
                                                     {&e.actor.org_code, 64},
                                                     {&e.actor.org_name, 200}};
  for (const auto& [text, max] : bounded) {
    if (text->size() > max) *text = Utf8Truncate(*text, max);
  }
  return e;
}

mysql::Params LogParams(const Record& r) {
  const Entry& e = r.entry;
  return {
      e.aggregate_type, e.aggregate_id,   r.chain_no,      r.hash_algorithm, r.prev_hash,
      r.hash,           e.actor.subject,  e.actor.name,    e.actor.role,     e.actor.region_path,
      e.action,         e.before_json,    e.after_json,    e.reason,         e.request_id,
      e.source_system,  e.client_ip,      e.occurred_at,   e.region_path,    e.actor.delegated_by,
      e.actor.grant_id, e.actor.org_code, e.actor.org_name};
}

// Another transaction wrote the same place in the chain first.
absl::Status LostRace(absl::Status status) {
  return mysql::IsDuplicateKey(status) ? mysql::Conflict() : status;
}

struct Head {
  int64_t chain_no = 0;
  std::string hash = std::string(32, '\0');
  bool exists = false;
};

Record Link(const Entry& entry, const Head& head) {
  Record record;
  record.entry = entry;
  record.chain_no = head.chain_no + 1;
  record.hash_algorithm = kSha256;
  record.prev_hash = head.hash;
  record.hash = HashOf(record);
  return record;
}

}  // namespace

Record ReadRecord(const mysql::Row& row) {
  Record r;
  Entry& e = r.entry;
  e.aggregate_type = row.String(0);
  e.aggregate_id = row.Id(1);
  r.chain_no = row.Int(2);
  r.hash_algorithm = static_cast<int>(row.Int(3));
  r.prev_hash = row.String(4);
  r.hash = row.String(5);
  e.actor.subject = row.String(6);
  e.actor.name = row.String(7);
  e.actor.role = row.String(8);
  e.actor.region_path = row.String(9);
  e.action = row.String(10);
  e.before_json = row.String(11);
  e.after_json = row.String(12);
  e.reason = row.String(13);
  e.request_id = row.String(14);
  e.source_system = row.String(15);
  e.client_ip = row.String(16);
  e.occurred_at = row.Time(17);
  e.region_path = row.String(18);
  e.actor.delegated_by = row.String(19);
  e.actor.grant_id = row.String(20);
  e.actor.org_code = row.String(21);
  e.actor.org_name = row.String(22);
  return r;
}

std::string HashOf(const Record& r) {
  const Entry& e = r.entry;
  Canonical c;
  c.Text("bangfu.audit.v1");
  c.Number(r.hash_algorithm);
  c.Text(e.aggregate_type);
  c.Text(e.aggregate_id.bytes());
  c.Number(r.chain_no);
  c.Text(r.prev_hash);
  for (const std::string* text :
       {&e.region_path, &e.action, &e.actor.subject, &e.actor.name, &e.actor.role,
        &e.actor.region_path, &e.before_json, &e.after_json, &e.reason, &e.request_id,
        &e.source_system, &e.client_ip}) {
    c.Text(*text);
  }
  c.Number(absl::ToUnixMicros(e.occurred_at));
  // Entries from before there were grants have neither, and keep the hash that they had. The number
  // before is of fixed length, so no entry with them has the bytes of one without.
  const bool organisation = !e.actor.org_code.empty() || !e.actor.org_name.empty();
  if (organisation || !e.actor.delegated_by.empty() || !e.actor.grant_id.empty()) {
    c.Text(e.actor.delegated_by);
    c.Text(e.actor.grant_id);
  }
  // So it is with the organisation, which came later: two texts more than any entry without has.
  if (organisation) {
    c.Text(e.actor.org_code);
    c.Text(e.actor.org_name);
  }
  return Sha256(c.bytes());
}

absl::Status Append(mysql::Tx& tx, const Entry& unfit) {
  ASSIGN_OR_RETURN(Entry entry, Fit(unfit));
  Head head;
  if (!entry.before_json.empty()) {  // a creation has no chain yet
    ASSIGN_OR_RETURN(mysql::Rows rows,
                     tx.Query("SELECT chain_no, hash FROM audit_head "
                              "WHERE aggregate_type = ? AND aggregate_id = ? FOR UPDATE",
                              {entry.aggregate_type, entry.aggregate_id}));
    if (!rows.empty()) head = {rows[0].Int(0), rows[0].String(1), true};
  }
  Record record = Link(entry, head);
  if (!head.exists) {
    absl::Status inserted =
        tx.Execute(
              "INSERT INTO audit_head (aggregate_type, aggregate_id, chain_no, hash, region_path, "
              "anchored_chain_no) VALUES (?, ?, 1, ?, ?, 0)",
              {entry.aggregate_type, entry.aggregate_id, record.hash, entry.region_path})
            .status();
    if (mysql::IsDuplicateKey(inserted)) {
      if (!entry.before_json.empty()) return mysql::Conflict();
      // Not the first entry after all (a record whose state before is not given): go on from the
      // head.
      ASSIGN_OR_RETURN(mysql::Rows rows,
                       tx.Query("SELECT chain_no, hash FROM audit_head "
                                "WHERE aggregate_type = ? AND aggregate_id = ? FOR UPDATE",
                                {entry.aggregate_type, entry.aggregate_id}));
      if (rows.empty()) return mysql::Conflict();
      head = {rows[0].Int(0), rows[0].String(1), true};
      record = Link(entry, head);
    } else if (!inserted.ok()) {
      return inserted;
    }
  }
  if (head.exists) {
    ASSIGN_OR_RETURN(
        int64_t moved,
        tx.Execute("UPDATE audit_head SET chain_no = ?, hash = ?, region_path = ? "
                   "WHERE aggregate_type = ? AND aggregate_id = ? AND chain_no = ? AND hash = ?",
                   {record.chain_no, record.hash, entry.region_path, entry.aggregate_type,
                    entry.aggregate_id, head.chain_no, head.hash}));
    if (moved != 1) return mysql::Conflict();
  }
  return LostRace(tx.Execute(Cat("INSERT INTO audit_log (", kLogColumns, ") VALUES (",
                                 mysql::Placeholders(kLogColumnCount), ")"),
                             LogParams(record))
                      .status());
}

absl::Status AppendBatch(mysql::Tx& tx, const std::vector<Entry>& entries) {
  if (entries.empty()) return absl::OkStatus();
  using ChainKey = std::pair<std::string, Ulid>;
  std::map<ChainKey, Head> heads;  // sorted: two batches lock the same chains in the same order
  std::vector<Entry> fitted;
  fitted.reserve(entries.size());
  for (const Entry& unfit : entries) {
    ASSIGN_OR_RETURN(Entry entry, Fit(unfit));
    heads.try_emplace({entry.aggregate_type, entry.aggregate_id});
    fitted.push_back(std::move(entry));
  }
  // One query per type: not every server uses an index for pairs in an IN list.
  for (auto it = heads.begin(); it != heads.end();) {
    const std::string type = it->first.first;
    mysql::Params params = {type};
    for (; it != heads.end() && it->first.first == type; ++it)
      params.emplace_back(it->first.second);
    ASSIGN_OR_RETURN(
        mysql::Rows rows,
        tx.Query(Cat("SELECT aggregate_id, chain_no, hash FROM audit_head "
                     "WHERE aggregate_type = ? AND aggregate_id IN (",
                     mysql::Placeholders(params.size() - 1), ") ORDER BY aggregate_id FOR UPDATE"),
                 params));
    for (const mysql::Row& row : rows) {
      heads[{type, row.Id(0)}] = {row.Int(1), row.String(2), true};
    }
  }
  std::map<ChainKey, const Entry*> last;
  std::vector<mysql::Params> log;
  log.reserve(fitted.size());
  for (const Entry& entry : fitted) {
    const ChainKey key(entry.aggregate_type, entry.aggregate_id);
    Head& head = heads[key];
    Record record = Link(entry, head);
    head.chain_no = record.chain_no;
    head.hash = record.hash;
    last[key] = &entry;
    log.push_back(LogParams(record));
  }
  std::vector<mysql::Params> created, moved;
  for (const auto& [key, head] : heads) {
    (head.exists ? moved : created)
        .push_back({key.first, key.second, head.chain_no, head.hash, last[key]->region_path, 0});
  }
  constexpr char kHeadColumns[] =
      "aggregate_type, aggregate_id, chain_no, hash, region_path, anchored_chain_no";
  if (!created.empty()) {
    RETURN_IF_ERROR(LostRace(mysql::BulkInsert(tx, "audit_head", kHeadColumns, created).status()));
  }
  if (!moved.empty()) {  // they are locked since they were read
    RETURN_IF_ERROR(mysql::BulkInsert(tx, "audit_head", kHeadColumns, moved,
                                      "ON DUPLICATE KEY UPDATE chain_no = VALUES(chain_no), "
                                      "hash = VALUES(hash), region_path = VALUES(region_path)")
                        .status());
  }
  return LostRace(mysql::BulkInsert(tx, "audit_log", kLogColumns, log).status());
}

absl::StatusOr<std::optional<std::string>> RegionOfRecord(mysql::Executor& db,
                                                          std::string_view aggregate_type,
                                                          const Ulid& aggregate_id) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(Cat("SELECT h.region_path, ", kHeadTime,
                   " FROM audit_head h WHERE h.aggregate_type = ? AND h.aggregate_id = ?"),
               {aggregate_type, aggregate_id}));
  if (rows.empty() || rows[0].IsNull(1)) return std::nullopt;
  // The entry keeps the code of its day.
  ASSIGN_OR_RETURN(const std::vector<recode::Move> moves, recode::ListMoves(db));
  std::string path = rows[0].String(0);
  const absl::Time written = rows[0].Time(1);
  for (const recode::Move& move : moves) {
    if (move.WrittenUntil() >= written && move.Moves(path)) path = move.NewPath(path);
  }
  return path;
}

absl::StatusOr<std::vector<Record>> History(mysql::Executor& db, std::string_view aggregate_type,
                                            const Ulid& aggregate_id,
                                            const std::vector<std::string>& regions,
                                            int64_t before_chain_no, int limit) {
  ASSIGN_OR_RETURN(const std::vector<recode::Move> moves, recode::ListMoves(db));
  mysql::Params params = {aggregate_type, aggregate_id};
  std::string sql =
      Cat("SELECT ", kLogColumnsOfL,
          " FROM audit_head h JOIN audit_log l ON l.aggregate_type = h.aggregate_type AND "
          "l.aggregate_id = h.aggregate_id WHERE h.aggregate_type = ? AND h.aggregate_id = ? AND ");
  sql += WithinChain(regions, moves, &params);
  if (before_chain_no > 0) {
    sql += " AND l.chain_no < ?";
    params.emplace_back(before_chain_no);
  }
  sql += " ORDER BY l.chain_no DESC LIMIT ?";
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(mysql::Rows rows, db.Query(sql, params));
  std::vector<Record> out;
  out.reserve(rows.size());
  for (const mysql::Row& row : rows) out.push_back(ReadRecord(row));
  return out;
}

}  // namespace bangfu::audit
