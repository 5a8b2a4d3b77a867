#include "services/registry/domain/intake/fill_down.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "common/base/strings.h"
#include "common/status/error.h"
#include "services/registry/domain/intake/rows.h"

namespace bangfu::registry::intake {
namespace {

using F = ProjectField;

}  // namespace

bool MayFillDown(ProjectField field) {
  switch (field) {
    case F::kIgnored:
    case F::kElsewhere:
    case F::kSerial:
    case F::kPlannedTotal:
    case F::kThisAllocation:
    case F::kFundAmount:
    case F::kFundColumn:
    case F::kAssetQuantity:
    case F::kAssetValue:
    case F::kAnnualOutput:
    case F::kAnnualIncome:
    case F::kHouseholds:
    case F::kPoorHouseholds:
    case F::kMonitoredHouseholds:
    case F::kWorkers:
      return false;
    default:
      return true;
  }
}

absl::Status FillDownNotAllowed(std::string_view header) {
  return Error(absl::StatusCode::kInvalidArgument, "FILL_DOWN_NOT_ALLOWED")
      .Zh(Cat("“", header, "”列不能向下填充：只有地点、项目、年度、单位等文字列可以"))
      .Field("fill_down_columns", Cat("“", header, "”列的空格须逐行填写"))
      .Build();
}

absl::StatusOr<std::vector<ProjectField>> FillDownFields(const ColumnMap& columns,
                                                         const std::vector<std::string>& headers) {
  std::vector<F> fields;
  for (const std::string& header : headers) {
    const std::string key = HeaderKey(header);
    const auto named = [&](const ColumnMap::Column& column) {
      if (key.empty() || column.header.empty()) return false;
      const size_t slash = column.header.rfind('/');
      return HeaderKey(column.header) == key ||
             (slash != std::string::npos && HeaderKey(column.header.substr(slash + 1)) == key);
    };
    const auto it = std::find_if(columns.columns.begin(), columns.columns.end(), named);
    if (it == columns.columns.end()) {
      return Error(absl::StatusCode::kInvalidArgument, "FILL_DOWN_COLUMN_UNKNOWN")
          .Zh(Cat("表中没有要向下填充的“", header, "”列"))
          .Field("fill_down_columns", Cat("表头中没有“", header, "”"))
          .Build();
    }
    if (!MayFillDown(it->field)) return FillDownNotAllowed(header);
    if (std::find(fields.begin(), fields.end(), it->field) == fields.end())
      fields.push_back(it->field);
  }
  return fields;
}

void FillDown::Fill(ParsedProjectRow* row) {
  if (fields_.empty()) return;
  const auto is_label = [](std::string_view cell) {
    RowFacts facts;
    facts.label_cells = {cell};
    const RowKind kind = ClassifyRow(facts);
    return kind == RowKind::kSubtotal || kind == RowKind::kTotal;
  };
  const bool sums = std::any_of(std::begin(kLabelFields), std::end(kLabelFields),
                                [&](F field) { return is_label(row->Text(field)); });
  const std::string code_as_printed(row->Text(F::kProjectCode));
  // From wide to narrow: what is narrower ends where the wider changes.
  static const auto* const kBlocks = new std::vector<std::vector<F>>{
      {F::kProvince, F::kCity, F::kCounty, F::kTownship, F::kVillage, F::kRegionCode},
      {F::kProjectName, F::kProjectCode},
      {F::kOperator, F::kOperatorUscc}};
  std::set<F> in_blocks;
  const auto note = [&](F field) {  // whether the row says something else than those above
    const std::string_view text = row->Text(field);
    if (text.empty()) return false;
    const auto it = last_.find(field);
    const bool changed = it == last_.end() || it->second != text;
    // A source that is printed with its amount would be counted once for each row that takes it.
    const bool with_figures =
        field == F::kFundSource && text.find_first_of("0123456789") != std::string_view::npos;
    if (is_label(text) || with_figures) {
      last_.erase(field);
    } else if (changed) {
      last_[field] = std::string(text);
    }
    return changed;
  };
  if (sums) last_.clear();  // what follows a sum is another block, whatever it was the sum of
  bool elsewhere = false;
  for (const std::vector<F>& block : *kBlocks) {
    bool changed = false;
    for (F field : block) {
      in_blocks.insert(field);
      if (changed) last_.erase(field);
      changed = note(field) || changed;
    }
    elsewhere = elsewhere || (changed && &block == &kBlocks->front());
  }
  // The same name in another village or year is another project: the code above is not its own.
  if (note(F::kYear)) elsewhere = true;
  in_blocks.insert(F::kYear);
  if (elsewhere && !row->Text(F::kProjectName).empty() && code_as_printed.empty()) {
    last_.erase(F::kProjectCode);
  }
  for (F field : fields_) {
    if (!in_blocks.contains(field)) (void)note(field);
    if (sums || !row->Text(field).empty()) continue;
    const auto it = last_.find(field);
    if (it == last_.end()) continue;
    row->raw[field] = it->second;
    row->report.Add({std::string(ProjectFieldKey(field)), "FILLED_DOWN", "", it->second,
                     "沿用上一行的内容，请确认", IssueSeverity::kWarn});
  }
}

}  // namespace bangfu::registry::intake
