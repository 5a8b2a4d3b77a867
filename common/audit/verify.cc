#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "common/audit/audit.h"
#include "common/audit/cut.h"
#include "common/audit/rows.h"
#include "common/audit/search.h"
#include "common/base/strings.h"
#include "common/status/macros.h"

namespace bangfu::audit {
namespace {

constexpr size_t kMaxProblems = 1000;
constexpr int kRowsPerStatement = 5000;
constexpr int kChainsPerStatement = 200;
// Regions of this many digits or fewer (a city, the province) are checked by walking the whole
// log: it is in chain order. Smaller ones start from the heads' index.
constexpr size_t kWideRegionDigits = 4;

// Takes the log in chain order, with the head that was read in the same statement: the same
// snapshot, so that entries committed meanwhile are no false alarm. What would be excused by a cut
// waits until the statement is over and the records of cuts can be asked for.
class ChainWalker {
 public:
  ChainWalker(Report* report, const std::function<bool()>& cancelled)
      : report_(report), cancelled_(cancelled) {}

  absl::Status Take(const mysql::Row& row) {
    if (cancelled_ && report_->entries % 256 == 0 && cancelled_()) {
      return absl::CancelledError("verification was cancelled");
    }
    Record record = ReadRecord(row);
    const Entry& e = record.entry;
    if (!open_ || e.aggregate_type != type_ || e.aggregate_id != id_) {
      Finish();
      open_ = true;
      type_ = e.aggregate_type;
      id_ = e.aggregate_id;
      next_no_ = 1;
      next_prev_.assign(32, '\0');
      ++report_->chains;
    }
    ++report_->entries;
    if (record.chain_no != next_no_) {
      Add(next_no_, record.chain_no - next_no_ == 1
                        ? Cat("缺少第 ", next_no_, " 条")
                        : Cat("缺少第 ", next_no_, " 至 ", record.chain_no - 1, " 条"));
      // From the chain's begin; or from where the statement before had come while the job cut.
      if (next_no_ == 1 || resumed_) {
        ExcuseIfCut(record.chain_no - 1, record.prev_hash, record.chain_no - next_no_);
      }
    } else if (record.prev_hash != next_prev_) {
      Add(record.chain_no, "与前一条的哈希不衔接");
    }
    if (record.hash_algorithm != kSha256) {
      Add(record.chain_no, "哈希算法未知");
    } else if (HashOf(record) != record.hash) {
      Add(record.chain_no, "内容与哈希不符，已被改动");
    }
    resumed_ = false;
    next_no_ = record.chain_no + 1;
    next_prev_ = record.hash;
    has_head_ = !row.IsNull(kLogColumnCount);
    head_no_ = row.Int(kLogColumnCount);
    head_hash_ = row.String(kLogColumnCount + 1);
    return absl::OkStatus();
  }

  void Finish() {
    if (!open_) return;
    open_ = false;
    if (!has_head_) {
      Add(next_no_ - 1, "缺少链头");
    } else if (head_no_ > next_no_ - 1) {
      Add(next_no_, Cat("链尾被截断：应有 ", head_no_, " 条"));
      if (resumed_) ExcuseIfCut(head_no_, head_hash_, head_no_ - next_no_ + 1);
    } else if (head_no_ < next_no_ - 1) {
      Add(head_no_ + 1, "链头之后多出记录");
    } else if (head_hash_ != next_prev_) {
      Add(head_no_, "链头与最后一条不符");
    }
  }

  // After each statement: what is excused counts as cut, the rest is reported.
  absl::Status Settle(mysql::Session& db) {
    for (size_t from = 0; from < found_.size(); from += kChainsPerStatement) {
      const size_t to = std::min(found_.size(), from + kChainsPerStatement);
      RETURN_IF_ERROR(Excuse(db, from, to));
    }
    for (Finding& finding : found_) {
      if (finding.excused) {
        report_->cut += finding.entries;
      } else if (report_->problems.size() < kMaxProblems) {
        report_->problems.push_back(std::move(finding.problem));
      }
    }
    found_.clear();
    resumed_ = true;
    return absl::OkStatus();
  }

