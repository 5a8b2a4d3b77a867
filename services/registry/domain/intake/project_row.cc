#include "services/registry/domain/intake/project_row.h"

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_join.h"
#include "common/base/money.h"
#include "common/base/strings.h"
#include "common/base/uscc.h"
#include "common/printed/chinese.h"
#include "services/registry/domain/intake/operator_cell.h"

namespace bangfu::registry::intake {
namespace {

using F = ProjectField;
using printed::Amount;
using printed::ContainsAny;
using printed::DeclaredSource;
using printed::Normalize;
using printed::ParseDay;
using printed::ParseState;

// No project lifts more households or employs more people.
constexpr int64_t kLargestCount = 1'000'000;

void CheckMoney(ParsedProjectRow* row) {
  AddAmountIssue(row->planned_total, "planned_total", &row->report, true);
  if (row->this_allocation.has_value())
    AddAmountIssue(*row->this_allocation, "this_allocation", &row->report, false);
  for (const DeclaredSource& source : row->sources.items) {
    if (source.source_code.empty()) {
      row->report.Add(
          {"fund_source", "SOURCE_UNCLEAR", source.raw, "",
           Cat("请选择资金来源", source.proposals.empty()
                                     ? ""
                                     : Cat("，可能是 ", absl::StrJoin(source.proposals, "、"))),
           IssueSeverity::kWarn});
    }
    if (source.amount.state == ParseState::kSplitUnknown) {
      row->report.Add({"fund_source", "AMOUNT_SPLIT_UNKNOWN", source.raw, "", source.amount.note_zh,
                       IssueSeverity::kWarn});
    }
  }
  if (row->sources.incomplete) {
    row->report.Add({"fund_source", "LIST_INCOMPLETE", std::string(row->Text(F::kFundSource)),
                     Cat("写出", row->sources.items.size(), "项"), "资金来源未写全，请补全",
                     IssueSeverity::kWarn});
  }
  if (row->sources.items.empty()) {
    row->report.Add(
        {"fund_source", "SOURCE_MISSING", "", "", "请填写资金来源", IssueSeverity::kWarn});
  }
  const SumResult sum = SumCheck(row->sources, row->planned_total);
  if (sum.verdict == SumVerdict::kRounding || sum.verdict == SumVerdict::kMismatch) {
    const bool rounding = sum.verdict == SumVerdict::kRounding;
    row->report.Add({"planned_total", rounding ? "SUM_ROUNDING" : "SUM_MISMATCH",
                     row->planned_total.raw,
                     Cat("各来源合计", FormatWanYuan(sum.items_fen), "万元，相差",
                         FormatWanYuan(sum.difference_fen), "万元"),
                     rounding ? "差额在取舍误差以内，两个数都保留" : "来源合计与总投资不符，请更正",
                     rounding ? IssueSeverity::kWarn : IssueSeverity::kHold});
  }
  if (row->planned_total.fen.has_value() && std::abs(*row->planned_total.fen) > 10'000'000'000) {
    row->report.Add({"planned_total", "IMPLAUSIBLE", row->planned_total.raw,
                     Cat(FormatWanYuan(*row->planned_total.fen), "万元"),
                     "单个项目超过1亿元，请核对单位", IssueSeverity::kWarn});
  }
  for (const std::string& warning : printed::ImplausibleFigures(row->Text(F::kContent))) {
    row->report.Add({"construction_content", "IMPLAUSIBLE", std::string(row->Text(F::kContent)), "",
                     warning, IssueSeverity::kWarn});
  }
}

void ReadWords(const std::vector<printed::ClassSynonym>& class_synonyms, ParsedProjectRow* row) {
  row->project_type = printed::ProjectTypeFrom(row->Text(F::kProjectType));
  row->industry = printed::MajorIndustryFrom(row->Text(F::kIndustry));
  const std::string_view name = row->Text(F::kProjectName);
  if (row->project_type.empty()) row->type_proposal = printed::ProjectTypeFrom(name);
  if (row->industry.empty()) row->industry_proposal = printed::MajorIndustryFrom(name);
  row->nature = printed::NatureFrom(row->Text(F::kNature));
  if (row->nature.empty() && !row->Text(F::kNature).empty()) {
    row->report.Add({"nature", "NATURE_UNCLEAR", std::string(row->Text(F::kNature)), "",
                     "建设性质未能识别，请选择", IssueSeverity::kWarn});
  }
  if (const std::string_view word = row->Text(F::kClass); !word.empty()) {
    row->claimed_class = printed::ClassFromWord(word, class_synonyms);
    if (row->claimed_class.empty()) {
      row->report.Add({"class", "CLASS_WORD_UNKNOWN", std::string(word), "",
                       "分类用词无法识别，请选择", IssueSeverity::kWarn});
    }
  }
  if (!row->Text(F::kStatus).empty()) {
    row->stage = printed::StageFromStatus(row->Text(F::kStatus));
    if (row->stage.stage.empty() || !row->stage.note_zh.empty()) {
      row->report.Add({"status", "STAGE_UNCLEAR", std::string(row->Text(F::kStatus)),
                       row->stage.stage, row->stage.note_zh, IssueSeverity::kWarn});
    }
  }
}

void ReadDays(ParsedProjectRow* row) {
  const auto day = [&](F field, std::optional<printed::ParsedDay>* out) {
    if (row->Text(field).empty()) return;
    *out = ParseDay(row->Text(field));
    AddDayIssue(row->Text(field), ProjectFieldKey(field), &row->report);
  };
  day(F::kCompletedOn, &row->completed_on);
  day(F::kProductionOn, &row->production_on);
}

void ReadYields(const ColumnMap& columns, ParsedProjectRow* row) {
  const auto money = [&](F field, std::string_view indicator_zh, Amount* out) {
    *out = AmountOf(columns, field, *row);
    AddAmountIssue(*out, ProjectFieldKey(field), &row->report, false);
    if (ContainsAny(Normalize(row->Text(field)), {"预计", "预期", "计划"})) {
      row->report.Add({std::string(ProjectFieldKey(field)), "EXPECTED_NOT_ACTUAL",
                       std::string(row->Text(field)), "", "预计数已记入绩效目标，不作为实际数",
                       IssueSeverity::kWarn});
      row->expected.push_back({field, std::string(indicator_zh), std::string(row->Text(field))});
      *out = Amount();
    }
  };
  money(F::kAssetValue, "资产价值", &row->asset_value);
  money(F::kAnnualOutput, "年产值", &row->annual_output);
  money(F::kAnnualIncome, "年收益", &row->annual_income);
}

void ReadCounts(ParsedProjectRow* row) {
  const auto count = [&](F field, printed::Count* out) {
    if (row->Text(field).empty()) return;
    *out = printed::ParsePrintedCount(row->Text(field));
    // Asked about, as far as it was understood; the field stays unknown until then.
    if (out->state == ParseState::kExact && *out->value > kLargestCount) {
      *out = {ParseState::kAbsent, {}, {}, {}, "数量级存疑，请核对"};
    }
    if (out->state == ParseState::kExact) return;
    row->report.Add({std::string(ProjectFieldKey(field)),
                     out->state == ParseState::kAbsent
                         ? "COUNT_UNCLEAR"
                         : Cat("COUNT_", printed::ParseStateName(out->state)),
                     std::string(row->Text(field)), printed::CountText(*out), out->note_zh,
                     IssueSeverity::kWarn});
  };
  count(F::kHouseholds, &row->households);
  count(F::kPoorHouseholds, &row->poor_households);
  count(F::kMonitoredHouseholds, &row->monitored_households);
  count(F::kWorkers, &row->workers);
  count(F::kAssetQuantity, &row->asset_quantity);
}

void CheckCodes(ParsedProjectRow* row) {
  for (F field : {F::kRegionCode, F::kProjectCode, F::kOperatorUscc}) {
    if (printed::IsDamagedCode(row->Text(field))) {
      row->report.Add({std::string(ProjectFieldKey(field)), "CODE_DAMAGED",
                       std::string(row->Text(field)), "",
                       "代码已被表格软件改成科学计数法，请按文本重新填写", IssueSeverity::kHold});
    }
  }
}

// The operator is known by the code, in a column of its own or beside the name. Of two that differ
// nobody knows which is meant; a wrong one is nobody's.
void ReadOperator(const ColumnMap& columns, ParsedProjectRow* row) {
  const std::string_view cell = row->Text(F::kOperator);
  OperatorCell read = ReadOperatorCell(cell);
  row->operator_name = std::move(read.name);
  const auto ask = [&](F field, std::string_view reason, std::string_view raw,
                       std::string_view proposal) {
    row->report.Add({std::string(ProjectFieldKey(field)), std::string(reason), std::string(raw), "",
                     std::string(proposal), IssueSeverity::kWarn});
  };
  std::set<std::string> valid;
  bool wrong = false;
  const auto take = [&](F field, std::string_view code, std::string_view raw) {
    if (auto uscc = NormalizeUscc(code); uscc.ok()) {
      valid.insert(*uscc);
    } else {
      wrong = true;
      ask(field, "USCC_INVALID", raw, "统一社会信用代码校验不通过，请核对");
    }
  };
  for (const std::string& code : read.codes) take(F::kOperator, code, cell);
  if (const std::string_view code = row->Text(F::kOperatorUscc);
      !code.empty() && !printed::IsDamagedCode(code)) {
    take(F::kOperatorUscc, Normalize(code), code);
  }
  if (valid.size() > 1) {
    ask(F::kOperator, "OPERATOR_UNCLEAR", cell,
        Cat("写有不同的信用代码（", absl::StrJoin(valid, "、"), "），请明确是哪一个运营主体"));
  } else if (valid.size() == 1 && !wrong) {
    row->operator_uscc = *valid.begin();
  } else if (valid.empty() && !wrong && !cell.empty() &&
             StrContains(columns.HeaderOf(F::kOperator), "代码")) {
    ask(F::kOperator, "USCC_MISSING", cell, "未写统一社会信用代码，未关联运营主体，请补填");
  }
}

}  // namespace

std::string_view ParsedProjectRow::Text(ProjectField field) const {
  const auto it = raw.find(field);
  return it == raw.end() ? std::string_view() : std::string_view(it->second);
}

printed::Amount AmountOf(const ColumnMap& columns, ProjectField field,
                         const ParsedProjectRow& row) {
  return printed::ParseAmount(row.Text(field), {columns.HeaderOf(field), columns.title});
}

void AddAmountIssue(const Amount& amount, std::string_view field, RowReport* report,
                    bool required) {
  const bool nothing = Normalize(amount.raw).empty();
  if (amount.exact() && amount.note_zh.empty()) return;
  if (nothing && !required) return;
  RowIssue issue;
  issue.field = std::string(field);
  issue.raw = amount.raw;
  issue.proposal_zh = nothing ? "未填金额，请补充" : amount.note_zh;
  issue.understood = printed::AmountText(amount);
  if (amount.refused) {
    issue.reason = "AMOUNT_REFUSED";
    issue.severity = IssueSeverity::kHold;
  } else if (amount.unit_source == printed::UnitSource::kAsk) {
    issue.reason = "UNIT_UNKNOWN";
    issue.severity = IssueSeverity::kHold;
  } else {
    issue.reason = Cat("AMOUNT_", printed::ParseStateName(amount.state));
  }
  report->Add(std::move(issue));
}

void AddDayIssue(std::string_view cell, std::string_view field, RowReport* report) {
  const auto day = ParseDay(cell);
  if (day && day->day_stated) return;
  RowIssue issue;
  issue.field = std::string(field);
  issue.raw = std::string(cell);
  issue.understood = printed::DayText(cell);
  issue.reason = issue.understood.empty() ? "DATE_UNCLEAR" : "DATE_APPROXIMATE";
  issue.proposal_zh = issue.understood.empty() ? "请按 2021-09-24 填写日期"
                      : day ? "原文只写到月，暂记为当月1日，请补填日期"
                            : "原文只写到年，日期未填，请补填";
  issue.severity = IssueSeverity::kWarn;
  report->Add(std::move(issue));
}

void ReadValues(const ColumnMap& columns, const std::vector<printed::ClassSynonym>& class_synonyms,
                ParsedProjectRow* row) {
  row->year = printed::ParseYear(row->Text(F::kYear));
  if (!row->year.has_value()) {
    row->report.Add({"year", row->Text(F::kYear).empty() ? "YEAR_MISSING" : "YEAR_UNCLEAR",
                     std::string(row->Text(F::kYear)), "", "请填写实施年度", IssueSeverity::kWarn});
  }
  CheckMoney(row);
  ReadWords(class_synonyms, row);
  ReadDays(row);
  ReadYields(columns, row);
  ReadCounts(row);
  CheckCodes(row);
  ReadOperator(columns, row);
}

}  // namespace bangfu::registry::intake
