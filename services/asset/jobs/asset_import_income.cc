#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/civil_time.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/base/uscc.h"
#include "common/printed/vocabulary.h"
#include "services/asset/api/convert.h"
#include "services/asset/jobs/asset_import_internal.h"

namespace bangfu::asset::imports {
namespace {

using printed::ParseState;

// The first and the last day of the contract; nullopt: not both are known.
std::optional<std::pair<absl::CivilDay, absl::CivilDay>> TermOf(Draft* d) {
  std::optional<absl::CivilDay> from, to;
  if (d->Has(Field::kContractTerm)) {
    const auto day = [](const std::string& text) {
      const auto parsed = printed::ParseDay(text);
      return parsed ? parsed->day : absl::CivilDay(*printed::ParseYear(text), 12, 31);
    };
    const auto stated = [](const std::string& text) {
      const auto parsed = printed::ParseDay(text);
      return parsed && parsed->day_stated;
    };
    if (const auto term = tables::TermOf(d->Text(Field::kContractTerm))) {
      from = day(term->from);
      to = day(term->to);
      const std::string understood =
          Cat(printed::DayText(term->from), "至", printed::DayText(term->to));
      if (stated(term->from) && stated(term->to)) {
        d->Keep(Field::kContractTerm, ParseState::kExact, understood);
      } else {
        d->Unclear(Field::kContractTerm, "DATE_APPROXIMATE",
                   "原文没有写到日：只到月的暂记当月1日，只到年的暂记当年12月31日，请补填日期",
                   understood, ParseState::kApproximate);
      }
    } else {
      d->Unclear(Field::kContractTerm, "CONTRACT_TERM_UNCLEAR",
                 "合同起止无法识别，请按 2021-01-01至2029-12-31 填写");
    }
  }
  const auto own_from = DayIn(d, Field::kContractFrom);
  const auto own_to = DayIn(d, Field::kContractTo);
  if (own_from) from = own_from;
  if (own_to) to = own_to;
  if (!from || !to) return std::nullopt;
  return std::pair(*from, *to);
}

void Dividends(const Sheet& sheet, Draft* d) {
  const auto declared = FenIn(sheet, d, Field::kDividendDue);
  const auto paid = FenIn(sheet, d, Field::kDividendPaid);
  if (d->Has(Field::kDistribution)) {
    d->Unclear(Field::kDistribution, "DISTRIBUTION_NOT_BOOKED",
               "收益分配作为原文保存；应付和实付请分列填写“分红应付”“分红实付”，或在系统内登记");
  }
  if (!d->Has(Field::kDividendDue) && !d->Has(Field::kDividendPaid)) return;
  if (!declared || !paid) {
    // A dividend says both: one that is not known would stand there as nothing declared or paid.
    d->Warn(declared ? Field::kDividendPaid : Field::kDividendDue, "DIVIDEND_INCOMPLETE",
            "分红应付和实付须都是准确数才登记，未支付的请填0");
    return;
  }
  if (*declared == 0 && *paid == 0) return;
  if (!d->asset.has_income_fen()) {
    d->Warn(Field::kDividendDue, "DIVIDEND_WITHOUT_INCOME",
            "没有准确的实际收益，分红未采用，请补填");
  } else if (*declared > d->asset.income_fen()) {
    d->Warn(Field::kDividendDue, "DIVIDEND_EXCEEDS_INCOME", "分红超过实际收益，未采用，请核对");
  } else if (*paid > *declared) {
    d->Warn(Field::kDividendPaid, "DIVIDEND_OVERPAID", "分红实付超过应付，未采用，请核对");
  } else {
    d->asset.set_dividend_declared_fen(*declared);
    d->asset.set_dividend_paid_fen(*paid);
  }
}

}  // namespace

void Operation(const Sheet& sheet, Draft* d) {
  v1::AssetDetails& details = *d->asset.mutable_asset()->mutable_details();
  const std::string mode_text = d->Text(Field::kMode);
  const auto mode = tables::ModeOf(mode_text);
  if (mode) {
    details.set_operate_mode(static_cast<v1::OperateMode>(*mode));
    d->Keep(Field::kMode);
  } else if (!mode_text.empty()) {
    d->Unclear(Field::kMode, "MODE_UNKNOWN",
               "经营方式无法识别，请选择自营、租赁、委托、合作或入股中的一种");
  }
  if (const std::string name = d->Text(Field::kOperator); !tables::SaysNone(name)) {
    details.set_operator_name(Utf8Truncate(name, 200));
  } else {
    d->Keep(Field::kOperator, ParseState::kAbsent);
  }
  if (d->Has(Field::kUscc)) {
    if (const auto uscc = NormalizeUscc(d->Text(Field::kUscc)); uscc.ok()) {
      details.set_operator_uscc(*uscc);
    } else {
      d->Unclear(Field::kUscc, "USCC_INVALID", "统一社会信用代码校验不通过，未采用");
    }
  }
  const auto agreed = FenIn(sheet, d, Field::kAgreed);
  if (const auto income = FenIn(sheet, d, Field::kIncome)) {
    d->asset.set_income_fen(*income);
    SetDay(sheet.year_end, d->asset.mutable_income_on());
  }
  const auto term = TermOf(d);
  const bool by_contract = mode && *mode != OperateMode::kSelf && *mode != OperateMode::kNone;
  const bool states_contract = d->Has(Field::kAgreed) || d->Has(Field::kContractTerm) ||
                               d->Has(Field::kContractFrom) || d->Has(Field::kContractTo);
  if (!by_contract || !term || details.operator_name().empty()) {
    if (states_contract) {
      d->Warn(d->Has(Field::kContractTerm) || !d->Has(Field::kContractFrom) ? Field::kContractTerm
                                                                            : Field::kContractFrom,
              "CONTRACT_INCOMPLETE",
              "须有经营方式（自营除外）、经营主体和合同起止才登记合同，合同和约定收益未采用");
    }
  } else if (term->second < term->first) {
    d->Hold(d->Has(Field::kContractTo) ? Field::kContractTo : Field::kContractTerm,
            "CONTRACT_DATES", "合同止期早于起期");
  } else {
    v1::ContractTerms* terms = d->asset.mutable_contract();
    terms->set_mode(details.operate_mode());
    terms->set_owner_party(details.owners_size() > 0 ? details.owners(0).name()
                                                     : d->Text(Field::kOwners));
    if (terms->owner_party().empty()) terms->set_owner_party("（未注明）");
    terms->set_operator_name(details.operator_name());
    terms->set_operator_uscc(details.operator_uscc());
    SetDay(term->first, terms->mutable_start_date());
    SetDay(term->second, terms->mutable_end_date());
    if (agreed && *agreed > 0) {
      // Dues before the year that the table reports are not known, so none are claimed; nor is that
      // year's where the table does not say what came in of it: it would stand there as an arrear.
      const bool reported = d->asset.has_income_fen();
      if (!reported && term->first <= sheet.year_end) {
        d->Warn(Field::kIncome, "INCOME_MISSING", "没有准确的实际收益，上年应收不登记，请补填");
      }
      const absl::CivilDay first =
          std::max(term->first, absl::CivilDay(sheet.year_end.year() + (reported ? 0 : 1), 1, 1));
      if (first <= term->second) {
        v1::ScheduleStep* step = terms->add_schedule();
        SetDay(first, step->mutable_from());
        SetDay(term->second, step->mutable_to());
        step->set_fixed_fen_per_year(*agreed);
        v1::DueDay* due = terms->add_due_days();
        due->set_month(12);
        due->set_day(31);
      }
    }
  }
  Dividends(sheet, d);
}

void Links(const Sheet& sheet, Draft* d) {
  const tables::LinkModes modes = tables::LinkModesOf(d->Text(Field::kLinkModes));
  std::vector<std::string> codes;
  for (const std::string& code : modes.codes) {
    if (sheet.modes.contains(code)) {
      codes.push_back(code);
    } else {
      d->Warn(Field::kLinkModes, "CODE_UNKNOWN", "联结方式的代码不存在或已停用", code);
    }
  }
  for (const std::string& unknown : modes.unknown) {
    d->Warn(Field::kLinkModes, "LINKAGE_MODE_UNKNOWN", "联结方式无法对应，请选择", unknown);
  }
  d->Keep(Field::kLinkModes, modes.unknown.empty() && codes.size() == modes.codes.size()
                                 ? ParseState::kExact
                                 : ParseState::kAbsent);
  const auto poor = CountIn(d, Field::kPoor);
  const auto monitored = CountIn(d, Field::kMonitored);
  const auto each = FenIn(sheet, d, Field::kPerHousehold);
  if (poor && monitored && !codes.empty()) {
    for (const std::string& code : codes) d->asset.add_linkage_modes(code);
    d->asset.set_poor_households(static_cast<int32_t>(*poor));
    d->asset.set_monitored_households(static_cast<int32_t>(*monitored));
    const int64_t households = *poor + *monitored;
    if (each && households > 0) {
      int64_t sum = 0;
      if (!__builtin_mul_overflow(*each, households, &sum)) d->asset.set_household_income_fen(sum);
    }
  } else if (d->Has(Field::kLinkModes) || d->Has(Field::kPoor) || d->Has(Field::kMonitored) ||
             d->Has(Field::kPerHousehold)) {
    // A link says both counts, and outranks what the project states of its households.
    d->Warn(!poor        ? Field::kPoor
            : !monitored ? Field::kMonitored
                         : Field::kLinkModes,
            "LINKAGE_INCOMPLETE",
            "联结方式、带动脱贫户、带动监测户都写明才登记联农带农，没有的户数请填0");
  }
}

}  // namespace bangfu::asset::imports
