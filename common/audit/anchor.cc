// Anchors. An anchor is open while heads are copied into it and accesses are given to it, in small
// transactions; sealing hashes what it holds. Each transaction writes the anchor's row, so that two
// runs cannot mix: what is sealed gets no item any more.
#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "common/audit/access.h"
#include "common/audit/audit.h"
#include "common/audit/canonical.h"
#include "common/audit/cut.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::audit {
namespace {

constexpr int kHeadsPerTransaction = 500;
constexpr int kAccessesPerTransaction = 2000;
constexpr size_t kMaxProblems = 1000;
constexpr absl::Duration kClockSkew = absl::Minutes(5);  // of two replicas

// The item of an anchor that stands for the accesses since the one before: no chain, but their
// number and a hash over them.
constexpr char kAccesses[] = "access_log";

struct Sum {
  std::string hash;
  int64_t items = 0;
};

absl::StatusOr<Sum> HashItems(mysql::Executor& db, int64_t anchor_no, int64_t algorithm,
                              const std::string& prev_hash, absl::Time taken_at) {
  Sha256Stream hash;
  Canonical fields;
  fields.Text("bangfu.audit.anchor.v1");
  fields.Number(algorithm);
  fields.Number(anchor_no);
  fields.Text(prev_hash);
  fields.Number(absl::ToUnixMicros(taken_at));
  fields.MoveTo(&hash);
  Sum sum;
  RETURN_IF_ERROR(
      db.Stream("SELECT aggregate_type, aggregate_id, chain_no, hash FROM audit_anchor_item "
                "WHERE anchor_no = ? ORDER BY aggregate_type, aggregate_id",
                {anchor_no}, [&](const mysql::Row& row) {
                  fields.Text(row.String(0));
                  fields.Text(row.String(1));
                  fields.Number(row.Int(2));
                  fields.Text(row.String(3));
                  fields.MoveTo(&hash);
                  ++sum.items;
                  return absl::OkStatus();
                }));
  sum.hash = hash.Finish();
  return sum;
}

// The open anchor, made when there is none.
absl::StatusOr<int64_t> OpenAnchor(mysql::Session& db, absl::Time now) {
  return mysql::Transact(db, [&](mysql::Tx& tx) -> absl::StatusOr<int64_t> {
    ASSIGN_OR_RETURN(mysql::Rows rows, tx.Query("SELECT anchor_no, sealed, hash FROM audit_anchor "
                                                "ORDER BY anchor_no DESC LIMIT 1"));
    if (!rows.empty() && !rows[0].Bool(1)) return rows[0].Int(0);
    const int64_t next = rows.empty() ? 1 : rows[0].Int(0) + 1;
    const std::string zeros(32, '\0');
    absl::Status inserted =
        tx.Execute(
              "INSERT INTO audit_anchor (anchor_no, sealed, batches, items, hash_algorithm, "
              "prev_hash, hash, taken_at) VALUES (?, 0, 0, 0, ?, ?, ?, ?)",
              {next, kSha256, rows.empty() ? zeros : rows[0].String(2), zeros, now})
            .status();
    if (mysql::IsDuplicateKey(inserted)) return mysql::Conflict();
    RETURN_IF_ERROR(inserted);
    return next;
  });
}

// True when the anchor is still open; holds its row until the transaction's end.
absl::StatusOr<bool> Claim(mysql::Tx& tx, int64_t anchor_no) {
  ASSIGN_OR_RETURN(int64_t n, tx.Execute("UPDATE audit_anchor SET batches = batches + 1 "
                                         "WHERE anchor_no = ? AND sealed = 0",
                                         {anchor_no}));
  return n == 1;
}

struct Cursor {
  std::string type;
  Ulid id;
  bool done = false;
};

absl::StatusOr<Cursor> CopyHeads(mysql::Tx& tx, int64_t anchor_no, const Cursor& from) {
  Cursor next = from;
  next.done = true;
  ASSIGN_OR_RETURN(bool open, Claim(tx, anchor_no));
  if (!open) return next;
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      tx.Query("SELECT aggregate_type, aggregate_id, chain_no, hash FROM audit_head "
               "WHERE (aggregate_type > ? OR (aggregate_type = ? AND aggregate_id > ?)) "
               "AND chain_no > anchored_chain_no "
               "ORDER BY aggregate_type, aggregate_id LIMIT ? FOR UPDATE",
               {from.type, from.type, from.id, kHeadsPerTransaction}));
  if (rows.empty()) return next;
  std::vector<mysql::Params> items;
  std::map<std::string, mysql::Params> moved;  // ids by type
  for (const mysql::Row& row : rows) {
    items.push_back({anchor_no, row.String(0), row.String(1), row.Int(2), row.String(3)});
    moved[row.String(0)].emplace_back(row.String(1));
  }
  // A run that died may have copied an older head of the same chain.
  RETURN_IF_ERROR(
      mysql::BulkInsert(tx, "audit_anchor_item",
                        "anchor_no, aggregate_type, aggregate_id, chain_no, hash", items,
                        "ON DUPLICATE KEY UPDATE chain_no = VALUES(chain_no), hash = VALUES(hash)")
          .status());
  for (auto& [type, ids] : moved) {
    mysql::Params params = {type};
    params.insert(params.end(), ids.begin(), ids.end());
    RETURN_IF_ERROR(tx.Execute(Cat("UPDATE audit_head SET anchored_chain_no = chain_no "
                                   "WHERE aggregate_type = ? AND aggregate_id IN (",
                                   mysql::Placeholders(ids.size()), ")"),
                               params)
                        .status());
  }
  next.type = rows.back().String(0);
  next.id = rows.back().Id(1);
  next.done = rows.size() < static_cast<size_t>(kHeadsPerTransaction);
  return next;
}

