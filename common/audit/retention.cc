#include "common/audit/retention.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "common/audit/access.h"
#include "common/audit/audit.h"
#include "common/audit/cut.h"
#include "common/audit/rows.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "nlohmann/json.hpp"

namespace bangfu::audit {
namespace {

constexpr int kEntriesPerPage = 1000;
constexpr size_t kChainsPerStatement = 100;
constexpr int kAnchorsPerBatch = 31;
constexpr int kDeletesPerTransaction = 1000;
constexpr int64_t kMostKeepYears = 1000;  // what the calendar bears

// A batch of cuts under way: its place in the chain of batches is held until the transaction ends,
// so that two jobs go one after the other.
struct Batch {
  int64_t no = 0;
  absl::Time kept_from;
  absl::Time cut_at;
};

absl::StatusOr<int64_t> NextBatch(mysql::Tx& tx) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   tx.Query("SELECT chain_no FROM audit_head WHERE aggregate_type = ? AND "
                            "aggregate_id = ? FOR UPDATE",
                            {kRetention, RetentionId()}));
  return rows.empty() ? 1 : rows[0].Int(0) + 1;
}

// Leaves the batch's entry: how much was cut, and the hash over the places that are recorded.
absl::Status TellBatch(mysql::Tx& tx, const Batch& batch, const CutOptions& options,
                       nlohmann::ordered_json told) {
  ASSIGN_OR_RETURN(const CutSum sum, HashCuts(tx, batch.no));
  told["keptFrom"] = absl::FormatTime(absl::RFC3339_full, batch.kept_from, absl::UTCTimeZone());
  told["keepYears"] = options.keep_years;
  told["places"] = sum.count;
  told["sha256"] = HexEncode(sum.hash);
  RETURN_IF_ERROR(Append(tx, {.aggregate_type = kRetention,
                              .aggregate_id = RetentionId(),
                              .region_path = options.region_path,
                              .action = "cut_audit",
                              .actor = {.subject = "system"},
                              .after_json = told.dump(),
                              .occurred_at = batch.cut_at}));
  // The first batches of two jobs find no row to wait for.
  ASSIGN_OR_RETURN(const int64_t next, NextBatch(tx));
  return next == batch.no + 1 ? absl::OkStatus() : mysql::Conflict();
}

absl::Status InsertCuts(mysql::Tx& tx, const std::vector<mysql::Params>& cuts) {
  return mysql::BulkInsert(tx, "audit_cut", kCutColumns, cuts).status();
}

struct Chain {
  int64_t begin = 0;  // the last that was cut before
  std::string hash_before = std::string(32, '\0');
  int64_t covered = 0;  // the last that an old anchor covers
  bool closed = false;  // nothing more of it may be cut
  bool damaged = false;
  // The last that may be cut.
  int64_t no = 0;
  std::string hash;
  absl::Time occurred_at;
};
using Chains = std::map<Ulid, Chain>;

struct Step {
  int64_t rows = 0;
  std::set<Ulid> damaged;
  bool full = false;  // more may be cut
};

class ChainCutter {
 public:
  ChainCutter(std::string type, std::vector<Ulid> ids, const CutOptions& options)
      : type_(std::move(type)), ids_(std::move(ids)), options_(options) {}

  absl::StatusOr<Step> Run(mysql::Tx& tx, absl::Time kept_from, absl::Time now) {
    Batch batch{.kept_from = kept_from, .cut_at = now};
    ASSIGN_OR_RETURN(batch.no, NextBatch(tx));
    ASSIGN_OR_RETURN(Chains chains, Read(tx));
    RETURN_IF_ERROR(Cover(tx, kept_from, &chains));
    Step step;
    RETURN_IF_ERROR(Walk(tx, kept_from, &chains, &step));
    std::vector<mysql::Params> cuts;
    int64_t deleted = 0;
    for (const auto& [id, chain] : chains) {
      if (chain.damaged) step.damaged.insert(id);
      if (chain.damaged || chain.no <= chain.begin) continue;
      cuts.push_back({type_, id, chain.no, chain.hash, chain.occurred_at, batch.no, batch.kept_from,
                      batch.cut_at});
      ASSIGN_OR_RETURN(const int64_t n,
                       tx.Execute("DELETE FROM audit_log WHERE aggregate_type = ? AND "
                                  "aggregate_id = ? AND chain_no <= ?",
                                  {type_, id, chain.no}));
      deleted += n;
      step.rows += chain.no - chain.begin;
    }
    if (cuts.empty()) return step;
    if (deleted != step.rows) return mysql::Conflict();
    RETURN_IF_ERROR(InsertCuts(tx, cuts));
    RETURN_IF_ERROR(
        TellBatch(tx, batch, options_, {{"chains", cuts.size()}, {"entries", deleted}}));
    return step;
  }

