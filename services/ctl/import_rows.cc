#include "services/ctl/import_rows.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "common/base/decimal.h"
#include "common/base/money.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/contract/validator.h"
#include "common/status/macros.h"

namespace bangfu::ctl {
namespace {

using evaluation::v1::ExpertScore;
using registry::v1::OperationReport;

// A field of the contract and the column that holds it.
using FieldColumn = std::pair<std::string_view, std::string_view>;

constexpr auto kReportColumns = std::to_array<FieldColumn>({
    {"project_id", "项目编码"},
    {"period", "月份"},
    {"output", "产量"},
    {"output_value_fen", "产值（万元）"},
    {"sales_fen", "销售额（万元）"},
    {"revenue_fen", "营业收入（万元）"},
    {"cost_fen", "营业成本（万元）"},
    {"wages_fen", "工资（万元）"},
    {"workers", "务工人数"},
    {"poor_workers", "其中脱贫人数"},
    {"person_days", "务工人日"},
    {"poor_person_days", "其中脱贫人日"},
    {"stop_days", "停产天数"},
    {"off_season", "季节性停产"},
    {"note", "说明"},
    {"capacity_used", "使用产能"},
    {"is_sample", "样例"},
});
constexpr auto kScoreColumns = std::to_array<FieldColumn>({
    {"subject_id", "编码"},
    {"market_outlook", "市场前景"},
    {"resource_basis", "资源支撑"},
    {"tech_backward", "技术落后"},
    {"cause", "困难原因"},
    {"opinion", "意见"},
    {"scored_on", "评分日期"},
});

// The column of a field's proto path ("output.value_milli"); the path itself when there is none.
std::string ColumnOf(const google::protobuf::Descriptor& type, std::string_view path) {
  const std::string_view field = path.substr(0, path.find_first_of(".["));
  const auto look = [&](const auto& columns) -> std::string {
    for (const auto& [name, column] : columns) {
      if (name == field) return std::string(column);
    }
    return std::string(path);
  };
  return &type == OperationReport::descriptor() ? look(kReportColumns) : look(kScoreColumns);
}

// The cells of one row. What cannot be read is kept, so that a row tells all its faults at once.
class Cells {
 public:
  Cells(const NamedRow& row, const google::protobuf::Descriptor& type) : row_(row), type_(type) {}

  std::string Text(std::string_view field) const {
    const auto cell = row_.find(ColumnOf(type_, field));
    return cell == row_.end() ? "" : std::string(Trim(cell->second));
  }
  // The number × 10^scale; nothing when the cell is empty or no such number.
  std::optional<int64_t> Number(std::string_view field, int scale) {
    const std::string cell = Text(field);
    if (cell.empty()) return std::nullopt;  // not reported is not zero
    const absl::StatusOr<int64_t> value = ParseScaledDecimal(Nfkc(cell), scale);
    if (value.ok()) return *value;
    if (!absl::IsOutOfRange(value.status())) {
      Fault(field, Cat("“", cell, "”不是数字"));
    } else if (scale == 0) {
      Fault(field, Cat("“", cell, "”应为整数，且不得过大"));
    } else {
      Fault(field, Cat("“", cell, "”至多 ", scale, " 位小数，且不得过大"));
    }
    return std::nullopt;
  }
  std::optional<int64_t> WanYuan(std::string_view field) {
    return Number(field, MoneyUnitScale(MoneyUnit::kWanYuan));
  }
  // Beyond 32 bits the nearest number stands in: the contract allows neither.
  std::optional<int32_t> Count(std::string_view field) {
    const std::optional<int64_t> value = Number(field, 0);
    if (!value) return std::nullopt;
    return static_cast<int32_t>(std::clamp<int64_t>(*value, std::numeric_limits<int32_t>::min(),
                                                    std::numeric_limits<int32_t>::max()));
  }
  bool Flag(std::string_view field) {
    const std::string cell = Text(field);
    if (!cell.empty() && cell != "是" && cell != "否") {
      Fault(field, Cat("“", cell, "”应为是或否"));
    }
    return cell == "是";
  }
  std::optional<google::type::Date> Date(std::string_view field) {
    const std::string cell = Text(field);
    if (cell.empty()) return std::nullopt;
    const absl::StatusOr<google::type::Date> date = ParseDate(Nfkc(cell));
    if (date.ok()) return *date;
    Fault(field, Cat("“", cell, "”应写成 2026-10-31 的形式"));
    return std::nullopt;
  }
  // The faults of the cells and what the contract's rules say of the message that came of them.
  absl::Status Check(const google::protobuf::Message& message) {
    ASSIGN_OR_RETURN(const contract::Validator* validator, contract::Validator::For(&type_));
    for (const auto& violation : GetErrorDetail(validator->Validate(message)).violations) {
      Fault(violation.field, violation.description);
    }
    if (!faulty_) return absl::OkStatus();
    return error_.Zh("有单元格不能读取");
  }

 private:
  void Fault(std::string_view field, std::string_view why) {
    error_.Field(ColumnOf(type_, field), why);
    faulty_ = true;
  }

