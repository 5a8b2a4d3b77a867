// Administrative regions (行政区划): codes of 2/4/6/9/12 digits (GB/T 2260, GB/T 10114).
// A record keeps the code as filed and a *path* in today's codes; jurisdiction is a prefix of the
// path.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace bangfu {

enum class RegionLevel { kProvince = 1, kCity = 2, kCounty = 3, kTownship = 4, kVillage = 5 };

// Digits of a code at a level: 2, 4, 6, 9, 12.
int RegionLevelDigits(RegionLevel level);

// The province (江西) that the product supervises: its path stands at the head of every region's.
// What goes over all regions asks by it.
inline constexpr char kProvinceCode[] = "36";

// Strips the zero padding that others write (360700000000 -> 3607) and checks the length; blanks
// around are dropped. InvalidArgument when it is not 2, 4, 6, 9 or 12 digits, or all of them zero.
absl::StatusOr<std::string> NormalizeRegionCode(std::string_view text);

// The years in which a region bore its code; a code is borne by one after another (360402 was
// 庐山区, and is 濂溪区).
struct RegionYears {
  int start = 0;  // 0: not known
  int end = 0;    // 0: in use today
};
// Whether a copy that keeps one bearer of each code takes what it is told over what it holds: it
// keeps the bearer of today, or else the last one, in whatever order it is told of them.
inline bool TakesOver(const RegionYears& told, const RegionYears& held) {
  if (told.end == 0 || told.start == held.start) return true;
  return held.end != 0 && told.start > held.start;
}

// `code` must be normalised.
RegionLevel LevelOfRegion(std::string_view code);
// The ancestor at `level`, or the code itself when it is at or above that level.
std::string RegionAncestor(std::string_view code, RegionLevel level);
// The parent's code; empty for a province.
std::string RegionParent(std::string_view code);
// True when `path` lies in `ancestor` (or is it).
inline bool RegionContains(std::string_view ancestor, std::string_view path) {
  return path.substr(0, ancestor.size()) == ancestor;
}

}  // namespace bangfu