 private:
  mysql::Params Ids() const {
    mysql::Params params = {type_};
    params.insert(params.end(), ids_.begin(), ids_.end());
    return params;
  }
  std::string AmongIds(std::string_view of) const {
    return Cat(of, "aggregate_type = ? AND ", of, "aggregate_id IN (",
               mysql::Placeholders(ids_.size()), ")");
  }

  // Where the chains begin. One whose former cut does not hold, or that is not what an anchor knew,
  // is left as it is: what is wrong with it would be gone with its entries.
  absl::StatusOr<Chains> Read(mysql::Tx& tx) {
    Chains chains;
    for (const Ulid& id : ids_) chains[id];
    ASSIGN_OR_RETURN(const mysql::Rows cuts,
                     tx.Query(Cat("SELECT aggregate_id, chain_no, hash, batch_no FROM audit_cut "
                                  "WHERE ",
                                  AmongIds(""), " ORDER BY aggregate_id, chain_no"),
                              Ids()));
    for (const mysql::Row& row : cuts) {
      Chain& chain = chains[row.Id(0)];
      chain.begin = row.Int(1);
      chain.hash_before = row.String(2);
      ASSIGN_OR_RETURN(const bool holds, batches_.Hold(tx, row.Int(3)));
      if (!holds) chain.closed = chain.damaged = true;
    }
    ASSIGN_OR_RETURN(
        const mysql::Rows replaced,
        tx.Query(Cat("SELECT DISTINCT i.aggregate_id FROM audit_anchor_item i JOIN audit_log l ON "
                     "l.aggregate_type = i.aggregate_type AND l.aggregate_id = i.aggregate_id AND "
                     "l.chain_no = i.chain_no WHERE ",
                     AmongIds("i."), " AND l.hash <> i.hash"),
                 Ids()));
    for (const mysql::Row& row : replaced) {
      Chain& chain = chains[row.Id(0)];
      chain.closed = chain.damaged = true;
    }
    return chains;
  }

  absl::Status Cover(mysql::Tx& tx, absl::Time kept_from, Chains* chains) {
    mysql::Params params = Ids();
    params.emplace_back(kept_from);
    ASSIGN_OR_RETURN(
        const mysql::Rows rows,
        tx.Query(
            Cat("SELECT i.aggregate_id, MAX(i.chain_no) FROM audit_anchor_item i JOIN "
                "audit_anchor a ON a.anchor_no = i.anchor_no WHERE ",
                AmongIds("i."), " AND a.sealed = 1 AND a.taken_at < ? GROUP BY i.aggregate_id"),
            params));
    for (const mysql::Row& row : rows) (*chains)[row.Id(0)].covered = row.Int(1);
    return absl::OkStatus();
  }

  // Each entry is verified before it goes.
  absl::Status Walk(mysql::Tx& tx, absl::Time kept_from, Chains* chains, Step* step) {
    mysql::Params params = Ids();
    params.emplace_back(options_.max_rows);
    int64_t bytes = 0;
    int read = 0;
    RETURN_IF_ERROR(
        tx.Stream(Cat("SELECT ", kLogColumns, " FROM audit_log FORCE INDEX (PRIMARY) WHERE ",
                      AmongIds(""), " ORDER BY aggregate_type, aggregate_id, chain_no LIMIT ?"),
                  params, [&](const mysql::Row& row) {
                    ++read;
                    const Record record = ReadRecord(row);
                    Chain& chain = (*chains)[record.entry.aggregate_id];
                    if (chain.closed || step->full) return absl::OkStatus();
                    if (chain.no == 0) {
                      chain.no = chain.begin;
                      chain.hash = chain.hash_before;
                    }
                    if (record.chain_no != chain.no + 1 || record.prev_hash != chain.hash ||
                        record.hash_algorithm != kSha256 || HashOf(record) != record.hash) {
                      chain.closed = chain.damaged = true;
                      return absl::OkStatus();
                    }
                    if (record.entry.occurred_at >= kept_from || record.chain_no > chain.covered) {
                      chain.closed = true;
                      return absl::OkStatus();
                    }
                    bytes += static_cast<int64_t>(record.entry.before_json.size() +
                                                  record.entry.after_json.size());
                    if (bytes > options_.max_bytes && taken_) {
                      step->full = true;
                      return absl::OkStatus();
                    }
                    taken_ = true;
                    chain.no = record.chain_no;
                    chain.hash = record.hash;
                    chain.occurred_at = record.entry.occurred_at;
                    return absl::OkStatus();
                  }));
    step->full |= read == options_.max_rows;
    return absl::OkStatus();
  }

