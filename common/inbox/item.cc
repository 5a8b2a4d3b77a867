#include "common/inbox/item.h"

#include <algorithm>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/inbox/inbox.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"

namespace bangfu::inbox {
namespace {

// A DELETE names each row by its whole key; more of them in one statement cost the planner more
// than the round trip saves.
constexpr size_t kDesksPerDelete = 200;
constexpr size_t kExcludedBytes = 2000;
constexpr size_t kFacetBytes = 1000;

std::vector<std::string> SplitPersons(const std::string& joined) {
  return absl::StrSplit(joined, '|', absl::SkipEmpty());
}

std::vector<workflow::RoleId> RolesFrom(const std::string& joined) {
  std::vector<workflow::RoleId> out;
  for (absl::string_view role : absl::StrSplit(joined, ',', absl::SkipEmpty())) {
    int number = 0;
    if (ParseInt(StdView(role), &number)) out.push_back(number);
  }
  return out;
}

// A desk of an item: a role's, of those who have it to do or to look after.
struct Desk {
  workflow::RoleId role = 0;
  bool escalated = false;
};
std::vector<Desk> DesksOf(const Item& item) {
  std::vector<Desk> out;
  for (const workflow::RoleId role : item.roles) out.push_back({role, false});
  if (item.escalated_level == 0) return out;
  for (int level = LevelOf(item) - 1; level >= item.escalated_level; --level) {
    for (const workflow::RoleId role : RolesAbove(level)) out.push_back({role, true});
  }
  return out;
}

void SetActor(const Person& person, type::v1::Actor* out) {
  out->set_subject(person.subject);
  out->set_name(person.name);
  out->set_role(person.role);
  out->set_region_path(person.region_path);
}

}  // namespace

std::string ItemColumns() {
  return "w.id, w.version, w.kind, w.subject_type, w.subject_id, w.action, w.slot, w.state, "
         "w.region_path, w.title, w.roles, w.assignee, w.excluded, w.opened_at, w.starts_on, "
         "w.base_due_on, w.due_on, w.provisional, w.closed_at, w.closed_by, w.closed_name, "
         "w.closed_role, w.closed_region, w.outcome, w.urges, w.urged_at, w.urged_by, "
         "w.urged_name, w.urged_role, w.urged_region, w.urged_note, w.urged_due_on, "
         "w.escalated_level, w.escalated_at, w.fund_sources, w.industries";
}

Item ItemFrom(const mysql::Row& row, size_t first) {
  Item i;
  size_t c = first;
  i.id = row.Id(c++);
  i.version = row.Int(c++);
  i.kind = row.String(c++);
  i.subject_type = row.String(c++);
  i.subject_id = row.Id(c++);
  i.action = row.String(c++);
  i.slot = row.String(c++);
  i.state = static_cast<ItemState>(row.Int(c++));
  i.region_path = row.String(c++);
  i.title = row.String(c++);
  i.roles = RolesFrom(row.String(c++));
  i.assignee = row.String(c++);
  i.excluded = SplitPersons(row.String(c++));
  i.opened_at = row.Time(c++);
  i.starts_on = row.Day(c++);
  i.base_due_on = row.Day(c++);
  i.due_on = row.Day(c++);
  i.provisional = row.Bool(c++);
  i.closed_at = row.OptTime(c++);
  i.closed_by.subject = row.String(c++);
  i.closed_by.name = row.String(c++);
  i.closed_by.role = row.String(c++);
  i.closed_by.region_path = row.String(c++);
  i.outcome = row.String(c++);
  i.urges = static_cast<int>(row.Int(c++));
  i.urged_at = row.OptTime(c++);
  i.urged_by.subject = row.String(c++);
  i.urged_by.name = row.String(c++);
  i.urged_by.role = row.String(c++);
  i.urged_by.region_path = row.String(c++);
  i.urged_note = row.String(c++);
  i.urged_due_on = row.OptDay(c++);
  i.escalated_level = static_cast<int>(row.Int(c++));
  i.escalated_at = row.OptTime(c++);
  i.facets.fund_sources = SplitFacets(row.String(c++));
  i.facets.industries = SplitFacets(row.String(c++));
  return i;
}

v1::WorkItem ShownOf(const Item& item) {
  v1::WorkItem out;
  out.set_id(item.id.ToString());
  out.set_kind(item.kind);
  out.set_title(item.title);
  out.set_subject_type(item.subject_type);
  out.set_subject_id(item.subject_id.ToString());
  out.set_action(item.action);
  out.set_slot(item.slot);
  out.set_region_path(item.region_path);
  for (const workflow::RoleId role : item.roles) out.add_roles(static_cast<auth::Role>(role));
  out.set_assignee(item.assignee);
  SetTime(item.opened_at, out.mutable_opened_at());
  out.set_provisional(item.provisional);
  out.set_state(static_cast<v1::WorkState>(item.state));
  if (item.due_on != kNoTerm) SetDay(item.due_on, out.mutable_due_on());
  out.set_urge_count(item.urges);
  if (item.urged_at) {
    v1::Urge* urge = out.mutable_last_urge();
    SetActor(item.urged_by, urge->mutable_by());
    SetTime(*item.urged_at, urge->mutable_at());
    urge->set_note(item.urged_note);
    if (item.urged_due_on) SetDay(*item.urged_due_on, urge->mutable_due_on());
  }
  if (item.closed_at) {
    SetActor(item.closed_by, out.mutable_closed_by());
    SetTime(*item.closed_at, out.mutable_closed_at());
    out.set_outcome(item.outcome);
  }
  out.set_escalated_level(item.escalated_level);
  if (item.escalated_at) SetTime(*item.escalated_at, out.mutable_escalated_at());
  return out;
}

std::string JoinPersons(const std::vector<std::string>& persons) {
  if (persons.empty()) return "";
  std::string out = "|";
  for (const std::string& person : persons) {
    if (out.size() + person.size() + 1 > kExcludedBytes) break;
    out += person;
    out += '|';
  }
  return out;
}

std::string JoinFacets(const std::vector<std::string>& codes) {
  if (codes.empty()) return "";
  std::string out = Cat("|", absl::StrJoin(codes, "|"), "|");
  return out.size() > kFacetBytes ? "" : out;
}

std::vector<std::string> SplitFacets(const std::string& joined) {
  if (joined == "||") return {""};
  return absl::StrSplit(joined, '|', absl::SkipEmpty());
}

const auth::Grant* GrantFor(const auth::Caller& caller, const Item& item) {
  if (!item.assignee.empty() && item.assignee != caller.subject) return nullptr;
  // Kept out as a deputy, too, where the one on whose behalf they would act is (as tables refuse).
  const workflow::Actor actor =
      workflow::ActorAt(caller, item.region_path, item.facets).By(item.roles);
  if (std::any_of(item.excluded.begin(), item.excluded.end(),
                  [&](const std::string& person) { return actor.Is(person); })) {
    return nullptr;
  }
  std::vector<auth::Role> roles;
  for (const workflow::RoleId role : item.roles) roles.push_back(static_cast<auth::Role>(role));
  return roles.empty() ? nullptr : caller.Find(roles, item.region_path, item.facets);
}

int LevelOf(const Item& item) {
  int level = static_cast<int>(RegionLevel::kVillage);
  for (const workflow::RoleId role : item.roles) level = std::min(level, LevelOfRole(role));
  return std::min(level, static_cast<int>(LevelOfRegion(item.region_path)));
}

std::vector<workflow::RoleId> RolesAbove(int level) {
  switch (static_cast<RegionLevel>(level)) {
    case RegionLevel::kTownship:
      return {options::v1::ROLE_TOWNSHIP_REVIEWER};
    case RegionLevel::kCounty:
      return {options::v1::ROLE_COUNTY_OPERATOR, options::v1::ROLE_COUNTY_APPROVER};
    case RegionLevel::kCity:
      return {options::v1::ROLE_CITY_SUPERVISOR};
    case RegionLevel::kProvince:
      return {options::v1::ROLE_PROV_OFFICE};
    default:
      return {};
  }
}

const auth::Grant* GrantOfEscalation(const auth::Caller& caller, const Item& item) {
  if (item.escalated_level == 0) return nullptr;
  std::vector<auth::Role> roles;
  for (int level = LevelOf(item) - 1; level >= item.escalated_level; --level) {
    for (const workflow::RoleId role : RolesAbove(level)) {
      roles.push_back(static_cast<auth::Role>(role));
    }
  }
  return roles.empty() ? nullptr : caller.Find(roles, item.region_path, item.facets);
}

absl::StatusOr<Item> LockItem(mysql::Tx& tx, const Ulid& id,
                              const std::vector<std::string>& scope) {
  mysql::Params params = {id};
  const std::string clause = mysql::RegionClause(scope, "w.region_path", &params);
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   tx.Query(Cat("SELECT ", ItemColumns(), " FROM work_item w WHERE w.id = ? AND ",
                                clause, " FOR UPDATE"),
                            params));
  if (rows.empty()) return NotFound("work_item", id.ToString()).Build();
  return ItemFrom(rows[0]);
}

