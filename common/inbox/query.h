// What is read of the inbox: one statement each, on the desks of the caller's own grants.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "common/auth/caller.h"
#include "common/inbox/item.h"
#include "common/mysql/session.h"

namespace bangfu::inbox {

// The clauses of the policy that a kind of work is of; a kind that is not there is of none.
using KindClauses = std::map<std::string, std::vector<std::string>>;

struct MyQuery {
  std::vector<std::string> kinds;  // empty: all
  bool overdue_only = false;
  bool escalated_only = false;  // risen to the caller from below
  std::string region;           // prefix of region_path; empty: all
  absl::CivilDay today;
  std::optional<std::pair<absl::CivilDay, Ulid>> after;  // due date and id of the last page's end
  int limit = 50;
  const KindClauses* clauses = nullptr;  // none: no kind is of any
};
struct MyItem {
  v1::WorkItem shown;  // as ShownOf
  bool mine = false;   // to do; else to look after
  bool unread = false;
  auth::Facets facets;  // none, and not read, where no grant of the caller is narrowed by any
};
// What waits for the caller or has risen to them, by due date and id, of what their grants cover.
// An item on several of the caller's desks is there once.
absl::StatusOr<std::vector<MyItem>> ListMine(mysql::Executor& db, const auth::Caller& caller,
                                             const MyQuery& query);

struct KindCount {
  std::string kind;
  int64_t open = 0, today = 0, soon = 0, overdue = 0, unread = 0, escalated = 0;
};
// By kind. `soon`: the last day that counts as near.
absl::StatusOr<std::vector<KindCount>> CountMine(mysql::Executor& db, const auth::Caller& caller,
                                                 const MyQuery& query, absl::CivilDay soon);

// What the caller closed, of what some grant of theirs covers today, newest first; `before` is
// (closed_at, id) of the last page's end.
absl::StatusOr<std::vector<Item>> ListDone(mysql::Executor& db, const auth::Caller& caller,
                                           const KindClauses& clauses,
                                           const std::optional<std::pair<absl::Time, Ulid>>& before,
                                           int limit);

struct BelowQuery {
  std::vector<std::string> scope;
  std::vector<std::string> kinds;
  std::optional<absl::CivilDay> due_before;  // overdue on this day
  // (region_path, due_on, id) of the last page's end.
  std::string after_region;
  absl::CivilDay after_due;
  Ulid after_id;
  int limit = 50;
};
// Open items of the regions by region, due date and id.
absl::StatusOr<std::vector<Item>> ListBelow(mysql::Executor& db, const BelowQuery& query);

absl::StatusOr<Item> GetItem(mysql::Executor& db, const Ulid& id,
                             const std::vector<std::string>& scope);
// Those of the ids that are open and lie in the regions.
absl::StatusOr<std::vector<Item>> OpenItemsById(mysql::Executor& db, const std::vector<Ulid>& ids,
                                                const std::vector<std::string>& scope);
absl::StatusOr<bool> IsRead(mysql::Executor& db, const std::string& person, const Ulid& id);
absl::Status MarkRead(mysql::Tx& tx, const std::string& person, const std::vector<Item>& items,
                      absl::Time now);
// Writes the urging of an open, locked item; it is unread again for everybody.
absl::Status StoreUrge(mysql::Tx& tx, const Item& before, const Item& after);
// One urging, for good.
struct UrgeRow {
  Ulid id, item_id;
  std::string region_path;
  std::string payload;  // inbox.v1.WorkUrged
  absl::Time urged_at;
};
absl::Status InsertUrge(mysql::Tx& tx, const UrgeRow& row);
// By id, for snapshots; nullopt: of all regions.
absl::StatusOr<std::vector<UrgeRow>> PageUrges(
    mysql::Executor& db, const Ulid& after, int limit,
    const std::optional<std::vector<std::string>>& scope);
// Forgets who has read items that are closed; gives how many marks went. 0: nothing is left to do.
absl::StatusOr<int64_t> SweepReadMarks(mysql::Session& session);

// Open and overdue items of every region, by kind.
absl::StatusOr<std::vector<KindCount>> CountAll(mysql::Executor& db, absl::CivilDay today);

}  // namespace bangfu::inbox