  const std::string type_;
  const std::vector<Ulid> ids_;
  const CutOptions& options_;
  Batches batches_;
  bool taken_ = false;
};

class Cutter {
 public:
  Cutter(mysql::Session& db, absl::Time now, const CutOptions& options)
      : db_(db),
        now_(absl::FromUnixMicros(absl::ToUnixMicros(now))),
        kept_from_(KeptFrom(now_, options.keep_years)),
        options_(options) {}

  absl::StatusOr<CutReport> Run() {
    RETURN_IF_ERROR(CutAnchored());  // what a run left that was killed
    RETURN_IF_ERROR(CutChains());
    if (!report_.more) RETURN_IF_ERROR(CutAnchors());
    RETURN_IF_ERROR(CutAnchored());
    report_.damaged = static_cast<int64_t>(damaged_.size());
    return report_;
  }

 private:
  bool Stopped() {
    if (report_.batches >= options_.max_batches || (options_.stopped && options_.stopped())) {
      report_.more = true;
    }
    return report_.more;
  }

  // The oldest entries by time, in pages: what can not be cut stays behind the page.
  absl::Status CutChains() {
    mysql::Params after;
    while (!Stopped()) {
      mysql::Params params = {kept_from_};
      std::string sql =
          "SELECT occurred_at, aggregate_type, aggregate_id, chain_no FROM audit_log FORCE INDEX "
          "(audit_log_by_time) WHERE occurred_at < ?";
      if (!after.empty()) {
        sql +=
            " AND occurred_at >= ? AND (occurred_at > ? OR aggregate_type > ? OR (aggregate_type = "
            "? AND (aggregate_id > ? OR (aggregate_id = ? AND chain_no > ?))))";
        for (const size_t i : {0, 0, 1, 1, 2, 2, 3}) params.push_back(after[i]);
      }
      sql += " ORDER BY occurred_at, aggregate_type, aggregate_id, chain_no LIMIT ?";
      params.emplace_back(kEntriesPerPage);
      ASSIGN_OR_RETURN(const mysql::Rows rows, db_.Query(sql, params));
      std::map<std::string, std::set<Ulid>> chains;
      for (const mysql::Row& row : rows) {
        if (row.String(1) != kRetention) chains[row.String(1)].insert(row.Id(2));
      }
      for (const auto& [type, ids] : chains) {
        std::vector<Ulid> some;
        for (const Ulid& id : ids) {
          some.push_back(id);
          if (some.size() < kChainsPerStatement) continue;
          RETURN_IF_ERROR(CutSome(type, some));
          some.clear();
        }
        RETURN_IF_ERROR(CutSome(type, some));
      }
      if (rows.size() < static_cast<size_t>(kEntriesPerPage)) return absl::OkStatus();
      after = {rows.back().Time(0), rows.back().String(1), rows.back().Id(2), rows.back().Int(3)};
    }
    return absl::OkStatus();
  }

  absl::Status CutSome(const std::string& type, std::vector<Ulid> ids) {
    while (!ids.empty() && !Stopped()) {
      ASSIGN_OR_RETURN(const Step step, mysql::Transact(db_, [&](mysql::Tx& tx) {
                         return ChainCutter(type, ids, options_).Run(tx, kept_from_, now_);
                       }));
      for (const Ulid& id : step.damaged) damaged_.emplace(type, id);
      report_.rows += step.rows;
      if (step.rows > 0) ++report_.batches;
      if (!step.full) break;
      // The rows that were read may all be of chains that stay as they are.
      if (step.rows == 0) {
        if (ids.size() == 1) break;
        const auto middle = ids.begin() + static_cast<int64_t>(ids.size() / 2);
        RETURN_IF_ERROR(CutSome(type, {middle, ids.end()}));
        ids.erase(middle, ids.end());
      }
    }
    return absl::OkStatus();
  }

