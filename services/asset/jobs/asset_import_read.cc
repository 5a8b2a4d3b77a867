#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/time/civil_time.h"
#include "common/base/bp.h"
#include "common/base/money.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/printed/amount.h"
#include "common/printed/chinese.h"
#include "common/printed/fund_source.h"
#include "common/printed/vocabulary.h"
#include "common/status/error.h"
#include "services/asset/api/convert.h"
#include "services/asset/domain/rules.h"
#include "services/asset/jobs/asset_import_internal.h"

namespace bangfu::asset::imports {
namespace {

using printed::ParseState;

// 0.01万元 for each of the summands: what rounding in a printed table explains.
constexpr int64_t kRoundingFen = 10000;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool StartsWithAny(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return HasPrefix(text, word); });
}

// The separator that joins two numbers; empty: none.
std::string_view JoinAt(std::string_view text) {
  for (const std::string_view join : {"-", "–", "—", "~", "至", "到", "、", ","}) {
    if (HasPrefix(text, join)) return join;
  }
  return "";
}

// Where the number that begins at `at` ends when it is part of a name: a year (2024年, 2020-2021年,
// 〔2023〕), the number of a document, a batch, a stage (505、506号, 第2批). 0: it is a figure.
size_t EndOfNamed(std::string_view text, size_t at) {
  bool years = true;
  for (size_t begin = at, joined = 0;; ++joined) {
    size_t end = begin;
    while (end < text.size() && IsDigit(text[end])) ++end;
    const std::string_view number = text.substr(begin, end - begin);
    const std::string_view rest = Trim(text.substr(end));
    const bool year = number.size() == 4 && StartsWithAny(number, {"19", "20"});
    for (const auto& [open, close] : {std::pair<std::string_view, std::string_view>{"(", ")"},
                                      {"[", "]"},
                                      {"〔", "〕"},
                                      {"【", "】"}}) {
      if (joined == 0 && year && HasSuffix(text.substr(0, begin), open) && HasPrefix(rest, close) &&
          !StartsWithAny(Trim(rest.substr(close.size())), {"元", "万", "亿", "千"})) {
        return end;
      }
    }
    years &= year || (joined > 0 && number.size() == 2);
    if (StartsWithAny(rest, {"号", "批", "期", "次"})) return end;
    if (HasPrefix(rest, "年")) return joined == 0 || years ? end : 0;
    const std::string_view join = JoinAt(rest);
    if (join.empty()) return 0;
    const std::string_view next = Trim(rest.substr(join.size()));
    if (next.empty() || !IsDigit(next.front())) return 0;
    begin = static_cast<size_t>(next.data() - text.data());
  }
}

// Whether a text without an amount that could be read has figures of one nevertheless: 20, 50%,
// 20w.
bool HasFigures(std::string_view text) {
  if (printed::ContainsAny(text, {"百分之", "一半", "部分"})) return true;
  for (size_t i = 0; i < text.size();) {
    if (!IsDigit(text[i])) {
      ++i;
      continue;
    }
    i = EndOfNamed(text, i);
    if (i == 0) return true;
  }
  return false;
}