  // The position to go on from.
  mysql::Params Position() const { return {type_, id_, next_no_ - 1}; }
  Batches& batches() { return batches_; }

 private:
  struct Finding {
    Problem problem;
    // Excused when the chain was cut at this place with this hash.
    int64_t cut_no = 0;
    std::string cut_hash;
    int64_t entries = 0;
    bool excused = false;
  };

  void Add(int64_t chain_no, std::string text) {
    found_.push_back({.problem = {type_, id_, chain_no, std::move(text)}});
  }
  void ExcuseIfCut(int64_t cut_no, std::string hash, int64_t entries) {
    Finding& finding = found_.back();
    finding.cut_no = cut_no;
    finding.cut_hash = std::move(hash);
    finding.entries = entries;
  }

  absl::Status Excuse(mysql::Session& db, size_t from, size_t to) {
    std::map<std::string, std::vector<Finding*>> by_type;
    for (size_t i = from; i < to; ++i) {
      if (found_[i].cut_no > 0) by_type[found_[i].problem.aggregate_type].push_back(&found_[i]);
    }
    for (const auto& [type, findings] : by_type) {
      mysql::Params params = {type};
      for (const Finding* finding : findings) params.emplace_back(finding->problem.aggregate_id);
      ASSIGN_OR_RETURN(
          const mysql::Rows rows,
          db.Query(Cat("SELECT aggregate_id, chain_no, hash, batch_no FROM audit_cut WHERE "
                       "aggregate_type = ? AND aggregate_id IN (",
                       mysql::Placeholders(findings.size()), ")"),
                   params));
      std::map<std::pair<Ulid, int64_t>, const mysql::Row*> cuts;
      for (const mysql::Row& row : rows) cuts[{row.Id(0), row.Int(1)}] = &row;
      for (Finding* finding : findings) {
        const auto cut = cuts.find({finding->problem.aggregate_id, finding->cut_no});
        if (cut == cuts.end() || cut->second->String(2) != finding->cut_hash) continue;
        ASSIGN_OR_RETURN(finding->excused, batches_.Hold(db, cut->second->Int(3)));
      }
    }
    return absl::OkStatus();
  }

