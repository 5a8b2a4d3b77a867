#include "services/registry/domain/intake/project_places.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "common/base/bp.h"
#include "common/base/money.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/printed/amount.h"
#include "common/printed/chinese.h"
#include "common/printed/share.h"
#include "common/printed/villages.h"
#include "services/registry/domain/intake/rows.h"

namespace bangfu::registry::intake {
namespace {

using F = ProjectField;
using printed::Amount;
using printed::Normalize;
using printed::PlaceName;
using printed::RegionMatch;
using printed::RegionQuery;

// 每村100万元: an amount that each village of the row has.
bool IsPerVillage(std::string_view text) {
  const std::string t = Normalize(text);
  for (std::string_view word : {"每个村", "每村", "各村"}) {
    const size_t at = t.find(word);
    if (at == std::string::npos) continue;
    std::string_view rest = std::string_view(t).substr(at + word.size());
    for (std::string_view verb : {"各", "安排", "投入", "补助"}) ConsumePrefix(&rest, verb);
    const size_t digits = rest.find_first_not_of("0123456789.");
    if (digits == 0 || digits == std::string_view::npos) continue;
    rest.remove_prefix(digits);
    if (HasPrefix(rest, "万元") || HasPrefix(rest, "元")) return true;
  }
  return false;
}

// The shares of the row's villages (village_shares_bp). Percentages are taken as far as they are
// stated; amounts make shares only when all villages are known.
std::vector<int32_t> VillageShares(ParsedProjectRow* row) {
  const std::vector<PlaceName>& villages = row->villages.names;
  if (villages.size() < 2) return {};
  size_t percentages = 0, amounts = 0, unread = 0;
  std::vector<int64_t> parts;
  int64_t sum = 0;
  for (const PlaceName& village : villages) {
    parts.push_back(0);
    if (village.share_text.empty()) continue;
    if (const auto bp = printed::ParsePercent(village.share_text)) {
      ++percentages;
      parts.back() = *bp;
    } else if (const Amount amount = printed::ParseAmount(village.share_text);
               amount.exact() && *amount.fen > 0) {
      ++amounts;
      parts.back() = *amount.fen;
    } else {
      ++unread;
    }
    const auto added = AddFen(sum, parts.back());
    if (!added.ok()) return {};
    sum = *added;
  }
  const auto ask = [&](std::string_view proposal) {
    row->report.Add({"village", "SHARES_UNCLEAR", std::string(row->Text(F::kVillage)), "",
                     std::string(proposal), IssueSeverity::kWarn});
    return std::vector<int32_t>();
  };
  const size_t stated = percentages + amounts;
  if (unread > 0) return ask("部分村的份额无法识别，请填写百分比（至多两位小数）或金额");
  if (percentages > 0 && amounts > 0) return ask("各村份额有的写比例、有的写金额，请统一填写");
  if (percentages > 0) {
    const bool whole = stated == villages.size() && printed::MakeWhole(&parts);
    if (!whole && sum > kBpOne) return ask("各村份额合计超过100%，请核对");
    if (!whole) ask("各村份额未写全，请补填");
  } else if (amounts > 0) {
    if (stated < villages.size() || row->villages.incomplete)
      return ask("部分村的金额未写明，份额无法计算，请补填");
    parts = SplitLargestRemainder(kBpOne, parts);
  } else {
    const auto& sources = row->sources.items;
    const bool each =
        IsPerVillage(row->Text(F::kPlannedTotal)) ||
        (!sources.empty() && std::all_of(sources.begin(), sources.end(), [](const auto& source) {
          return IsPerVillage(source.raw);
        }));
    if (!each || row->villages.incomplete) return {};
    parts = SplitLargestRemainder(kBpOne, std::vector<int64_t>(villages.size(), 1));
  }
  return {parts.begin(), parts.end()};
}

}  // namespace

void ReadPlaces(ParsedProjectRow* row) {
  row->villages = printed::SplitVillages(row->Text(F::kVillage));
  row->townships = printed::SplitTownships(row->Text(F::kTownship));
  const auto incomplete = [&](const printed::PlaceList& list, F field) {
    if (!list.incomplete) return;
    row->report.Add(
        {std::string(ProjectFieldKey(field)), "LIST_INCOMPLETE", std::string(row->Text(field)),
         Cat("写出", list.names.size(), "个",
             list.stated_count.has_value() ? Cat("，共", *list.stated_count, "个") : ""),
         "名单不完整，请补全", IssueSeverity::kWarn});
  };
  incomplete(row->villages, F::kVillage);
  incomplete(row->townships, F::kTownship);
  row->village_shares_bp = VillageShares(row);
}

std::string VillagesWithoutShares(const ParsedProjectRow& row) {
  std::string cell(row.Text(F::kVillage));
  if (std::all_of(row.villages.names.begin(), row.villages.names.end(),
                  [](const PlaceName& village) { return village.share_text.empty(); })) {
    return cell;
  }
  cell = Normalize(cell);
  size_t at = 0;  // the villages stand in order, and one's name may end another's: 上甲村、甲村
  for (const PlaceName& village : row.villages.names) {
    const size_t name = cell.find(village.name, at);
    if (name == std::string::npos) continue;
    at = name + village.name.size();
    if (village.share_text.empty()) continue;
    const size_t share = cell.find(village.share_text, at);
    // A bracket that is left is no part of a key.
    if (share != std::string::npos) cell.erase(at, share + village.share_text.size() - at);
  }
  return cell;
}

void MatchRegion(const printed::RegionMatcher& matcher, ParsedProjectRow* row) {
  if (row->report.Has("SUMMARY_ONLY")) return;
  const auto text = [&](F field) { return std::string(row->Text(field)); };
  RegionQuery query;
  query.code = text(F::kRegionCode);
  query.province = text(F::kProvince);
  query.city = text(F::kCity);
  query.county = text(F::kCounty);
  query.year = row->year;
  if (query.county == query.city) query.county.clear();
  std::vector<RegionMatch> all;
  const auto match_villages = [&] {
    query.code.clear();
    for (const PlaceName& village : row->villages.names) {
      RegionQuery one = query;
      one.village = village.name;
      one.township = !village.township.empty()          ? village.township
                     : row->townships.names.size() == 1 ? row->townships.names[0].name
                                                        : "";
      RegionMatch match = matcher.Match(one);
      // Several townships in the row: the village lies in the one that has it.
      if (one.township.empty() && row->townships.names.size() > 1) {
        std::vector<RegionMatch> found;
        for (const PlaceName& township : row->townships.names) {
          one.township = township.name;
          RegionMatch m = matcher.Match(one);
          if (m.complete) found.push_back(std::move(m));
        }
        if (found.size() == 1) match = std::move(found[0]);
      }
      if (village.township_inferred && match.complete) {
        match.ask = true;
        match.explanation_zh = Cat("乡镇沿用前一个村，", match.explanation_zh);
      }
      all.push_back(std::move(match));
    }
  };
  if (!query.code.empty()) {
    query.township = text(F::kTownship);
    query.village = row->villages.names.size() == 1 ? row->villages.names[0].name : "";
    all.push_back(matcher.Match(query));
    // The code of a township or county, beside it the villages that the project covers.
    if (!all[0].code.empty() && all[0].level != RegionLevel::kVillage) match_villages();
  } else if (!row->villages.names.empty()) {
    match_villages();
  } else if (!row->townships.names.empty()) {
    for (const PlaceName& township : row->townships.names) {
      RegionQuery one = query;
      one.township = township.name;
      all.push_back(matcher.Match(one));
    }
  } else {
    all.push_back(matcher.Match(query));
  }
  row->region = all[0];
  row->covered_regions = std::move(all);
  for (const RegionMatch& match : row->covered_regions) {
    if (!match.ask && match.grade <= printed::MatchGrade::kExact) continue;
    RowIssue issue;
    issue.field = "region";
    issue.raw =
        Cat(query.province, query.city, query.county, text(F::kTownship), text(F::kVillage));
    issue.understood = match.code.empty() ? "" : Cat(match.code, " ", matcher.PathName(match.code));
    issue.proposal_zh = match.explanation_zh;
    if (match.reason == "OTHER_PROVINCE") {
      issue.reason = match.reason;
      issue.severity = IssueSeverity::kRefuse;
    } else if (match.ask) {
      issue.reason = match.reason.empty() ? Cat("REGION_", printed::MatchGradeName(match.grade))
                                          : match.reason;
      // The lead place has to be known; another one of the list may follow.
      issue.severity = &match == &row->covered_regions[0] || match.code.empty()
                           ? IssueSeverity::kHold
                           : IssueSeverity::kWarn;
    } else {
      issue.reason = Cat("REGION_", printed::MatchGradeName(match.grade));
    }
    row->report.Add(std::move(issue));
  }
}

}  // namespace bangfu::registry::intake
