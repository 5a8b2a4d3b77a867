#include "services/registry/domain/intake/chinese.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "common/base/strings.h"
#include "common/base/text.h"

namespace bangfu::registry::intake {
namespace {

constexpr std::string_view kOpen[] = {"(", "[", "〔", "【", "{"};
constexpr std::string_view kClose[] = {")", "]", "〕", "】", "}"};

size_t CharacterBytes(char lead) {
  const auto c = static_cast<unsigned char>(lead);
  return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

bool IsOneOf(std::string_view character, const std::string_view (&set)[5]) {
  return std::find(std::begin(set), std::end(set), character) != std::end(set);
}

}  // namespace

std::string Normalize(std::string_view text) {
  std::string out = absl::StrReplaceAll(Nfkc(text), {{"萬", "万"}, {"億", "亿"}, {"圓", "元"}, {"圆", "元"},
                                                     {"約", "约"}, {"餘", "余"}, {"縣", "县"}, {"鄉", "乡"},
                                                     {"鎮", "镇"}, {"區", "区"}, {"資", "资"}, {"總", "总"},
                                                     {"\u200b", ""}, {"\ufeff", ""}});
  absl::StripAsciiWhitespace(&out);
  return out;
}

bool ContainsAny(std::string_view text, const std::vector<std::string_view>& words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return StrContains(text, word); });
}

std::vector<std::string> SplitOutsideBrackets(std::string_view text,
                                              const std::vector<std::string_view>& separators) {
  std::vector<std::string> out;
  std::string piece;
  int depth = 0;
  const auto flush = [&] {
    absl::StripAsciiWhitespace(&piece);
    if (!piece.empty()) out.push_back(std::move(piece));
    piece.clear();
  };
  for (size_t i = 0; i < text.size();) {
    const std::string_view c = text.substr(i, CharacterBytes(text[i]));
    if (IsOneOf(c, kOpen)) ++depth;
    if (IsOneOf(c, kClose) && depth > 0) --depth;
    if (depth == 0 && std::find(separators.begin(), separators.end(), c) != separators.end()) {
      flush();
    } else {
      piece.append(c);
    }
    i += c.size();
  }
  flush();
  return out;
}

std::string WithoutBrackets(std::string_view text) {
  std::string out;
  int depth = 0;
  for (size_t i = 0; i < text.size();) {
    const std::string_view c = text.substr(i, CharacterBytes(text[i]));
    i += c.size();
    if (IsOneOf(c, kOpen)) {
      ++depth;
    } else if (IsOneOf(c, kClose)) {
      if (depth > 0) --depth;
    } else if (depth == 0) {
      out.append(c);
    }
  }
  return out;
}

std::string_view WithoutFormulaGuard(std::string_view text) {
  if (text.size() > 1 && text[0] == '\'' &&
      std::string_view("=+-@\t\r").find(text[1]) != std::string_view::npos) {
    return text.substr(1);
  }
  return text;
}

int ChineseNumber(std::string_view text) {
  if (text.empty()) return -1;
  static constexpr std::pair<std::string_view, int> kDigits[] = {
      {"零", 0}, {"〇", 0}, {"一", 1}, {"二", 2}, {"两", 2}, {"三", 3}, {"四", 4},
      {"五", 5}, {"六", 6}, {"七", 7}, {"八", 8}, {"九", 9}};
  static constexpr std::pair<std::string_view, int> kUnits[] = {{"十", 10}, {"百", 100}, {"千", 1000}};
  int total = 0, digit = -1;
  for (size_t i = 0; i < text.size();) {
    const std::string_view c = text.substr(i, CharacterBytes(text[i]));
    i += c.size();
    bool known = false;
    for (const auto& [name, value] : kDigits) {
      if (c == name) {
        digit = value;
        known = true;
      }
    }
    for (const auto& [name, value] : kUnits) {
      if (c == name) {
        total += (digit < 0 ? 1 : digit) * value;
        digit = -1;
        known = true;
      }
    }
    if (!known) return -1;
  }
  return total + std::max(digit, 0);
}

}  // namespace bangfu::registry::intake
