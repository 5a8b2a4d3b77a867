#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/civil_time.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/intake/parse_state.h"
#include "common/printed/amount.h"
#include "common/printed/chinese.h"
#include "common/printed/vocabulary.h"
#include "services/asset/jobs/asset_import_internal.h"

namespace bangfu::asset::imports {
namespace {

using printed::ParseState;

// No asset links more households than that.
constexpr int64_t kLargestCount = 1'000'000;

}  // namespace

void Draft::KeepText(std::string_view name, std::string_view text, ParseState state,
                     std::string_view understood) {
  auto& kept = *asset.mutable_asset()->mutable_details()->mutable_raw_texts();
  if (printed::Normalize(text).empty() ||
      std::any_of(kept.begin(), kept.end(),
                  [&](const v1::AssetRawText& raw) { return raw.field() == name; })) {
    return;
  }
  v1::AssetRawText* raw = kept.Add();
  raw->set_field(std::string(name));
  raw->set_text(Utf8Truncate(text, 200));
  raw->set_parse_state(::bangfu::intake::ParseStateOf(state));
  raw->set_understood(Utf8Truncate(understood, 100));
}

void Draft::Keep(Field field, ParseState state, std::string_view understood) {
  KeepText(tables::RawName(field), Printed(field), state, understood);
}

void Draft::KeepOthers(std::set<size_t>* told) {
  if (staged.outcome == ROW_OUTCOME_REFUSED) return;  // a sum, or no asset: nothing of it is kept
  std::set<size_t> taken;
  for (const auto& [field, column] : header_.columns) taken.insert(column);
  for (size_t i = 0; i < row_.cells.size(); ++i) {
    const std::string_view text = printed::WithoutFormulaGuard(row_.cells[i].text);
    if (taken.contains(i) || printed::Normalize(text).empty()) continue;
    const tables::Header::Other other = header_.OtherAt(i);
    if (!other.personal) KeepText(other.name, text, ParseState::kAbsent, "");
    if (!told->insert(i).second) continue;
    warned = true;
    if (other.personal) {
      staged.issues.push_back(
          MakeIssue(other.name, "COLUMN_PERSONAL", "", "", "整列为个人信息，不在资产原文中留存"));
    } else if (other.taken.empty()) {
      staged.issues.push_back(
          MakeIssue(other.name, "COLUMN_IGNORED", text, "",
                    "整列未识别，不写入资产字段，各行内容作为原文保存；如应导入，请按模板改列名"));
    } else {
      staged.issues.push_back(
          MakeIssue(other.name, "COLUMN_REPEATED", text, "",
                    Cat("整列与“", other.taken, "”含义相同，只取先出现的一列，本列作为原文保存")));
    }
  }
}

std::optional<absl::CivilDay> DayOf(const Draft& d, Field field) {
  const std::string text = d.Text(field);
  if (text.empty()) return std::nullopt;
  if (const auto day = printed::ParseDay(text)) return day->day;
  // A bare year stands for its last day.
  if (const auto year = printed::ParseYear(text)) return absl::CivilDay(*year, 12, 31);
  return std::nullopt;
}

std::optional<absl::CivilDay> DayIn(Draft* d, Field field) {
  const std::string text = d->Text(field);
  if (text.empty()) return std::nullopt;
  const auto day = printed::ParseDay(text);
  if (day && day->day_stated) return day->day;
  const std::string understood = printed::DayText(text);
  if (understood.empty()) {
    d->Unclear(field, "DATE_UNCLEAR", "请按 2021-09-24 填写日期");
  } else {
    d->Unclear(field, "DATE_APPROXIMATE",
               day ? "原文只写到月，暂记为当月1日，请补填日期"
                   : "原文只写到年，暂记为当年12月31日，请补填日期",
               understood, ParseState::kApproximate);
  }
  return DayOf(*d, field);
}

printed::Amount Money(const Sheet& sheet, const Draft& d, Field field) {
  std::string title = sheet.title;
  if (title.empty() && !sheet.job.default_money_unit.empty()) {
    title = Cat("单位：", sheet.job.default_money_unit);
  }
  const std::string header = d.HeaderText(field);
  return printed::ParseAmount(d.Text(field), {header, title});
}

namespace {

// `waits`: the row is held for an amount that one look at the table mends.
std::optional<int64_t> ReadFen(const Sheet& sheet, Draft* d, Field field, bool waits) {
  if (!d->Has(field)) return std::nullopt;
  const printed::Amount amount = Money(sheet, *d, field);
  const std::string understood = printed::AmountText(amount);
  if (printed::ContainsAny(d->Text(field), {"预计", "预期", "计划"})) {
    d->Unclear(field, "EXPECTED_NOT_ACTUAL", "预计数不作为实际数，未采用；请补填实际数", understood,
               amount.exact() ? ParseState::kApproximate : amount.state);
    return std::nullopt;
  }
  if (amount.exact() && *amount.fen >= 0) {
    d->Keep(field, ParseState::kExact, understood);
    return *amount.fen;
  }
  const auto ask = [&](std::string_view reason, std::string_view proposal) {
    d->Unclear(field, reason,
               Cat(proposal, amount.note_zh.empty() ? "" : Cat("（", amount.note_zh, "）")),
               understood, amount.exact() ? ParseState::kAbsent : amount.state);
    return std::nullopt;
  };
  if (amount.exact()) return ask("AMOUNT_NEGATIVE", "金额为负数，未采用；请核对");
  if (amount.refused) {
    if (!waits) return ask("AMOUNT_REFUSED", "金额作为原文保存，请核对");
    d->Hold(field, "AMOUNT_REFUSED", amount.note_zh, understood);
    return std::nullopt;
  }
  if (amount.unit_source == printed::UnitSource::kAsk) {
    const std::string_view asked = "金额没有单位，请在表头注明元或万元";
    if (!waits) return ask("UNIT_UNKNOWN", asked);
    d->Hold(field, "UNIT_UNKNOWN", asked, amount.note_zh);
    return std::nullopt;
  }
  return ask(Cat("AMOUNT_", printed::ParseStateName(amount.state)),
             "金额不是准确数，未采用；请补填准确金额");
}

}  // namespace

// The row can wait for these: money is not updated later.
std::optional<int64_t> FenIn(const Sheet& sheet, Draft* d, Field field) {
  return ReadFen(sheet, d, field, true);
}

void KeepMoney(const Sheet& sheet, Draft* d, Field field) { (void)ReadFen(sheet, d, field, false); }

std::optional<int64_t> CountIn(Draft* d, Field field) {
  if (!d->Has(field)) return std::nullopt;
  printed::Count count = printed::ParsePrintedCount(d->Text(field));
  if (count.state == ParseState::kExact && (*count.value < 0 || *count.value > kLargestCount)) {
    count = {ParseState::kAbsent, {}, {}, {}, "数量级存疑，请核对"};
  }
  if (count.state == ParseState::kExact) {
    d->Keep(field, ParseState::kExact, printed::CountText(count));
    return *count.value;
  }
  d->Unclear(field,
             count.state == ParseState::kAbsent
                 ? "COUNT_UNCLEAR"
                 : Cat("COUNT_", printed::ParseStateName(count.state)),
             count.note_zh, printed::CountText(count), count.state);
  return std::nullopt;
}

}  // namespace bangfu::asset::imports
