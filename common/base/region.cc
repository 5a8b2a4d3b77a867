#include "common/base/region.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "common/base/strings.h"

namespace bangfu {
namespace {

constexpr std::array<int, 5> kDigits = {2, 4, 6, 9, 12};

}  // namespace

int RegionLevelDigits(RegionLevel level) { return kDigits[static_cast<size_t>(level) - 1]; }

absl::StatusOr<std::string> NormalizeRegionCode(std::string_view text) {
  text = StdView(absl::StripAsciiWhitespace(AbslView(text)));
  if (!std::all_of(text.begin(), text.end(), absl::ascii_isdigit)) {
    return absl::InvalidArgumentError("a region code has digits only");
  }
  auto level = std::find(kDigits.begin(), kDigits.end(), static_cast<int>(text.size()));
  if (level == kDigits.end()) {
    return absl::InvalidArgumentError("a region code has 2, 4, 6, 9 or 12 digits");
  }
  // Segment by segment from the end: 441900003000 is a township of a city without counties, its
  // zeros in the middle are part of the code.
  for (; level != kDigits.begin(); --level) {
    const size_t shorter = static_cast<size_t>(*(level - 1));
    const std::string_view segment = text.substr(shorter);
    if (segment.find_first_not_of('0') != std::string_view::npos) break;
    text = text.substr(0, shorter);
  }
  if (text == "00") return absl::InvalidArgumentError("a region code is not all zeros");
  return std::string(text);
}

RegionLevel LevelOfRegion(std::string_view code) {
  int level = 1;
  while (level < 5 && code.size() > static_cast<size_t>(kDigits[level - 1])) ++level;
  return static_cast<RegionLevel>(level);
}

std::string RegionAncestor(std::string_view code, RegionLevel level) {
  return std::string(code.substr(0, static_cast<size_t>(RegionLevelDigits(level))));
}

std::string RegionParent(std::string_view code) {
  const RegionLevel level = LevelOfRegion(code);
  if (level == RegionLevel::kProvince) return "";
  return RegionAncestor(code, static_cast<RegionLevel>(static_cast<int>(level) - 1));
}

}  // namespace bangfu
