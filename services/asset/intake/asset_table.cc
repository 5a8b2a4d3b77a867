#include "services/asset/intake/asset_table.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "common/base/bp.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/printed/chinese.h"
#include "common/printed/share.h"

namespace bangfu::asset::tables {
namespace {

using printed::ContainsAny;
using printed::Normalize;

struct FieldHeader {
  std::string_view header;
  Field field;
};
constexpr FieldHeader kHeaders[] = {
    {"资产编码", Field::kCode},
    {"asset_code", Field::kCode},
    {"资产名称", Field::kName},
    {"名称", Field::kName},
    {"asset_name", Field::kName},
    {"资产类别", Field::kClass},
    {"类别", Field::kClass},
    {"kind_text", Field::kKind},
    {"资产种类", Field::kKind},
    {"资产形态", Field::kForm},
    {"形态", Field::kForm},
    {"来源项目", Field::kProject},
    {"来源项目编码", Field::kProject},
    {"项目编码", Field::kProject},
    {"资金来源", Field::kFunds},
    {"原值", Field::kValue},
    {"资产原值", Field::kValue},
    {"original_value_text", Field::kValue},
    {"区划代码", Field::kRegionCode},
    {"行政区划代码", Field::kRegionCode},
    {"province", Field::kProvince},
    {"省", Field::kProvince},
    {"city", Field::kCity},
    {"市", Field::kCity},
    {"county", Field::kCounty},
    {"县", Field::kCounty},
    {"township", Field::kTownship},
    {"乡镇", Field::kTownship},
    {"village", Field::kVillage},
    {"村", Field::kVillage},
    {"坐落", Field::kAddress},
    {"建成时间", Field::kFormed},
    {"formed_year", Field::kFormed},
    {"权属级次", Field::kOwnerLevel},
    {"所有权人", Field::kOwners},
    {"owner", Field::kOwners},
    {"收益权人", Field::kIncomeHolders},
    {"确权状态", Field::kTitle},
    {"证号", Field::kCert},
    {"移交时间", Field::kTransferred},
    {"经营方式", Field::kMode},
    {"operation_mode_text", Field::kMode},
    {"经营主体", Field::kOperator},
    {"经营主体信用代码", Field::kUscc},
    {"合同起", Field::kContractFrom},
    {"合同止", Field::kContractTo},
    {"年约定收益", Field::kAgreed},
    {"实际收益", Field::kIncome},
    {"annual_income_text", Field::kIncome},
    {"分红应付", Field::kDividendDue},
    {"分红实付", Field::kDividendPaid},
    {"带动脱贫户", Field::kPoor},
    {"带动监测户", Field::kMonitored},
    {"户均增收", Field::kPerHousehold},
    {"联结方式", Field::kLinkModes},
    {"管护责任人", Field::kOmPerson},
    {"管护制度", Field::kOmRules},
    {"管护经费", Field::kOmMoney},
    {"使用状态", Field::kUse},
    {"use_state_text", Field::kUse},
    {"闲置起始", Field::kIdleSince},
    {"不可修复", Field::kIrreparable},
    {"种植时间", Field::kPlanting},
    {"栽植时间", Field::kPlanting},
    {"培育月数", Field::kCultivation},
    {"保险", Field::kInsured},
    {"备注", Field::kNote},
    {"notes", Field::kNote},
};

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

}  // namespace

Field FieldOf(std::string_view header) {
  std::string text = Normalize(printed::WithoutBrackets(Normalize(header)));
  text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
  for (const FieldHeader& known : kHeaders) {
    if (text == known.header) return known.field;
  }
  return Field::kNone;
}

std::string_view FieldName(Field field) {
  for (const FieldHeader& known : kHeaders) {
    if (known.field == field) return known.header;
  }
  return "";
}

Header ReadHeader(const std::vector<std::string>& cells) {
  Header header;
  for (size_t i = 0; i < cells.size(); ++i) {
    const Field field = FieldOf(cells[i]);
    if (field == Field::kNone || header.columns.contains(field)) continue;
    header.columns[field] = i;
    header.texts[field] = cells[i];
  }
  return header;
}

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
  if (ContainsAny(t, {"公益"})) return AssetClass::kPublicWelfare;
  if (ContainsAny(t, {"到户"})) return AssetClass::kHousehold;
  if (ContainsAny(t, {"经营"})) return AssetClass::kOperating;
  return std::nullopt;
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
  const std::string t = Normalize(text);
  if (t.empty()) return std::nullopt;
  if (ContainsAny(t, {"自营", "自主经营", "村办", "村基地"})) return OperateMode::kSelf;
  if (ContainsAny(t, {"委托", "托管"})) return OperateMode::kEntrust;
  if (ContainsAny(t, {"入股", "股权", "债权"})) return OperateMode::kEquity;
  if (ContainsAny(t, {"合作", "公司+", "合作社+"})) return OperateMode::kCooperate;
  if (ContainsAny(t, {"租", "承包", "流转", "有偿使用"})) return OperateMode::kLease;
  if (t == "无") return OperateMode::kNone;
  return std::nullopt;
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
    for (const std::string& piece : printed::SplitOutsideBrackets(t, {"、", ",", ";"})) {
      const size_t at = piece.find("处");
      if (at == std::string::npos) continue;
      const int count = CountBefore(piece, at);
      if (count <= 0) continue;
      if (ContainsAny(piece, {"待租", "闲置", "未用", "空置", "停用"})) {
        unused += count;
      } else if (ContainsAny(piece, {"出租", "在用", "使用", "租用"})) {
        used += count;
      }
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
    size_t begin = 0;
    if (const auto used = PercentIn(t, &begin); used && *used < kBpOne) {
      out.parts = {{"在用部分", *used, UseState::kInUse},
                   {"未用部分", kBpOne - *used, UseState::kIdle}};
    }
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
  std::vector<int64_t> shares;
  const std::string t = Normalize(text);
  if (t.empty()) return out;
  for (const std::string& piece : printed::SplitOutsideBrackets(t, {"、", ",", ";", "/"})) {
    Owner owner;
    std::string_view name = piece;
    size_t from = 0;
    auto share = printed::ParsePercent(printed::TakeShare(&name));
    // 村集体占股比例51%: the words before the number are no part of the name either.
    if (const size_t word = name.find("占"); share && word != std::string_view::npos && word > 0)
      name = name.substr(0, word);
    owner.name = std::string(name);
    if (!share) {
      // 村集体占51%以上: the number stands among other words.
      share = PercentIn(piece, &from);
      owner.name = share ? piece.substr(0, std::min(piece.find("占"), from)) : piece;
    }
    if (owner.name.empty()) continue;
    shares.push_back(share.value_or(0));
    out.push_back(std::move(owner));
  }
  // One name alone owns all; one whose part is stated shares with others who are not named.
  if (out.size() == 1 && t.find('%') == std::string::npos) shares.front() = kBpOne;
  const bool stated = std::find(shares.begin(), shares.end(), 0) == shares.end();
  if (!stated || !printed::MakeWhole(&shares)) return out;
  for (size_t i = 0; i < out.size(); ++i) out[i].share_bp = static_cast<int32_t>(shares[i]);
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

bool IsYes(std::string_view text) {
  const std::string t = Normalize(text);
  return t == "是" || t == "有" || t == "1" || t == "Y" || t == "y" || t == "true";
}

}  // namespace bangfu::asset::tables
