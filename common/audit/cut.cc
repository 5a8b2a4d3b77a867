#include "common/audit/cut.h"

#include <algorithm>

#include "common/audit/canonical.h"
#include "common/audit/retention.h"
#include "common/audit/rows.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "nlohmann/json.hpp"

namespace bangfu::audit {

Ulid RetentionId() { return *Ulid::Parse("00000000000000000000000001"); }

absl::StatusOr<CutSum> HashCuts(mysql::Executor& db, int64_t batch_no) {
  CutSum sum;
  Sha256Stream hash;
  Canonical fields;
  fields.Text("bangfu.audit.cut.v1");
  RETURN_IF_ERROR(db.Stream(Cat("SELECT ", kCutColumns,
                                " FROM audit_cut WHERE batch_no = ? "
                                "ORDER BY batch_no, aggregate_type, aggregate_id, chain_no"),
                            {batch_no}, [&](const mysql::Row& row) {
                              fields.Text(row.String(0));
                              fields.Text(row.String(1));
                              fields.Number(row.Int(2));
                              fields.Text(row.String(3));
                              fields.Number(absl::ToUnixMicros(row.Time(4)));
                              fields.Number(row.Int(5));
                              fields.Number(absl::ToUnixMicros(row.Time(6)));
                              fields.Number(absl::ToUnixMicros(row.Time(7)));
                              fields.MoveTo(&hash);
                              if (sum.count > 0 &&
                                  (row.Time(6) != sum.kept_from || row.Time(7) != sum.cut_at)) {
                                sum.at_one_time = false;
                              }
                              sum.newest = std::max(sum.newest, row.Time(4));
                              sum.kept_from = row.Time(6);
                              sum.cut_at = row.Time(7);
                              ++sum.count;
                              return absl::OkStatus();
                            }));
  sum.hash = hash.Finish();
  return sum;
}

absl::StatusOr<std::string> ProblemOfBatch(mysql::Executor& db, int64_t batch_no) {
  ASSIGN_OR_RETURN(
      const mysql::Rows rows,
      db.Query(
          Cat("SELECT ", kLogColumns,
              " FROM audit_log WHERE aggregate_type = ? AND aggregate_id = ? AND chain_no = ?"),
          {kRetention, RetentionId(), batch_no}));
  if (rows.empty()) return Cat("第 ", batch_no, " 批清理在审计中没有记录");
  const Record record = ReadRecord(rows[0]);
  if (HashOf(record) != record.hash) return std::string("清理记录内容与哈希不符，已被改动");
  const auto told = nlohmann::json::parse(record.entry.after_json, nullptr, false);
  const auto digest = told.is_object() ? told.find("sha256") : told.end();
  ASSIGN_OR_RETURN(const CutSum sum, HashCuts(db, batch_no));
  if (!told.is_object() || digest == told.end() || !digest->is_string() ||
      digest->get<std::string>() != HexEncode(sum.hash)) {
    return Cat("第 ", batch_no, " 批清理位置与审计记录不符");
  }
  if (sum.count == 0 || !sum.at_one_time || sum.cut_at != record.entry.occurred_at) {
    return Cat("第 ", batch_no, " 批清理时间与审计记录不符");
  }
  // The chain has no key: whoever writes rows may write a batch and its entry. So what it claims is
  // held to what the job itself could have done.
  const auto years = told.find("keepYears");
  const int64_t keep_years =
      years != told.end() && years->is_number_integer() ? years->get<int64_t>() : 0;
  if (keep_years < kLeastKeepYears || sum.newest >= sum.kept_from) {
    return Cat("第 ", batch_no, " 批清理了保留期未满的记录");
  }
  if (sum.kept_from != KeptFrom(sum.cut_at, keep_years)) {
    return Cat("第 ", batch_no, " 批清理与其保留年数不符");
  }
  return std::string();
}

absl::StatusOr<bool> Batches::Hold(mysql::Executor& db, int64_t batch_no) {
  if (const auto known = known_.find(batch_no); known != known_.end()) return known->second;
  ASSIGN_OR_RETURN(const std::string problem, ProblemOfBatch(db, batch_no));
  return known_[batch_no] = problem.empty();
}

absl::StatusOr<int64_t> AnchorsCut(mysql::Executor& db, Batches& batches) {
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   db.Query("SELECT c.chain_no, c.batch_no FROM audit_cut c JOIN audit_anchor a ON "
                            "a.anchor_no = c.chain_no AND a.hash = c.hash AND a.taken_at < "
                            "c.kept_from WHERE c.aggregate_type = ? AND c.aggregate_id = ? AND "
                            "a.sealed = 1 ORDER BY c.chain_no DESC LIMIT 1",
                            {kAnchors, Ulid()}));
  if (rows.empty()) return int64_t{0};
  ASSIGN_OR_RETURN(const bool holds, batches.Hold(db, rows[0].Int(1)));
  return holds ? rows[0].Int(0) : int64_t{0};
}

}  // namespace bangfu::audit