// True when some may be left.
absl::StatusOr<bool> TakeAccesses(mysql::Tx& tx, int64_t anchor_no) {
  ASSIGN_OR_RETURN(bool open, Claim(tx, anchor_no));
  if (!open) return false;
  ASSIGN_OR_RETURN(const int64_t taken, AnchorAccesses(tx, anchor_no, kAccessesPerTransaction));
  return taken == kAccessesPerTransaction;
}

absl::Status SumAccesses(mysql::Tx& tx, int64_t anchor_no) {
  ASSIGN_OR_RETURN(const AccessSum sum, HashAccesses(tx, anchor_no));
  if (sum.count == 0) return absl::OkStatus();
  return tx
      .Execute(
          "INSERT INTO audit_anchor_item (anchor_no, aggregate_type, aggregate_id, chain_no, hash) "
          "VALUES (?, ?, ?, ?, ?)",
          {anchor_no, kAccesses, Ulid(), sum.count, sum.hash})
      .status();
}

// Each anchored set of accesses against its item: one that was changed, taken out or put in shows.
// Those up to the anchor `cut` are no longer kept.
absl::Status VerifyAccesses(mysql::Session& db, int64_t cut,
                            const std::function<void(int64_t, std::string)>& add) {
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query("SELECT anchor_no, MAX(chain_no), MAX(hash) FROM (SELECT anchor_no, chain_no, hash "
               "FROM audit_anchor_item WHERE aggregate_type = ? UNION ALL SELECT DISTINCT "
               "anchor_no, 0, '' FROM access_log WHERE anchor_no > 0) a GROUP BY anchor_no ORDER "
               "BY anchor_no",
               {kAccesses}));
  for (const mysql::Row& row : rows) {
    if (row.Int(0) <= cut) continue;
    ASSIGN_OR_RETURN(const AccessSum sum, HashAccesses(db, row.Int(0)));
    if (sum.count != row.Int(1)) {
      add(row.Int(0), Cat("已锚定的查看记录应有", row.Int(1), "条，现有", sum.count, "条"));
    } else if (sum.hash != row.String(2)) {
      add(row.Int(0), "已锚定的查看记录已被改动");
    }
  }
  return absl::OkStatus();
}

// Whether the entry that item i names was cut after its years: the cut is there or later in the
// chain, and cut nothing that is as young as the item's anchor. Of the very entry it has the hash.
constexpr char kItemCut[] =
    "EXISTS (SELECT 1 FROM audit_cut c JOIN audit_anchor a ON a.anchor_no = i.anchor_no AND "
    "a.taken_at < c.kept_from WHERE c.aggregate_type = i.aggregate_type AND c.aggregate_id = "
    "i.aggregate_id AND c.chain_no >= i.chain_no AND (c.chain_no > i.chain_no OR c.hash = i.hash))";

