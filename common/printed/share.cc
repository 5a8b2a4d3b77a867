#include "common/printed/share.h"

#include "common/base/bp.h"
#include "common/base/decimal.h"
#include "common/base/strings.h"

namespace bangfu::printed {
namespace {

constexpr std::string_view kDigits = "0123456789.";

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
  return unit == "%" || unit == "元" || unit == "万元" || unit == "亿元";
}

std::string TakeShare(std::string_view* name) {
  std::string_view rest = *name, share;
  if (ConsumeSuffix(&rest, ")")) {
    const size_t open = rest.rfind('(');
    if (open == std::string_view::npos) return "";
    share = rest.substr(open + 1);
    rest = rest.substr(0, open);
  } else {
    const size_t first = rest.find_first_of(kDigits.substr(0, 10));
    if (first == std::string_view::npos) return "";
    share = rest.substr(first);
    rest = rest.substr(0, first);
    ConsumeSuffix(&rest, ":");
  }
  for (std::string_view word :
       {"份额", "占股", "占比", "占", "出资", "投资", "投入", "安排", "分配"}) {
    if (ConsumePrefix(&share, word) || ConsumeSuffix(&rest, word)) break;
  }
  ConsumePrefix(&share, ":");
  if (rest.empty() || !IsShare(share)) return "";
  *name = rest;
  return std::string(share);
}

}  // namespace bangfu::printed