absl::Status ClearDesks(mysql::Tx& tx, const std::vector<Item>& items) {
  std::string where;
  mysql::Params params;
  size_t desks = 0;
  const auto flush = [&]() -> absl::Status {
    if (desks == 0) return absl::OkStatus();
    const absl::Status status =
        tx.Execute(Cat("DELETE FROM work_desk WHERE ", where), params).status();
    where.clear();
    params.clear();
    desks = 0;
    return status;
  };
  for (const Item& item : items) {
    for (const auto& [role, escalated] : DesksOf(item)) {
      where += Cat(desks > 0 ? " OR " : "",
                   "(role = ? AND desk_path = ? AND due_on = ? AND item_id = ?)");
      params.emplace_back(role);
      params.emplace_back(DeskOf(role, item.region_path));
      params.emplace_back(item.due_on);
      params.emplace_back(item.id);
      if (++desks == kDesksPerDelete) RETURN_IF_ERROR(flush());
    }
  }
  return flush();
}

absl::Status LayOnDesks(mysql::Tx& tx, const std::vector<Item>& items) {
  std::vector<mysql::Params> rows;
  for (const Item& item : items) {
    const std::string shown = ShownOf(item).SerializeAsString();
    const std::string fund_sources = JoinFacets(item.facets.fund_sources);
    const std::string industries = JoinFacets(item.facets.industries);
    for (const auto& [role, escalated] : DesksOf(item)) {
      // Whoever is kept out of the step may still look after it.
      rows.push_back({role, DeskOf(role, item.region_path), item.due_on, item.id, item.region_path,
                      item.kind, item.starts_on, escalated ? std::string() : item.assignee,
                      escalated ? std::string() : JoinPersons(item.excluded), escalated, shown,
                      fund_sources, industries});
    }
  }
  if (rows.empty()) return absl::OkStatus();
  return mysql::BulkInsert(tx, "work_desk",
                           "role, desk_path, due_on, item_id, region_path, kind, starts_on, "
                           "assignee, excluded, escalated, shown, fund_sources, industries",
                           rows)
      .status();
}

}  // namespace bangfu::inbox