// Every record of a cut against the entry of its batch, and the chains' heads that go on to tell of
// them. A batch is no younger than the anchor of its entry: what is dated into the future would
// excuse anything.
absl::Status VerifyCuts(
    mysql::Session& db, absl::Time now,
    const std::function<void(std::string, const Ulid&, int64_t, std::string)>& add) {
  ASSIGN_OR_RETURN(
      mysql::Rows batches,
      db.Query("SELECT chain_no FROM audit_log WHERE aggregate_type = ? AND aggregate_id = ? UNION "
               "SELECT batch_no FROM audit_cut ORDER BY 1",
               {kRetention, RetentionId()}));
  if (batches.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(
      mysql::Rows sealed,
      db.Query("SELECT i.chain_no, a.taken_at FROM audit_anchor_item i JOIN "
               "audit_anchor a ON a.anchor_no = i.anchor_no WHERE i.aggregate_type = ? "
               "AND i.aggregate_id = ? AND a.sealed = 1 ORDER BY i.chain_no",
               {kRetention, RetentionId()}));
  size_t next = 0;
  for (const mysql::Row& row : batches) {
    const int64_t batch_no = row.Int(0);
    ASSIGN_OR_RETURN(std::string problem, ProblemOfBatch(db, batch_no));
    if (problem.empty()) {
      while (next < sealed.size() && sealed[next].Int(0) < batch_no) ++next;
      const absl::Time until = next < sealed.size() ? std::min(now, sealed[next].Time(1)) : now;
      ASSIGN_OR_RETURN(const CutSum sum, HashCuts(db, batch_no));
      if (sum.cut_at > until + kClockSkew) problem = Cat("第 ", batch_no, " 批清理时间晚于其锚点");
    }
    if (!problem.empty()) add(kRetention, RetentionId(), batch_no, std::move(problem));
  }
  ASSIGN_OR_RETURN(
      mysql::Rows headless,
      db.Query(Cat("SELECT c.aggregate_type, c.aggregate_id, c.chain_no FROM audit_cut c LEFT JOIN "
                   "audit_head h ON h.aggregate_type = c.aggregate_type AND h.aggregate_id = "
                   "c.aggregate_id WHERE c.aggregate_type <> ? AND (h.chain_no IS NULL OR "
                   "h.chain_no < c.chain_no) LIMIT ",
                   kMaxProblems),
               {kAnchors}));
  for (const mysql::Row& row : headless) {
    add(row.String(0), row.Id(1), row.Int(2), "已清理的链缺少链头");
  }
  return absl::OkStatus();
}

absl::StatusOr<Anchor> ReadAnchor(mysql::Executor& db, int64_t anchor_no) {
  ASSIGN_OR_RETURN(
      mysql::Rows rows,
      db.Query("SELECT anchor_no, items, hash, taken_at FROM audit_anchor WHERE anchor_no = ?",
               {anchor_no}));
  if (rows.empty()) return NotFound("audit_anchor", Cat(anchor_no)).Build();
  return Anchor{rows[0].Int(0), rows[0].Int(1), rows[0].String(2), rows[0].Time(3)};
}

}  // namespace

absl::StatusOr<bool> AnchorHolds(mysql::Executor& db, int64_t anchor_no) {
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query("SELECT items, hash_algorithm, prev_hash, hash, taken_at FROM "
                            "audit_anchor WHERE anchor_no = ? AND sealed = 1",
                            {anchor_no}));
  if (rows.empty()) return false;
  ASSIGN_OR_RETURN(const Sum sum,
                   HashItems(db, anchor_no, rows[0].Int(1), rows[0].String(2), rows[0].Time(4)));
  if (sum.items != rows[0].Int(0) || sum.hash != rows[0].String(3)) return false;
  ASSIGN_OR_RETURN(mysql::Rows told,
                   db.Query("SELECT chain_no, hash FROM audit_anchor_item WHERE anchor_no = ? AND "
                            "aggregate_type = ?",
                            {anchor_no, kAccesses}));
  ASSIGN_OR_RETURN(const AccessSum accesses, HashAccesses(db, anchor_no));
  if (told.empty()) return accesses.count == 0;
  return accesses.count == told[0].Int(0) && accesses.hash == told[0].String(1);
}