void Funds(const Sheet& sheet, Draft* d) {
  v1::AssetDetails& details = *d->asset.mutable_asset()->mutable_details();
  if (!d->Has(Field::kFunds)) {
    d->Warn(Field::kFunds, "FUND_SOURCES_MISSING", "未写明资金来源，请补填");
    d->Ask("fund_sources");
    return;
  }
  const printed::DeclaredSources parsed = printed::ParseFundSources(
      d->Text(Field::kFunds), {d->HeaderText(Field::kFunds), sheet.title});
  bool known = !parsed.items.empty() && !parsed.incomplete;
  bool amounts = true;
  bool is_public = false;
  bool all_coded = !parsed.items.empty();
  for (const printed::DeclaredSource& item : parsed.items) {
    const auto code = sheet.sources.find(item.source_code);
    if (item.source_code.empty() || code == sheet.sources.end()) {
      known = all_coded = false;
      d->Warn(Field::kFunds, "FUND_SOURCE_UNKNOWN", "资金来源名称无法对应，请选择",
              absl::StrJoin(item.proposals, "、"));
      continue;
    }
    is_public |= code->second.is_public;
    amounts &= item.amount.exact();
  }
  if (all_coded && !is_public) {
    d->Refuse("fund_sources", "OUT_OF_SCOPE", d->Text(Field::kFunds),
              "没有公共资金投入的资产不在统计范围");
    return;
  }
  const bool paid_all = known && !amounts && parsed.items.size() == 1 &&
                        parsed.items.front().amount.state == ParseState::kAbsent &&
                        !HasFigures(d->Text(Field::kFunds));
  d->Keep(Field::kFunds, paid_all || (known && amounts) ? ParseState::kExact : ParseState::kAbsent);
  if (paid_all) {
    // One source alone, without an amount of its own, has paid all.
    v1::AssetFunding* funding = details.add_fund_sources();
    funding->set_source_code(parsed.items.front().source_code);
    funding->set_amount_fen(details.original_value_fen());
    return;
  }
  if (!known || !amounts) {
    d->Warn(Field::kFunds, "FUND_AMOUNTS_UNKNOWN", "各资金来源的金额未写明，请补填");
    d->Ask("fund_sources");
    return;
  }
  int64_t sum = 0;
  for (const printed::DeclaredSource& item : parsed.items) sum += *item.amount.fen;
  const int64_t printed_value = details.original_value_fen() + details.expensed_fen();
  const int64_t difference = std::abs(sum - printed_value);
  if (difference > kRoundingFen * static_cast<int64_t>(parsed.items.size())) {
    d->Hold(Field::kFunds, "VALUE_NOT_CONSERVED", "各资金来源之和不等于原值，请核对",
            Cat("合计", FormatWanYuan(sum), "万元，原值", FormatWanYuan(printed_value), "万元"));
    return;
  }
  if (difference != 0) {
    d->Warn(Field::kFunds, "VALUE_ROUNDED",
            "各资金来源之和与原值差在四舍五入内，两数都保留，请核对",
            Cat("差", FormatYuan(difference), "元"));
    d->Ask("fund_sources");
    return;
  }
  if (details.expensed_fen() > 0) {
    // Which source paid for the consumables is not stated: in proportion, to the fen.
    std::vector<int64_t> weights;
    for (const printed::DeclaredSource& item : parsed.items) weights.push_back(*item.amount.fen);
    const std::vector<int64_t> parts = SplitLargestRemainder(details.original_value_fen(), weights);
    for (size_t i = 0; i < parsed.items.size(); ++i) {
      v1::AssetFunding* funding = details.add_fund_sources();
      funding->set_source_code(parsed.items[i].source_code);
      funding->set_amount_fen(parts[i]);
    }
    return;
  }
  for (const printed::DeclaredSource& item : parsed.items) {
    v1::AssetFunding* funding = details.add_fund_sources();
    funding->set_source_code(item.source_code);
    funding->set_amount_fen(*item.amount.fen);
  }
}

void Usage(const Sheet& sheet, Draft* d, const std::optional<absl::CivilDay>& formed,
           const std::optional<absl::CivilDay>& planted) {
  const tables::UseText text = tables::UseOf(d->Text(Field::kUse));
  const auto idle = DayIn(d, Field::kIdleSince);
  if (text.state == UseState::kUnspecified) {
    d->Hold(Field::kUse, d->Has(Field::kUse) ? "USE_UNKNOWN" : "USE_MISSING",
            "请填写使用状态：在用、部分使用、季节性停用、停用、闲置、损毁、培育期、未投用");
    return;
  }
  if (text.state == UseState::kPartial && text.parts.empty()) {
    d->Hold(Field::kUse, "USE_SHARE_MISSING", "部分使用须写明在用比例，如「部分使用60%」");
    return;
  }
  Use use;
  use.state = text.state;
  use.parts = text.parts;
  use.since = formed.value_or(sheet.today);
  d->Keep(Field::kUse);
  if (IsStopped(use.state) || use.state == UseState::kPartial) {
    if (idle && *idle <= sheet.today) {
      if (*idle < use.since) {
        d->Unclear(Field::kIdleSince, "IDLE_BEFORE_FORMED",
                   "闲置起始早于建成时间，暂按建成时间登记，请核对");
      }
      use.since = std::max(*idle, use.since);
      use.idle_since = use.since;
    } else if (use.state != UseState::kPartial) {
      d->Hold(Field::kIdleSince, "IDLE_SINCE_MISSING", "请填写闲置起始日期");
      return;
    } else {
      if (idle) d->Unclear(Field::kIdleSince, "DATE_IN_FUTURE", "闲置起始晚于今天，未采用，请核对");
      use.since = sheet.today;
    }
    const std::string note = d->Text(Field::kNote);
    use.idle_reason = note.empty() ? "导入台账，原因未注明" : Utf8Truncate(note, 500);
  } else if (idle) {
    d->Unclear(Field::kIdleSince, "IDLE_SINCE_UNUSED", "使用状态不是闲置，闲置起始未采用，请核对");
  }
  if (d->Has(Field::kIrreparable)) {
    const auto irreparable = tables::IrreparableOf(d->Text(Field::kIrreparable));
    if (!irreparable) {
      d->Unclear(Field::kIrreparable, "IRREPARABLE_UNCLEAR", "是否不可修复不明确，请填是或否");
    } else if (*irreparable && use.state != UseState::kDamaged) {
      d->Unclear(Field::kIrreparable, "IRREPARABLE_UNCLEAR",
                 "使用状态不是损毁，不可修复未采用，请核对");
    } else {
      use.irreparable = *irreparable;
      d->Keep(Field::kIrreparable);
    }
  }
  UseContext context{sheet.today, formed, std::nullopt, nullptr};
  const v1::AssetDetails& details = d->asset.asset().details();
  if (planted && details.cultivation_months() > 0) {
    context.cultivation_ends = AddMonths(*planted, details.cultivation_months()) - 1;
  }
  if (use.state == UseState::kCultivating) {
    if (!planted) {
      d->Hold(Field::kPlanting, "PLANTING_MISSING", "培育期须填种植时间和培育月数");
      return;
    }
    use.since = *planted;
    context.formed.reset();
    if (context.cultivation_ends && *context.cultivation_ends < sheet.today) {
      use.state = UseState::kNotStarted;
      use.since = *context.cultivation_ends + 1;
      d->Warn(Field::kUse, "CULTIVATION_OVER", "培育期已满，按未投用登记");
    }
  }
  if (use.state == UseState::kPartial) use.idle_reason.clear();
  const absl::Status checked = CheckUse(context, "use", &use);
  if (!checked.ok()) {
    d->Hold(Field::kUse, ReasonOf(checked), GetErrorDetail(checked).message_zh);
    return;
  }
  *d->asset.mutable_asset()->mutable_use() = api::ToUseReport(use);
}

}  // namespace

