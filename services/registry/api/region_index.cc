#include "services/registry/api/region_index.h"

#include <map>
#include <string>
#include <vector>

#include "common/status/macros.h"
#include "services/registry/store/region_store.h"

namespace bangfu::registry {

absl::StatusOr<std::shared_ptr<const printed::RegionMatcher>> RegionIndex::Matcher(
    mysql::Executor& db) {
  ASSIGN_OR_RETURN(const auto stamp, RegionStamp(db));
  {
    std::lock_guard<std::mutex> lock(mu_);
    if (matcher_ != nullptr && stamp == stamp_) return matcher_;
  }
  ASSIGN_OR_RETURN(const std::vector<RegionRow> rows, LoadRegions(db));
  std::map<std::string, std::string> cities;
  for (const RegionRow& row : rows) {
    if (row.code.size() == 4) cities[row.code] = row.name;
  }
  std::vector<printed::RegionRow> current;
  std::vector<printed::RegionHistoryRow> history;
  for (const RegionRow& row : rows) {
    const RegionLevel level = static_cast<RegionLevel>(row.level);
    if (row.end_year == 0)
      current.push_back({row.code, row.name, level, row.parent_code, row.is_extension});
    if (row.end_year == 0 && row.start_year == 0) continue;
    printed::RegionHistoryRow h;
    h.code = row.code;
    h.name = row.name;
    h.level = level;
    if (row.code.size() > 4) h.city = cities[row.code.substr(0, 4)];
    h.start_year = row.start_year;
    h.end_year = row.end_year;
    for (const RegionSuccessorRow& s : row.successors) h.successors.push_back({s.code, s.year});
    history.push_back(std::move(h));
  }
  auto matcher =
      std::make_shared<const printed::RegionMatcher>(std::move(current), std::move(history));
  std::lock_guard<std::mutex> lock(mu_);
  stamp_ = stamp;
  matcher_ = matcher;
  return matcher;
}

}  // namespace bangfu::registry
