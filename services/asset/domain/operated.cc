#include "services/asset/domain/operated.h"

#include <cstddef>
#include <utility>

namespace bangfu::asset {
namespace {

constexpr size_t kKept = 100;  // asset.v1.UseReport.operated

// Off season tells that it had a season before.
UsePeriod BegunBy(const Use& use) {
  if (use.state == UseState::kOffSeason) return {};
  return {use.since, std::nullopt};
}

void Operates(const Use* previous, const Use& use, std::vector<UsePeriod>* periods) {
  if (periods->empty()) {
    // After a time of which it is known that it did not operate, not before that either.
    periods->push_back(previous == nullptr ? BegunBy(use) : UsePeriod{use.since, std::nullopt});
    return;
  }
  UsePeriod& last = periods->back();
  if (!last.to) return;
  if (use.since > *last.to + 1) {
    periods->push_back({use.since, std::nullopt});
  } else {
    last.to.reset();
  }
}

// Reports are late: it may have stood idle since before the day on which it was said to operate.
void Stops(const Use* previous, const Use& use, std::vector<UsePeriod>* periods) {
  const absl::CivilDay last_day =
      (IsStopped(use.state) ? use.idle_since.value_or(use.since) : use.since) - 1;
  const bool had_none = periods->empty();
  while (!periods->empty() && periods->back().from && *periods->back().from > last_day) {
    periods->pop_back();
  }
  if (!periods->empty()) {
    UsePeriod& last = periods->back();
    if (!last.to || *last.to > last_day) last.to = last_day;
    return;
  }
  if (!had_none || !use.ever_used || (previous != nullptr && previous->ever_used)) return;
  UsePeriod before{std::nullopt, last_day};
  if (previous != nullptr) before.from = previous->since;
  if (!before.from || *before.from <= last_day) periods->push_back(before);
}

}  // namespace

std::vector<UsePeriod> OperatedWith(const Use* previous, const Use& use) {
  std::vector<UsePeriod> periods;
  if (previous != nullptr) periods = OperatedOf(*previous);
  if (UsesSomething(use.state)) {
    Operates(previous, use, &periods);
  } else {
    Stops(previous, use, &periods);
  }
  if (periods.size() > kKept) {
    periods.erase(periods.begin(), periods.end() - static_cast<std::ptrdiff_t>(kKept));
  }
  return periods;
}

std::vector<UsePeriod> OperatedOf(const Use& use) {
  if (!use.operated.empty() || !UsesSomething(use.state)) return use.operated;
  return {BegunBy(use)};
}

std::vector<UsePeriod> OperatedSince(std::vector<UsePeriod> periods,
                                     const std::optional<absl::CivilDay>& formed) {
  if (!formed) return periods;
  std::erase_if(periods, [&](const UsePeriod& p) { return p.to && *p.to < *formed; });
  if (!periods.empty() && (!periods.front().from || *periods.front().from < *formed)) {
    periods.front().from = *formed;
  }
  return periods;
}

}  // namespace bangfu::asset
