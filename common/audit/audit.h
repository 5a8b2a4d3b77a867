// The audit trail: one append-only chain of entries per record, each entry holding the hash of the
// one before. A head row per chain says where it ends; a daily anchor over the heads that moved
// shows a cut tail and a chain that is gone, head and all.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "google/protobuf/message.h"

namespace bangfu::audit {

// Who did it, as the grant that let him names him.
struct Actor {
  std::string subject;
  std::string name;
  std::string role;            // "ROLE_COUNTY_OPERATOR"
  std::string region_path;     // of the grant
  std::string delegated_by{};  // the person on whose behalf; empty: in their own right
  std::string grant_id{};      // ULID; empty: the right came with the token
  // The organisation on whose behalf, as the grant names it; empty: none. In the trail only:
  // records that name an actor hold the grant.
  std::string org_code{};
  std::string org_name{};
};

// What is recorded of one change. Texts longer than their column are cut at a character.
struct Entry {
  std::string aggregate_type;  // "project"
  Ulid aggregate_id;
  std::string region_path;  // of the record after the change
  std::string action;       // the rpc or job: "ProjectService.UpdateProject"
  Actor actor;
  std::string before_json;  // ToJson of the record; empty on creation
  std::string after_json;
  std::string reason;
  std::string request_id;
  std::string source_system;
  std::string client_ip;
  absl::Time occurred_at;
};

// An entry as it stands in its chain.
struct Record {
  Entry entry;
  int64_t chain_no = 0;  // from 1
  int hash_algorithm = 0;
  std::string prev_hash;  // 32 bytes; zeros before the first
  std::string hash;
};

// The one hash algorithm so far; SM3 will be the next number.
inline constexpr int kSha256 = 1;

// Proto JSON (lower camel case, unset fields left out) without what the contract marks sensitive:
// texts become "***", all else is left out. Faster than protobuf's own, which goes by a resolver.
std::string ToJson(const google::protobuf::Message& message);

// Adds the entry to its chain. ABORTED TRANSACTION_CONFLICT when another transaction was quicker;
// Transact then runs the whole again.
absl::Status Append(mysql::Tx& tx, const Entry& entry);

// As Append for each entry in order, in a handful of statements for 500 of them.
absl::Status AppendBatch(mysql::Tx& tx, const std::vector<Entry>& entries);

// The entries of one record, newest first: at most `limit` of those before `before_chain_no` (0:
// from the newest). Nothing when the record lies outside of `regions`.
absl::StatusOr<std::vector<Record>> History(mysql::Executor& db, std::string_view aggregate_type,
                                            const Ulid& aggregate_id,
                                            const std::vector<std::string>& regions,
                                            int64_t before_chain_no, int limit);

// Where a record of this service lies, in today's codes: by the newest entry of its chain. nullopt:
// it has none, so no such record is here.
absl::StatusOr<std::optional<std::string>> RegionOfRecord(mysql::Executor& db,
                                                          std::string_view aggregate_type,
                                                          const Ulid& aggregate_id);

struct VerifyScope {
  std::vector<std::string> regions;  // chains whose record lies there now; {""} is all
  std::string aggregate_type;        // with aggregate_id: that chain only
  std::optional<Ulid> aggregate_id;
  std::function<bool()> cancelled;  // asked now and then; the answer is CANCELLED
};

struct Problem {
  std::string aggregate_type;
  Ulid aggregate_id;
  int64_t chain_no = 0;
  std::string text;  // zh-CN
};

struct Report {
  int64_t chains = 0;
  int64_t entries = 0;
  int64_t cut = 0;                // entries that were cut after their years (retention.h)
  std::vector<Problem> problems;  // the first 1000
};

// Recomputes every hash and link in scope and compares chains with their heads: finds entries that
// were changed, cut off or taken out, heads without entries and entries without a head. What is
// missing at a chain's begin is excused only where the trail itself records that it was cut.
absl::StatusOr<Report> Verify(mysql::Session& db, const VerifyScope& scope);

// An anchor: a hash over the heads that moved since the one before, over the accesses (access.h)
// since then, and over that one's hash.
struct Anchor {
  int64_t anchor_no = 0;
  int64_t items = 0;  // heads that moved, and one for the accesses if there were any
  std::string hash;   // 32 bytes; to be kept where the database's owner cannot write
  absl::Time taken_at;
};

// Seals the next anchor; run once a day by one job. A run that died is taken up by the next.
absl::StatusOr<Anchor> WriteAnchor(mysql::Session& db, absl::Time now);

// Recomputes every anchor and checks that each anchored entry still stands with the same hash:
// finds chains that are gone and tails that were cut together with their heads, and accesses that
// were changed, taken out or put in afterwards. What the trail records as cut is excused, and each
// record of a cut is checked. `kept` is what the outside remembers of anchors, if anything: finds
// anchors that were written anew. No cut was made after `now`.
absl::StatusOr<Report> VerifyAnchors(mysql::Session& db, const std::vector<Anchor>& kept,
                                     absl::Time now = absl::InfiniteFuture());

// Sealed anchors, newest first: at most `limit` of those before `before_no` (0: from the newest).
absl::StatusOr<std::vector<Anchor>> ListAnchors(mysql::Executor& db, int64_t before_no, int limit);

// The hash of a record, over every column but the hash itself.
std::string HashOf(const Record& record);

}  // namespace bangfu::audit
