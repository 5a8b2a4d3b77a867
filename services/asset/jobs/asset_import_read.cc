#include <algorithm>
#include <cstdlib>
#include <optional>
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
#include "common/base/uscc.h"
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

// 0.01万元 for each of the summands: what rounding in a printed table explains.
constexpr int64_t kRoundingFen = 10000;

// The days of a row, with the fields that raw texts name them by.
constexpr std::pair<Field, std::string_view> kDays[] = {
    {Field::kFormed, "formed_date"},
    {Field::kPlanting, "planting_date"},
    {Field::kTransferred, "transferred_date"},
    {Field::kIdleSince, "idle_since"},
    {Field::kContractFrom, "contract_start_date"},
    {Field::kContractTo, "contract_end_date"},
};

std::optional<absl::CivilDay> DayOf(const Draft& d, Field field) {
  const std::string text = d.Text(field);
  if (text.empty()) return std::nullopt;
  if (const auto day = printed::ParseDay(text)) return day->day;
  // A bare year stands for its last day.
  if (const auto year = printed::ParseYear(text)) return absl::CivilDay(*year, 12, 31);
  return std::nullopt;
}

// A day that is not stated in full is asked for, its text kept beside what DayOf makes of it.
void KeepDays(Draft* d) {
  for (const auto& [field, name] : kDays) {
    const std::string text = d->Text(field);
    if (text.empty()) continue;
    const auto day = printed::ParseDay(text);
    if (day && day->day_stated) continue;
    const std::string understood = printed::DayText(text);
    if (understood.empty() && field == Field::kFormed) continue;  // the row is held for it
    std::string_view proposal = "请按 2021-09-24 填写日期";
    if (day) {
      proposal = "原文只写到月，暂记为当月1日，请补填日期";
    } else if (!understood.empty()) {
      proposal = "原文只写到年，暂记为当年12月31日，请补填日期";
    }
    d->Warn(field, understood.empty() ? "DATE_UNCLEAR" : "DATE_APPROXIMATE", proposal, understood);
    v1::AssetRawText* raw = d->asset.mutable_asset()->mutable_details()->add_raw_texts();
    raw->set_field(std::string(name));
    raw->set_text(Utf8Truncate(text, 200));
    raw->set_parse_state(understood.empty() ? type::v1::AMOUNT_PARSE_STATE_ABSENT
                                            : type::v1::AMOUNT_PARSE_STATE_APPROXIMATE);
    raw->set_understood(understood);
  }
}

printed::Amount Money(const Sheet& sheet, const Draft& d, Field field) {
  std::string title = sheet.title;
  if (title.empty() && !sheet.job.default_money_unit.empty()) {
    title = Cat("单位：", sheet.job.default_money_unit);
  }
  const std::string header = d.HeaderText(field);
  return printed::ParseAmount(d.Text(field), {header, title});
}

// An amount that must be exact when given; nullopt: not given or held.
std::optional<int64_t> ExactFen(const Sheet& sheet, Draft* d, Field field) {
  if (!d->Has(field)) return std::nullopt;
  const printed::Amount amount = Money(sheet, *d, field);
  if (amount.exact()) return *amount.fen;
  d->Warn(field, Cat("AMOUNT_", printed::ParseStateName(amount.state)),
          "金额不是准确数，未采用；请补填准确金额", amount.note_zh);
  return std::nullopt;
}

