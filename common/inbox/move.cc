#include "common/inbox/move.h"

#include <string>
#include <vector>

#include "common/base/strings.h"
#include "common/inbox/item.h"
#include "common/status/macros.h"

namespace bangfu::inbox {
namespace {

constexpr int kChunk = 500;

}  // namespace

absl::StatusOr<int64_t> MoveRegion(mysql::Tx& tx, const recode::Move& move) {
  int64_t total = 0;
  while (true) {
    mysql::Params params;
    const std::string there = mysql::RegionClause({move.from}, "w.region_path", &params);
    params.emplace_back(kChunk);
    ASSIGN_OR_RETURN(
        const mysql::Rows rows,
        tx.Query(Cat("SELECT ", ItemColumns(), " FROM work_item w WHERE w.open_mark = 1 AND ",
                     there, " ORDER BY w.region_path, w.due_on, w.id LIMIT ? FOR UPDATE"),
                 params));
    if (rows.empty()) return total;
    std::vector<Item> before, after;
    mysql::Params moved = {move.to, static_cast<int64_t>(move.from.size() + 1)};
    for (const mysql::Row& row : rows) {
      before.push_back(ItemFrom(row));
      after.push_back(before.back());
      after.back().region_path = move.NewPath(before.back().region_path);
      moved.emplace_back(before.back().id);
    }
    RETURN_IF_ERROR(ClearDesks(tx, before));
    RETURN_IF_ERROR(
        tx.Execute(Cat("UPDATE work_item SET region_path = CONCAT(?, SUBSTRING(region_path, ?)), "
                       "version = version + 1 WHERE id IN (",
                       mysql::Placeholders(rows.size()), ")"),
                   moved)
            .status());
    RETURN_IF_ERROR(LayOnDesks(tx, after));
    total += static_cast<int64_t>(rows.size());
    if (rows.size() < kChunk) return total;
  }
}

}  // namespace bangfu::inbox
