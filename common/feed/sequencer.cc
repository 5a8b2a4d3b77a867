#include "common/feed/sequencer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::feed {
namespace {

constexpr size_t kBatch = 512;
// Lengths of lists that are prepared statements; a shorter batch repeats its last key, which a set
// does not mind. Longer ones are sent as text, each as long as it is.
constexpr size_t kPrepared[] = {16, 60};

size_t WidthOf(size_t count) {
  for (const size_t width : kPrepared) {
    if (count <= width) return width;
  }
  return std::max<size_t>(count, 65);  // more than a prepared statement takes
}

struct Statements {
  std::string move;
  std::string clear;
  // Numbered by their keys alone, then joined: to sort whole events the server would put their
  // payloads into a file.
  explicit Statements(size_t n)
      : move(absl::StrCat(
            "INSERT INTO feed_event (sequence, aggregate_type, aggregate_id, region_path, "
            "payload_type, payload, occurred_at, sequenced_at) "
            "SELECT ? + k.place, o.aggregate_type, o.aggregate_id, o.region_path, o.payload_type, "
            "o.payload, o.occurred_at, ? FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS place "
            "FROM feed_outbox WHERE id IN (",
            mysql::Placeholders(n), ")) k STRAIGHT_JOIN feed_outbox o ON o.id = k.id")),
        clear(absl::StrCat("DELETE FROM feed_outbox WHERE id IN (", mysql::Placeholders(n), ")")) {}
};

absl::Status Lost() {
  return Error(absl::StatusCode::kAborted, "FEED_LEASE_LOST").Zh("变更排序租约已转移");
}

absl::Status Mismatch(std::string_view what, int64_t expected, int64_t actual) {
  return Error(absl::StatusCode::kInternal, "FEED_SEQUENCER_MISMATCH")
      .Zh("变更排序核对不符")
      .With("step", what)
      .With("expected", absl::StrCat(expected))
      .With("actual", absl::StrCat(actual));
}

}  // namespace

Sequencer::Sequencer(mysql::Session& session, const Clock& clock, SequencerOptions options)
    : session_(session), clock_(clock), options_(std::move(options)) {}

absl::Status Sequencer::HoldLease(absl::Time now) {
  if (held_ && now < renew_at_) return absl::OkStatus();
  const absl::Time until = now + options_.lease;
  absl::Status status = mysql::Transact(session_, [&](mysql::Tx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(
        mysql::Rows rows,
        tx.Query("SELECT fence, holder, lease_until FROM feed_meta WHERE id = 1 FOR UPDATE"));
    if (rows.empty()) {
      return Error(absl::StatusCode::kInternal, "FEED_META_MISSING").Zh("变更订阅未初始化");
    }
    const bool ours = held_ && rows[0].Int(0) == fence_ && rows[0].String(1) == options_.holder;
    if (!ours && !rows[0].String(1).empty() && rows[0].Time(2) > now) return Lost();
    // A new holding has a new fence, also when our own name stands there from a life before.
    const int64_t fence = ours ? fence_ : rows[0].Int(0) + 1;
    ASSIGN_OR_RETURN(int64_t matched,
                     tx.Execute("UPDATE feed_meta SET holder = ?, fence = ?, lease_until = ? "
                                "WHERE id = 1 AND fence = ?",
                                {options_.holder, fence, until, rows[0].Int(0)}));
    if (matched != 1) return Lost();
    fence_ = fence;
    return absl::OkStatus();
  });
  held_ = status.ok();
  if (held_) renew_at_ = now + options_.lease / 3;
  return status;
}

SequencerStep Sequencer::NotHolder() const { return {false, 0, options_.lease / 10}; }

absl::StatusOr<SequencerStep> Sequencer::StepOnce() {
  const absl::Time now = clock_.Now();
  if (absl::Status status = HoldLease(now); !status.ok()) {
    if (ReasonOf(status) == "FEED_LEASE_LOST") return NotHolder();
    return status;
  }
  // Without a lock first: an idle schema is asked many times a second.
  ASSIGN_OR_RETURN(mysql::Rows any,
                   session_.Query("SELECT id FROM feed_outbox ORDER BY id LIMIT 1"));
  if (any.empty()) return SequencerStep{true, 0, options_.rest};

  absl::StatusOr<int64_t> moved =
      mysql::Transact(session_, [&](mysql::Tx& tx) -> absl::StatusOr<int64_t> {
        ASSIGN_OR_RETURN(
            mysql::Rows meta,
            tx.Query("SELECT last_sequence FROM feed_meta WHERE id = 1 AND fence = ? FOR UPDATE",
                     {fence_}));
        if (meta.empty()) return Lost();
        const int64_t last = meta[0].Int(0);
        // Read after the lock: nobody else removes rows while we hold it, so each id read here is
        // there for both statements below, whatever is committed meanwhile.
        ASSIGN_OR_RETURN(mysql::Rows rows,
                         tx.Query("SELECT id FROM feed_outbox ORDER BY id LIMIT ?",
                                  {static_cast<int64_t>(kBatch)}));
        if (rows.empty()) return int64_t{0};
        const int64_t count = static_cast<int64_t>(rows.size());
        const size_t width = WidthOf(rows.size());
        const Statements sql(width);
        mysql::Params ids;
        ids.reserve(width);
        for (size_t i = 0; i < width; ++i) {
          ids.emplace_back(rows[std::min(i, rows.size() - 1)].String(0));
        }
        mysql::Params move = {last, clock_.Now()};
        move.insert(move.end(), ids.begin(), ids.end());
        ASSIGN_OR_RETURN(int64_t inserted, tx.Execute(sql.move, move));
        if (inserted != count) return Mismatch("move", count, inserted);
        ASSIGN_OR_RETURN(int64_t deleted, tx.Execute(sql.clear, ids));
        if (deleted != count) return Mismatch("clear", count, deleted);
        ASSIGN_OR_RETURN(int64_t matched,
                         tx.Execute("UPDATE feed_meta SET last_sequence = ?, lease_until = ? "
                                    "WHERE id = 1 AND fence = ? AND last_sequence = ?",
                                    {last + count, now + options_.lease, fence_, last}));
        if (matched != 1) return Lost();
        if (options_.before_commit) RETURN_IF_ERROR(options_.before_commit(tx));
        return count;
      });
  if (!moved.ok()) {
    // Whatever happened, the row decides who holds the lease now.
    held_ = false;
    if (ReasonOf(moved.status()) == "FEED_LEASE_LOST") return NotHolder();
    return moved.status();
  }
  renew_at_ = now + options_.lease / 3;
  const bool full = *moved == static_cast<int64_t>(kBatch);
  return SequencerStep{true, *moved, full ? absl::ZeroDuration() : options_.rest};
}

void Sequencer::Run(Loop& loop, const std::function<void(const absl::Status&)>& on_error) {
  loop.Run([&]() -> absl::Duration {
    absl::StatusOr<SequencerStep> step = StepOnce();
    if (!step.ok()) {
      if (on_error) on_error(step.status());
      return absl::Seconds(1);
    }
    return step->rest;
  });
  (void)Release();
}

absl::Status Sequencer::Release() {
  if (!held_) return absl::OkStatus();
  held_ = false;
  return session_
      .Execute("UPDATE feed_meta SET holder = '', lease_until = ? WHERE id = 1 AND fence = ?",
               {clock_.Now(), fence_})
      .status();
}

}  // namespace bangfu::feed
