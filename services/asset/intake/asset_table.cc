#include "services/asset/intake/asset_table.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <set>

#include "absl/strings/ascii.h"
#include "common/base/bp.h"
#include "common/base/money.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/printed/chinese.h"
#include "common/printed/share.h"
#include "common/printed/vocabulary.h"

namespace bangfu::asset::tables {
namespace {

using printed::ContainsAny;
using printed::Normalize;

// A run of digits (half width) that ends right before `end`; -1: none.
int NumberBefore(std::string_view text, size_t end) {
  size_t begin = end;
  while (begin > 0 && text[begin - 1] >= '0' && text[begin - 1] <= '9') --begin;
  if (begin == end || end - begin > 6) return -1;
  int value = 0;
  for (size_t i = begin; i < end; ++i) value = value * 10 + (text[i] - '0');
  return value;
}

// The first percentage of a text, in bp; `begin`: where its number starts.
std::optional<int32_t> PercentIn(std::string_view text, size_t* begin) {
  const size_t at = text.find('%');
  if (at == std::string_view::npos) return std::nullopt;
  size_t from = at;
  while (from > 0 && (absl::ascii_isdigit(static_cast<unsigned char>(text[from - 1])) ||
                      text[from - 1] == '.')) {
    --from;
  }
  *begin = from;
  return printed::ParsePercent(text.substr(from, at + 1 - from));
}

// 三处 -> 3 for the count word at `pos`; -1: none.
int CountBefore(std::string_view text, size_t pos) {
  if (const int digits = NumberBefore(text, pos); digits >= 0) return digits;
  if (pos < 3) return -1;
  return printed::ChineseNumber(text.substr(pos - 3, 3));
}

// 约60%, 51%以上: a number that is not the share itself.
bool IsBound(std::string_view text) {
  return ContainsAny(text, {"约", "近", "余", "多", "左右", "上下", "以上", "以下", "以内", "不足",
                            "不低于", "不少于", "至少", "超"});
}

// 7个村, 甲村等, 甲村等5个村: more owners than are named.
bool NamesSeveral(std::string_view name) {
  if (name.find_first_of("0123456789") == 0 || HasSuffix(name, "等")) return true;
  const size_t at = name.find("等");
  if (at == std::string_view::npos) return false;
  const std::string_view rest = name.substr(at + std::string_view("等").size());
  return rest.find_first_of("0123456789") == 0 || HasPrefix(rest, "多") ||
         printed::ChineseNumber(rest.substr(0, 3)) > 0;
}

}  // namespace

std::optional<Refusal> RefusalOf(std::string_view name, std::string_view kind, std::string_view use,
                                 std::string_view note) {
  const std::string n = Normalize(name);
  const std::string k = Normalize(kind);
  const std::string u = Normalize(use);
  const std::string t = Normalize(note);
  if (ContainsAny(n, {"小计", "合计", "总计", "汇总"}) ||
      ContainsAny(k, {"小计", "合计", "总计", "汇总"}) || ContainsAny(t, {"汇总"})) {
    return Refusal{"SUMMARY_ROW", "name", std::string(name),
                   "汇总行不是一项资产，不导入；请提供明细，仅有汇总时作核对用"};
  }
  if (ContainsAny(u, {"拟建", "在建", "待建", "筹建", "即将", "规划"})) {
    return Refusal{"ASSET_NOT_FORMED", "use_state", std::string(use),
                   "资产尚未形成，请在来源项目中填报进度，建成后再登记资产"};
  }
  if (ContainsAny(t, {"企业投资", "非财政", "非扶贫资产", "私人投资", "个人投资"})) {
    return Refusal{"OUT_OF_SCOPE", "note", std::string(note),
                   "没有公共资金投入的资产不在统计范围；如有财政资金请填写资金来源后重新导入"};
  }
  return std::nullopt;
}

std::optional<AssetClass> ClassOf(std::string_view text) {
  const std::string t = Normalize(text);
  std::vector<AssetClass> named;
  if (ContainsAny(t, {"公益"})) named.push_back(AssetClass::kPublicWelfare);
  if (ContainsAny(t, {"到户"})) named.push_back(AssetClass::kHousehold);
  if (ContainsAny(t, {"经营"}) && !ContainsAny(t, {"非经营"})) {
    named.push_back(AssetClass::kOperating);
  }
  if (named.size() != 1) return std::nullopt;
  return named.front();
}

std::optional<AssetClass> ClassOfKind(std::string_view kind) {
  if (const auto stated = ClassOf(kind)) return stated;
  const std::string t = Normalize(kind);
  if (ContainsAny(t, {"道路", "水利", "饮水", "文化", "卫生"})) return AssetClass::kPublicWelfare;
  if (ContainsAny(
          t, {"大棚", "冷库", "厂房", "光伏", "基地", "车间", "加工厂", "烘干", "产业园", "房屋",
              "校舍", "仓储", "库房", "投资", "股权", "债权", "土地", "设备", "固定资产"})) {
    return AssetClass::kOperating;
  }
  return std::nullopt;
}

std::optional<AssetForm> FormOf(std::string_view text) {
  const std::string t = Normalize(text);
  if (ContainsAny(t, {"债权"})) return AssetForm::kDebt;
  if (ContainsAny(t, {"股权", "入股", "权益", "投资"})) return AssetForm::kEquity;
  if (ContainsAny(t, {"生物", "种植基地", "养殖基地", "油茶", "茶山"}))
    return AssetForm::kBiological;
  if (ContainsAny(t, {"无形", "土地使用权"})) return AssetForm::kIntangible;
  if (ContainsAny(t, {"固定", "大棚", "冷库", "厂房", "光伏", "基地", "车间", "加工厂", "烘干",
                      "产业园", "房屋", "校舍", "仓储", "库房", "设备"})) {
    return AssetForm::kFixed;
  }
  return std::nullopt;
}

std::string CategoryOf(std::string_view text) {
  const std::string t = Normalize(text);
  struct Word {
    std::string_view word;
    std::string_view code;
  };
  static constexpr Word kWords[] = {
      {"冷库", "COLD_STORE"}, {"冷藏", "COLD_STORE"}, {"大棚", "GREENHOUSE"},
      {"温室", "GREENHOUSE"}, {"光伏", "PV_STATION"}, {"厂房", "WORKSHOP"},
      {"车间", "WORKSHOP"},   {"加工厂", "WORKSHOP"}, {"烘干", "DRYING"},
      {"设备", "EQUIPMENT"},  {"道路", "ROAD"},       {"产业路", "ROAD"},
      {"水利", "IRRIGATION"}, {"鱼塘", "POND"},       {"池塘", "POND"},
      {"仓储", "WAREHOUSE"},  {"库房", "WAREHOUSE"},  {"民宿", "LODGING"},
      {"房屋", "BUILDING"}};
  for (const Word& w : kWords) {
    if (ContainsAny(t, {w.word})) return std::string(w.code);
  }
  return "";
}

std::optional<OwnerLevel> OwnerLevelOf(std::string_view text) {
  const std::string t = Normalize(text);
  if (t.empty()) return std::nullopt;
  if (ContainsAny(t, {"联村", "多村"})) return OwnerLevel::kMultiVillage;
  if (ContainsAny(t, {"村集体", "村股份", "村委", "经济合作社", "社区", "行政村"})) {
    return OwnerLevel::kVillageCollective;
  }
  if (ContainsAny(t, {"到户", "农户"}) || t == "户") return OwnerLevel::kHousehold;
  if (ContainsAny(t, {"县级", "国有", "区级", "农业农村局", "城投"}) || t == "县" || t == "区") {
    return OwnerLevel::kStateCounty;
  }
  if (ContainsAny(t, {"乡镇", "镇级", "乡级", "镇政府", "乡政府"}) || t == "镇" || t == "乡") {
    return OwnerLevel::kTownship;
  }
  if (ContainsAny(t, {"村"})) return OwnerLevel::kVillageCollective;
  return std::nullopt;
}

std::optional<OperateMode> ModeOf(std::string_view text) {
  std::string t = Normalize(text);
  if (t.empty()) return std::nullopt;
  if (SaysNone(t)) {
    if (t == "无") return OperateMode::kNone;
    return std::nullopt;
  }
  if (ContainsAny(t, {"未出租", "待租", "待出租", "未租", "拟"})) return std::nullopt;
  std::set<OperateMode> named;
  if (ContainsAny(t, {"公司+", "合作社+"})) named.insert(OperateMode::kCooperate);
  // 出租给合作社: the name of who leases says nothing of how.
  for (size_t at; (at = t.find("合作社")) != std::string::npos;) {
    t.erase(at, std::string_view("合作社").size());
  }
  if (ContainsAny(t, {"自营", "自主经营", "村办", "村基地"})) named.insert(OperateMode::kSelf);
  if (ContainsAny(t, {"委托", "托管"})) named.insert(OperateMode::kEntrust);
  if (ContainsAny(t, {"入股", "股权", "债权"})) named.insert(OperateMode::kEquity);
  if (ContainsAny(t, {"合作"})) named.insert(OperateMode::kCooperate);
  if (ContainsAny(t, {"租", "承包", "流转", "有偿使用"})) named.insert(OperateMode::kLease);
  if (named.size() != 1) return std::nullopt;  // several are a person's to choose from
  return *named.begin();
}

LinkModes LinkModesOf(std::string_view text) {
  struct Word {
    std::string_view word;
    std::string_view code;
  };
  static constexpr Word kWords[] = {
      {"分红", "DIVIDEND"},    {"务工", "EMPLOYMENT"},  {"就业", "EMPLOYMENT"},
      {"订单", "ORDER"},       {"收购", "ORDER"},       {"土地流转", "LAND_RENT"},
      {"流转", "LAND_RENT"},   {"托养", "TRUSTEESHIP"}, {"托管", "TRUSTEESHIP"},
      {"入股", "SHARE"},       {"服务", "SERVICE"},     {"公益性岗位", "PUBLIC_POST"},
      {"公岗", "PUBLIC_POST"}, {"其他", "OTHER"}};
  LinkModes out;
  for (const std::string& piece :
       printed::SplitOutsideBrackets(Normalize(text), {"、", ",", ";", "+", "/", "\n", " "})) {
    std::string_view code;
    for (const Word& w : kWords) {
      if (ContainsAny(piece, {w.word})) {
        code = w.code;
        break;
      }
    }
    if (code.empty()) {
      out.unknown.push_back(piece);
    } else if (std::find(out.codes.begin(), out.codes.end(), code) == out.codes.end()) {
      out.codes.emplace_back(code);
    }
  }
  return out;
}

UseText UseOf(std::string_view text) {
  UseText out;
  const std::string t = Normalize(text);
  if (t.empty()) return out;
  // 三处已出租、一处待租: parts by their number.
  {
    int used = 0;
    int unused = 0;
    bool unread = false;  // a part of which it is not said, or not clear: the shares are not known
    for (const std::string& piece : printed::SplitOutsideBrackets(t, {"、", ",", ";"})) {
      const size_t at = piece.find("处");
      if (at == std::string::npos) continue;
      const int count = CountBefore(piece, at);
      const bool stands = ContainsAny(
          piece, {"待租", "待出租", "闲置", "未用", "未使用", "未租", "未出租", "空置", "停用"});
      const bool runs = ContainsAny(piece, {"已出租", "在用", "已使用", "租用"}) ||
                        (!stands && ContainsAny(piece, {"出租", "使用"}));
      if (count <= 0 || stands == runs) {
        unread |= stands || runs || count > 0;
      } else {
        (stands ? unused : used) += count;
      }
    }
    if (used > 0 && unused > 0 && unread) {
      out.state = UseState::kPartial;
      return out;
    }
    if (used > 0 && unused > 0) {
      const std::vector<int64_t> shares =
          SplitLargestRemainder(kBpOne, std::vector<int64_t>{used, unused});
      out.state = UseState::kPartial;
      out.parts = {{Cat(used, "处在用"), static_cast<int32_t>(shares[0]), UseState::kInUse},
                   {Cat(unused, "处未用"), static_cast<int32_t>(shares[1]), UseState::kIdle}};
      return out;
    }
  }
  if (ContainsAny(t, {"部分"})) {
    out.state = UseState::kPartial;
    // 部分使用、闲置40%, 约60%: how much is in use is not said, or not exactly.
    const bool clear = !ContainsAny(t, {"闲置", "未用", "未使用", "空置"}) && !IsBound(t);
    size_t begin = 0;
    if (const auto used = PercentIn(t, &begin); clear && used && *used < kBpOne) {
      out.parts = {{"在用部分", *used, UseState::kInUse},
                   {"未用部分", kBpOne - *used, UseState::kIdle}};
    }
    return out;
  }
  // 未出租, 停止运营: not what the word in it says, and not clear what else.
  if (ContainsAny(t, {"未出租", "待出租", "未运营", "停止运营", "未正常", "不正常", "非正常",
                      "未在用", "不在用", "未并网"})) {
    return out;
  }
  if (ContainsAny(t, {"培育", "未投产"})) {
    out.state = ContainsAny(t, {"培育"}) ? UseState::kCultivating : UseState::kNotStarted;
  } else if (ContainsAny(t, {"损毁", "毁损", "倒塌"})) {
    out.state = UseState::kDamaged;
  } else if (ContainsAny(t, {"季节"})) {
    out.state = UseState::kOffSeason;
  } else if (ContainsAny(
                 t, {"转在用", "在用", "使用中", "运营", "并网发电", "出租", "正常", "转公益用"})) {
    out.state = UseState::kInUse;
  } else if (ContainsAny(t, {"闲置"})) {
    out.state = UseState::kIdle;
  } else if (ContainsAny(t, {"停用", "停产", "停业"})) {
    out.state = UseState::kSuspended;
  } else if (ContainsAny(t, {"未投用", "未使用", "待投产", "待租"})) {
    out.state = UseState::kNotStarted;
  }
  return out;
}

std::vector<Owner> OwnersOf(std::string_view text) {
  std::vector<Owner> out;
  std::vector<int64_t> percentages, amounts;
  const std::string t = Normalize(text);
  if (t.empty() || SaysNone(t)) return out;
  for (const std::string& piece : printed::SplitOutsideBrackets(t, {"、", ",", ";", "/"})) {
    Owner owner;
    std::string_view name = piece;
    const std::string stated = printed::TakeShare(&name);
    const printed::Amount amount =
        stated.empty() ? printed::Amount() : printed::ParseAmount(stated);
    size_t from = 0;
    auto share = printed::ParsePercent(stated);
    // 村集体占股比例51%: the words before the number are no part of the name either.
    if (const size_t word = name.find("占");
        !stated.empty() && word != std::string_view::npos && word > 0) {
      name = name.substr(0, word);
    }
    owner.name = std::string(name);
    if (stated.empty() && !IsBound(piece)) {
      // 村集体占51%股份: the number stands among other words.
      share = PercentIn(piece, &from);
      owner.name = share ? piece.substr(0, std::min(piece.find("占"), from)) : piece;
    }
    if (owner.name.empty()) continue;
    percentages.push_back(share.value_or(0));
    amounts.push_back(amount.exact() ? std::max<int64_t>(*amount.fen, 0) : 0);
    out.push_back(std::move(owner));
  }
  if (out.empty()) return out;
  // One name alone owns all; one whose part is stated shares with others who are not named.
  const bool parts = t.find('%') != std::string::npos || amounts.front() > 0;
  if (out.size() == 1 && !parts && !NamesSeveral(out.front().name)) percentages.front() = kBpOne;
  const auto complete = [&](const std::vector<int64_t>& of) {
    return std::find(of.begin(), of.end(), 0) == of.end();
  };
  std::vector<int64_t>* shares = &percentages;
  if (out.size() > 1 && complete(amounts) && !NamesSeveral(out.back().name)) {
    int64_t sum = 0;
    for (const int64_t amount : amounts) {
      const auto added = AddFen(sum, amount);
      if (!added.ok()) return out;
      sum = *added;
    }
    amounts = SplitLargestRemainder(kBpOne, amounts);
    shares = &amounts;
  }
  if (!complete(*shares) || !printed::MakeWhole(shares)) return out;
  for (size_t i = 0; i < out.size(); ++i) out[i].share_bp = static_cast<int32_t>((*shares)[i]);
  return out;
}

std::optional<printed::Amount> ConsumablesIn(std::string_view note) {
  const std::string t = Normalize(note);
  constexpr std::string_view kWord = "原值含";
  const size_t at = t.find(kWord);
  if (at == std::string::npos) return std::nullopt;
  if (!ContainsAny(t.substr(at), {"消耗", "菌棒", "种苗", "饲料", "农药", "化肥"}))
    return std::nullopt;
  size_t digit = at + kWord.size();
  while (digit < t.size() && (t[digit] < '0' || t[digit] > '9')) ++digit;
  size_t end = digit;
  for (const char* stop : {"(", "(", ",", ";", "。", "、"}) {
    const size_t found = t.find(stop, digit);
    if (found != std::string::npos) end = end == digit ? found : std::min(end, found);
  }
  if (end == digit) end = t.size();
  return printed::ParseAmount(t.substr(digit, end - digit));
}

bool SaysNone(std::string_view text) {
  const std::string t = Normalize(text);
  static constexpr std::string_view kWords[] = {
      "无",   "没有", "暂无", "尚无", "未落实", "未明确", "未确定", "待落实",
      "待定", "不详", "未知", "/",    "-",      "--",     "—",      "——"};
  return std::find(std::begin(kWords), std::end(kWords), t) != std::end(kWords);
}

std::optional<bool> YesNo(std::string_view text) {
  const std::string t = Normalize(text);
  if (t == "是" || t == "有" || t == "1" || t == "Y" || t == "y" || t == "true") return true;
  if (t == "否" || t == "无" || t == "没有" || t == "0" || t == "N" || t == "n" || t == "false") {
    return false;
  }
  return std::nullopt;
}

std::optional<bool> InsuredOf(std::string_view text) {
  if (const auto said = YesNo(text)) return said;
  const std::string t = Normalize(text);
  if (ContainsAny(t, {"部分", "到期", "过期", "脱保", "退保", "拟", "计划", "待", "正在"})) {
    return std::nullopt;
  }
  for (const std::string_view word : {"未投", "未参", "未买", "未购", "没投", "没买", "不投"}) {
    if (HasPrefix(t, word)) return false;
  }
  for (const std::string_view word : {"已投", "已参", "已买", "已购", "投保", "参保"}) {
    if (HasPrefix(t, word)) return true;
  }
  return std::nullopt;
}

std::optional<bool> IrreparableOf(std::string_view text) {
  if (const auto said = YesNo(text)) return said;
  const std::string t = Normalize(text);
  if (t == "不可修复" || t == "无法修复" || t == "不能修复") return true;
  if (t == "可修复" || t == "能修复" || t == "可以修复") return false;
  return std::nullopt;
}

TitleText TitleOf(std::string_view text) {
  TitleText out;
  const std::string t = Normalize(text);
  if (t.empty()) return out;
  const auto says = [&](std::initializer_list<std::string_view> words) {
    return ContainsAny(t, words);
  };
  const bool disputed = says({"争议", "纠纷"}) && !says({"无争议", "无纠纷"});
  const bool open = says(
      {"未确权", "未登记", "未办", "未颁", "没有确权", "待确权", "尚未", "正在", "办理中", "无证"});
  const bool done = says({"已确权", "已登记", "已办", "已颁"});
  const auto said = YesNo(t);
  // The number stands behind the state, or alone.
  for (const std::string& piece :
       printed::SplitOutsideBrackets(t, {"/", ",", ";", "、", ":", "。", "\n"})) {
    std::string_view rest = piece;
    for (const std::string_view word :
         {"已确权登记", "已确权", "已登记", "已办证", "已颁证", "确权", "不动产权证号", "产权证号",
          "权证号", "证书编号", "证书号", "证号", "编号"}) {
      ConsumePrefix(&rest, word);
      rest = Trim(rest);
    }
    if (HasPrefix(rest, "(") && HasSuffix(rest, ")") && rest.find(')') != std::string_view::npos) {
      std::string_view inner = rest.substr(1, rest.size() - 2);
      for (const std::string_view word : {"证书编号", "证号", "编号", ":"}) {
        ConsumePrefix(&inner, word);
      }
      // (2021)第1号 begins with a bracket of its own.
      if (inner.find('(') < inner.find(')') || inner.find(')') == std::string_view::npos) {
        rest = inner;
      }
    }
    rest = Trim(rest);
    // 2021年已确权: a day is no number of a certificate.
    if (rest.find_first_of("0123456789") == std::string_view::npos || rest == "1" || rest == "0" ||
        !printed::DayText(rest).empty() ||
        ContainsAny(rest, {"已确权", "已登记", "已办", "已颁", "未", "正在", "办理", "部分"})) {
      continue;
    }
    out.cert_no += Cat(out.cert_no.empty() ? "" : "、", rest);
  }
  if (says({"部分"}) || (open && done)) return out;
  if (disputed) {
    out.status = TitleStatus::kDisputed;
  } else if (open || (said && !*said)) {
    if (out.cert_no.empty()) out.status = TitleStatus::kUnregistered;
  } else if (done || t == "确权" || (said && *said) || !out.cert_no.empty()) {
    out.status = TitleStatus::kRegistered;
  }
  return out;
}

OwnershipBasis BasisOf(std::string_view text) {
  struct Word {
    std::string_view word;
    std::string_view code;
  };
  static constexpr Word kWords[] = {
      {"资金来源", "FUND_SOURCE"}, {"受益范围", "BENEFIT_SCOPE"}, {"管理需要", "MANAGEMENT_NEED"}};
  OwnershipBasis out;
  for (const std::string& piece :
       printed::SplitOutsideBrackets(Normalize(text), {"、", ",", ";", "+", "/", "\n", " "})) {
    const auto* const word = std::find_if(std::begin(kWords), std::end(kWords), [&](const Word& w) {
      return ContainsAny(piece, {w.word});
    });
    if (word == std::end(kWords)) {
      out.unknown.push_back(piece);
    } else if (std::find(out.codes.begin(), out.codes.end(), word->code) == out.codes.end()) {
      out.codes.emplace_back(word->code);
    }
  }
  return out;
}

std::optional<Term> TermOf(std::string_view text) {
  const std::string t = Normalize(text);
  const auto is_day = [](std::string_view part) { return !printed::DayText(part).empty(); };
  std::optional<Term> found;
  for (const std::string_view between : {"至", "到", "—", "–", "~", "-"}) {
    for (size_t at = t.find(between); at != std::string::npos; at = t.find(between, at + 1)) {
      const std::string_view from = Trim(std::string_view(t).substr(0, at));
      const std::string_view to = Trim(std::string_view(t).substr(at + between.size()));
      if (!is_day(from) || !is_day(to)) continue;
      if (found) return std::nullopt;
      found = Term{std::string(from), std::string(to)};
    }
  }
  return found;
}

}  // namespace bangfu::asset::tables
