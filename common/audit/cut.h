// What is recorded of chains that were cut after their years (retention.h), and whether such a
// record holds; inside this room only.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/audit/audit.h"

namespace bangfu::audit {

// The chain in which each batch of cuts leaves its entry: the batch's number is its place there. It
// is never cut itself.
inline constexpr char kRetention[] = "audit_retention";
Ulid RetentionId();

// Under this type and no id stands up to which anchor the items and accesses were cut.
inline constexpr char kAnchors[] = "audit_anchor";

inline constexpr char kCutColumns[] =
    "aggregate_type, aggregate_id, chain_no, hash, occurred_at, batch_no, kept_from, cut_at";

struct CutSum {
  int64_t count = 0;
  std::string hash;  // 32 bytes, over every column of each, in order of type, id and place
  absl::Time kept_from = absl::InfinitePast();
  absl::Time newest = absl::InfinitePast();  // occurred_at of what went last, as they tell it
  bool at_one_time = true;                   // all with the same kept_from and cut_at
  absl::Time cut_at;
};
absl::StatusOr<CutSum> HashCuts(mysql::Executor& db, int64_t batch_no);

// Why the records of a batch do not hold, zh-CN; empty: its entry stands in the trail, is what its
// hash says, and tells of just these cuts, of what was older than the years that it names, which
// are no fewer than kLeastKeepYears.
absl::StatusOr<std::string> ProblemOfBatch(mysql::Executor& db, int64_t batch_no);

// Which batches hold, each looked up once.
class Batches {
 public:
  absl::StatusOr<bool> Hold(mysql::Executor& db, int64_t batch_no);

 private:
  std::map<int64_t, bool> known_;
};

// Up to which anchor items and accesses were cut, and the place's record holds; 0: none.
absl::StatusOr<int64_t> AnchorsCut(mysql::Executor& db, Batches& batches);

// Whether a sealed anchor and the accesses that belong to it are what its hash says (anchor.cc).
absl::StatusOr<bool> AnchorHolds(mysql::Executor& db, int64_t anchor_no);

}  // namespace bangfu::audit