  // An anchor whose items may go: what they say is no longer asked, since the entry was cut, or a
  // later anchor covers it.
  absl::StatusOr<bool> Droppable(int64_t anchor_no, int64_t until) {
    ASSIGN_OR_RETURN(const bool holds, AnchorHolds(db_, anchor_no));
    if (!holds) return false;
    ASSIGN_OR_RETURN(
        const mysql::Rows needed,
        db_.Query(
            "SELECT i.aggregate_type FROM audit_anchor_item i WHERE i.anchor_no = ? AND "
            "i.aggregate_type <> 'access_log' AND NOT EXISTS (SELECT 1 FROM audit_cut c WHERE "
            "c.aggregate_type = i.aggregate_type AND c.aggregate_id = i.aggregate_id AND "
            "(c.chain_no > i.chain_no OR (c.chain_no = i.chain_no AND c.hash = i.hash))) AND "
            "NOT EXISTS (SELECT 1 FROM audit_anchor_item n JOIN audit_anchor a ON a.anchor_no "
            "= n.anchor_no WHERE n.aggregate_type = i.aggregate_type AND n.aggregate_id = "
            "i.aggregate_id AND n.chain_no > i.chain_no AND n.anchor_no > ? AND a.sealed = 1) "
            "LIMIT 1",
            {anchor_no, until}));
    return needed.empty();
  }

  absl::Status CutAnchors() {
    while (!Stopped()) {
      Batches batches;
      ASSIGN_OR_RETURN(const int64_t begin, AnchorsCut(db_, batches));
      ASSIGN_OR_RETURN(
          const mysql::Rows anchors,
          db_.Query("SELECT anchor_no, hash, taken_at, items FROM audit_anchor WHERE anchor_no > ? "
                    "AND sealed = 1 AND taken_at < ? ORDER BY anchor_no LIMIT ?",
                    {begin, kept_from_, kAnchorsPerBatch}));
      size_t n = 0;
      for (; n < anchors.size(); ++n) {
        const int64_t no = anchors[n].Int(0);
        if (no != begin + static_cast<int64_t>(n) + 1) break;
        ASSIGN_OR_RETURN(const bool droppable, Droppable(no, no));
        if (!droppable) break;
      }
      if (n == 0) return absl::OkStatus();
      const mysql::Row& last = anchors[n - 1];
      ASSIGN_OR_RETURN(const bool cut, mysql::Transact(db_, [&](mysql::Tx& tx) {
                         return RecordAnchors(tx, begin, last);
                       }));
      if (cut) {
        ++report_.batches;
        report_.anchors += static_cast<int64_t>(n);
      }
      if (n < static_cast<size_t>(kAnchorsPerBatch)) return absl::OkStatus();
    }
    return absl::OkStatus();
  }

  // False: another job was quicker.
  absl::StatusOr<bool> RecordAnchors(mysql::Tx& tx, int64_t begin, const mysql::Row& last) {
    Batch batch{.kept_from = kept_from_, .cut_at = now_};
    ASSIGN_OR_RETURN(batch.no, NextBatch(tx));
    Batches batches;
    ASSIGN_OR_RETURN(const int64_t now, AnchorsCut(tx, batches));
    if (now != begin) return false;
    ASSIGN_OR_RETURN(
        const mysql::Rows sum,
        tx.Query("SELECT COUNT(*), COALESCE(SUM(aggregate_type <> 'access_log'), 0), "
                 "COALESCE(SUM(IF(aggregate_type = 'access_log', chain_no, 0)), 0) FROM "
                 "audit_anchor_item WHERE anchor_no > ? AND anchor_no <= ?",
                 {begin, last.Int(0)}));
    RETURN_IF_ERROR(InsertCuts(tx, {{kAnchors, Ulid(), last.Int(0), last.String(1), last.Time(2),
                                     batch.no, batch.kept_from, batch.cut_at}}));
    RETURN_IF_ERROR(TellBatch(tx, batch, options_,
                              {{"anchors", last.Int(0) - begin},
                               {"anchorItems", sum[0].Int(1)},
                               {"accesses", sum[0].Int(2)}}));
    return true;
  }

