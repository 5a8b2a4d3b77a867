#include "common/inbox/inbox.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "absl/strings/str_join.h"
#include "common/base/clock.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/inbox/item.h"
#include "common/status/macros.h"

namespace bangfu::inbox {
namespace {

constexpr size_t kSubjectsPerRead = 500;
constexpr size_t kTitleChars = 300;

using Key = std::tuple<Ulid, std::string, std::string>;  // subject, action, slot

absl::StatusOr<std::map<Key, Item>> OpenItems(mysql::Tx& tx, const std::vector<Subject>& subjects) {
  std::map<Key, Item> out;
  for (size_t begin = 0; begin < subjects.size(); begin += kSubjectsPerRead) {
    const size_t end = std::min(subjects.size(), begin + kSubjectsPerRead);
    mysql::Params params;
    for (size_t i = begin; i < end; ++i) params.emplace_back(subjects[i].id);
    ASSIGN_OR_RETURN(
        const mysql::Rows rows,
        tx.Query(
            Cat("SELECT ", ItemColumns(), " FROM work_item w WHERE w.subject_id IN (",
                mysql::Placeholders(end - begin), ") AND w.open_mark = 1 ORDER BY w.id FOR UPDATE"),
            params));
    for (const mysql::Row& row : rows) {
      Item item = ItemFrom(row);
      Key key(item.subject_id, item.action, item.slot);
      out.emplace(std::move(key), std::move(item));
    }
  }
  return out;
}

// Who closes an item, so that items closed alike share a statement.
using Closing = std::tuple<ItemState, std::string, std::string>;  // state, role, region of grant

absl::Status Close(mysql::Tx& tx, const std::vector<Item>& items, const Act& act) {
  if (items.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(ClearDesks(tx, items));
  std::map<Closing, std::vector<Ulid>> alike;
  for (const Item& item : items) {
    const auth::Grant* grant = act.caller == nullptr ? nullptr : GrantFor(*act.caller, item);
    if (grant != nullptr) {
      alike[{ItemState::kDone, options::v1::Role_Name(grant->role), grant->region_path}].push_back(
          item.id);
    } else {
      alike[{ItemState::kWithdrawn, "", ""}].push_back(item.id);
    }
  }
  for (const auto& [closing, ids] : alike) {
    const auto& [state, role, region] = closing;
    for (size_t begin = 0; begin < ids.size(); begin += kSubjectsPerRead) {
      const size_t end = std::min(ids.size(), begin + kSubjectsPerRead);
      mysql::Params params = {
          static_cast<int>(state),
          act.now,
          act.caller != nullptr ? mysql::Param(act.caller->subject) : mysql::Param(nullptr),
          act.caller != nullptr ? act.caller->name : std::string(),
          role,
          region,
          act.outcome};
      for (size_t i = begin; i < end; ++i) params.emplace_back(ids[i]);
      RETURN_IF_ERROR(
          tx.Execute(Cat("UPDATE work_item SET open_mark = NULL, state = ?, closed_at = ?, "
                         "closed_by = ?, closed_name = ?, closed_role = ?, closed_region = ?, "
                         "outcome = ?, version = version + 1 WHERE id IN (",
                         mysql::Placeholders(end - begin), ")"),
                     params)
              .status());
    }
  }
  return absl::OkStatus();
}

constexpr char kWritten[] =
    "id, version, kind, subject_type, subject_id, action, slot, open_mark, state, region_path, "
    "title, roles, assignee, excluded, opened_at, starts_on, base_due_on, due_on, provisional, "
    "closed_name, closed_role, closed_region, outcome, urges, urged_by, urged_name, urged_role, "
    "urged_region, urged_note, escalated_level, escalated_at, fund_sources, industries";

// Rows of open items under kWritten.
std::vector<mysql::Params> RowsOf(const std::vector<Item>& items) {
  std::vector<mysql::Params> rows;
  rows.reserve(items.size());
  for (const Item& i : items) {
    rows.push_back({i.id,
                    1,
                    i.kind,
                    i.subject_type,
                    i.subject_id,
                    i.action,
                    i.slot,
                    1,
                    static_cast<int>(ItemState::kOpen),
                    i.region_path,
                    i.title,
                    absl::StrJoin(i.roles, ","),
                    i.assignee,
                    JoinPersons(i.excluded),
                    i.opened_at,
                    i.starts_on,
                    i.base_due_on,
                    i.due_on,
                    i.provisional,
                    "",
                    "",
                    "",
                    "",
                    i.urges,
                    i.urged_by.subject,
                    i.urged_by.name,
                    i.urged_by.role,
                    i.urged_by.region_path,
                    i.urged_note,
                    i.escalated_level,
                    i.escalated_at,
                    JoinFacets(i.facets.fund_sources),
                    JoinFacets(i.facets.industries)});
  }
  return rows;
}

absl::Status Open(mysql::Tx& tx, const std::vector<Item>& items) {
  if (items.empty()) return absl::OkStatus();
  const absl::Status status = mysql::BulkInsert(tx, "work_item", kWritten, RowsOf(items)).status();
  // Another transaction opened it between our read and our write: read again.
  if (mysql::IsDuplicateKey(status, "work_item_open")) return mysql::Conflict();
  RETURN_IF_ERROR(status);
  return LayOnDesks(tx, items);
}

// The items are there and locked, so that each row only says what becomes of its item: many change
// in one statement.
absl::Status Change(mysql::Tx& tx, const std::vector<Item>& before,
                    const std::vector<Item>& after) {
  if (after.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(ClearDesks(tx, before));
  RETURN_IF_ERROR(
      mysql::BulkInsert(
          tx, "work_item", kWritten, RowsOf(after),
          "ON DUPLICATE KEY UPDATE kind = VALUES(kind), region_path = VALUES(region_path), title = "
          "VALUES(title), roles = VALUES(roles), assignee = VALUES(assignee), excluded = "
          "VALUES(excluded), starts_on = VALUES(starts_on), base_due_on = VALUES(base_due_on), "
          "due_on = VALUES(due_on), provisional = VALUES(provisional), escalated_level = "
          "VALUES(escalated_level), escalated_at = VALUES(escalated_at), fund_sources = "
          "VALUES(fund_sources), industries = VALUES(industries), version = version + 1")
          .status());
  return LayOnDesks(tx, after);
}

bool SameStanding(const Item& a, const Item& b) {
  return a.kind == b.kind && a.region_path == b.region_path && a.title == b.title &&
         a.roles == b.roles && a.assignee == b.assignee && a.excluded == b.excluded &&
         a.starts_on == b.starts_on && a.base_due_on == b.base_due_on && a.due_on == b.due_on &&
         a.provisional == b.provisional && a.escalated_level == b.escalated_level &&
         a.facets.fund_sources == b.facets.fund_sources &&
         a.facets.industries == b.facets.industries;
}

// As they are kept and read again.
std::vector<std::string> Kept(std::vector<std::string> codes) {
  std::sort(codes.begin(), codes.end());
  codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
  return SplitFacets(JoinFacets(codes));
}
auth::Facets Kept(const auth::Facets& facets) {
  return {Kept(facets.fund_sources), Kept(facets.industries)};
}

// Terms of items that open in one Sync are counted in a calendar that is read once.
class Terms {
 public:
  Terms(mysql::Tx& tx, const Act& act) : tx_(tx), act_(act), today_(ShanghaiDay(act.now)) {}

  absl::StatusOr<workflow::Deadline> From(const Wanted& w) {
    if (w.due_on) return workflow::Deadline{*w.due_on, w.provisional};
    if (w.term_days <= 0) return workflow::Deadline{kNoTerm, false};
    const absl::CivilDay from = w.starts_on ? std::max(*w.starts_on - 1, today_) : today_;
    if (w.term_kind == workflow::DayKind::kNatural) {
      return workflow::Deadline{from + w.term_days, false};
    }
    if (!read_ && act_.calendar) {
      ASSIGN_OR_RETURN(calendar_, act_.calendar(tx_, today_.year(), today_.year() + 1));
    }
    read_ = true;
    return workflow::AddDays(from, w.term_days, w.term_kind, calendar_);
  }
  absl::CivilDay today() const { return today_; }

 private:
  mysql::Tx& tx_;
  const Act& act_;
  const absl::CivilDay today_;
  bool read_ = false;
  workflow::Calendar calendar_;
};

}  // namespace

int LevelOfRole(workflow::RoleId role) {
  switch (role) {
    case options::v1::ROLE_VILLAGE_REPORTER:
      return static_cast<int>(RegionLevel::kVillage);
    case options::v1::ROLE_TOWNSHIP_REVIEWER:
    case options::v1::ROLE_TOWNSHIP_APPROVER:
      return static_cast<int>(RegionLevel::kTownship);
    case options::v1::ROLE_CITY_SUPERVISOR:
      return static_cast<int>(RegionLevel::kCity);
    case options::v1::ROLE_PROV_OFFICE:
    case options::v1::ROLE_PROV_ADMIN:
      return static_cast<int>(RegionLevel::kProvince);
    default:
      return static_cast<int>(RegionLevel::kCounty);
  }
}

std::string DeskOf(workflow::RoleId role, std::string_view region_path) {
  const size_t digits =
      static_cast<size_t>(RegionLevelDigits(static_cast<RegionLevel>(LevelOfRole(role))));
  return std::string(region_path.substr(0, digits));
}

absl::StatusOr<workflow::Deadline> TermFrom(mysql::Executor& db, absl::CivilDay from, int64_t days,
                                            const CalendarLookup& lookup) {
  workflow::Calendar calendar;
  if (lookup) {
    ASSIGN_OR_RETURN(calendar, lookup(db, from.year(), from.year() + 1));
  }
  return workflow::AddDays(from, static_cast<int>(days), workflow::DayKind::kWorking, calendar);
}

Wanted WantedOf(const workflow::WaitingStep& step, std::string_view region_path,
                std::string_view title) {
  Wanted w;
  w.kind = step.kind;
  w.action = step.action;
  w.roles = step.roles;
  w.excluded = step.excluded;
  w.region_path = region_path;
  w.title = title;
  return w;
}

absl::Status Claim(mysql::Tx& tx, std::vector<Ulid> subject_ids) {
  if (subject_ids.empty()) return absl::OkStatus();
  std::sort(subject_ids.begin(), subject_ids.end());
  subject_ids.erase(std::unique(subject_ids.begin(), subject_ids.end()), subject_ids.end());
  std::vector<mysql::Params> rows;
  for (const Ulid& id : subject_ids) rows.push_back({id, 1});
  return mysql::BulkInsert(tx, "work_claim", "subject_id, touched", rows,
                           "ON DUPLICATE KEY UPDATE touched = touched + 1")
      .status();
}

absl::Status SetFacets(mysql::Tx& tx, const std::map<Ulid, auth::Facets>& subjects) {
  std::vector<Subject> ids;
  for (const auto& [id, facets] : subjects) ids.push_back({"", id, {}, {}});
  ASSIGN_OR_RETURN(const auto open, OpenItems(tx, ids));
  std::vector<Item> before, after;
  for (const auto& [key, item] : open) {
    Item changed = item;
    changed.facets = Kept(subjects.at(item.subject_id));
    if (SameStanding(item, changed)) continue;
    before.push_back(item);
    after.push_back(std::move(changed));
  }
  return Change(tx, before, after);
}

absl::StatusOr<std::set<Ulid>> OpenSubjects(mysql::Executor& db, const std::string& subject_type,
                                            const std::vector<std::string>& region_paths) {
  std::set<Ulid> out;
  for (size_t begin = 0; begin < region_paths.size(); begin += kSubjectsPerRead) {
    const size_t end = std::min(region_paths.size(), begin + kSubjectsPerRead);
    mysql::Params params = {subject_type};
    for (size_t i = begin; i < end; ++i) params.emplace_back(region_paths[i]);
    ASSIGN_OR_RETURN(
        const mysql::Rows rows,
        db.Query(Cat("SELECT DISTINCT subject_id FROM work_item WHERE open_mark = 1 AND "
                     "subject_type = ? AND region_path IN (",
                     mysql::Placeholders(end - begin), ")"),
                 params));
    for (const mysql::Row& row : rows) out.insert(row.Id(0));
  }
  return out;
}

absl::StatusOr<std::map<Ulid, std::set<std::string>>> OpenSlots(mysql::Executor& db,
                                                                const std::vector<Ulid>& subjects,
                                                                const std::string& action) {
  std::map<Ulid, std::set<std::string>> out;
  for (size_t begin = 0; begin < subjects.size(); begin += kSubjectsPerRead) {
    const size_t end = std::min(subjects.size(), begin + kSubjectsPerRead);
    mysql::Params params;
    for (size_t i = begin; i < end; ++i) params.emplace_back(subjects[i]);
    params.emplace_back(action);
    ASSIGN_OR_RETURN(
        const mysql::Rows rows,
        db.Query(Cat("SELECT subject_id, slot FROM work_item WHERE subject_id IN (",
                     mysql::Placeholders(end - begin), ") AND action = ? AND open_mark = 1"),
                 params));
    for (const mysql::Row& row : rows) out[row.Id(0)].insert(row.String(1));
  }
  return out;
}

absl::Status Sync(mysql::Tx& tx, const std::vector<Subject>& subjects, const Act& act) {
  std::map<Key, Item> open;
  if (!act.fresh) {
    ASSIGN_OR_RETURN(open, OpenItems(tx, subjects));
  }
  Terms terms(tx, act);
  std::vector<Item> opened, before, after;
  for (const Subject& subject : subjects) {
    for (const Wanted& w : subject.wanted) {
      const auto standing = open.find({subject.id, w.action, w.slot});
      // What stands keeps what the record does not say: its opening, its urging.
      Item item = standing != open.end() ? standing->second : Item();
      item.kind = w.kind;
      item.subject_type = subject.type;
      item.subject_id = subject.id;
      item.action = w.action;
      item.slot = w.slot;
      item.region_path = w.region_path;
      item.title = Utf8Truncate(w.title, kTitleChars);
      item.roles = w.roles;
      std::sort(item.roles.begin(), item.roles.end());
      item.facets = Kept(w.facets);
      item.assignee = w.assignee;
      item.excluded = w.excluded;
      std::sort(item.excluded.begin(), item.excluded.end());
      if (standing != open.end()) {
        const Item& old = standing->second;
        item.starts_on = w.starts_on.value_or(old.starts_on);
        item.base_due_on = w.due_on.value_or(w.term_days > 0 ? old.base_due_on : kNoTerm);
        item.provisional = w.due_on ? w.provisional : old.provisional;
        item.due_on = std::min(item.base_due_on, old.urged_due_on.value_or(kNoTerm));
        // What has risen stays where it is, unless it got time anew or waits for another level.
        if (item.due_on != old.due_on || LevelOf(item) != LevelOf(old)) {
          item.escalated_level = 0;
          item.escalated_at.reset();
        }
        if (!SameStanding(old, item)) {
          before.push_back(old);
          after.push_back(std::move(item));
        }
        open.erase(standing);
        continue;
      }
      item.id = act.ids.Next();
      item.opened_at = act.now;
      item.starts_on = w.starts_on.value_or(terms.today());
      ASSIGN_OR_RETURN(const workflow::Deadline due, terms.From(w));
      item.base_due_on = item.due_on = due.day;
      item.provisional = due.provisional;
      opened.push_back(std::move(item));
    }
  }
  std::map<Ulid, const std::vector<std::string>*> limited;
  for (const Subject& subject : subjects) {
    if (!subject.only.empty()) limited[subject.id] = &subject.only;
  }
  std::vector<Item> closed;
  for (auto& [key, item] : open) {
    const auto only = limited.find(item.subject_id);
    if (only != limited.end() &&
        std::find(only->second->begin(), only->second->end(), item.action) == only->second->end()) {
      continue;
    }
    closed.push_back(std::move(item));
  }
  RETURN_IF_ERROR(Close(tx, closed, act));
  RETURN_IF_ERROR(Change(tx, before, after));
  return Open(tx, opened);
}

}  // namespace bangfu::inbox
