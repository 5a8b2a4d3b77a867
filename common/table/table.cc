#include "common/table/table.h"

#include "common/base/decimal.h"
#include "common/base/money.h"
#include "common/base/strings.h"
#include "common/status/error.h"

namespace bangfu::table {

std::string FormatCell(ColumnKind kind, const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  if (const auto* day = std::get_if<absl::CivilDay>(&cell)) return absl::FormatCivilTime(*day);
  if (const auto* number = std::get_if<int64_t>(&cell)) {
    switch (kind) {
      case ColumnKind::kWanYuan:
        return FormatWanYuan(*number);
      case ColumnKind::kBp:
        return FormatScaledDecimal(*number, 2);
      default:
        return Cat(*number);
    }
  }
  return "";
}

std::string HeaderText(const ColumnSpec& column) {
  std::string_view unit = column.unit;
  if (unit.empty() && column.kind == ColumnKind::kWanYuan) unit = "万元";
  if (unit.empty() && column.kind == ColumnKind::kBp) unit = "%";
  if (unit.empty()) return column.header_zh;
  return Cat(column.header_zh, "（", unit, "）");
}

void RowsDigest::Add(const std::vector<std::string>& printed) {
  for (const std::string& cell : printed) {
    stream_.Update(cell);
    stream_.Update("\x1f");
  }
  stream_.Update("\x1e");
  ++rows_;
}

TableSummary RowsDigest::Finish() { return {rows_, HexEncode(stream_.Finish())}; }

bool LooksLikeFormula(std::string_view text) {
  if (text.empty()) return false;
  switch (text.front()) {
    case '=':
    case '+':
    case '-':
    case '@':
    case '\t':
    case '\r':
      return true;
    default:
      break;
  }
  for (std::string_view wide : {"＝", "＋", "－", "＠"}) {
    if (HasPrefix(text, wide)) return true;
  }
  return false;
}

absl::Status TableError(std::string_view reason, std::string_view message_zh, int64_t row_no) {
  Error error(absl::StatusCode::kInvalidArgument, reason);
  error.Domain("table.bangfu");
  if (row_no > 0) {
    error.With("row", Cat(row_no)).Zh(Cat("第", row_no, "行：", message_zh));
  } else {
    error.Zh(message_zh);
  }
  return error.Build();
}

FileKind DetectFileKind(std::string_view head) {
  if (HasPrefix(head, std::string_view("PK\x03\x04", 4)) ||
      HasPrefix(head, std::string_view("PK\x05\x06", 4))) {
    return FileKind::kXlsx;
  }
  if (HasPrefix(head, "\xD0\xCF\x11\xE0")) return FileKind::kOldExcel;
  return FileKind::kCsv;
}

}  // namespace bangfu::table
