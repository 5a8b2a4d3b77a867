#include "services/evaluation/jobs/chain_trend.h"

#include <map>
#include <utility>
#include <vector>

#include "bangfu/registry/v1/industry.pb.h"
#include "common/contract/time.h"
#include "common/status/macros.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/facts/fact_loader.h"
#include "services/evaluation/facts/moment.h"
#include "services/evaluation/store/subject_store.h"
#include "services/evaluation/store/trend_store.h"

namespace bangfu::evaluation {

namespace {

absl::Status RefreshCounty(mysql::Session& db, const std::string& county, absl::CivilDay today,
                           absl::Time now) {
  ASSIGN_OR_RETURN(std::vector<Ulid> industries, ListCountyIndustries(db, county));
  if (industries.empty()) return absl::OkStatus();
  const std::string month = MonthText(absl::CivilMonth(today));
  FactLoader loader(Moment{month, today});
  std::map<Ulid, ChainMonth> months;
  for (const Ulid& id : industries) {
    ASSIGN_OR_RETURN(const IndustryContext context, loader.LoadIndustryContext(db, id));
    ChainMonth& m = months[id];
    m.industry_id = id;
    m.month = month;
    m.county = county;
    m.links_applicable = static_cast<int64_t>(context.applicable_links.size());
    for (const std::string& link : context.applicable_links) {
      if (context.present_links.contains(link)) ++m.links_present;
    }
  }
  registry::v1::ListShortBoardsResponse boards;
  RETURN_IF_ERROR(StreamShortBoards(db, county, [&](const Ulid& id, std::string_view payload) {
    auto m = months.find(id);
    // A payload that cannot be read counts as none; the consumer parks such events.
    if (m == months.end() ||
        !boards.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
      return;
    }
    for (const registry::v1::ShortBoard& b : boards.short_boards()) {
      const std::optional<absl::CivilDay> completed = DayOf(b.completed_on());
      ++(completed && *completed <= today ? m->second.short_boards_completed
                                          : m->second.short_boards_open);
    }
  }));
  std::vector<ChainMonth> rows;
  for (auto& [id, m] : months) rows.push_back(std::move(m));
  return mysql::Transact(db, [&](mysql::Tx& tx) { return PutChainMonths(tx, rows, now); });
}

}  // namespace

absl::Status RefreshChainTrend(mysql::Session& db, const std::string& region, absl::Time now) {
  ASSIGN_OR_RETURN(auto counties, ListCounties(db, region));
  for (const auto& [county, subjects] : counties) {
    RETURN_IF_ERROR(RefreshCounty(db, county, ShanghaiDay(now), now));
  }
  return absl::OkStatus();
}

}  // namespace bangfu::evaluation