absl::StatusOr<Anchor> WriteAnchor(mysql::Session& db, absl::Time now) {
  now = absl::FromUnixMicros(absl::ToUnixMicros(now));
  ASSIGN_OR_RETURN(int64_t anchor_no, OpenAnchor(db, now));
  Cursor cursor;
  while (!cursor.done) {
    ASSIGN_OR_RETURN(cursor, mysql::Transact(db, [&](mysql::Tx& tx) {
                       return CopyHeads(tx, anchor_no, cursor);
                     }));
  }
  for (bool more = true; more;) {
    ASSIGN_OR_RETURN(
        more, mysql::Transact(db, [&](mysql::Tx& tx) { return TakeAccesses(tx, anchor_no); }));
  }
  RETURN_IF_ERROR(mysql::Transact(db, [&](mysql::Tx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(bool open, Claim(tx, anchor_no));
    if (!open) return absl::OkStatus();  // another run has sealed it
    RETURN_IF_ERROR(SumAccesses(tx, anchor_no));
    ASSIGN_OR_RETURN(
        mysql::Rows rows,
        tx.Query("SELECT prev_hash FROM audit_anchor WHERE anchor_no = ?", {anchor_no}));
    ASSIGN_OR_RETURN(Sum sum, HashItems(tx, anchor_no, kSha256, rows[0].String(0), now));
    return tx
        .Execute(
            "UPDATE audit_anchor SET sealed = 1, items = ?, hash = ?, taken_at = ? WHERE anchor_no "
            "= ?",
            {sum.items, sum.hash, now, anchor_no})
        .status();
  }));
  return ReadAnchor(db, anchor_no);
}