void Understand(const Sheet& sheet, Draft* d) {
  const std::string name = d->Text(Field::kName);
  const std::string kind = d->Text(Field::kKind);
  const std::string note = d->Text(Field::kNote);
  d->staged.key = d->Has(Field::kCode) ? d->Text(Field::kCode) : name;
  if (const auto refusal = tables::RefusalOf(name, kind, d->Text(Field::kUse), note)) {
    d->Refuse(refusal->field, refusal->reason, refusal->raw, refusal->proposal_zh);
    return;
  }
  if (name.empty()) {
    d->Hold(Field::kName, "NAME_MISSING", "请补填资产名称");
    return;
  }
  v1::Asset& asset = *d->asset.mutable_asset();
  v1::AssetDetails& details = *asset.mutable_details();
  details.set_name(Utf8Truncate(name, 200));
  details.set_note(Utf8Truncate(note, 1000));
  asset.set_sample(sheet.job.sample);

  // Kind.
  for (const Field field : {Field::kSourceId, Field::kCode, Field::kProject, Field::kKind}) {
    d->Keep(field);
  }
  if (const auto c = tables::ClassOf(d->Text(Field::kClass))) {
    details.set_asset_class(static_cast<v1::AssetClass>(*c));
    d->Keep(Field::kClass);
  } else if (const auto by_kind =
                 tables::ClassOfKind(kind.empty() ? d->Text(Field::kClass) : kind)) {
    details.set_asset_class(static_cast<v1::AssetClass>(*by_kind));
    d->Keep(Field::kClass, ParseState::kAbsent);
    d->Warn(kind.empty() ? Field::kClass : Field::kKind, "CLASS_BY_KIND",
            "资产类别由种类推断，请确认", *by_kind == AssetClass::kOperating ? "经营性" : "公益性");
  } else {
    d->Hold(Field::kClass, "CLASS_MISSING", "请填写经营性、公益性或到户类");
  }
  const std::string described = Cat(kind, " ", name);
  if (const auto form = tables::FormOf(d->Text(Field::kForm))) {
    details.set_asset_form(static_cast<v1::AssetForm>(*form));
    d->Keep(Field::kForm);
  } else if (d->Has(Field::kForm)) {
    d->Hold(Field::kForm, "FORM_UNKNOWN",
            "资产形态无法识别，请选择固定资产、生物资产、股权、债权或无形资产");
  } else if (const auto by_kind = tables::FormOf(kind); by_kind) {
    details.set_asset_form(static_cast<v1::AssetForm>(*by_kind));
  } else {
    details.set_asset_form(v1::ASSET_FORM_FIXED);
    d->Warn(Field::kForm, "FORM_ASSUMED", "资产形态未写明，按固定资产登记，请确认", "固定资产");
  }
  if (const std::string category = tables::CategoryOf(described);
      sheet.categories.contains(category)) {
    details.set_category_code(category);
  } else if (!category.empty()) {
    d->Warn(kind.empty() ? Field::kName : Field::kKind, "CODE_UNKNOWN",
            "资产分类的代码不存在或已停用，未填", category);
  }

  // Value and money.
  const printed::Amount value = Money(sheet, *d, Field::kValue);
  details.set_original_value_text(Utf8Truncate(d->Text(Field::kValue), 200));
  if (value.exact() && *value.fen < 0) {
    d->Hold(Field::kValue, "VALUE_NEGATIVE", "原值为负数，请核对");
  } else if (value.exact()) {
    details.set_original_value_fen(*value.fen);
    details.set_value_state(type::v1::AMOUNT_PARSE_STATE_EXACT);
  } else if (value.state == printed::ParseState::kApproximate && value.fen) {
    details.set_original_value_fen(*value.fen);
    details.set_value_state(type::v1::AMOUNT_PARSE_STATE_APPROXIMATE);
    d->Warn(Field::kValue, "VALUE_APPROXIMATE", "原值是约数，确认前不计入指标", value.note_zh);
    d->Ask("original_value");
  } else if (value.unit_source == printed::UnitSource::kAsk) {
    d->Hold(Field::kValue, "VALUE_UNIT_UNKNOWN", "原值没有单位，请在表头注明元或万元",
            value.note_zh);
  } else {
    d->Hold(Field::kValue, Cat("VALUE_", printed::ParseStateName(value.state)), "请补填准确原值",
            value.note_zh);
  }
  if (const auto consumables = tables::ConsumablesIn(note)) {
    if (consumables->exact() && *consumables->fen < details.original_value_fen()) {
      details.set_expensed_fen(*consumables->fen);
      details.set_original_value_fen(details.original_value_fen() - *consumables->fen);
      d->Warn(Field::kNote, "CONSUMABLES_EXPENSED", "消耗品从原值中分出，按费用处理",
              Cat("费用化", consumables->raw));
    } else {
      d->Hold(Field::kNote, "CONSUMABLES_UNCLEAR", "原值含消耗品，请分列其金额");
    }
  }
  KeepMoney(sheet, d, Field::kPresentValue);
  Funds(sheet, d);

  // Days.
  const auto formed = DayOf(*d, Field::kFormed);
  if (formed && *formed > sheet.today) {
    const auto year = printed::ParseYear(d->Text(Field::kFormed));
    if (year && *year == sheet.today.year()) {
      d->Hold(Field::kFormed, "DATE_APPROXIMATE", "今年建成的请写到日，如2021-09-30");
    } else {
      d->Refuse("formed_date", "ASSET_NOT_FORMED", d->Text(Field::kFormed),
                "建成时间晚于今天：资产尚未形成，请在来源项目中填报");
    }
    return;
  }
  if (formed) {
    (void)DayIn(d, Field::kFormed);
    SetDay(*formed, details.mutable_formed_date());
  } else if (d->Has(Field::kFormed)) {
    d->Hold(Field::kFormed, "DATE_UNCLEAR", "建成时间无法识别，请填如2021-09-30");
  } else {
    d->Ask("formed_date");
  }
  const auto planted = DayIn(d, Field::kPlanting);
  if (planted && *planted > sheet.today) {
    d->Unclear(Field::kPlanting, "DATE_IN_FUTURE", "种植时间晚于今天，未采用，请核对");
  } else if (planted) {
    SetDay(*planted, details.mutable_planting_date());
  }
  if (const auto months = CountIn(d, Field::kCultivation)) {
    if (!planted || *months > 240) {
      d->Warn(Field::kCultivation, "CULTIVATION_UNCLEAR",
              "培育月数须与种植时间一并填写，最多240个月，未采用");
    } else {
      details.set_cultivation_months(static_cast<int32_t>(*months));
    }
  }

  Owners(sheet, d);
  Operation(sheet, d);
  Usage(sheet, d, formed, planted);
  Links(sheet, d);

  // Where from, where.
  for (const std::string& key :
       printed::SplitOutsideBrackets(d->Text(Field::kProject), {"、", ",", ";", "\n"})) {
    d->project_keys.push_back(key);
  }
  if (d->project_keys.size() > 1) {
    d->Hold(Field::kProject, "PROJECT_SHARES_UNKNOWN",
            "多个来源项目须分行填写或注明各自占原值比例");
  }
  d->region_code = d->Text(Field::kRegionCode);
  if (d->Damaged(Field::kRegionCode) || printed::IsDamagedCode(d->region_code)) {
    d->Hold(Field::kRegionCode, "CODE_DAMAGED", "区划代码已被表格软件改坏，请按文本重新填写");
    d->region_code.clear();
  }
}

void KeepOthers(std::set<size_t>* told, Draft* d) {
  d->KeepOthers(told);
  const int kept = d->asset.asset().details().raw_texts_size();
  if (kept <= kMostRawTexts || d->decided()) return;
  d->staged.issues.push_back(MakeIssue(
      "raw_texts", "RAW_TEXTS_TOO_MANY", "", Cat(kept),
      Cat("一项资产最多保存", kMostRawTexts, "项原文，请删去表中与资产无关的列后重新导入")));
  d->staged.outcome = ROW_OUTCOME_HELD;
}

}  // namespace bangfu::asset::imports
