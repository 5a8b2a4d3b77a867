#include "common/printed/vocabulary.h"

#include <algorithm>

#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/printed/chinese.h"

namespace bangfu::printed {
namespace {

struct Word {
  std::string_view words;  // separated by |, any of them
  std::string_view code;
};

std::string FirstOf(std::string_view text, const Word* begin, const Word* end) {
  for (const Word* w = begin; w != end; ++w) {
    std::string_view rest = w->words;
    while (!rest.empty()) {
      const size_t bar = rest.find('|');
      if (ContainsAny(text, {rest.substr(0, bar)})) return std::string(w->code);
      rest = bar == std::string_view::npos ? std::string_view() : rest.substr(bar + 1);
    }
  }
  return "";
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string ClassFromWord(std::string_view word) {
  std::string key = MatchKey(word);
  std::string_view text = key;
  for (std::string_view prefix : {"拟列入", "拟", "认定为", "列入"}) ConsumePrefix(&text, prefix);
  for (std::string_view suffix : {"一批", "类产业", "类项目", "类", "型"}) {
    if (ConsumeSuffix(&text, suffix)) break;
  }
  static constexpr Word kWords[] = {{"巩固", "CONSOLIDATE"}, {"升级", "UPGRADE"},
                                    {"提升", "UPGRADE"},     {"盘活", "REVITALIZE"},
                                    {"调整", "ADJUST"},      {"另起炉灶", "ADJUST"}};
  for (const Word& w : kWords) {
    if (text == w.words) return std::string(w.code);
  }
  return "";
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

std::string ProjectTypeFrom(std::string_view type_text, std::string_view name) {
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
      {"基础设施|道路|硬化|渠|管网|水利|饮水|蓄水池|农田|桥", "INFRA_SUPPORT"}};
  const std::string type = Normalize(type_text);
  std::string code = FirstOf(type, std::begin(kTypes), std::end(kTypes));
  if (code.empty() || code == "INFRA_SUPPORT") {
    const std::string by_name = FirstOf(Normalize(name), std::begin(kTypes), std::end(kTypes));
    if (code.empty()) code = by_name;
  }
  return code;
}

std::string NatureFrom(std::string_view text) {
  static constexpr Word kWords[] = {{"续建", "CONTINUED"},
                                    {"扩建|改扩建", "EXPAND"},
                                    {"改建|改造|修缮", "REBUILD"},
                                    {"新建", "NEW"}};
  return FirstOf(Normalize(text), std::begin(kWords), std::end(kWords));
}

std::string MajorIndustryFrom(std::string_view text) {
  static constexpr Word kWords[] = {{"油茶|油菜|花生|芝麻|油料", "OIL"},
                                    {"水稻|稻米|大米|稻谷|优质稻", "RICE"},
                                    {"中药|药材|金银花|枳壳|黄精", "TCM"},
                                    {"茶叶|茶园|茶产业|绿茶|红茶", "TEA"},
                                    {"水产|渔业|鱼|虾|蟹", "AQUATIC"},
                                    {"养殖|畜牧|猪|牛|羊|鸡|鸭|鹅|马鹿", "LIVESTOCK"},
                                    {"果|蔬菜|柚|橙|桃|食用菌|辣椒|葡萄|柑橘|大棚", "FRUIT_VEG"}};
  return FirstOf(Normalize(text), std::begin(kWords), std::end(kWords));
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

std::optional<int64_t> ParseCount(std::string_view text) {
  std::string rest = Normalize(text);
  rest.erase(std::remove(rest.begin(), rest.end(), ','), rest.end());
  std::string_view view = rest;
  for (std::string_view suffix : {"户", "人", "个", "人次", "处", "家"}) {
    if (ConsumeSuffix(&view, suffix)) break;
  }
  int64_t n = 0;
  if (view.empty() || !std::all_of(view.begin(), view.end(), IsDigit) || !ParseInt(view, &n)) {
    return std::nullopt;
  }
  return n;
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