absl::StatusOr<Report> VerifyAnchors(mysql::Session& db, const std::vector<Anchor>& kept,
                                     absl::Time now) {
  Report report;
  auto add = [&](std::string type, const Ulid& id, int64_t no, std::string text) {
    if (report.problems.size() < kMaxProblems) {
      report.problems.push_back({std::move(type), id, no, std::move(text)});
    }
  };
  RETURN_IF_ERROR(VerifyCuts(db, now, add));
  Batches batches;
  ASSIGN_OR_RETURN(const int64_t cut, AnchorsCut(db, batches));
  ASSIGN_OR_RETURN(mysql::Rows anchors,
                   db.Query("SELECT anchor_no, items, hash_algorithm, prev_hash, hash, taken_at "
                            "FROM audit_anchor WHERE sealed = 1 ORDER BY anchor_no"));
  int64_t expected = 1;
  std::string prev(32, '\0');
  std::map<int64_t, Anchor> outside;
  for (const Anchor& anchor : kept) outside[anchor.anchor_no] = anchor;
  // Up to which anchor the items went, of what age.
  ASSIGN_OR_RETURN(mysql::Rows cuts,
                   db.Query("SELECT chain_no, kept_from FROM audit_cut WHERE aggregate_type = ? "
                            "AND aggregate_id = ? ORDER BY chain_no",
                            {kAnchors, Ulid()}));
  size_t next_cut = 0;
  for (const mysql::Row& row : anchors) {
    const int64_t no = row.Int(0);
    ++report.chains;
    if (no != expected) add("audit_anchor", Ulid(), expected, "缺少锚点");
    if (no == expected && row.String(3) != prev)
      add("audit_anchor", Ulid(), no, "与前一锚点不衔接");
    if (no > cut) {
      ASSIGN_OR_RETURN(Sum sum, HashItems(db, no, row.Int(2), row.String(3), row.Time(5)));
      report.entries += sum.items;
      if (sum.hash != row.String(4) || sum.items != row.Int(1)) {
        add("audit_anchor", Ulid(), no, "锚点内容与哈希不符，已被改动");
      }
    }
    // The hash covers the time, but it is not recomputed any more once the items went: an anchor
    // that was made older afterwards shows by what the outside knows of it.
    absl::Time taken_at = row.Time(5);
    if (auto known = outside.find(no); known != outside.end()) {
      const bool timed = known->second.taken_at > absl::UnixEpoch();
      if (row.String(4) != known->second.hash || (timed && known->second.taken_at != taken_at)) {
        add("audit_anchor", Ulid(), no, "锚点与外部留存不符");
      }
      if (timed) taken_at = known->second.taken_at;
      outside.erase(known);
    }
    while (next_cut < cuts.size() && cuts[next_cut].Int(0) < no) ++next_cut;
    if (next_cut < cuts.size() && taken_at >= cuts[next_cut].Time(1)) {
      add("audit_anchor", Ulid(), no, "锚点保留期未满，其内容已被清理");
    }
    expected = no + 1;
    prev = row.String(4);
  }
  for (const auto& [no, anchor] : outside) add("audit_anchor", Ulid(), no, "外部留存的锚点不存在");

  ASSIGN_OR_RETURN(
      mysql::Rows gone,
      db.Query(Cat("SELECT i.aggregate_type, i.aggregate_id, i.chain_no, l.hash IS NULL "
                   "FROM audit_anchor_item i LEFT JOIN audit_log l "
                   "ON l.aggregate_type = i.aggregate_type AND l.aggregate_id = i.aggregate_id "
                   "AND l.chain_no = i.chain_no WHERE i.aggregate_type <> '",
                   kAccesses, "' AND (l.hash IS NULL AND NOT ", kItemCut,
                   " OR l.hash <> i.hash) LIMIT ", kMaxProblems)));
  for (const mysql::Row& row : gone) {
    add(row.String(0), row.Id(1), row.Int(2),
        row.Bool(3) ? "已锚定的记录缺失" : "已锚定的记录被替换");
  }
  ASSIGN_OR_RETURN(
      mysql::Rows heads,
      db.Query(Cat("SELECT i.aggregate_type, i.aggregate_id, i.chain_no "
                   "FROM audit_anchor_item i LEFT JOIN audit_head h "
                   "ON h.aggregate_type = i.aggregate_type AND h.aggregate_id = i.aggregate_id "
                   "WHERE i.aggregate_type <> '",
                   kAccesses, "' AND (h.chain_no IS NULL OR h.chain_no < i.chain_no) LIMIT ",
                   kMaxProblems)));
  for (const mysql::Row& row : heads)
    add(row.String(0), row.Id(1), row.Int(2), "已锚定的链头缺失或倒退");
  // A head that claims to be anchored would never be anchored again.
  ASSIGN_OR_RETURN(
      mysql::Rows claims,
      db.Query(Cat("SELECT h.aggregate_type, h.aggregate_id, h.anchored_chain_no FROM audit_head h "
                   "LEFT JOIN audit_anchor_item i ON i.aggregate_type = h.aggregate_type "
                   "AND i.aggregate_id = h.aggregate_id AND i.chain_no = h.anchored_chain_no "
                   "WHERE h.anchored_chain_no <> 0 AND i.chain_no IS NULL AND NOT EXISTS (SELECT 1 "
                   "FROM audit_cut c WHERE c.aggregate_type = h.aggregate_type AND "
                   "c.aggregate_id = h.aggregate_id AND c.chain_no >= h.anchored_chain_no) LIMIT ",
                   kMaxProblems)));
  for (const mysql::Row& row : claims)
    add(row.String(0), row.Id(1), row.Int(2), "链头自称已锚定，锚点中没有");
  RETURN_IF_ERROR(VerifyAccesses(db, cut, [&](int64_t anchor_no, std::string text) {
    add(kAccesses, Ulid(), anchor_no, std::move(text));
  }));
  return report;
}

absl::StatusOr<std::vector<Anchor>> ListAnchors(mysql::Executor& db, int64_t before_no, int limit) {
  mysql::Params params;
  std::string where = "sealed = 1";
  if (before_no > 0) {
    where += " AND anchor_no < ?";
    params.emplace_back(before_no);
  }
  params.emplace_back(limit);
  ASSIGN_OR_RETURN(mysql::Rows rows,
                   db.Query(Cat("SELECT anchor_no, items, hash, taken_at FROM audit_anchor WHERE ",
                                where, " ORDER BY anchor_no DESC LIMIT ?"),
                            params));
  std::vector<Anchor> out;
  for (const mysql::Row& row : rows)
    out.push_back({row.Int(0), row.Int(1), row.String(2), row.Time(3)});
  return out;
}

}  // namespace bangfu::audit
