#include "services/registry/domain/intake/project_table.h"

#include <cstdlib>
#include <utility>

#include "absl/strings/str_join.h"
#include "common/base/money.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/printed/amount.h"
#include "common/printed/chinese.h"
#include "common/printed/columns.h"
#include "services/registry/domain/intake/rows.h"

namespace bangfu::registry::intake {
namespace {

using F = ProjectField;
using printed::DeclaredSource;
using printed::Normalize;

}  // namespace

const std::string& ProjectTableParser::KeyOf(ProjectField field, std::string_view text) {
  auto& [raw, key] = keys_[field];
  if (raw != text) {
    raw = std::string(text);
    key = MatchKey(text);
  }
  return key;
}

ProjectTableParser::ProjectTableParser(ColumnMap columns, Options options)
    : columns_(std::move(columns)),
      class_synonyms_(std::move(options.class_synonyms)),
      fill_down_(std::move(options.fill_down)) {
  printed::ColumnNames names;
  for (size_t i = 0; i < columns_.columns.size(); ++i) {
    names_.push_back(names.Next(i, columns_.columns[i].header));
  }
}

bool ProjectTableParser::IsPersonal(size_t column) const {
  if (column >= columns_.columns.size()) return false;
  const F field = columns_.columns[column].field;
  if (field == F::kPhone || field == F::kPreparer) return true;
  return field == F::kIgnored && printed::IsPersonalHeader(columns_.columns[column].header);
}

std::string ProjectTableParser::ColumnName(size_t column) const {
  return column < names_.size() ? names_[column] : printed::ColumnNumber(column);
}

void ProjectTableParser::KeepOther(size_t column, std::string_view text, std::string_view taken,
                                   ParsedProjectRow* row) {
  if (IsPersonal(column)) {
    if (!told_.insert(column).second) return;
    row->report.Add({ColumnName(column), "COLUMN_PERSONAL", "", "",
                     "整列为个人信息，不在项目原文中留存", IssueSeverity::kWarn});
    return;
  }
  row->others.push_back({ColumnName(column), std::string(text)});
  if (row->report.Has("SUMMARY_ONLY") || !told_.insert(column).second) return;
  row->report.Add(
      {ColumnName(column), taken.empty() ? "COLUMN_IGNORED" : "COLUMN_REPEATED", std::string(text),
       "",
       taken.empty() ? "整列未识别，不写入项目字段，各行内容作为原文保存；如应导入，请按模板改列名"
                     : Cat("整列与“", taken, "”含义相同，每行只取先填写的一列，其余作为原文保存"),
       IssueSeverity::kWarn});
}

ParsedProjectRow ProjectTableParser::Parse(int64_t row_no, const std::vector<std::string>& cells) {
  ParsedProjectRow row;
  row.row_no = row_no;
  row.report.row_no = row_no;
  std::vector<std::pair<size_t, std::string_view>> others;  // and the header that is taken instead
  for (size_t i = 0; i < cells.size(); ++i) {
    const F field = i < columns_.columns.size() ? columns_.columns[i].field : F::kIgnored;
    if (field == F::kElsewhere || field == F::kFundColumn) continue;
    const std::string_view text = printed::WithoutFormulaGuard(cells[i]);
    if (Normalize(text).empty()) continue;
    if (field == F::kIgnored) {
      others.emplace_back(i, std::string_view());
      continue;
    }
    const auto [it, first] = row.raw.emplace(field, text);
    // A cell that is merged over both columns says nothing more.
    if (!first && it->second != text) others.emplace_back(i, columns_.HeaderOf(field));
  }
  // ---- what kind of row ----
  const std::map<F, std::string> printed = row.raw;
  fill_down_.Fill(&row);
  const auto as_printed = [&](F field) -> std::string_view {
    const auto it = printed.find(field);
    return it == printed.end() ? std::string_view() : std::string_view(it->second);
  };
  RowFacts facts;
  for (F field : kLabelFields) facts.label_cells.push_back(row.Text(field));
  facts.name = row.Text(F::kProjectName);
  facts.type_text = row.Text(F::kProjectType);
  facts.notes = row.Text(F::kNotes);
  for (F field : {F::kCity, F::kCounty, F::kTownship, F::kVillage}) {
    if (!row.Text(field).empty()) facts.places.push_back(row.Text(field));
  }
  facts.has_township_or_village = !row.Text(F::kTownship).empty() || !row.Text(F::kVillage).empty();
  for (F field : {F::kContent, F::kImplementingOrg, F::kSupervisingDept, F::kOperator,
                  F::kBeneficiaries, F::kProjectCode, F::kRegionCode}) {
    facts.has_details = facts.has_details || !row.Text(field).empty();
  }
  row.kind = ClassifyRow(facts);
  // A place that the row does not print itself is no proof that "15个拟脱贫村" is one project.
  if (row.kind == RowKind::kItem && row.report.Has("FILLED_DOWN")) {
    RowFacts own = facts;
    own.places.clear();
    for (F field : {F::kCity, F::kCounty, F::kTownship, F::kVillage}) {
      if (!as_printed(field).empty()) own.places.push_back(as_printed(field));
    }
    own.has_township_or_village =
        !as_printed(F::kTownship).empty() || !as_printed(F::kVillage).empty();
    if (ClassifyRow(own) == RowKind::kRollUp) row.kind = RowKind::kSuspectedRollUp;
  }

  // ---- money ----
  const auto amount = [&](F field) { return AmountOf(columns_, field, row); };
  const printed::AllocationFigures both = printed::ParseAllocation(row.Text(F::kPlannedTotal));
  if (both.planned_total.has_value() && both.allocation.has_value()) {
    row.planned_total = *both.planned_total;
    row.planned_total.raw = std::string(row.Text(F::kPlannedTotal));
    row.this_allocation = both.allocation;
  } else {
    row.planned_total = amount(F::kPlannedTotal);
  }
  if (!row.Text(F::kThisAllocation).empty()) row.this_allocation = amount(F::kThisAllocation);
  if (const std::string_view text = row.Text(F::kFundSource); text != last_source_text_) {
    last_source_text_ = std::string(text);
    last_sources_ = printed::ParseFundSources(text);
  }
  row.sources = last_sources_;
  if (!row.Text(F::kFundAmount).empty() && row.sources.items.size() == 1)
    row.sources.items[0].amount = amount(F::kFundAmount);
  for (size_t i = 0; i < columns_.columns.size() && i < cells.size(); ++i) {
    if (columns_.columns[i].field != F::kFundColumn || Normalize(cells[i]).empty()) continue;
    DeclaredSource source =
        printed::ParseFundColumn(columns_.columns[i].header, cells[i], columns_.title);
    if (source.amount.fen == 0) continue;
    AddAmountIssue(source.amount, "fund_source", &row.report, false);
    // The source is asked for below; until then its amount has no other place.
    if (source.source_code.empty()) row.others.push_back({ColumnName(i), cells[i]});
    row.sources.items.push_back(std::move(source));
  }
  for (const DeclaredSource& source : row.sources.items) {
    if (source.this_allocation && !row.this_allocation.has_value())
      row.this_allocation = source.amount;
  }

  // ---- summary rows: checked against the rows above, never a project ----
  const bool exact = row.planned_total.exact();
  if (row.kind == RowKind::kItem && block_exact_ &&
      IsSubtotalBySum(facts, row.planned_total.fen, block_fen_, block_rows_)) {
    row.kind = RowKind::kSubtotal;
  }
  if (row.kind == RowKind::kSubtotal || row.kind == RowKind::kTotal ||
      row.kind == RowKind::kRollUp) {
    RowIssue issue{"name",
                   "SUMMARY_ONLY",
                   std::string(facts.name),
                   row.kind == RowKind::kRollUp ? "类别汇总" : "合计行",
                   "汇总行只列示，不作为项目导入",
                   IssueSeverity::kRefuse};
    row.report.Add(std::move(issue));
    if (row.kind != RowKind::kRollUp && exact) {
      const bool block = row.kind == RowKind::kSubtotal;
      const bool comparable =
          block ? block_exact_ && block_rows_ > 0 : table_exact_ && table_rows_ > 0;
      const int64_t above = block ? block_fen_ : table_fen_;
      const int64_t items = block ? block_rows_ : table_rows_;
      const int64_t difference = above - *row.planned_total.fen;
      if (comparable && difference != 0) {
        const bool rounding = std::abs(difference) <= kSumToleranceFen * items;
        row.report.Add({"planned_total", rounding ? "SUM_ROUNDING" : "SUM_MISMATCH",
                        row.planned_total.raw, Cat("以上各行合计", FormatWanYuan(above), "万元"),
                        "与以上各行之和不符，请核对",
                        rounding ? IssueSeverity::kWarn : IssueSeverity::kHold});
      }
    }
    if (row.kind == RowKind::kSubtotal) {
      block_fen_ = 0;
      block_rows_ = 0;
      block_exact_ = true;
    }
    return row;
  }
  ++block_rows_;
  ++table_rows_;
  if (exact) {
    block_exact_ =
        !__builtin_add_overflow(block_fen_, *row.planned_total.fen, &block_fen_) && block_exact_;
    table_exact_ =
        !__builtin_add_overflow(table_fen_, *row.planned_total.fen, &table_fen_) && table_exact_;
  } else {
    block_exact_ = table_exact_ = false;
  }
  if (row.kind == RowKind::kSuspectedRollUp) {
    row.report.Add({"name", "ROLL_UP_SUSPECTED", std::string(facts.name), "",
                    "疑为类别汇总，请确认是单个项目还是汇总", IssueSeverity::kHold});
  }

  for (const auto& [column, taken] : others) {
    KeepOther(column, printed::WithoutFormulaGuard(cells[column]), taken, &row);
  }

  // ---- the rest of the fields ----
  if (facts.name.empty()) {
    row.report.Add({"name", "NAME_MISSING", "", "", "请填写项目名称", IssueSeverity::kHold});
  }
  ReadPlaces(&row);
  ReadValues(columns_, class_synonyms_, &row);
  const std::string_view code = row.Text(F::kProjectCode);
  if (!code.empty() && !printed::IsDamagedCode(code)) {
    row.key = Cat("code:", Normalize(code));
  } else {
    std::vector<std::string> parts;
    for (F field : {F::kProvince, F::kCity, F::kCounty, F::kTownship, F::kVillage, F::kYear,
                    F::kProjectName}) {
      parts.push_back(
          KeyOf(field, field == F::kVillage ? VillagesWithoutShares(row) : row.Text(field)));
    }
    row.key = Cat("name:", absl::StrJoin(parts, "|"));
  }
  row.report.key = row.key;
  return row;
}

}  // namespace bangfu::registry::intake
