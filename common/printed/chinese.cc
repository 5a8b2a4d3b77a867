#include "common/printed/chinese.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "common/base/strings.h"
#include "common/base/text.h"

namespace bangfu::printed {
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
  if (std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80; })) {
    return std::string(Trim(text));
  }
  const std::string nfkc = Nfkc(text);
  // Traditional -> simplified for the characters that the parsers look for; all have three bytes.
  const auto pack = [](std::string_view c) {
    return static_cast<uint32_t>(static_cast<unsigned char>(c[0])) << 16 |
           static_cast<uint32_t>(static_cast<unsigned char>(c[1])) << 8 |
           static_cast<unsigned char>(c[2]);
  };
  struct Form {
    uint32_t from;
    std::string_view to;
  };
  static const std::array<Form, 15> kForms = {{{pack("萬"), "万"},
                                               {pack("億"), "亿"},
                                               {pack("圓"), "元"},
                                               {pack("圆"), "元"},
                                               {pack("約"), "约"},
                                               {pack("餘"), "余"},
                                               {pack("縣"), "县"},
                                               {pack("鄉"), "乡"},
                                               {pack("鎮"), "镇"},
                                               {pack("區"), "区"},
                                               {pack("資"), "资"},
                                               {pack("總"), "总"},
                                               {pack("計"), "计"},
                                               {pack("\u200b"), ""},
                                               {pack("\ufeff"), ""}}};
  std::string out;
  out.reserve(nfkc.size());
  for (size_t i = 0; i < nfkc.size();) {
    const size_t n = std::min(CharacterBytes(nfkc[i]), nfkc.size() - i);
    const std::string_view c = std::string_view(nfkc).substr(i, n);
    i += n;
    std::string_view form = c;
    if (n == 3) {
      const uint32_t packed = pack(c);
      for (const Form& f : kForms) {
        if (f.from == packed) form = f.to;
      }
    }
    out.append(form);
  }
  absl::StripAsciiWhitespace(&out);
  return out;
}

bool ContainsAny(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     // The library's memmem, not find(): Chinese text shares its lead bytes.
                     [&](std::string_view word) {
                       return memmem(text.data(), text.size(), word.data(), word.size()) != nullptr;
                     });
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
      {"零", 0}, {"〇", 0}, {"一", 1}, {"二", 2}, {"两", 2}, {"三", 3},
      {"四", 4}, {"五", 5}, {"六", 6}, {"七", 7}, {"八", 8}, {"九", 9}};
  static constexpr std::pair<std::string_view, int> kUnits[] = {
      {"十", 10}, {"百", 100}, {"千", 1000}};
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

}  // namespace bangfu::printed