  // The items and looks of anchors that are recorded as cut, a few at a time.
  absl::Status CutAnchored() {
    Batches batches;
    ASSIGN_OR_RETURN(const int64_t cut, AnchorsCut(db_, batches));
    if (cut == 0) return absl::OkStatus();
    const auto sweep = [&](const char* sql, int64_t* count) -> absl::Status {
      while (true) {
        if (options_.stopped && options_.stopped()) {
          report_.more = true;
          return absl::OkStatus();
        }
        ASSIGN_OR_RETURN(const int64_t n, mysql::Transact(db_, [&](mysql::Tx& tx) {
                           return tx.Execute(sql, {cut, kDeletesPerTransaction});
                         }));
        if (count != nullptr) *count += n;
        if (n < kDeletesPerTransaction) return absl::OkStatus();
      }
    };
    RETURN_IF_ERROR(
        sweep("DELETE FROM access_log WHERE anchor_no > 0 AND anchor_no <= ? ORDER BY "
              "anchor_no, id LIMIT ?",
              &report_.accesses));
    return sweep(
        "DELETE FROM audit_anchor_item WHERE anchor_no <= ? ORDER BY anchor_no, "
        "aggregate_type, aggregate_id LIMIT ?",
        nullptr);
  }

  mysql::Session& db_;
  const absl::Time now_;
  const absl::Time kept_from_;
  const CutOptions& options_;
  CutReport report_;
  std::set<std::pair<std::string, Ulid>> damaged_;
};

// Notes that so many years are in force now, and the most that were within the notice. What was in
// force at the last call was so until this one: nobody looked in between.
absl::StatusOr<int64_t> MostInForce(mysql::Session& db, absl::Time now, int64_t years) {
  return mysql::Transact(db, [&](mysql::Tx& tx) -> absl::StatusOr<int64_t> {
    ASSIGN_OR_RETURN(const mysql::Rows rows,
                     tx.Query("SELECT keep_years, in_force_at FROM audit_keep ORDER BY "
                              "in_force_at DESC, keep_years DESC FOR UPDATE"));
    std::vector<mysql::Params> seen = {{years, now}};
    const int64_t before = rows.empty() ? kDefaultKeepYears : rows[0].Int(0);
    // A moment earlier, so that the next call sees which one came after the other.
    if (before != years) seen.push_back({before, now - absl::Microseconds(1)});
    RETURN_IF_ERROR(mysql::BulkInsert(tx, "audit_keep", "keep_years, in_force_at", seen,
                                      "ON DUPLICATE KEY UPDATE in_force_at = GREATEST(in_force_at, "
                                      "VALUES(in_force_at))")
                        .status());
    int64_t most = std::max(years, before);
    for (const mysql::Row& row : rows) {
      if (row.Time(1) > now - kKeepNotice) most = std::max(most, row.Int(0));
    }
    return most;
  });
}

}  // namespace

absl::Time KeptFrom(absl::Time now, int64_t years) {
  years = std::clamp(years, kLeastKeepYears, kMostKeepYears);
  const absl::CivilDay today = ShanghaiDay(now);
  return StartOfShanghaiDay(absl::CivilDay(today.year() - years, today.month(), today.day()));
}

absl::StatusOr<CutReport> CutOld(mysql::Session& db, absl::Time now, const CutOptions& options) {
  if (options.keep_years < kLeastKeepYears) {
    return absl::FailedPreconditionError(
        Cat("the trail is kept at least ", kLeastKeepYears, " years, not ", options.keep_years));
  }
  return Cutter(db, now, options).Run();
}

absl::StatusOr<CutReport> CutByParameter(mysql::Session& db, absl::Time now,
                                         const ParameterLookup& parameter, CutOptions options) {
  constexpr int64_t kUnknown = 0;
  if (!parameter) return CutReport{};
  ASSIGN_OR_RETURN(options.keep_years, parameter(db, kKeepYears, kUnknown));
  if (options.keep_years == kUnknown) return CutReport{};
  if (options.keep_years >= kLeastKeepYears) {
    ASSIGN_OR_RETURN(options.keep_years, MostInForce(db, now, options.keep_years));
  }
  return CutOld(db, now, options);
}

}  // namespace bangfu::audit
