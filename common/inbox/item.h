// Work items as they are stored. Shared by the room's own files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "bangfu/inbox/v1/inbox.pb.h"
#include "common/auth/caller.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "common/workflow/workflow.h"

namespace bangfu::inbox {

// Numbers of bangfu.inbox.v1.WorkState.
enum class ItemState { kUnspecified = 0, kOpen = 1, kDone = 2, kWithdrawn = 3 };

// Stands for "no term": after every real day.
inline constexpr absl::CivilDay kNoTerm(9999, 12, 31);

struct Person {
  std::string subject, name, role, region_path;
};

struct Item {
  Ulid id;
  int64_t version = 1;
  std::string kind;
  std::string subject_type;
  Ulid subject_id;
  std::string action;
  std::string slot;
  ItemState state = ItemState::kOpen;
  std::string region_path;
  std::string title;
  std::vector<workflow::RoleId> roles;
  auth::Facets facets;  // sorted
  std::string assignee;
  std::vector<std::string> excluded;
  absl::Time opened_at;
  absl::CivilDay starts_on;
  absl::CivilDay base_due_on = kNoTerm;  // before any urging
  absl::CivilDay due_on = kNoTerm;       // the nearer of base_due_on and what urging set
  bool provisional = false;
  std::optional<absl::Time> closed_at;
  Person closed_by;
  std::string outcome;
  int urges = 0;
  std::optional<absl::Time> urged_at;
  Person urged_by;
  std::string urged_note;
  std::optional<absl::CivilDay> urged_due_on;
  int escalated_level = 0;  // the highest that it has risen to: 4 township … 1 province; 0: none
  std::optional<absl::Time> escalated_at;
};

// The columns that ItemFrom reads from cell `first` on, of table alias w.
std::string ItemColumns();
Item ItemFrom(const mysql::Row& row, size_t first = 0);

// What a page tells of the item whoever asks and whenever: all but kind_zh, due_state,
// overdue_working_days, mine, unread and allowed_actions. The desks of an open item keep it, so
// that a page is read from them alone.
v1::WorkItem ShownOf(const Item& item);

// Persons in one column, each between bars, so that a search for "|person|" finds whole names.
std::string JoinPersons(const std::vector<std::string>& persons);
// Codes of sources or industries in one column, in the same way; and back. Empty when there are
// more than fit: then they narrow nothing. Those of auth::Everything are kept, as one empty code.
std::string JoinFacets(const std::vector<std::string>& codes);
std::vector<std::string> SplitFacets(const std::string& joined);

// The grant by which the caller is one of those for whom the item waits; nullptr: it does not.
const auth::Grant* GrantFor(const auth::Caller& caller, const Item& item);

// The highest level of those for whom the item waits, in the item's region.
int LevelOf(const Item& item);
// Who looks after what has risen to a level.
std::vector<workflow::RoleId> RolesAbove(int level);
// The grant by which the caller looks after the item that has risen; nullptr: it has not come to
// them.
const auth::Grant* GrantOfEscalation(const auth::Caller& caller, const Item& item);

// The item locked until the transaction ends. NOT_FOUND outside of the regions.
absl::StatusOr<Item> LockItem(mysql::Tx& tx, const Ulid& id, const std::vector<std::string>& scope);

// Takes items from their desks, or lays them there, in as few statements as fit: the desks of those
// for whom they wait, and of the levels that they have risen to.
absl::Status ClearDesks(mysql::Tx& tx, const std::vector<Item>& items);
absl::Status LayOnDesks(mysql::Tx& tx, const std::vector<Item>& items);

}  // namespace bangfu::inbox
