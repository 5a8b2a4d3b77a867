#include "common/printed/villages.h"

#include <algorithm>

#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/printed/chinese.h"
#include "common/printed/share.h"

namespace bangfu::printed {
namespace {

bool EndsInPlace(std::string_view text) {
  for (std::string_view end :
       {"村", "社区", "居委会", "村委会", "委员会", "镇", "乡", "街道", "场"}) {
    if (HasSuffix(text, end) && Utf8Length(text) >= 2) return true;
  }
  return false;
}

// 15村社, 7个村, 三个行政村 -> 15, 7, 3; 0 when it is no count. A village may be called 1村: that
// is a name, so a bare number needs 个 or a noun of several characters.
int CountOf(std::string_view text) {
  static constexpr std::string_view kNouns[] = {
      "个行政村", "个自然村", "个村社", "个乡镇", "个社区", "个村", "个乡",
      "个镇",     "个街道",   "行政村", "村社",   "乡镇",   "个"};
  for (std::string_view noun : kNouns) {
    std::string_view head = text;
    if (!ConsumeSuffix(&head, noun) || head.empty()) continue;
    int n = 0;
    if (ParseInt(head, &n) && n > 0) return n;
    n = ChineseNumber(head);
    if (n > 0) return n;
  }
  return 0;
}

// The length of a township's name at the start, 0 when there is none: 杨家堡镇|团山村.
size_t TownshipPrefix(std::string_view text) {
  for (std::string_view end : {"街道", "镇", "乡"}) {
    const size_t p = text.find(end);
    if (p == std::string_view::npos || p < 6)
      continue;  // at least two characters before it, or one + 乡
    const std::string_view rest = text.substr(p + end.size());
    if (rest.empty() || rest == "村" || rest == "社区" || HasPrefix(rest, "村委") ||
        HasPrefix(rest, "居委") || HasPrefix(rest, "村民") || HasPrefix(rest, "居民") ||
        HasPrefix(rest, "社区居") || HasPrefix(rest, "上")) {
      continue;
    }
    return p + end.size();
  }
  return 0;
}

// The blanks between places and their shares, which would part them: 团山村 (60%)、苏家堡村:
// 30万元.
std::string JoinShares(std::string_view text) {
  constexpr std::string_view kBlanks = " \n\r";
  std::string out;
  while (true) {
    const size_t at = text.find_first_of(kBlanks);
    out += text.substr(0, at);
    if (at == std::string_view::npos) return out;
    const size_t end = text.find_first_not_of(kBlanks, at);
    if (end == std::string_view::npos) return out;
    std::string_view next = text.substr(end);
    for (std::string_view stop : {"、", ",", ";", "\n", "\r", " ", "/", "。"})
      next = next.substr(0, next.find(stop));
    if (ConsumePrefix(&next, "(")) ConsumeSuffix(&next, ")");
    if (!IsShare(next)) out += text.substr(at, end - at);
    text.remove_prefix(end);
  }
}

PlaceList Split(std::string_view cell, bool villages) {
  PlaceList out;
  std::string text = JoinShares(Normalize(cell));
  if (text.empty() || text == "-" || text == "/" || text == "无") return out;
  if (ContainsAny(text, {"全县", "全镇", "全乡", "各村", "各乡镇", "所有村", "全区"})) {
    out.all = true;
    return out;
  }
  // 等 and the count behind it.
  if (const size_t p = text.rfind("等"); p != std::string::npos && p > 0) {
    std::string tail = text.substr(p + std::string_view("等").size());
    const int count = CountOf(tail);
    const bool noun = tail.empty() || tail == "村" || tail == "行政村" || tail == "乡镇" ||
                      tail == "镇" || tail == "社区" || tail == "村社" || tail == "地";
    // 邑等村 is the name of a village: no list of villages that are written with 村 goes on like
    // that.
    bool name = false;
    if (tail == "村" && count == 0) {
      const size_t separator = text.rfind("、", p);
      const std::string_view before =
          std::string_view(text).substr(0, separator == std::string::npos ? 0 : separator);
      const std::string_view own = std::string_view(text).substr(
          before.empty() ? 0 : before.size() + 3, p - (before.empty() ? 0 : before.size() + 3));
      name = !HasSuffix(own, "村") &&
             (before.empty() ? Utf8Length(own) <= 2 : HasSuffix(before, "村"));
    }
    if (!name && (count > 0 || noun)) {
      out.incomplete = true;
      if (count > 0) out.stated_count = count;
      text.resize(p);
    }
  }
  std::vector<std::string> pieces;
  for (std::string& piece :
       SplitOutsideBrackets(text, {"、", ",", ";", "\n", "\r", " ", "/", "。"})) {
    // 东联村与梨园村: a word between two places; 和睦村 is one.
    bool cut = false;
    for (std::string_view word : {"与", "和", "及"}) {
      const size_t p = piece.find(word);
      if (p == std::string::npos || p == 0) continue;
      std::string left = piece.substr(0, p), right = piece.substr(p + word.size());
      std::string_view left_name = left, right_name = right;
      TakeShare(&left_name);
      TakeShare(&right_name);
      if (!EndsInPlace(left_name) || !EndsInPlace(right_name)) continue;
      pieces.push_back(std::move(left));
      pieces.push_back(std::move(right));
      cut = true;
      break;
    }
    if (!cut) pieces.push_back(std::move(piece));
  }
  std::string township;
  for (std::string& piece : pieces) {
    if (const int count = CountOf(piece); count > 0) {
      out.stated_count = count;
      continue;
    }
    PlaceName place;
    std::string_view name = piece;
    place.share_text = TakeShare(&name);
    if (!place.share_text.empty()) {
      // 3个村60万元: of all of them.
      if (const int count = CountOf(name); count > 0) {
        out.stated_count = count;
        continue;
      }
    }
    if (villages) {
      if (const size_t n = TownshipPrefix(name); n > 0) {
        township = std::string(name.substr(0, n));
        place.township = township;
        name.remove_prefix(n);
      } else if (!township.empty()) {
        place.township = township;
        place.township_inferred = true;
      }
    }
    if (Utf8Length(name) > 2 && ConsumePrefix(&name, "原")) place.former = true;
    place.name = std::string(name);
    out.names.push_back(std::move(place));
  }
  if (out.stated_count.has_value() && static_cast<int>(out.names.size()) < *out.stated_count)
    out.incomplete = true;
  return out;
}

}  // namespace

PlaceList SplitVillages(std::string_view cell) { return Split(cell, true); }
PlaceList SplitTownships(std::string_view cell) { return Split(cell, false); }

}  // namespace bangfu::printed
