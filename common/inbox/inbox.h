// The inbox (待办): every step of a workflow that waits for somebody is an item, opened and closed
// in the transaction of the steps before and after it.
//
// A service says which steps of a subject wait (workflow/work.h reads them off its transition
// table) and calls Sync after each change of the subject; Sync makes the subject's open items equal
// to that. The subject's row is locked by then, so two callers cannot open one item twice; should a
// service forget the lock, the open item's unique key makes the second transaction run again.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/auth/caller.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "common/workflow/calendar.h"
#include "common/workflow/work.h"

namespace bangfu::inbox {

// The service's copy of the work calendar for these years, both included.
using CalendarLookup = std::function<absl::StatusOr<workflow::Calendar>(
    mysql::Executor&, absl::civil_year_t first, absl::civil_year_t last)>;

// `days` working days after `from`, which may not reach beyond the year after it; of an empty
// lookup by Monday to Friday.
absl::StatusOr<workflow::Deadline> TermFrom(mysql::Executor& db, absl::CivilDay from, int64_t days,
                                            const CalendarLookup& lookup);

// What a kind of work is called, and on what records it is done.
struct Kind {
  std::string code;      // UNIT_REPORT_PASS
  std::string label_zh;  // 审核摸排报告
  std::string subject_type;
  // The rpc by which it is done, where that serves certain clauses of the policy: the work is of
  // those clauses, too. "bangfu.registry.v1.IndustryService.CompleteShortBoard".
  std::string rpc{};
};

// A step that waits, as its service wants it in the inbox.
struct Wanted {
  std::string kind;    // UNIT_REPORT_PASS
  std::string action;  // of the transition table
  std::string slot;    // tells items of one action apart: a department, a level; else empty
  std::string title;   // for people: 下营村摸排报告
  std::string region_path;
  std::vector<workflow::RoleId> roles;
  // What the step asks a grant's scope for, exactly as its rpc does: the item waits for those alone
  // whose grants cover it. Of several records together, those of all of them; of an act on the
  // whole of a unit or region auth::Everything(). None: it waits for everybody of role and region.
  // The service brings an item after its record when that gets others.
  auth::Facets facets;
  std::vector<std::string> excluded;  // persons
  std::string assignee;               // only this person's; empty: anybody's of the roles
  // When it is due: a day that the record fixes, and that the item follows; or a term from the day
  // on which the item opens (0 days: no term).
  std::optional<absl::CivilDay> due_on;
  int term_days = 0;
  workflow::DayKind term_kind = workflow::DayKind::kWorking;
  bool provisional = false;  // of due_on
  // Not before this day (a period has to end first).
  std::optional<absl::CivilDay> starts_on;
};
// The step with region and title; terms and slot are the service's to add.
Wanted WantedOf(const workflow::WaitingStep& step, std::string_view region_path,
                std::string_view title);

struct Subject {
  std::string type;  // "unit_report"
  Ulid id;
  std::vector<Wanted> wanted;
  // Only items of these actions are compared; empty: all of the subject's.
  std::vector<std::string> only;
};

// By what the subjects changed.
struct Act {
  UlidGenerator& ids;
  absl::Time now;
  const auth::Caller* caller = nullptr;  // null: the service itself
  std::string outcome;                   // the action that was taken: "pass"
  CalendarLookup calendar;               // asked only when an item with a term opens
  bool fresh = false;                    // the subjects are new: nothing is open yet
};

// Makes the open items of the subjects what is wanted of each. An item that is not wanted any more
// is DONE by the caller when it waited for the caller, else WITHDRAWN. An item that stays keeps its
// opening, its term and its urging. A few statements for 500 subjects.
absl::Status Sync(mysql::Tx& tx, const std::vector<Subject>& subjects, const Act& act);

// Gives all open items of each subject these facets: where the record that a subject is about got
// another industry or other money, and nothing else of its steps changed.
absl::Status SetFacets(mysql::Tx& tx, const std::map<Ulid, auth::Facets>& subjects);

// Makes transactions wait for each other whose steps decide together whether something waits (every
// village of a county has reported): each claims the common subject before it looks at the others.
absl::Status Claim(mysql::Tx& tx, std::vector<Ulid> subject_ids);

// The subjects of a type that wait in exactly these regions. A statement for 500 regions.
absl::StatusOr<std::set<Ulid>> OpenSubjects(mysql::Executor& db, const std::string& subject_type,
                                            const std::vector<std::string>& region_paths);

// The slots in which one action waits on each of the subjects; none of those that have none.
absl::StatusOr<std::map<Ulid, std::set<std::string>>> OpenSlots(mysql::Executor& db,
                                                                const std::vector<Ulid>& subjects,
                                                                const std::string& action);

// The region level at which a role sits: 5 village … 1 province.
int LevelOfRole(workflow::RoleId role);
// The desk on which an item of the region lies for a role: the region at the role's level, or the
// region itself when it is above that.
std::string DeskOf(workflow::RoleId role, std::string_view region_path);

}  // namespace bangfu::inbox