std::optional<int64_t> Count(Draft* d, Field field) {
  if (!d->Has(field)) return std::nullopt;
  const auto count = printed::ParseCount(d->Text(field));
  if (!count) d->Warn(field, "COUNT_UNCLEAR", "数量不明确，未采用；请补填整数");
  return count;
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
  if (known && !amounts && parsed.items.size() == 1) {
    // One source alone has paid all.
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

void Owners(const Sheet& sheet, Draft* d) {
  v1::Asset& asset = *d->asset.mutable_asset();
  v1::AssetDetails& details = *asset.mutable_details();
  const auto stated = tables::OwnerLevelOf(d->Text(Field::kOwnerLevel));
  const std::vector<tables::Owner> owners = tables::OwnersOf(d->Text(Field::kOwners));
  for (const tables::Owner& owner : owners) {
    auto level = stated;
    if (!level || *level == OwnerLevel::kMultiVillage) {
      const auto own = tables::OwnerLevelOf(owner.name);
      if (own) level = own;
    }
    if (!level) {
      d->Ask("owners");
      continue;
    }
    v1::AssetOwner* to = details.add_owners();
    to->set_name(Utf8Truncate(owner.name, 200));
    to->set_level(static_cast<v1::OwnerLevel>(*level));
    to->set_share_bp(owner.share_bp);
  }
  bool shares = details.owners_size() > 0;
  for (const v1::AssetOwner& owner : details.owners()) shares &= owner.share_bp() > 0;
  if (static_cast<size_t>(details.owners_size()) != owners.size()) {
    details.clear_owners();  // an owner left out would shift the shares
    shares = false;
  }
  if (!shares) {
    d->Ask("owners");
    if (std::any_of(owners.begin(), owners.end(),
                    [](const tables::Owner& owner) { return owner.share_bp == 0; })) {
      d->Warn(Field::kOwners, "OWNER_SHARES_UNKNOWN",
              owners.size() > 1 ? "多个所有权人的份额未写明，或合计不是100%"
                                : "只写明部分份额，请补填其他所有权人");
    }
  }
  for (const tables::Owner& holder : tables::OwnersOf(d->Text(Field::kIncomeHolders))) {
    auto level = tables::OwnerLevelOf(holder.name);
    if (!level) level = stated;
    if (!level) continue;
    v1::IncomeRightHolder* to = details.add_income_right_holders();
    to->set_name(Utf8Truncate(holder.name, 200));
    to->set_level(static_cast<v1::OwnerLevel>(*level));
    to->set_share_bp(holder.share_bp);
  }
  asset.set_title_status(v1::TITLE_STATUS_UNREGISTERED);
  if (d->Text(Field::kTitle).find("已确权") != std::string::npos) {
    if (!d->Has(Field::kCert)) {
      d->Warn(Field::kCert, "CERTIFICATE_MISSING", "已确权须填证号，暂按未确权登记");
    } else if (!shares) {
      d->Warn(Field::kOwners, "OWNER_SHARES_UNKNOWN", "已确权须有所有权人份额，暂按未确权登记");
    } else {
      asset.set_title_status(v1::TITLE_STATUS_REGISTERED);
      asset.set_title_cert_no(Utf8Truncate(d->Text(Field::kCert), 100));
    }
  }
  asset.set_custody_status(v1::CUSTODY_STATUS_NOT_HANDED_OVER);
  if (const auto day = DayOf(*d, Field::kTransferred); day && *day <= sheet.today) {
    asset.set_custody_status(v1::CUSTODY_STATUS_HANDED_OVER);
    api::SetDay(*day, asset.mutable_transferred_date());
    asset.set_custodian(Utf8Truncate(d->Text(Field::kOwners), 200));
  }
  details.set_address(Utf8Truncate(d->Text(Field::kAddress), 300));
  v1::Maintenance* om = details.mutable_maintenance();
  om->set_person(Utf8Truncate(d->Text(Field::kOmPerson), 100));
  if (const std::string rules = d->Text(Field::kOmRules); !rules.empty() && rules != "无") {
    om->set_rules(Utf8Truncate(rules, 500));
  }
  if (const auto money = ExactFen(sheet, d, Field::kOmMoney); money && *money > 0) {
    om->set_annual_fund_fen(*money);
    om->set_fund_source("管护经费");
  }
  details.set_insured(tables::IsYes(d->Text(Field::kInsured)));
}

void Operation(const Sheet& sheet, Draft* d) {
  v1::AssetDetails& details = *d->asset.mutable_asset()->mutable_details();
  const std::string mode_text = d->Text(Field::kMode);
  const auto mode = tables::ModeOf(mode_text);
  if (mode) {
    details.set_operate_mode(static_cast<v1::OperateMode>(*mode));
  } else if (!mode_text.empty()) {
    d->Warn(Field::kMode, "MODE_UNKNOWN", "经营方式无法识别，请选择自营、租赁、委托、合作或入股");
  }
  details.set_operator_name(Utf8Truncate(d->Text(Field::kOperator), 200));
  if (d->Has(Field::kUscc)) {
    if (const auto uscc = NormalizeUscc(d->Text(Field::kUscc)); uscc.ok()) {
      details.set_operator_uscc(*uscc);
    } else {
      d->Warn(Field::kUscc, "USCC_INVALID", "统一社会信用代码校验不通过，未采用");
    }
  }
  const auto agreed = ExactFen(sheet, d, Field::kAgreed);
  const auto from = DayOf(*d, Field::kContractFrom);
  const auto to = DayOf(*d, Field::kContractTo);
  const bool by_contract = mode && *mode != OperateMode::kSelf && *mode != OperateMode::kNone;
  if (by_contract && from && to && !details.operator_name().empty()) {
    if (*to < *from) {
      d->Hold(Field::kContractTo, "CONTRACT_DATES", "合同止期早于起期");
    } else {
      v1::ContractTerms* terms = d->asset.mutable_contract();
      terms->set_mode(details.operate_mode());
      terms->set_owner_party(details.owners_size() > 0 ? details.owners(0).name()
                                                       : d->Text(Field::kOwners));
      if (terms->owner_party().empty()) terms->set_owner_party("（未注明）");
      terms->set_operator_name(details.operator_name());
      terms->set_operator_uscc(details.operator_uscc());
      api::SetDay(*from, terms->mutable_start_date());
      api::SetDay(*to, terms->mutable_end_date());
      if (agreed && *agreed > 0) {
        // Dues before the year that the table reports are not known, so none are claimed.
        const absl::CivilDay first = std::max(*from, absl::CivilDay(sheet.year_end.year(), 1, 1));
        if (first <= *to) {
          v1::ScheduleStep* step = terms->add_schedule();
          api::SetDay(first, step->mutable_from());
          api::SetDay(*to, step->mutable_to());
          step->set_fixed_fen_per_year(*agreed);
          v1::DueDay* due = terms->add_due_days();
          due->set_month(12);
          due->set_day(31);
        }
      }
    }
  }
  if (const auto income = ExactFen(sheet, d, Field::kIncome)) {
    d->asset.set_income_fen(*income);
    api::SetDay(sheet.year_end, d->asset.mutable_income_on());
  }
  const auto declared = ExactFen(sheet, d, Field::kDividendDue);
  auto paid = ExactFen(sheet, d, Field::kDividendPaid);
  if (declared && *declared > 0) {
    if (!d->asset.has_income_fen() || *declared > d->asset.income_fen()) {
      d->Warn(Field::kDividendDue, "DIVIDEND_EXCEEDS_INCOME", "分红超过实际收益，未采用，请核对");
    } else {
      if (paid && *paid > *declared) {
        d->Warn(Field::kDividendPaid, "DIVIDEND_OVERPAID", "分红实付超过应付，按应付计");
        paid = declared;
      }
      d->asset.set_dividend_declared_fen(*declared);
      d->asset.set_dividend_paid_fen(paid.value_or(0));
    }
  }
}

void Usage(const Sheet& sheet, Draft* d, const std::optional<absl::CivilDay>& formed,
           const std::optional<absl::CivilDay>& planted) {
  const tables::UseText text = tables::UseOf(d->Text(Field::kUse));
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
  const auto idle = DayOf(*d, Field::kIdleSince);
  if (IsStopped(use.state) || use.state == UseState::kPartial) {
    if (idle && *idle <= sheet.today) {
      use.since = std::max(*idle, use.since);
      use.idle_since = use.since;
    } else if (use.state != UseState::kPartial) {
      d->Hold(Field::kIdleSince, "IDLE_SINCE_MISSING", "请填写闲置起始日期");
      return;
    } else {
      use.since = sheet.today;
    }
    const std::string note = d->Text(Field::kNote);
    use.idle_reason = note.empty() ? "导入台账，原因未注明" : Utf8Truncate(note, 500);
  }
  use.irreparable = use.state == UseState::kDamaged && tables::IsYes(d->Text(Field::kIrreparable));
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

void Links(const Sheet& sheet, Draft* d) {
  const tables::LinkModes modes = tables::LinkModesOf(d->Text(Field::kLinkModes));
  for (const std::string& code : modes.codes) {
    if (sheet.modes.contains(code)) d->asset.add_linkage_modes(code);
  }
  for (const std::string& unknown : modes.unknown) {
    d->Warn(Field::kLinkModes, "LINKAGE_MODE_UNKNOWN", "联结方式无法对应，请选择", unknown);
  }
  const auto poor = Count(d, Field::kPoor);
  const auto monitored = Count(d, Field::kMonitored);
  d->asset.set_poor_households(static_cast<int32_t>(poor.value_or(0)));
  d->asset.set_monitored_households(static_cast<int32_t>(monitored.value_or(0)));
  const int64_t households = poor.value_or(0) + monitored.value_or(0);
  if (d->Has(Field::kPerHousehold) && households > 0) {
    if (const auto each = ExactFen(sheet, d, Field::kPerHousehold)) {
      d->asset.set_household_income_fen(*each * households);
    }
  }
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
  if (const auto c = tables::ClassOf(d->Text(Field::kClass))) {
    details.set_asset_class(static_cast<v1::AssetClass>(*c));
  } else if (const auto by_kind =
                 tables::ClassOfKind(kind.empty() ? d->Text(Field::kClass) : kind)) {
    details.set_asset_class(static_cast<v1::AssetClass>(*by_kind));
    d->Warn(kind.empty() ? Field::kClass : Field::kKind, "CLASS_BY_KIND",
            "资产类别由种类推断，请确认", *by_kind == AssetClass::kOperating ? "经营性" : "公益性");
  } else {
    d->Hold(Field::kClass, "CLASS_MISSING", "请填写经营性、公益性或到户类");
  }
  const std::string described = Cat(kind, " ", name);
  if (const auto form = tables::FormOf(d->Text(Field::kForm))) {
    details.set_asset_form(static_cast<v1::AssetForm>(*form));
  } else if (const auto by_kind = tables::FormOf(kind); by_kind) {
    details.set_asset_form(static_cast<v1::AssetForm>(*by_kind));
  } else {
    details.set_asset_form(v1::ASSET_FORM_FIXED);
    d->Warn(Field::kForm, "FORM_ASSUMED", "资产形态未写明，按固定资产登记，请确认", "固定资产");
  }
  details.set_category_code(tables::CategoryOf(described));

  // Value and money.
  const printed::Amount value = Money(sheet, *d, Field::kValue);
  details.set_original_value_text(Utf8Truncate(d->Text(Field::kValue), 200));
  if (value.exact()) {
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
  Funds(sheet, d);

  // Days.
  const auto formed = DayOf(*d, Field::kFormed);
  if (formed) {
    if (*formed > sheet.today) {
      d->Refuse("formed_date", "ASSET_NOT_FORMED", d->Text(Field::kFormed),
                "建成时间晚于今天：资产尚未形成，请在来源项目中填报");
      return;
    }
    api::SetDay(*formed, details.mutable_formed_date());
  } else if (d->Has(Field::kFormed)) {
    d->Hold(Field::kFormed, "DATE_UNCLEAR", "建成时间无法识别，请填如2021-09-30");
  } else {
    d->Ask("formed_date");
  }
  KeepDays(d);
  const auto planted = DayOf(*d, Field::kPlanting);
  if (planted && *planted <= sheet.today) api::SetDay(*planted, details.mutable_planting_date());
  if (const auto months = Count(d, Field::kCultivation); months && planted) {
    details.set_cultivation_months(static_cast<int32_t>(std::clamp<int64_t>(*months, 0, 240)));
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

}  // namespace bangfu::asset::imports
