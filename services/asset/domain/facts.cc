#include "services/asset/domain/facts.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "common/base/bp.h"
#include "services/asset/domain/rules.h"

namespace bangfu::asset {
namespace {

constexpr size_t kShownRecords = 10;
// Whose id a measure may name as what carries it out; more in force at once has no project.
constexpr size_t kNamedContracts = 500;

std::string MonthText(absl::CivilMonth month) { return absl::FormatCivilTime(month); }

void Earliest(const std::optional<absl::CivilDay>& day, std::optional<absl::CivilDay>* out) {
  if (day && (!*out || *day < **out)) *out = day;
}

// NORMAL when all is in use, SEASONAL when the rest is declared off season, PARTIAL when the rest
// stands idle; with nothing in use NOT_STARTED or stopped.
void FillStatus(const std::vector<const FactAsset*>& operating, absl::CivilDay today,
                Facts* facts) {
  size_t in_use = 0;
  size_t off_season = 0;
  size_t partial = 0;
  size_t not_started = 0;
  std::vector<std::pair<absl::CivilDay, int64_t>> idle;
  std::optional<absl::CivilDay> last_stop;
  for (const FactAsset* asset : operating) {
    UseState use = asset->use;
    // A cultivation period that is over without use counts as not started.
    if (use == UseState::kCultivating) use = UseState::kNotStarted;
    switch (use) {
      case UseState::kInUse:
        ++in_use;
        break;
      case UseState::kOffSeason:
        ++off_season;
        break;
      case UseState::kPartial: {
        ++partial;
        const int64_t idle_value =
            asset->value_fen - MulDivHalfUp(asset->value_fen, asset->in_use_share_bp, kBpOne);
        idle.emplace_back(asset->idle_since.value_or(asset->use_since),
                          std::max<int64_t>(idle_value, 1));
        break;
      }
      case UseState::kNotStarted:
      case UseState::kUnspecified:
        ++not_started;
        break;
      default: {
        const absl::CivilDay since = asset->idle_since.value_or(asset->use_since);
        idle.emplace_back(since, std::max<int64_t>(asset->value_fen, 1));
        if (!last_stop || since > *last_stop) last_stop = since;
      }
    }
  }
  const size_t running = in_use + off_season + partial;
  if (running == 0 && not_started == operating.size()) {
    facts->status = OperatingStatus::kNotStarted;
    return;
  }
  if (running == 0) {
    // The project stands still since its last asset stopped.
    facts->idle_since = last_stop;
    facts->status = MonthsBetween(*last_stop, today) >= kIdleMonths ? OperatingStatus::kIdle
                                                                    : OperatingStatus::kSuspended;
    return;
  }
  if (in_use == operating.size()) {
    facts->status = OperatingStatus::kNormal;
  } else if (in_use + off_season == operating.size()) {
    facts->status = OperatingStatus::kSeasonal;
  } else {
    facts->status = OperatingStatus::kPartial;
    facts->idle_since = IdleMedian(std::move(idle));
  }
}

// The most households linked on one day of the month, up to today: of the modes the largest, since
// one household may stand in several. nullopt: a link ran whose households of then are not known.
std::optional<int64_t> MostLinked(const std::vector<FactLink>& links, absl::CivilMonth month,
                                  absl::CivilDay today) {
  // The number rises on these days only.
  std::set<absl::CivilDay> days = {absl::CivilDay(month)};
  const auto add = [&](absl::CivilDay day) {
    if (absl::CivilMonth(day) == month && day <= today) days.insert(day);
  };
  for (const FactLink& link : links) {
    add(link.start);
    for (const auto& [since, households] : link.households) add(since);
  }
  int64_t most = 0;
  for (const absl::CivilDay day : days) {
    std::map<std::string, int64_t> by_mode;
    for (const FactLink& link : links) {
      if (link.start > day || (link.end && *link.end < day)) continue;
      const auto later = link.households.upper_bound(day);
      if (later == link.households.begin()) return std::nullopt;
      by_mode[link.mode] += std::prev(later)->second;
    }
    for (const auto& [mode, households] : by_mode) most = std::max(most, households);
  }
  return most;
}

void FillHouseholdsByMonth(const std::vector<FactLink>& links, absl::CivilDay today, Facts* facts) {
  // Months that may differ from the one before.
  std::set<absl::CivilMonth> months;
  for (const FactLink& link : links) {
    months.insert(absl::CivilMonth(link.start));
    if (link.end) months.insert(absl::CivilMonth(*link.end) + 1);
    for (const auto& [since, households] : link.households) {
      months.insert(absl::CivilMonth(since));
      months.insert(absl::CivilMonth(since) + 1);
    }
  }
  auto& by_month = facts->households_by_month;
  for (const absl::CivilMonth month : months) {
    if (month > absl::CivilMonth(today)) break;
    const std::optional<int64_t> households = MostLinked(links, month, today);
    if (!by_month.empty() && by_month.rbegin()->second == households) continue;
    by_month.emplace(MonthText(month), households);
  }
}

}  // namespace

int64_t PartOf(int64_t total, const Part& part) {
  if (part.whole <= 0) return 0;
  const auto upto = [&](int64_t weight) { return MulDivHalfUp(total, weight, part.whole); };
  return upto(part.before + part.weight) - upto(part.before);
}

std::optional<absl::CivilDay> IdleMedian(std::vector<std::pair<absl::CivilDay, int64_t>> idle) {
  if (idle.empty()) return std::nullopt;
  std::sort(idle.begin(), idle.end());
  int64_t total = 0;
  for (const auto& [day, value] : idle) total += value;
  int64_t sum = 0;
  for (const auto& [day, value] : idle) {
    sum += value;
    if (sum >= total - sum) return day;
  }
  return idle.back().first;
}

Facts ComputeFacts(const FactInput& input, absl::CivilDay today) {
  Facts facts;
  facts.project_id = input.project_id;
  facts.region_path = input.region_path;
  facts.asset_count = static_cast<int64_t>(input.assets.size());

  std::vector<const FactAsset*> operating;
  bool all_public = !input.assets.empty();
  for (const FactAsset& asset : input.assets) {
    facts.total_original_value_fen += asset.value_fen;
    if (asset.asset_class != AssetClass::kPublicWelfare) all_public = false;
    if (asset.asset_class == AssetClass::kOperating) operating.push_back(&asset);
  }
  facts.public_welfare_only = all_public;
  facts.has_operating_assets = !operating.empty();
  facts.operating_asset_count = static_cast<int64_t>(operating.size());

  if (!operating.empty()) {
    facts.damaged_irreparable = facts.om_person = facts.om_rules = facts.om_money = true;
    facts.has_contract = true;
    bool all_cultivating = true;
    for (const FactAsset* asset : operating) {
      facts.operating_original_value_fen += asset->value_fen;
      facts.in_use_value_fen += MulDivHalfUp(asset->value_fen, asset->in_use_share_bp, kBpOne);
      if (!asset->value_exact) facts.operating_value_confirmed = false;
      if (asset->expires) facts.expiring_values[*asset->expires] += asset->value_fen;
      const bool cultivating = asset->use == UseState::kCultivating && asset->cultivation_ends &&
                               *asset->cultivation_ends >= today;
      if (cultivating) facts.cultivating_value_fen += asset->value_fen;
      all_cultivating &= cultivating;
      if (asset->cultivation_ends) Earliest(asset->planted, &facts.planted);
      if (asset->use == UseState::kCultivating && asset->last_inspection == Inspection::kFailed) {
        facts.inspection_failed = true;
      }
      facts.ever_used |= asset->ever_used;
      facts.damaged_irreparable &= asset->use == UseState::kDamaged && asset->irreparable;
      facts.om_person &= asset->om_person;
      facts.om_rules &= asset->om_rules;
      facts.om_money &= asset->om_money;
      if (asset->mode != OperateMode::kSelf) {
        facts.has_contract &= asset->has_contract;
        if (asset->has_contract) Earliest(asset->contract_ends, &facts.contract_ends);
      }
      if (!asset->operator_uscc.empty()) facts.operator_usccs.insert(asset->operator_uscc);
    }
    if (all_cultivating) {
      for (const FactAsset* asset : operating) {
        if (!facts.cultivation_ends || *asset->cultivation_ends > *facts.cultivation_ends) {
          facts.cultivation_ends = asset->cultivation_ends;
        }
      }
    }
    FillStatus(operating, today, &facts);
  }
  if (!facts.operator_usccs.empty()) {
    facts.operator_known = facts.in_good_standing = facts.qualified = true;
    for (const std::string& uscc : facts.operator_usccs) {
      const auto it = input.operators.find(uscc);
      if (it == input.operators.end()) {
        facts.operator_known = facts.in_good_standing = facts.qualified = false;
        continue;
      }
      facts.in_good_standing &= it->second.in_good_standing;
      facts.qualified &= it->second.qualified;
      Earliest(it->second.qualification_ends, &facts.qualification_ends);
    }
  }

  const std::string first = MonthText(absl::CivilMonth(today) - (kFactMonths - 1));
  const std::string last = MonthText(absl::CivilMonth(today));
  for (const auto& [month, values] : input.months) {
    if (month < first || month > last || values == FactMonth()) continue;
    facts.months.emplace(month, values);
    if (values.dividend_declared_fen > 0) facts.dividend_declared = true;
  }
  facts.income_reported = input.income_reported;
  facts.employment_reported = input.employment_reported;
  facts.household_income_reported = input.household_income_reported;
  facts.linkage_reported = input.linkage_reported;

  // One household may stand in several modes: of the modes the largest counts.
  std::map<std::string, FactLinkage> by_mode;
  for (const FactLinkage& linkage : input.linkages) {
    FactLinkage& sum = by_mode[linkage.mode];
    sum.households += linkage.households;
    sum.poor_households += linkage.poor_households;
    sum.monitored_households += linkage.monitored_households;
    facts.linkage_modes.insert(linkage.mode);
  }
  for (const auto& [mode, sum] : by_mode) {
    facts.linked_households = std::max(facts.linked_households, sum.households);
    facts.linked_poor_households = std::max(facts.linked_poor_households, sum.poor_households);
    facts.linked_monitored_households =
        std::max(facts.linked_monitored_households, sum.monitored_households);
  }
  FillHouseholdsByMonth(input.links, today, &facts);

  for (const FactAsset& asset : input.assets) facts.asset_ids.push_back(asset.id);
  std::sort(facts.asset_ids.rbegin(), facts.asset_ids.rend());
  if (facts.asset_ids.size() > kShownRecords) facts.asset_ids.resize(kShownRecords);
  facts.contract_ids = input.contract_ids;
  std::sort(facts.contract_ids.rbegin(), facts.contract_ids.rend());
  if (facts.contract_ids.size() > kNamedContracts) facts.contract_ids.resize(kNamedContracts);
  return facts;
}

}  // namespace bangfu::asset
