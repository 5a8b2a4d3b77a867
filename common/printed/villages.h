// Several villages (or townships) in one cell.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bangfu::printed {

struct PlaceName {
  std::string name;      // 团山村
  std::string township;  // written before it (杨家堡镇团山村), or shared with the one before
  bool township_inferred = false;  // shared with the one before: to be confirmed
  bool former = false;             // 原东联村: a name that is no more in use
  std::string share_text;          // its part of the whole, as printed behind it: 60%, 30万元
  friend bool operator==(const PlaceName&, const PlaceName&) = default;
};

struct PlaceList {
  std::vector<PlaceName> names;
  bool incomplete = false;          // 等, or fewer names than the stated count
  std::optional<int> stated_count;  // 等7个村
  bool all = false;                 // 全镇, 各村
};

PlaceList SplitVillages(std::string_view cell);
// Townships: no prefix is taken off.
PlaceList SplitTownships(std::string_view cell);

}  // namespace bangfu::printed
