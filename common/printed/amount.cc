#include "common/printed/amount.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "common/base/decimal.h"
#include "common/base/money.h"
#include "common/base/strings.h"
#include "common/printed/chinese.h"

namespace bangfu::printed {
namespace {

struct Unit {
  std::string_view word;
  int scale;        // decimal digits between the unit and fen
  bool multiplier;  // needs 元 behind it, or nothing
};
constexpr Unit kUnits[] = {{"千万", 9, true}, {"百万", 8, true}, {"亿", 10, true},
                           {"万", 6, true},   {"千", 5, true},   {"元", 2, false}};

enum class Bound { kNone, kAbout, kAtLeast, kAtMost };

struct Figure {
  std::string number;  // ASCII decimal
  int scale = -1;      // -1: no unit in the cell
  size_t begin = 0, end = 0;
  Bound bound = Bound::kNone;
  bool rate = false;
  bool scientific = false;
  std::string added;  // of 1亿2000万元: the second part
  int added_scale = -1;
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool Consume(std::string_view text, size_t* i, std::string_view word) {
  if (text.substr(*i, word.size()) != word) return false;
  *i += word.size();
  return true;
}

bool ConsumeAny(std::string_view text, size_t* i, std::initializer_list<std::string_view> words) {
  for (std::string_view word : words) {
    if (Consume(text, i, word)) return true;
  }
  return false;
}

bool ReadNumber(std::string_view text, size_t* i, Figure* figure) {
  size_t p = *i;
  if (p >= text.size() || !IsDigit(text[p])) return false;
  std::string number;
  while (p < text.size()) {
    if (IsDigit(text[p])) {
      number.push_back(text[p++]);
    } else if (text[p] == ',' && p + 3 < text.size() && IsDigit(text[p + 1]) &&
               IsDigit(text[p + 2]) && IsDigit(text[p + 3]) &&
               (p + 4 >= text.size() || !IsDigit(text[p + 4]))) {
      ++p;  // a thousands comma
    } else {
      break;
    }
  }
  if (p + 1 < text.size() && text[p] == '.' && IsDigit(text[p + 1])) {
    number.push_back(text[p++]);
    while (p < text.size() && IsDigit(text[p])) number.push_back(text[p++]);
  }
  if (p + 1 < text.size() && (text[p] == 'e' || text[p] == 'E') &&
      (IsDigit(text[p + 1]) || text[p + 1] == '+' || text[p + 1] == '-')) {
    figure->scientific = true;
    p += 2;
    while (p < text.size() && IsDigit(text[p])) ++p;
  }
  figure->number = std::move(number);
  *i = p;
  return true;
}

// The unit behind a number, with 余/多 before or inside it. False leaves *i where it was.
bool ReadUnit(std::string_view text, size_t* i, Figure* figure) {
  size_t p = *i;
  while (p < text.size() && text[p] == ' ') ++p;
  bool more = ConsumeAny(text, &p, {"余", "多", "来"});
  for (const Unit& unit : kUnits) {
    size_t q = p;
    if (!Consume(text, &q, unit.word)) continue;
    if (unit.multiplier) {
      more = ConsumeAny(text, &q, {"余", "多"}) || more;
      if (!Consume(text, &q, "元")) {
        // 600万 is money, 28.1万人 and 5万块 are not.
        const std::string_view rest = text.substr(q);
        static constexpr std::string_view kAfter[] = {",",    ";",    "、",   "。", ")", "左右",
                                                      "以上", "以内", "以下", " ",  "-", "~",
                                                      "至",   "到",   "/",    "+"};
        bool ends = rest.empty() || IsDigit(rest.front());
        for (std::string_view after : kAfter) ends = ends || HasPrefix(rest, after);
        if (!ends) continue;
      }
    }
    more = ConsumeAny(text, &q, {"余", "多"}) || more;
    figure->scale = unit.scale;
    if (more) figure->bound = Bound::kAtLeast;
    *i = q;
    return true;
  }
  return false;
}

Bound BoundBefore(std::string_view before) {
  before = Trim(before);
  struct Word {
    std::string_view text;
    Bound bound;
  };
  static constexpr Word kWords[] = {
      {"不低于", Bound::kAtLeast}, {"不少于", Bound::kAtLeast}, {"至少", Bound::kAtLeast},
      {"超过", Bound::kAtLeast},   {"突破", Bound::kAtLeast},   {"逾", Bound::kAtLeast},
      {"超", Bound::kAtLeast},     {"不超过", Bound::kAtMost},  {"不足", Bound::kAtMost},
      {"不到", Bound::kAtMost},    {"最多", Bound::kAtMost},    {"近", Bound::kAtMost},
      {"约为", Bound::kAbout},     {"大约", Bound::kAbout},     {"约", Bound::kAbout},
      {"预计", Bound::kAbout},     {"预计为", Bound::kAbout},   {"估算", Bound::kAbout}};
  // 不超过 ends in 超过: the longest word decides.
  Bound bound = Bound::kNone;
  size_t longest = 0;
  for (const Word& word : kWords) {
    if (HasSuffix(before, word.text) && word.text.size() > longest) {
      longest = word.text.size();
      bound = word.bound;
    }
  }
  return bound;
}

// The text of the clause before a position: after the last separator.
std::string_view Clause(std::string_view text, size_t begin) {
  const std::string_view before = text.substr(0, begin);
  size_t start = 0;
  for (std::string_view separator : {",", ";", "、", "。", ":"}) {
    const size_t p = before.rfind(separator);
    if (p != std::string_view::npos) start = std::max(start, p + separator.size());
  }
  return before.substr(start);
}

std::vector<Figure> Figures(std::string_view text) {
  std::vector<Figure> out;
  for (size_t i = 0; i < text.size();) {
    if (!IsDigit(text[i]) ||
        (i > 0 &&
         (text[i - 1] == '.' || absl::ascii_isalpha(static_cast<unsigned char>(text[i - 1]))))) {
      ++i;
      continue;
    }
    Figure f;
    f.begin = i;
    ReadNumber(text, &i, &f);
    if (ReadUnit(text, &i, &f) && f.scale >= 6 && i < text.size() && IsDigit(text[i])) {
      Figure part;  // 1亿2000万元
      size_t p = i;
      if (ReadNumber(text, &p, &part) && ReadUnit(text, &p, &part) && part.scale < f.scale) {
        f.added = part.number;
        f.added_scale = part.scale;
        if (part.bound != Bound::kNone) f.bound = part.bound;
        i = p;
      }
    }
    f.end = i;
    const std::string_view rest = text.substr(i);
    if (HasPrefix(rest, "左右") || HasPrefix(rest, "上下")) f.bound = Bound::kAbout;
    if (HasPrefix(rest, "以上")) f.bound = Bound::kAtLeast;
    if (HasPrefix(rest, "以内") || HasPrefix(rest, "以下")) f.bound = Bound::kAtMost;
    const Bound before = BoundBefore(text.substr(0, f.begin));
    if (f.bound == Bound::kNone) f.bound = before;
    f.rate = StrContains(Clause(text, f.begin), "每") || (f.scale >= 0 && HasPrefix(rest, "/"));
    out.push_back(std::move(f));
  }
  return out;
}

// -1 when there is none. Headers: 总投资（万元）, 金额:元; titles: 单位：万元.
int FindUnitScale(std::string_view context, bool header) {
  const std::string text = Normalize(context);
  static constexpr struct {
    std::string_view word;
    int scale;
  } kNames[] = {{"亿元", 10}, {"万元", 6}, {"千元", 5}, {"元", 2}};
  for (const auto& name : kNames) {
    for (std::string_view lead : {"(", ":", "单位", "[", "/", "("}) {
      if (StrContains(text, Cat(lead, name.word))) return name.scale;
      if (StrContains(text, Cat(lead, "人民币", name.word))) return name.scale;
    }
    if (header && (text == name.word || HasSuffix(text, name.word)) && name.scale != 2)
      return name.scale;
  }
  return -1;
}

Amount Refuse(Amount amount, std::string note) {
  amount.state = ParseState::kAbsent;
  amount.refused = true;
  amount.note_zh = std::move(note);
  return amount;
}

absl::StatusOr<int64_t> ToFen(const Figure& f, int scale) {
  auto fen = ParseScaledDecimal(f.number, scale);
  if (!fen.ok() || f.added_scale < 0) return fen;
  auto added = ParseScaledDecimal(f.added, f.added_scale);
  if (!added.ok()) return added;
  return AddFen(*fen, *added);
}

bool IsMasked(std::string_view text) {
  if (StrContains(text, "*") || StrContains(text, "█") || StrContains(text, "■") ||
      StrContains(text, "□")) {
    return true;
  }
  for (std::string_view mask : {"x", "X", "×", "○", "〇"}) {
    for (std::string_view unit : {"万", "亿", "元"}) {
      if (StrContains(text, Cat(mask, unit))) return true;
    }
  }
  return false;
}

}  // namespace

std::string_view ParseStateName(ParseState state) {
  switch (state) {
    case ParseState::kExact:
      return "EXACT";
    case ParseState::kApproximate:
      return "APPROXIMATE";
    case ParseState::kRange:
      return "RANGE";
    case ParseState::kMasked:
      return "MASKED";
    case ParseState::kAbsent:
      return "ABSENT";
    case ParseState::kSplitUnknown:
      return "SPLIT_UNKNOWN";
  }
  return "";
}

std::string_view UnitSourceName(UnitSource source) {
  switch (source) {
    case UnitSource::kNone:
      return "NONE";
    case UnitSource::kCell:
      return "CELL";
    case UnitSource::kHeader:
      return "HEADER";
    case UnitSource::kTitle:
      return "TITLE";
    case UnitSource::kAsk:
      return "ASK";
  }
  return "";
}

Amount ParseAmount(std::string_view raw, const UnitContext& context) {
  Amount amount;
  amount.raw = std::string(raw);
  const std::string text = Normalize(WithoutFormulaGuard(raw));
  if (text.empty() || text == "-" || text == "—" || text == "--" || text == "——" || text == "/" ||
      text == "无") {
    return amount;
  }
  if (IsMasked(text)) {
    amount.state = ParseState::kMasked;
    amount.note_zh = "数字被遮盖，请补充";
    return amount;
  }
  std::vector<Figure> all = Figures(text);
  // A bare number is the amount only when the cell says nothing else.
  std::vector<Figure> money;
  for (Figure& f : all) {
    if (f.scale >= 0) money.push_back(f);
  }
  bool negative = money.size() == 1 && money[0].begin == 1 && text[0] == '-' && all.size() == 1;
  if (money.empty() && !all.empty()) {
    std::string rest = text;
    for (auto f = all.rbegin(); f != all.rend(); ++f) rest.erase(f->begin, f->end - f->begin);
    std::string_view left = Trim(rest);
    negative = all.size() == 1 && left == "-";
    const bool range = all.size() == 2 &&
                       (left == "-" || left == "~" || left == "至" || left == "到" || left == "—");
    for (std::string_view word :
         {"约", "余", "多", "近", "左右", "以上", "以内", "逾", "超过", "不足", "大约", "¥"}) {
      if (left == word) left = {};
    }
    const bool more = ContainsAny(rest, {"余", "多"});
    if ((all.size() == 1 && (left.empty() || negative)) || range) {
      money = std::move(all);
      if (more && !range) money[0].bound = Bound::kAtLeast;
    }
  }
  if (money.empty()) {
    amount.note_zh =
        ContainsAny(text, {"万元", "亿元", "元"}) ? "原文缺少数字，请补充" : "未写明金额，请补充";
    return amount;
  }
  for (const Figure& f : money) {
    if (f.scientific) return Refuse(std::move(amount), "科学计数法的数字已失真，请按原件填写");
  }
  // Units: the cell, then the header, then the title; asked else, never assumed.
  const bool range = money.size() == 2 && [&] {
    const std::string_view between =
        Trim(std::string_view(text).substr(money[0].end, money[1].begin - money[0].end));
    return between == "-" || between == "~" || between == "至" || between == "到" || between == "—";
  }();
  bool bare_range = false;
  if (money.size() == 1 && money[0].scale >= 0) {
    // 800至1000元: the first number has its unit behind the second.
    for (const Figure& f : all) {
      if (f.scale >= 0 || f.end > money[0].begin) continue;
      const std::string_view between =
          Trim(std::string_view(text).substr(f.end, money[0].begin - f.end));
      if (between == "-" || between == "~" || between == "至" || between == "到" ||
          between == "—") {
        Figure low = f;
        low.scale = money[0].scale;
        money.insert(money.begin(), low);
        bare_range = true;
        break;
      }
    }
  }
  amount.unit_source = UnitSource::kCell;
  if (money.back().scale < 0) {
    int scale = FindUnitScale(context.header, true);
    amount.unit_source = UnitSource::kHeader;
    if (scale < 0) {
      scale = FindUnitScale(context.title, false);
      amount.unit_source = UnitSource::kTitle;
    }
    if (scale < 0) {
      amount.unit_source = UnitSource::kAsk;
      amount.note_zh = "金额没有单位（单元格、表头、标题均未写），请写明元、万元或亿元";
      return amount;
    }
    for (Figure& f : money) f.scale = scale;
  }
  std::vector<int64_t> fen;
  for (const Figure& f : money) {
    auto value = ToFen(f, f.scale);
    if (!value.ok()) {
      return Refuse(std::move(amount), value.status().code() == absl::StatusCode::kOutOfRange
                                           ? "金额精确到分以下或超出范围，请更正"
                                           : "金额不是数字，请更正");
    }
    fen.push_back(negative ? -*value : *value);
  }
  const bool whole = ContainsAny(text, {"未分摊", "全项目", "全表", "全批", "每年", "合计投入"});
  bool rate = false;
  for (const Figure& f : money) rate = rate || f.rate;
  if (whole || rate) {
    amount.state = ParseState::kSplitUnknown;
    if (fen.size() == 1 && !rate) amount.programme_fen = fen[0];
    amount.note_zh = rate && !whole ? "原文是单价或每单位标准，本行金额未写明"
                                    : "原文是整个项目（批次）的金额，本行份额未写明";
    return amount;
  }
  if (range || bare_range) {
    amount.state = ParseState::kRange;
    amount.low_fen = std::min(fen[0], fen[1]);
    amount.high_fen = std::max(fen[0], fen[1]);
    amount.note_zh = "原文是范围，请确认金额";
    return amount;
  }
  if (fen.size() > 1) {
    amount.state = ParseState::kSplitUnknown;
    amount.note_zh = "一格内有多个金额，请分列填写";
    return amount;
  }
  switch (money[0].bound) {
    case Bound::kNone:
      amount.state = ParseState::kExact;
      amount.fen = fen[0];
      break;
    case Bound::kAbout:
      amount.state = ParseState::kApproximate;
      amount.fen = fen[0];
      amount.note_zh = "原文为约数，请确认金额";
      break;
    case Bound::kAtLeast:
      amount.state = ParseState::kApproximate;
      amount.low_fen = fen[0];
      amount.note_zh = "原文只给出下限（余、多、以上），请确认金额";
      break;
    case Bound::kAtMost:
      amount.state = ParseState::kApproximate;
      amount.high_fen = fen[0];
      amount.note_zh = "原文只给出上限（近、不足、以内），请确认金额";
      break;
  }
  if (negative) amount.note_zh = "金额为负数，请确认";
  return amount;
}

AllocationFigures ParseAllocation(std::string_view raw) {
  AllocationFigures out;
  const std::string text = Normalize(raw);
  const auto after = [&](std::initializer_list<std::string_view> words) -> std::optional<Amount> {
    for (std::string_view word : words) {
      const size_t p = text.find(word);
      if (p == std::string::npos) continue;
      std::string_view rest = std::string_view(text).substr(p + word.size());
      size_t end = rest.size();
      for (std::string_view separator : {",", ";", "、", "。", " ", ")"})
        end = std::min(end, rest.find(separator, 1));
      Amount amount = ParseAmount(rest.substr(0, end));
      if (amount.state != ParseState::kAbsent) return amount;
    }
    return std::nullopt;
  };
  out.allocation = after({"本次安排资金", "本次安排", "本次下达", "此次安排", "本批安排"});
  if (out.allocation.has_value()) out.planned_total = after({"项目总投资", "总投资", "计划总投资"});
  return out;
}

std::string AmountText(const Amount& amount) {
  const auto wan = [](int64_t fen) { return Cat(FormatWanYuan(fen), "万元"); };
  if (amount.fen) return wan(*amount.fen);
  if (amount.low_fen && amount.high_fen) {
    return Cat(FormatWanYuan(*amount.low_fen), "—", wan(*amount.high_fen));
  }
  if (amount.low_fen) return Cat("不少于", wan(*amount.low_fen));
  if (amount.high_fen) return Cat("不超过", wan(*amount.high_fen));
  return "";
}

}  // namespace bangfu::printed
