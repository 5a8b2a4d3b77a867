#include "common/inbox/escalation.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/inbox/item.h"
#include "common/status/macros.h"

namespace bangfu::inbox {
namespace {

constexpr int kChunk = 500;
// From the village's level to the province's.
constexpr int kLevels = 4;
// How far back working days are counted; a service's copy of the calendar holds this year and the
// last.
constexpr int kDaysBack = 365;

// For the first, second … level above: what was due on this day or before has come to it.
std::vector<absl::CivilDay> LimitsOf(absl::CivilDay today, int64_t days,
                                     const workflow::Calendar& calendar) {
  std::vector<absl::CivilDay> out;
  int64_t past = 0;
  for (absl::CivilDay day = today; out.size() < kLevels && today - day < kDaysBack; --day) {
    past += calendar.IsWorking(day) ? 1 : 0;
    while (out.size() < kLevels && past > days * static_cast<int64_t>(out.size() + 1)) {
      out.push_back(day - 1);
    }
  }
  return out;
}

// The level to which the item has risen by now; 0: none.
int TargetOf(const Item& item, const std::vector<absl::CivilDay>& limits) {
  const auto levels = std::count_if(limits.begin(), limits.end(),
                                    [&](absl::CivilDay limit) { return item.due_on <= limit; });
  const int own = LevelOf(item);
  const int target = std::max(1, own - static_cast<int>(levels));
  return target < own ? target : 0;
}

bool Rises(const Item& item, const std::vector<absl::CivilDay>& limits) {
  const int target = TargetOf(item, limits);
  return target != 0 && (item.escalated_level == 0 || target < item.escalated_level);
}

absl::StatusOr<int64_t> Raise(mysql::Tx& tx, const std::vector<Ulid>& ids, absl::Time now,
                              const std::vector<absl::CivilDay>& limits) {
  mysql::Params params;
  for (const Ulid& id : ids) params.emplace_back(id);
  ASSIGN_OR_RETURN(const mysql::Rows rows,
                   tx.Query(Cat("SELECT ", ItemColumns(), " FROM work_item w WHERE w.id IN (",
                                mysql::Placeholders(ids.size()),
                                ") AND w.open_mark = 1 ORDER BY w.id FOR UPDATE"),
                            params));
  std::vector<Item> before, after;
  std::map<int, std::vector<Ulid>> by_level;
  for (const mysql::Row& row : rows) {
    Item item = ItemFrom(row);
    // It was done, or got time anew, since the page was read.
    if (!Rises(item, limits)) continue;
    before.push_back(item);
    item.escalated_level = TargetOf(item, limits);
    item.escalated_at = now;
    by_level[item.escalated_level].push_back(item.id);
    after.push_back(std::move(item));
  }
  if (after.empty()) return 0;
  RETURN_IF_ERROR(ClearDesks(tx, before));
  for (const auto& [level, risen] : by_level) {
    mysql::Params values = {level, now};
    for (const Ulid& id : risen) values.emplace_back(id);
    RETURN_IF_ERROR(
        tx.Execute(Cat("UPDATE work_item SET escalated_level = ?, escalated_at = ?, version = "
                       "version + 1 WHERE id IN (",
                       mysql::Placeholders(risen.size()), ")"),
                   values)
            .status());
  }
  RETURN_IF_ERROR(LayOnDesks(tx, after));
  return static_cast<int64_t>(after.size());
}

}  // namespace

absl::StatusOr<int64_t> Escalate(mysql::Session& session, absl::Time now,
                                 const EscalationOptions& options) {
  if (options.days <= 0) return 0;
  const absl::CivilDay today = ShanghaiDay(now);
  workflow::Calendar calendar;
  if (options.calendar) {
    ASSIGN_OR_RETURN(calendar, options.calendar(session, (today - kDaysBack).year(), today.year()));
  }
  const std::vector<absl::CivilDay> limits = LimitsOf(today, options.days, calendar);
  if (limits.empty()) return 0;
  int64_t total = 0;
  absl::Status failure;
  std::string region;
  absl::CivilDay due(1, 1, 1);
  Ulid last;
  while (true) {
    ASSIGN_OR_RETURN(
        const mysql::Rows rows,
        session.Query(Cat("SELECT ", ItemColumns(),
                          " FROM work_item w WHERE w.open_mark = 1 AND w.due_on <= ? AND "
                          "w.region_path >= ? AND (w.region_path > ? OR w.due_on > ? OR (w.due_on "
                          "= ? AND w.id > ?)) ORDER BY w.region_path, w.due_on, w.id LIMIT ?"),
                      {limits.front(), region, region, due, due, last, kChunk}));
    std::map<std::string, std::vector<Ulid>> by_county;
    for (const mysql::Row& row : rows) {
      const Item item = ItemFrom(row);
      region = item.region_path;
      due = item.due_on;
      last = item.id;
      if (Rises(item, limits)) {
        by_county[RegionAncestor(item.region_path, RegionLevel::kCounty)].push_back(item.id);
      }
    }
    for (const auto& [county, ids] : by_county) {
      if (options.stopped && options.stopped()) return total;
      int64_t risen = 0;
      const absl::Status status = mysql::Transact(session, [&](mysql::Tx& tx) -> absl::Status {
        ASSIGN_OR_RETURN(risen, Raise(tx, ids, now, limits));
        return options.before_commit ? options.before_commit(county) : absl::OkStatus();
      });
      if (status.ok()) {
        total += risen;
      } else if (failure.ok()) {
        failure = status;
      }
    }
    if (rows.size() < kChunk) break;
  }
  if (!failure.ok()) return failure;
  return total;
}

}  // namespace bangfu::inbox
