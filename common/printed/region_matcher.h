// Names of places, as printed, matched to codes in use today by name and year.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/region.h"

namespace bangfu::printed {

struct RegionRow {
  std::string code;  // normalised: 2, 4, 6, 9 or 12 digits (extension nodes: as registered)
  std::string name;
  RegionLevel level = RegionLevel::kVillage;
  std::string parent_code;
  bool is_extension = false;  // a functional zone without a statutory code
};

struct RegionSuccessor {
  std::string code;
  int year = 0;  // 0: when the unit ended; else a part of it went there in that year
};

struct RegionHistoryRow {
  std::string code;
  std::string name;
  RegionLevel level = RegionLevel::kCounty;
  std::string city;  // name of the city at that time; empty for cities themselves
  int start_year = 0;
  int end_year = 0;  // 0: in use
  std::vector<RegionSuccessor> successors;
};

// "360482[2010];360483". Pieces that are no code are left out.
std::vector<RegionSuccessor> ParseSuccessors(std::string_view text);

enum class MatchGrade {
  kCode,             // the code itself
  kExact,            // the name in use today
  kAtYear,           // the name of that year; the code is today's successor
  kSplitByTownship,  // the name has several successors; the township decided
  kShort,            // 岫岩县 = 岫岩满族自治县, 尧口 = 尧口村
  kMerged,           // 原东联村 is part of 东联村
  kZone,             // a functional zone: an extension node
  kNone,
};
std::string_view MatchGradeName(MatchGrade grade);  // "CODE" …

struct RegionQuery {
  std::string code;                                       // as printed; may be empty
  std::string province, city, county, township, village;  // as printed; may be empty
  std::optional<int> year;
};

struct RegionCandidate {
  std::string code;
  std::string path_zh;  // 江西省九江市柴桑区新塘乡
  MatchGrade grade = MatchGrade::kNone;
};

struct RegionMatch {
  MatchGrade grade = MatchGrade::kNone;
  std::string code;                            // today's; empty unless exactly one fits
  RegionLevel level = RegionLevel::kProvince;  // of `code`
  bool complete = false;                       // `code` answers everything that the query names
  bool ask = true;                             // a person has to confirm or choose
  std::string reason;  // CODE_DAMAGED, CODE_UNKNOWN, CODE_NAME_DIFFER, OTHER_PROVINCE,
                       // CITY_UNKNOWN, COUNTY_UNKNOWN, COUNTY_AMBIGUOUS, TOWNSHIP_UNKNOWN,
                       // TOWNSHIP_AMBIGUOUS, VILLAGE_UNKNOWN, VILLAGE_AMBIGUOUS, ZONE_UNREGISTERED,
                       // NOTHING_GIVEN; empty when matched
  std::string explanation_zh;
  std::vector<RegionCandidate> candidates;
};

// Immutable after Build; Match is thread safe and needs no allocation per row of the data.
class RegionMatcher {
 public:
  RegionMatcher(std::vector<RegionRow> regions, std::vector<RegionHistoryRow> history);
  ~RegionMatcher();
  RegionMatcher(const RegionMatcher&) = delete;
  RegionMatcher& operator=(const RegionMatcher&) = delete;

  RegionMatch Match(const RegionQuery& query) const;
  // 江西省九江市柴桑区; empty for an unknown code.
  std::string PathName(std::string_view code) const;

 private:
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

}  // namespace bangfu::printed
