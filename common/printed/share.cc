#include "common/printed/share.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "common/base/bp.h"
#include "common/base/decimal.h"
#include "common/base/strings.h"

namespace bangfu::printed {
namespace {

constexpr std::string_view kDigits = "0123456789.";
// The longer before those that they end in.
constexpr std::string_view kUnits[] = {"亿元", "万元", "元", "亿", "万", "%"};

// The unit behind the number that a text begins with; empty when it begins with none.
std::string_view UnitOf(std::string_view text) {
  const size_t end = text.find_first_not_of(kDigits);
  return end == 0 || end == std::string_view::npos ? std::string_view() : text.substr(end);
}

}  // namespace

std::optional<int32_t> ParsePercent(std::string_view text) {
  if (UnitOf(text) != "%") return std::nullopt;
  text.remove_suffix(1);
  const auto bp = ParseScaledDecimal(text, 2);
  if (!bp.ok() || *bp <= 0 || *bp > kBpOne) return std::nullopt;
  return static_cast<int32_t>(*bp);
}

bool IsShare(std::string_view text) {
  const std::string_view unit = UnitOf(text);
  return std::find(std::begin(kUnits), std::end(kUnits), unit) != std::end(kUnits);
}

std::string TakeShare(std::string_view* name) {
  std::string_view rest = *name, share;
  if (ConsumeSuffix(&rest, ")")) {
    const size_t open = rest.rfind('(');
    if (open == std::string_view::npos) return "";
    share = rest.substr(open + 1);
    rest = rest.substr(0, open);
  } else {
    std::string_view head = rest;
    for (std::string_view unit : kUnits) {
      if (ConsumeSuffix(&head, unit)) break;
    }
    const size_t last = head.find_last_not_of(kDigits);  // of the character before the number
    if (last == std::string_view::npos || last + 1 == head.size()) return "";
    share = rest.substr(last + 1);
    rest = rest.substr(0, last + 1);
    ConsumeSuffix(&rest, ":");
  }
  rest = Trim(rest);
  share = Trim(share);
  for (std::string_view word :
       {"份额", "占股", "占比", "占", "出资", "投资", "投入", "安排", "分配"}) {
    if (ConsumePrefix(&share, word) || ConsumeSuffix(&rest, word)) break;
  }
  ConsumePrefix(&share, ":");
  rest = Trim(rest);
  share = Trim(share);
  if (rest.empty() || !IsShare(share)) return "";
  for (std::string_view word : {"约", "近", "超", "各", "共", "资金", "不足", "至", "-"}) {
    if (HasSuffix(rest, word)) return "";  // no figure of the place alone, or none that is definite
  }
  *name = rest;
  return std::string(share);
}

bool MakeWhole(std::vector<int64_t>* parts_bp) {
  int64_t sum = 0;
  for (const int64_t part : *parts_bp) sum += part;
  if (sum == kBpOne) return true;
  if (sum <= 0 || std::abs(sum - kBpOne) > static_cast<int64_t>(parts_bp->size())) return false;
  *parts_bp = SplitLargestRemainder(kBpOne, *parts_bp);
  return true;
}

}  // namespace bangfu::printed