  const NamedRow& row_;
  const google::protobuf::Descriptor& type_;
  Error error_{absl::StatusCode::kInvalidArgument, "FIELD_INVALID"};
  bool faulty_ = false;
};

}  // namespace

absl::StatusOr<OperationReport> ReportOfRow(const NamedRow& row, const std::string& project_id) {
  Cells cells(row, *OperationReport::descriptor());
  OperationReport report;
  report.set_project_id(project_id);
  report.set_period(cells.Text("period"));
  if (const auto fen = cells.WanYuan("output_value_fen")) report.set_output_value_fen(*fen);
  if (const auto fen = cells.WanYuan("sales_fen")) report.set_sales_fen(*fen);
  if (const auto fen = cells.WanYuan("revenue_fen")) report.set_revenue_fen(*fen);
  if (const auto fen = cells.WanYuan("cost_fen")) report.set_cost_fen(*fen);
  if (const auto fen = cells.WanYuan("wages_fen")) report.set_wages_fen(*fen);
  if (const auto count = cells.Count("workers")) report.set_workers(*count);
  if (const auto count = cells.Count("poor_workers")) report.set_poor_workers(*count);
  if (const auto days = cells.Number("person_days", 0)) report.set_person_days(*days);
  if (const auto days = cells.Number("poor_person_days", 0)) report.set_poor_person_days(*days);
  if (const auto days = cells.Count("stop_days")) report.set_stop_days(*days);
  report.set_off_season(cells.Flag("off_season"));
  report.set_note(cells.Text("note"));
  report.set_is_sample(cells.Flag("is_sample"));
  const auto unit = row.find("单位");
  const auto quantity = [&](std::string_view field, auto mutable_quantity) {
    const std::optional<int64_t> milli = cells.Number(field, 3);
    if (!milli) return;
    type::v1::Quantity* out = mutable_quantity();
    out->set_value_milli(*milli);
    if (unit != row.end()) out->set_unit(unit->second);
    out->set_text(cells.Text(field));
  };
  quantity("output", [&] { return report.mutable_output(); });
  quantity("capacity_used", [&] { return report.mutable_capacity_used(); });
  RETURN_IF_ERROR(cells.Check(report));
  return report;
}

absl::StatusOr<ExpertScore> ScoreOfRow(const NamedRow& row, const std::string& subject_id) {
  Cells cells(row, *ExpertScore::descriptor());
  ExpertScore score;
  score.set_subject_id(subject_id);
  if (const auto value = cells.Count("market_outlook")) score.set_market_outlook(*value);
  if (const auto value = cells.Count("resource_basis")) score.set_resource_basis(*value);
  score.set_tech_backward(cells.Flag("tech_backward"));
  score.set_cause(cells.Text("cause"));
  score.set_opinion(cells.Text("opinion"));
  if (const auto date = cells.Date("scored_on")) *score.mutable_scored_on() = *date;
  RETURN_IF_ERROR(cells.Check(score));
  return score;
}

absl::StatusOr<int32_t> YearOfCell(std::string_view text) {
  text = Trim(text);
  if (text.empty()) return 0;
  int32_t year = 0;
  if (!ParseInt(text, &year) || year < 1 || year > 9999) {
    return InvalidField("year", Cat("“", text, "”不是年份"));
  }
  return year;
}

std::string RefusedRow::Text() const {
  return Cat("第 ", row_no, " 行", column.empty() ? "" : " ", column, "：", reason);
}

std::vector<RefusedRow> RefusalOf(int64_t row_no, const absl::Status& status) {
  const ErrorDetail detail = GetErrorDetail(status);
  std::vector<RefusedRow> out;
  for (const auto& violation : detail.violations) {
    out.push_back({row_no, violation.field, violation.description});
  }
  if (out.empty()) {
    out.push_back({row_no, "",
                   detail.message_zh.empty() ? std::string(status.message()) : detail.message_zh});
  }
  return out;
}

std::map<int, absl::Status> FaultsOfBatch(const absl::Status& refusal, std::string_view list,
                                          const google::protobuf::Descriptor& type, int size) {
  std::map<int, Error> errors;
  const ErrorDetail detail = GetErrorDetail(refusal);
  for (const auto& violation : detail.violations) {
    std::string_view path = violation.field;
    if (!ConsumePrefix(&path, list) || !ConsumePrefix(&path, "[")) continue;
    const size_t bracket = path.find(']');
    int index = 0;
    if (bracket == std::string_view::npos || !ParseInt(path.substr(0, bracket), &index)) continue;
    if (index < 0 || index >= size) continue;
    path.remove_prefix(bracket + 1);
    ConsumePrefix(&path, ".");
    errors.try_emplace(index, absl::StatusCode::kInvalidArgument, detail.reason)
        .first->second.Field(path.empty() ? "" : ColumnOf(type, path), violation.description);
  }
  std::map<int, absl::Status> out;
  for (const auto& [index, error] : errors) out.emplace(index, error.Build());
  return out;
}

}  // namespace bangfu::ctl