  Report* report_;
  const std::function<bool()>& cancelled_;
  Batches batches_;
  std::vector<Finding> found_;
  bool resumed_ = false;  // no row was taken since the statement began
  bool open_ = false;
  std::string type_;
  Ulid id_;
  int64_t next_no_ = 1;
  std::string next_prev_;
  bool has_head_ = false;
  int64_t head_no_ = 0;
  std::string head_hash_;
};

std::string SelectWithHead(std::string_view index_hint) {
  return Cat("SELECT ", kLogColumnsOfL, ", h.chain_no, h.hash FROM audit_log l ", index_hint,
             " LEFT JOIN audit_head h ON h.aggregate_type = l.aggregate_type AND "
             "h.aggregate_id = l.aggregate_id WHERE ");
}

absl::Status Stream(mysql::Session& db, const std::string& sql, const mysql::Params& params,
                    ChainWalker* walker, int* rows) {
  *rows = 0;
  RETURN_IF_ERROR(db.Stream(sql, params, [&](const mysql::Row& row) {
    ++*rows;
    return walker->Take(row);
  }));
  return walker->Settle(db);
}

absl::Status WalkChains(mysql::Session& db, std::string_view type, const std::vector<Ulid>& ids,
                        ChainWalker* walker) {
  mysql::Params params = {type};
  for (const Ulid& id : ids) params.emplace_back(id);
  int rows = 0;
  return Stream(db,
                Cat(SelectWithHead("FORCE INDEX (PRIMARY)"),
                    "l.aggregate_type = ? AND l.aggregate_id IN (", mysql::Placeholders(ids.size()),
                    ") ORDER BY l.aggregate_type, l.aggregate_id, l.chain_no"),
                params, walker, &rows);
}

// Everything, in chain order, a bounded number of rows per statement.
absl::Status WalkAll(mysql::Session& db, const std::vector<std::string>& regions,
                     const std::vector<recode::Move>& moves, ChainWalker* walker) {
  mysql::Params position = {"", Ulid(), 0};
  while (true) {
    mysql::Params params = {position[0], position[0], position[1],
                            position[0], position[1], position[2]};
    std::string sql =
        Cat(SelectWithHead("FORCE INDEX (PRIMARY)"),
            "(l.aggregate_type > ? OR (l.aggregate_type = ? AND l.aggregate_id > ?) OR "
            "(l.aggregate_type = ? AND l.aggregate_id = ? AND l.chain_no > ?)) AND (");
    sql += Within(regions, moves, "h.region_path", kHeadTime, &params);
    sql += " OR (h.aggregate_id IS NULL AND ";  // no head: the entry's own region says where it was
    sql += Within(regions, moves, "l.region_path", "l.occurred_at", &params);
    sql += ")) ORDER BY l.aggregate_type, l.aggregate_id, l.chain_no LIMIT ?";
    params.emplace_back(kRowsPerStatement);
    int rows = 0;
    RETURN_IF_ERROR(Stream(db, sql, params, walker, &rows));
    if (rows < kRowsPerStatement) return absl::OkStatus();
    position = walker->Position();
  }
}

// The chains whose heads are where `where` says, by the heads' index.
absl::Status WalkHeads(mysql::Session& db, const std::string& where, const mysql::Params& of_where,
                       ChainWalker* walker) {
  std::string path, type;
  Ulid id;
  bool started = false;
  while (true) {
    mysql::Params params = of_where;
    std::string sql = Cat(
        "SELECT h.region_path, h.aggregate_type, h.aggregate_id FROM audit_head h WHERE ", where);
    if (started) {
      sql +=
          " AND (h.region_path > ? OR (h.region_path = ? AND h.aggregate_type > ?) OR "
          "(h.region_path = ? AND h.aggregate_type = ? AND h.aggregate_id > ?))";
      params.insert(params.end(), {path, path, type, path, type, id});
    }
    sql += " ORDER BY h.region_path, h.aggregate_type, h.aggregate_id LIMIT ?";
    params.emplace_back(kChainsPerStatement);
    ASSIGN_OR_RETURN(mysql::Rows rows, db.Query(sql, params));
    for (size_t i = 0; i < rows.size();) {
      type = rows[i].String(1);
      std::vector<Ulid> ids;
      for (; i < rows.size() && rows[i].String(1) == type; ++i) ids.push_back(rows[i].Id(2));
      RETURN_IF_ERROR(WalkChains(db, type, ids, walker));
      walker->Finish();
    }
    if (rows.size() < static_cast<size_t>(kChainsPerStatement)) return absl::OkStatus();
    started = true;
    path = rows.back().String(0);
    id = rows.back().Id(2);
  }
}

absl::Status WalkByHeads(mysql::Session& db, const std::vector<std::string>& regions,
                         const std::vector<recode::Move>& moves, ChainWalker* walker) {
  const std::vector<recode::FormerPath> borne = recode::BornePaths(moves, regions);
  for (size_t i = 0; i < borne.size(); ++i) {
    mysql::Params params;
    std::string where = WithinBorne(borne[i], "h.region_path", kHeadTime, &params);
    // A township may have had a code in a county whose code it had, too: no chain is walked twice.
    for (size_t j = 0; i >= regions.size() && j < i; ++j) {
      where += Cat(" AND NOT ", WithinBorne(borne[j], "h.region_path", kHeadTime, &params));
    }
    RETURN_IF_ERROR(WalkHeads(db, where, params, walker));
  }
  return absl::OkStatus();
}

// Heads whose last entry is not there; the walk sees those with at least one entry left. Chains
// that were wholly cut are excused by the record of it, counted and asked for by batch.
absl::Status FindEmptyChains(mysql::Session& db, const std::string& where,
                             const mysql::Params& params, Batches& batches, Report* report) {
  std::set<std::pair<std::string, Ulid>> known;
  for (const Problem& p : report->problems) known.emplace(p.aggregate_type, p.aggregate_id);
  constexpr char kEmpty[] =
      " FROM audit_head h LEFT JOIN audit_log l ON l.aggregate_type = h.aggregate_type AND "
      "l.aggregate_id = h.aggregate_id AND l.chain_no = h.chain_no LEFT JOIN audit_cut c ON "
      "c.aggregate_type = h.aggregate_type AND c.aggregate_id = h.aggregate_id AND c.chain_no = "
      "h.chain_no AND c.hash = h.hash WHERE l.aggregate_id IS NULL AND ";
  const auto find = [&](std::string_view which, const mysql::Params& of) -> absl::Status {
    ASSIGN_OR_RETURN(const mysql::Rows rows,
                     db.Query(Cat("SELECT h.aggregate_type, h.aggregate_id, h.chain_no", kEmpty,
                                  where, " AND ", which, " LIMIT ", kMaxProblems),
                              of));
    for (const mysql::Row& row : rows) {
      if (known.contains({row.String(0), row.Id(1)})) continue;
      ++report->chains;
      if (report->problems.size() >= kMaxProblems) break;
      report->problems.push_back({row.String(0), row.Id(1), row.Int(2), "链上没有任何记录"});
    }
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(find("c.batch_no IS NULL", params));
  ASSIGN_OR_RETURN(const mysql::Rows cut,
                   db.Query(Cat("SELECT c.batch_no, COUNT(*), SUM(h.chain_no)", kEmpty, where,
                                " AND c.batch_no IS NOT NULL GROUP BY c.batch_no"),
                            params));
  for (const mysql::Row& row : cut) {
    ASSIGN_OR_RETURN(const bool holds, batches.Hold(db, row.Int(0)));
    if (holds) {
      report->chains += row.Int(1);
      report->cut += row.Int(2);
    } else {
      mysql::Params of = params;
      of.emplace_back(row.Int(0));
      RETURN_IF_ERROR(find("c.batch_no = ?", of));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Report> Verify(mysql::Session& db, const VerifyScope& scope) {
  Report report;
  if (scope.regions.empty()) return report;
  ChainWalker walker(&report, scope.cancelled);
  ASSIGN_OR_RETURN(const std::vector<recode::Move> moves, recode::ListMoves(db));
  mysql::Params params;
  std::string where;
  if (scope.aggregate_id.has_value()) {
    // Outside of the regions it is as if it were not there.
    where = "h.aggregate_type = ? AND h.aggregate_id = ? AND ";
    params = {scope.aggregate_type, *scope.aggregate_id};
    where += Within(scope.regions, moves, "h.region_path", kHeadTime, &params);
    mysql::Params log_params = {scope.aggregate_type, *scope.aggregate_id};
    std::string sql = SelectWithHead("");
    sql += "l.aggregate_type = ? AND l.aggregate_id = ? AND (";
    sql += Within(scope.regions, moves, "h.region_path", kHeadTime, &log_params);
    sql += " OR (h.aggregate_id IS NULL AND ";
    sql += Within(scope.regions, moves, "l.region_path", "l.occurred_at", &log_params);
    sql += ")) ORDER BY l.chain_no";
    int rows = 0;
    RETURN_IF_ERROR(Stream(db, sql, log_params, &walker, &rows));
  } else {
    bool wide = false;
    for (const std::string& region : scope.regions) wide |= region.size() <= kWideRegionDigits;
    RETURN_IF_ERROR(wide ? WalkAll(db, scope.regions, moves, &walker)
                         : WalkByHeads(db, scope.regions, moves, &walker));
    where = Within(scope.regions, moves, "h.region_path", kHeadTime, &params);
  }
  walker.Finish();
  RETURN_IF_ERROR(walker.Settle(db));
  RETURN_IF_ERROR(FindEmptyChains(db, where, params, walker.batches(), &report));
  return report;
}

}  // namespace bangfu::audit
