#include "common/table/xlsx_sheet.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/time/civil_time.h"
#include "common/base/strings.h"

namespace bangfu::table {
namespace {

// A day serial of a spreadsheet; a time of day is kept behind it.
std::optional<std::string> DateText(std::string_view number, bool date1904) {
  double serial = 0;
  if (!ParseDouble(number, &serial) || serial < 1 || serial > 2'958'466) return std::nullopt;
  const auto days = static_cast<int64_t>(serial);
  // Serial 60 is the 29th of February 1900, which never was: days from there count from 1899-12-30.
  const absl::CivilDay base =
      date1904 ? absl::CivilDay(1904, 1, 1)
               : (days < 60 ? absl::CivilDay(1899, 12, 31) : absl::CivilDay(1899, 12, 30));
  return absl::FormatCivilTime(base + days);
}

class SheetParser : public PartParser {
 public:
  explicit SheetParser(const SheetContext& context) : context_(context) {}

 protected:
  void Start(std::string_view name, const char** attributes) override {
    in_text_ = false;
    if (name == "row") {
      int64_t r = 0;
      if (!ParseInt(Attribute(attributes, "r"), &r)) r = row_.row_no + 1;
      if (r <= row_.row_no || r > kMaxRow) return Fail(TableError(kMalformed, "行号不按顺序", r));
      if (++rows_ > context_.limits->max_rows)
        return Fail(TableError(kTooManyRows, "行数超过上限", r));
      row_.row_no = r;
      row_.cells.clear();
      next_column_ = 0;
      in_row_ = true;
    } else if (name == "c" && in_row_) {
      int64_t r = 0;
      column_ = next_column_;
      const std::string_view reference = Attribute(attributes, "r");
      if (!reference.empty() && !ParseReference(reference, &r, &column_)) {
        return Fail(TableError(kMalformed, "单元格坐标有误", row_.row_no));
      }
      if (column_ < next_column_)
        return Fail(TableError(kMalformed, "单元格不按顺序", row_.row_no));
      if (column_ >= context_.limits->max_columns) {
        // A format painted to the far right is no value; a value there is refused at its end.
        far_ = true;
      } else {
        far_ = false;
      }
      next_column_ = column_ + 1;
      type_ = Attribute(attributes, "t");
      style_ = -1;
      if (int s = 0; ParseInt(Attribute(attributes, "s"), &s)) style_ = s;
      value_.clear();
      in_cell_ = true;
    } else if (name == "rPh") {
      ++phonetic_;
    } else if (in_cell_ && (name == "v" || (name == "t" && phonetic_ == 0))) {
      in_text_ = true;
    }
  }

  void End(std::string_view name) override {
    in_text_ = false;
    if (name == "rPh") {
      --phonetic_;
    } else if (name == "c" && in_cell_) {
      in_cell_ = false;
      EndCell();
    } else if (name == "row" && in_row_) {
      in_row_ = false;
      EndRow();
    } else if (name == "sheetData") {
      Done();
    }
  }

  void Text(std::string_view text) override {
    if (!in_text_) return;
    value_.append(text);
    if (static_cast<int64_t>(value_.size()) > context_.limits->max_cell_bytes) {
      Fail(TableError(kCellTooLong, "单元格文字过长", row_.row_no));
    }
  }

 private:
  void EndCell() {
    InputCell cell;
    if (type_ == "s") {
      uint64_t index = 0;
      if (!ParseInt(value_, &index) || index >= context_.strings->size()) {
        return Fail(TableError(kMalformed, "共享字符串序号有误", row_.row_no));
      }
      cell.text = (*context_.strings)[index];
      cell.kind = InputKind::kText;
    } else if (type_ == "inlineStr" || type_ == "str") {
      cell.text = std::move(value_);
      cell.kind = InputKind::kText;
    } else if (type_ == "b") {
      cell.text = value_ == "1" ? "TRUE" : "FALSE";
      cell.kind = InputKind::kBool;
    } else if (type_ == "e") {
      cell.text = std::move(value_);
      cell.kind = InputKind::kError;
    } else if (type_ == "d") {
      cell.text = value_.substr(0, 10);
      cell.raw = std::move(value_);
      cell.kind = InputKind::kDate;
    } else if (!value_.empty()) {
      cell.text = ExactNumberText(value_, &cell.precision_lost);
      cell.kind = InputKind::kNumber;
      if (style_ >= 0 && static_cast<size_t>(style_) < context_.date_style->size() &&
          (*context_.date_style)[static_cast<size_t>(style_)]) {
        if (auto day = DateText(cell.text, context_.date1904)) {
          cell.text = *std::move(day);
          cell.kind = InputKind::kDate;
        }
      }
      if (cell.text != value_) cell.raw = std::move(value_);
    }
    if (cell.text.empty()) {
      cell.kind = InputKind::kEmpty;
      return;
    }
    if (far_) return Fail(TableError(kTooManyColumns, "列数超过上限", row_.row_no));
    if (row_.cells.size() <= static_cast<size_t>(column_))
      row_.cells.resize(static_cast<size_t>(column_) + 1);
    row_.cells[static_cast<size_t>(column_)] = std::move(cell);
  }

  void EndRow() {
    if (context_.fill_merged) FillMerged();
    if (row_.cells.empty()) return;
    if (absl::Status status = (*context_.on_row)(row_); !status.ok()) Fail(std::move(status));
  }

  void FillMerged() {
    const std::vector<MergedRange>& merges = *context_.merges;
    while (next_merge_ < merges.size() && merges[next_merge_].first_row <= row_.row_no) {
      const MergedRange& m = merges[next_merge_++];
      if (m.first_column >= context_.limits->max_columns) continue;
      Active active{m, {}};
      if (m.first_row == row_.row_no && row_.cells.size() > static_cast<size_t>(m.first_column)) {
        active.value = row_.cells[static_cast<size_t>(m.first_column)];
      }
      active.value.filled_from_merge = true;
      active_.push_back(std::move(active));
    }
    std::erase_if(active_, [&](const Active& a) { return a.range.last_row < row_.row_no; });
    if (row_.cells.empty()) return;  // a row without a value of its own is no row of data
    for (const Active& a : active_) {
      if (a.value.kind == InputKind::kEmpty) continue;
      const int last =
          std::min<int>(a.range.last_column, static_cast<int>(context_.limits->max_columns) - 1);
      for (int c = a.range.first_column; c <= last; ++c) {
        if (row_.row_no == a.range.first_row && c == a.range.first_column) continue;
        if (row_.cells.size() <= static_cast<size_t>(c))
          row_.cells.resize(static_cast<size_t>(c) + 1);
        row_.cells[static_cast<size_t>(c)] = a.value;
      }
    }
  }

  struct Active {
    MergedRange range;
    InputCell value;
  };

  const SheetContext& context_;
  InputRow row_;
  std::vector<Active> active_;
  size_t next_merge_ = 0;
  int64_t rows_ = 0;
  int next_column_ = 0, column_ = 0, style_ = -1, phonetic_ = 0;
  bool in_row_ = false, in_cell_ = false, in_text_ = false, far_ = false;
  std::string type_, value_;
};

}  // namespace

std::unique_ptr<PartParser> NewSheetParser(const SheetContext& context) {
  return std::make_unique<SheetParser>(context);
}

}  // namespace bangfu::table
