#include "common/printed/vocabulary.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/printed/chinese.h"

namespace bangfu::printed {
namespace {

struct Word {
  std::string_view words;  // separated by |, any of them
  std::string_view code;
};

template <typename Fits>
std::string FirstThat(const Word* begin, const Word* end, Fits fits) {
  for (const Word* w = begin; w != end; ++w) {
    std::string_view rest = w->words;
    while (!rest.empty()) {
      const size_t bar = rest.find('|');
      if (fits(rest.substr(0, bar))) return std::string(w->code);
      rest = bar == std::string_view::npos ? std::string_view() : rest.substr(bar + 1);
    }
  }
  return "";
}
// By a word that the text holds.
std::string FirstOf(std::string_view text, const Word* begin, const Word* end) {
  return FirstThat(begin, end, [&](std::string_view word) { return ContainsAny(text, {word}); });
}
// By the word that the text is.
std::string CodeOf(std::string_view text, const Word* begin, const Word* end) {
  return FirstThat(begin, end, [&](std::string_view word) { return text == word; });
}

// 巩固脱贫成果园区 is about no orchard.
std::string WithoutResults(std::string_view text) {
  return absl::StrReplaceAll(AbslView(text), {{"成果", " "}, {"效果", " "}});
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// A class's name without what tables put behind it: 提升 of 提升类, 提升型, 提升一批.
std::string_view WithoutClassSuffix(std::string_view text) {
  for (std::string_view suffix : {"一批", "类产业", "类项目", "类", "型"}) {
    if (ConsumeSuffix(&text, suffix)) break;
  }
  return text;
}

}  // namespace

std::string ClassFromWord(std::string_view word, const std::vector<ClassSynonym>& synonyms) {
  std::string key = MatchKey(word);
  std::string_view text = key;
  for (std::string_view prefix : {"拟列入", "拟", "认定为", "列入"}) ConsumePrefix(&text, prefix);
  for (const ClassSynonym& synonym : synonyms) {
    if (text == MatchKey(synonym.word)) return synonym.code;
  }
  text = WithoutClassSuffix(text);
  static constexpr Word kWords[] = {
      {"巩固", "CONSOLIDATE"}, {"升级", "UPGRADE"}, {"盘活", "REVITALIZE"}, {"调整", "ADJUST"}};
  for (const Word& w : kWords) {
    if (text == w.words) return std::string(w.code);
  }
  // 提升型 where the list has 提升类. Where it has the word for two classes, nobody knows which.
  std::string code;
  for (const ClassSynonym& synonym : synonyms) {
    const std::string other = MatchKey(synonym.word);
    if (text.empty() || text != WithoutClassSuffix(other)) continue;
    if (!code.empty() && code != synonym.code) return "";
    code = synonym.code;
  }
  return code;
}

StageProposal StageFromStatus(std::string_view status) {
  const std::string text = Normalize(status);
  StageProposal out;
  if (text.empty()) return out;
  if (ContainsAny(text, {"不能实施", "终止", "取消", "调出", "撤销", "不再实施"})) {
    out.stage = "TERMINATED";
  } else if (ContainsAny(text, {"停工", "停建", "烂尾"})) {
    out.stage = "PAUSED";
  } else if (ContainsAny(text, {"闲置", "停产", "停用", "废弃", "停业"})) {
    out.stage = "IDLE";
  } else if (ContainsAny(text, {"通过验收", "已验收", "验收合格"})) {
    out.stage = "ACCEPTED";
  } else if (ContainsAny(text, {"在用", "投入使用", "运营", "投产", "并网", "出租", "租赁", "租给",
                                "正常使用", "使用中"}) &&
             !ContainsAny(text, {"未投产", "未投入使用", "未运营", "待租", "拟出租"})) {
    out.stage = "OPERATING";
  } else if (ContainsAny(
                 text, {"编报", "审核符合", "公示", "确认", "待开工", "未开工", "拟建", "申报"}) ||
             text == "计划" || HasPrefix(text, "计划(")) {
    out.not_begun = true;
    out.note_zh = "尚未开工，应进入项目库而非存量登记，请确认";
  } else if (ContainsAny(text, {"部分完成", "已完成种植"}) ||
             (StrContains(text, "完成") &&
              std::any_of(text.begin() + static_cast<long>(text.find("完成")), text.end(),
                          IsDigit))) {
    out.stage = "UNDER_CONSTRUCTION";  // 已完成40%, 已完成110亩
    out.note_zh = "原文只说完成一部分，请确认阶段";
  } else if (ContainsAny(text, {"预计", "计划", "拟于"}) &&
             ContainsAny(text, {"开工", "在建", "施工"})) {
    out.stage = "UNDER_CONSTRUCTION";
  } else if (ContainsAny(text, {"竣工", "完工", "建成", "完成", "已建"})) {
    out.stage = "COMPLETED";
  } else if (ContainsAny(text, {"在建", "施工", "开工", "建设中", "实施中"})) {
    out.stage = "UNDER_CONSTRUCTION";
  } else {
    out.note_zh = "无法从原文判断阶段，请选择";
  }
  return out;
}

std::string ProjectTypeFrom(std::string_view text) {
  static constexpr Word kTypes[] = {
      {"债权", "DEBT_INVEST"},
      {"贴息|小额信贷", "LOAN_SUBSIDY"},
      {"入股|股权|分红|资产收益|折股量化", "EQUITY_INVEST"},
      {"光伏", "PV"},
      {"培训", "TRAINING"},
      {"车间|产业园厂房|小微园厂房", "WORKSHOP"},
      {"电商|电子商务|直播", "ECOMMERCE"},
      {"旅游|民宿|观光|休闲|文创", "TOURISM"},
      {"冷链|冷库|保鲜|仓储|库房", "COLD_CHAIN"},
      {"加工|烘干|生产项目|生产建设", "PROCESSING"},
      {"养殖|渔业|畜牧|生态鱼|马鹿|蛋鸡|生猪|肉牛", "BREEDING"},
      {"种植|大棚|蔬菜|果园|建园|苹果|茶园|油茶|育苗|苗基地|栽培|设施农业", "PLANTING"},
      {"农机|农事|社会化服务", "SERVICE"},
      {"基础设施|道路|硬化|渠道|水渠|灌渠|沟渠|渠系|干渠|支渠|管网|水利|饮水|蓄水池|农田|桥梁|"
       "大桥|危桥|便桥|桥涵|建桥|修桥|桥建设|渠建设|渠维修|水闸",
       "INFRA_SUPPORT"}};
  return FirstOf(WithoutResults(Normalize(text)), std::begin(kTypes), std::end(kTypes));
}

std::string NatureFrom(std::string_view text) {
  static constexpr Word kWords[] = {{"续建", "CONTINUED"},
                                    {"扩建|改扩建", "EXPAND"},
                                    {"改建|改造|修缮", "REBUILD"},
                                    {"新建", "NEW"}};
  return FirstOf(Normalize(text), std::begin(kWords), std::end(kWords));
}

std::string MajorIndustryFrom(std::string_view text) {
  // Of a single character only what it stands for alone: 牛 and 果 are in the names of villages and
  // in words about something else.
  static constexpr Word kWords[] = {
      {"油茶|油菜|花生|芝麻|油料", "OIL"},
      {"水稻|稻米|大米|稻谷|优质稻", "RICE"},
      {"中药|药材|金银花|枳壳|黄精|鱼腥草", "TCM"},
      {"茶叶|茶园|茶产业|绿茶|红茶|白茶|茶树|茶业", "TEA"},
      {"水产|渔业|稻渔|稻虾|养鱼|鱼塘|鱼池|鱼苗|鱼养殖|鱼产业|生态鱼|鲈鱼|鳜鱼|甲鱼|养虾|虾养殖|"
       "虾产业|龙虾|虾塘|虾苗|养蟹|蟹养殖|蟹产业|螃蟹|河蟹",
       "AQUATIC"},
      {"养殖|畜牧|畜禽|家禽|生猪|肉猪|仔猪|母猪|黑猪|养猪|猪场|猪产业|肉牛|黄牛|奶牛|牦牛|养牛|"
       "牛舍|牛产业|肉羊|山羊|湖羊|绵羊|黑羊|养羊|羊舍|羊产业|肉鸡|蛋鸡|土鸡|养鸡|鸡舍|鸡产业|"
       "肉鸭|蛋鸭|麻鸭|养鸭|鸭产业|肉鹅|白鹅|养鹅|鹅产业|马鹿",
       "LIVESTOCK"},
      {"水果|果业|果蔬|林果|果园|果品|果树|干果|坚果|鲜果|百香果|火龙果|苹果|蔬菜|蜜柚|柚子|柚园|"
       "柚产业|脐橙|甜橙|橙子|橙园|橙产业|黄桃|蜜桃|桃子|桃产业|猕猴桃|核桃|食用菌|羊肚菌|辣椒|"
       "葡萄|柑橘|大棚",
       "FRUIT_VEG"}};
  const std::string normalized = WithoutResults(Normalize(text));
  std::string code = FirstOf(normalized, std::begin(kWords), std::end(kWords));
  if (!code.empty()) return code;
  static constexpr Word kAlone[] = {{"鱼|虾|蟹", "AQUATIC"},
                                    {"猪|牛|羊|鸡|鸭|鹅", "LIVESTOCK"},
                                    {"果|柚|橙|桃", "FRUIT_VEG"},
                                    {"茶", "TEA"},
                                    {"稻", "RICE"}};
  for (const std::string& word :
       SplitOutsideBrackets(normalized, {",", "、", ";", "/", "+", " "})) {
    // Of 牛、鱼 nobody knows which is meant.
    const std::string one = CodeOf(word, std::begin(kAlone), std::end(kAlone));
    if (one.empty() || (!code.empty() && one != code)) return "";
    code = one;
  }
  return code;
}

std::optional<int> ParseYear(std::string_view text) {
  const std::string normalized = Normalize(text);
  std::string_view rest = normalized;
  for (std::string_view suffix : {"年度", "年"}) {
    if (ConsumeSuffix(&rest, suffix)) break;
  }
  ConsumeSuffix(&rest, ".0");
  int year = 0;
  if (rest.size() != 4 || !std::all_of(rest.begin(), rest.end(), IsDigit) ||
      !ParseInt(rest, &year) || year < 1978 || year > 2100) {
    return std::nullopt;
  }
  return year;
}

std::optional<ParsedDay> ParseDay(std::string_view text) {
  const std::string normalized = Normalize(text);
  std::vector<int> parts;
  std::string digits;
  const auto flush = [&] {
    int n = 0;
    if (!digits.empty() && ParseInt(digits, &n)) parts.push_back(n);
    digits.clear();
  };
  std::string other;
  for (char c : normalized) {
    if (IsDigit(c)) {
      digits.push_back(c);
    } else {
      flush();
      other.push_back(c);
    }
  }
  flush();
  if (parts.size() == 1 && other.empty() && normalized.size() == 8) {
    const int n = parts[0];
    parts = {n / 10000, n / 100 % 100, n % 100};
  }
  for (std::string_view allowed : {"年", "月", "日", "-", "/", ".", " "}) {
    size_t p = 0;
    while ((p = other.find(allowed)) != std::string::npos) other.erase(p, allowed.size());
  }
  if (!other.empty() || parts.size() < 2 || parts.size() > 3) return std::nullopt;
  if (parts[0] < 1978 || parts[0] > 2100 || parts[1] < 1 || parts[1] > 12) return std::nullopt;
  ParsedDay out;
  out.day_stated = parts.size() == 3;
  out.day = absl::CivilDay(parts[0], parts[1], out.day_stated ? parts[2] : 1);
  if (out.day.month() != parts[1] || (out.day_stated && out.day.day() != parts[2]))
    return std::nullopt;
  return out;
}

std::string DayText(std::string_view text) {
  if (const auto day = ParseDay(text)) {
    return day->day_stated ? absl::FormatCivilTime(day->day)
                           : absl::FormatCivilTime(absl::CivilMonth(day->day));
  }
  if (const auto year = ParseYear(text)) return absl::StrCat(*year);
  return "";
}

namespace {

// Reads a number off the front: 1546, 28.1, 二十; then 万, 千, 百. Sets `more` for 余, 多, 几 in
// it.
std::optional<int64_t> ConsumeNumber(std::string_view* text, bool* more) {
  std::string digits;
  int decimals = -1;
  while (!text->empty()) {
    const char c = text->front();
    if (c == '.' && decimals < 0 && !digits.empty()) {
      decimals = 0;
    } else if (IsDigit(c)) {
      digits.push_back(c);
      if (decimals >= 0) ++decimals;
    } else {
      break;
    }
    text->remove_prefix(1);
  }
  int64_t n = 0;
  if (digits.empty()) {
    std::string_view rest = *text;
    size_t length = 0;
    bool found = true;
    while (found) {
      found = false;
      for (std::string_view numeral : {"零", "〇", "一", "二", "两", "三", "四", "五", "六", "七",
                                       "八", "九", "十", "百", "千"}) {
        if (ConsumePrefix(&rest, numeral)) {
          length += numeral.size();
          found = true;
        }
      }
    }
    n = length == 0 ? -1 : ChineseNumber(text->substr(0, length));
    if (n < 0) return std::nullopt;
    text->remove_prefix(length);
  } else if (digits.size() > 12 || !ParseInt(digits, &n)) {
    return std::nullopt;
  }
  *text = Trim(*text);
  const auto ends_in_more = [&] {
    for (std::string_view word : {"余", "多", "几"}) *more = ConsumePrefix(text, word) || *more;
  };
  ends_in_more();
  int64_t scale = 1;
  for (const auto& [word, times] :
       {std::pair<std::string_view, int64_t>{"万", 10'000}, {"千", 1'000}, {"百", 100}}) {
    if (ConsumePrefix(text, word)) {
      scale = times;
      break;
    }
  }
  ends_in_more();
  n *= scale;
  for (; decimals > 0; --decimals) {
    if (n % 10 != 0) return std::nullopt;  // half a person
    n /= 10;
  }
  return n;
}

}  // namespace

Count ParsePrintedCount(std::string_view raw) {
  Count count;
  std::string text = Normalize(WithoutFormulaGuard(raw));
  text.erase(std::remove(text.begin(), text.end(), ','), text.end());
  count.note_zh = "请填写一个整数";
  if (ContainsAny(text, {"*", "█", "■", "□", "×", "○"})) {
    count.state = ParseState::kMasked;
    count.note_zh = "数字被遮盖，请补充";
    return count;
  }
  enum class Bound { kNone, kAbout, kAtLeast, kAtMost } bound = Bound::kNone;
  std::string_view view = text;
  static constexpr std::pair<std::string_view, Bound> kBefore[] = {
      {"不低于", Bound::kAtLeast}, {"不少于", Bound::kAtLeast}, {"至少", Bound::kAtLeast},
      {"超过", Bound::kAtLeast},   {"逾", Bound::kAtLeast},     {"超", Bound::kAtLeast},
      {"不超过", Bound::kAtMost},  {"不足", Bound::kAtMost},    {"不到", Bound::kAtMost},
      {"最多", Bound::kAtMost},    {"近", Bound::kAtMost},      {"大约", Bound::kAbout},
      {"约为", Bound::kAbout},     {"约", Bound::kAbout}};
  ConsumePrefix(&view, "共计");
  ConsumePrefix(&view, "共");
  for (const auto& [word, means] : kBefore) {
    if (ConsumePrefix(&view, word)) {
      bound = means;
      break;
    }
  }
  bool more = false;
  const auto unit = [&] {
    view = Trim(view);
    for (std::string_view word : {"人次", "户", "人", "名", "个", "处", "家"}) {
      if (ConsumePrefix(&view, word)) break;
    }
    view = Trim(view);
  };
  view = Trim(view);
  const std::optional<int64_t> first = ConsumeNumber(&view, &more);
  if (!first) return count;
  unit();
  for (std::string_view between : {"-", "~", "—", "至", "到"}) {
    if (!ConsumePrefix(&view, between)) continue;
    view = Trim(view);
    const std::optional<int64_t> second = ConsumeNumber(&view, &more);
    unit();
    for (std::string_view word : {"左右", "上下"}) ConsumePrefix(&view, word);
    if (!second || !view.empty()) return count;
    count.state = ParseState::kRange;
    count.low = std::min(*first, *second);
    count.high = std::max(*first, *second);
    count.note_zh = "原文是范围，请确认数量";
    return count;
  }
  if (more) bound = Bound::kAtLeast;
  static constexpr std::pair<std::string_view, Bound> kAfter[] = {
      {"左右", Bound::kAbout},  {"上下", Bound::kAbout},  {"以上", Bound::kAtLeast},
      {"以内", Bound::kAtMost}, {"以下", Bound::kAtMost}, {"之内", Bound::kAtMost}};
  for (const auto& [word, means] : kAfter) {
    if (ConsumePrefix(&view, word)) {
      bound = means;
      break;
    }
  }
  if (!view.empty()) return count;
  count.state = ParseState::kApproximate;
  switch (bound) {
    case Bound::kNone:
      count.state = ParseState::kExact;
      count.value = first;
      count.note_zh.clear();
      break;
    case Bound::kAbout:
      count.value = first;
      count.note_zh = "原文为约数，请确认数量";
      break;
    case Bound::kAtLeast:
      count.low = first;
      count.note_zh = "原文只给出下限（余、多、以上），请确认数量";
      break;
    case Bound::kAtMost:
      count.high = first;
      count.note_zh = "原文只给出上限（近、不足、以内），请确认数量";
      break;
  }
  return count;
}

std::string CountText(const Count& count) {
  if (count.value) {
    return absl::StrCat(count.state == ParseState::kApproximate ? "约" : "", *count.value);
  }
  if (count.low && count.high) return absl::StrCat(*count.low, "—", *count.high);
  if (count.low) return absl::StrCat(*count.low, "以上");
  if (count.high) return absl::StrCat(*count.high, "以下");
  return "";
}

std::optional<int64_t> ParseCount(std::string_view text) {
  const Count count = ParsePrintedCount(text);
  return count.state == ParseState::kExact ? count.value : std::nullopt;
}

bool IsDamagedCode(std::string_view text) {
  if (text.empty()) return false;
  const std::string t = Normalize(WithoutFormulaGuard(text));
  if (t.empty() || !IsDigit(t.front())) return false;
  if (t.find_first_not_of("0123456789.eE+- ") != std::string::npos) return false;
  return t.find_first_of(".eE+") != std::string::npos;
}

std::vector<std::string> ImplausibleFigures(std::string_view raw) {
  std::vector<std::string> out;
  const std::string text = Normalize(raw);
  for (size_t i = 0; i < text.size();) {
    if (!IsDigit(text[i])) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < text.size() && (IsDigit(text[end]) || text[end] == '.')) ++end;
    double value = 0;
    const bool number = ParseDouble(text.substr(i, end - i), &value);
    std::string_view rest = std::string_view(text).substr(end);
    const std::string_view digits = std::string_view(text).substr(i, end - i);
    i = end;
    if (!number) continue;
    bool ten_thousand = false;
    if (ConsumePrefix(&rest, "万")) {
      ten_thousand = true;
      value *= 10'000;
    }
    const auto warn = [&](std::string_view unit) {
      out.push_back(Cat("「", digits, ten_thousand ? "万" : "", unit, "」数量级存疑，请核对单位"));
    };
    if ((HasPrefix(rest, "千米") || HasPrefix(rest, "公里") || HasPrefix(rest, "km")) &&
        value > 500) {
      warn("千米");
    } else if ((HasPrefix(rest, "兆瓦") || HasPrefix(rest, "MW")) && value > 1'000) {
      warn("兆瓦");
    } else if (HasPrefix(rest, "亩") && value > 500'000) {
      warn("亩");
    } else if (HasPrefix(rest, "万元/亩") || (HasPrefix(rest, "元/亩") && value > 1'000'000)) {
      if (value > 100) warn("元/亩");
    }
  }
  return out;
}

}  // namespace bangfu::printed
