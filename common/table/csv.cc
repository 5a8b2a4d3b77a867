#include "common/table/csv.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_join.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/status/macros.h"

namespace bangfu::table {
namespace {

constexpr size_t kHeadBytes = 64 << 10;

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80; });
}

// Valid, but for a character that may be cut off at the end.
bool IsUtf8Prefix(std::string_view text) {
  for (size_t cut = 0; cut < 4 && cut <= text.size(); ++cut) {
    if (IsValidUtf8(text.substr(0, text.size() - cut))) return true;
  }
  return false;
}

}  // namespace

CsvReader::CsvReader(Options options, RowCallback on_row)
    : options_(options), on_row_(std::move(on_row)) {}

absl::Status CsvReader::Feed(std::string_view bytes) {
  bytes_ += static_cast<int64_t>(bytes.size());
  if (bytes_ > options_.limits.max_bytes) return TableError(kTableTooLarge, "文件超过大小上限");
  if (head_done_) return Consume(bytes);
  head_.append(bytes);
  if (head_.size() < kHeadBytes) return absl::OkStatus();
  return Consume({});
}

absl::Status CsvReader::Consume(std::string_view bytes) {
  std::string first;
  if (!head_done_) {
    head_done_ = true;
    first = std::move(head_);
    head_.clear();
    if (HasPrefix(first, "\xFF\xFE") || HasPrefix(first, "\xFE\xFF")) {
      return TableError(kEncodingInvalid, "文件是 UTF-16 编码，请另存为 CSV UTF-8 或 xlsx");
    }
    if (HasPrefix(first, "\xEF\xBB\xBF")) {
      encoding_ = CsvEncoding::kUtf8;
      first.erase(0, 3);
    } else if (!IsAscii(first)) {
      encoding_ = IsUtf8Prefix(first) ? CsvEncoding::kUtf8 : CsvEncoding::kGb18030;
    }
    bytes = first;
  }
  // Structure is read on raw bytes: neither encoding uses a quote, a comma or a line end inside a
  // character of several bytes.
  for (char c : bytes) {
    if (c == '\0') return TableError(kMalformed, "文件含有空字节，不是文本", row_no_ + 1);
    if (state_ == State::kAfterCr) {
      state_ = State::kFieldStart;
      if (c == '\n') continue;
    }
    switch (state_) {
      case State::kFieldStart:
        if (c == '"') {
          state_ = State::kQuoted;
          record_has_content_ = true;
          break;
        }
        state_ = State::kPlain;
        [[fallthrough]];
      case State::kPlain:
        if (c == options_.delimiter) {
          RETURN_IF_ERROR(EndField());
          state_ = State::kFieldStart;
        } else if (c == '\n' || c == '\r') {
          RETURN_IF_ERROR(EndRecord());
          state_ = c == '\r' ? State::kAfterCr : State::kFieldStart;
        } else {
          field_.push_back(c);
          record_has_content_ = true;
        }
        break;
      case State::kQuoted:
        if (c == '"') {
          state_ = State::kQuoteInQuoted;
        } else {
          field_.push_back(c);
        }
        break;
      case State::kQuoteInQuoted:
        if (c == '"') {
          field_.push_back('"');
          state_ = State::kQuoted;
        } else if (c == options_.delimiter) {
          RETURN_IF_ERROR(EndField());
          state_ = State::kFieldStart;
        } else if (c == '\n' || c == '\r') {
          RETURN_IF_ERROR(EndRecord());
          state_ = c == '\r' ? State::kAfterCr : State::kFieldStart;
        } else {
          return TableError(kMalformed, "引号后面还有字符", row_no_ + 1);
        }
        break;
      case State::kAfterCr:
        break;  // handled above
    }
    if (static_cast<int64_t>(field_.size()) > options_.limits.max_cell_bytes) {
      return TableError(kCellTooLong, "单元格过长（可能缺少结束引号）", row_no_ + 1);
    }
  }
  return absl::OkStatus();
}

absl::Status CsvReader::EndField() {
  if (static_cast<int64_t>(record_.size()) >= options_.limits.max_columns) {
    return TableError(kTooManyColumns, "列数超过上限", row_no_ + 1);
  }
  record_.push_back(std::move(field_));
  field_.clear();
  return absl::OkStatus();
}

absl::Status CsvReader::EndRecord() {
  RETURN_IF_ERROR(EndField());
  ++row_no_;
  std::vector<std::string> record = std::exchange(record_, {});
  if (!std::exchange(record_has_content_, false)) return absl::OkStatus();
  if (row_no_ > options_.limits.max_rows) return TableError(kTooManyRows, "行数超过上限", row_no_);
  if (encoding_ == CsvEncoding::kUnknown) {
    for (const std::string& field : record) {
      if (IsAscii(field)) continue;
      encoding_ = CsvEncoding::kUtf8;
      if (!IsValidUtf8(field)) {
        encoding_ = CsvEncoding::kGb18030;
        break;
      }
    }
  }
  InputRow row;
  row.row_no = row_no_;
  row.cells.reserve(record.size());
  for (std::string& field : record) {
    InputCell cell;
    if (!field.empty() && !IsAscii(field)) {
      if (encoding_ == CsvEncoding::kGb18030) {
        auto utf8 = Gb18030ToUtf8(field);
        if (!utf8.ok()) {
          return TableError(kEncodingInvalid, "不是 UTF-8，也不是 GB18030 编码", row_no_);
        }
        field = *std::move(utf8);
      } else if (!IsValidUtf8(field)) {
        return TableError(kEncodingInvalid, "同一文件混用了 UTF-8 和其他编码", row_no_);
      }
    }
    cell.text = std::move(field);
    cell.kind = cell.text.empty() ? InputKind::kEmpty : InputKind::kText;
    row.cells.push_back(std::move(cell));
  }
  return on_row_(row);
}

absl::Status CsvReader::Finish() {
  if (!head_done_) RETURN_IF_ERROR(Consume({}));
  if (state_ == State::kQuoted) return TableError(kMalformed, "缺少结束引号", row_no_ + 1);
  if (!record_.empty() || !field_.empty() || record_has_content_) return EndRecord();
  return absl::OkStatus();
}

absl::Status ReadCsv(std::string_view bytes, const CsvReader::Options& options,
                     const RowCallback& on_row) {
  CsvReader reader(options, on_row);
  RETURN_IF_ERROR(reader.Feed(bytes));
  return reader.Finish();
}

std::string QuoteCsvField(std::string_view text) {
  if (text.find_first_of("\",\r\n\t") == std::string_view::npos &&
      (text.empty() || (text.front() != ' ' && text.back() != ' '))) {
    return std::string(text);
  }
  std::string out = "\"";
  for (char c : text) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
  return out;
}

void CsvWriter::Append(std::string_view text, bool guard) {
  if (!line_start_) buffer_.push_back(',');
  line_start_ = false;
  if (guard && options_.guard_formulas && LooksLikeFormula(text)) {
    buffer_ += QuoteCsvField(Cat("'", text));
  } else {
    buffer_ += QuoteCsvField(text);
  }
}

void CsvWriter::EndLine() {
  buffer_ += "\r\n";
  line_start_ = true;
}

absl::Status CsvWriter::Flush(size_t threshold) {
  if (buffer_.size() < threshold || buffer_.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(sink_(buffer_));
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status CsvWriter::Begin(const TableSpec& spec, const TableMeta& meta) {
  spec_ = spec;
  meta_ = meta;
  if (options_.bom) buffer_ = "\xEF\xBB\xBF";
  if (options_.preamble) {
    Append(Cat(spec.table_no, " ", spec.title_zh,
               meta.draft_note.empty() ? "" : Cat("（", meta.draft_note, "）")),
           true);
    EndLine();
    for (const auto& [label, value] :
         std::initializer_list<std::pair<std::string_view, std::string>>{
             {"填报单位", meta.reporting_unit},
             {"填报日期", meta.reporting_date},
             {"填报人", meta.preparer},
             {"审核人", meta.reviewer},
             {"筛选条件", meta.filters},
             {"数据截至", meta.snapshot_time == absl::InfinitePast()
                              ? ""
                              : absl::FormatTime("%Y-%m-%d %H:%M:%S", meta.snapshot_time,
                                                 ShanghaiTimeZone())}}) {
      Append(label, false);
      Append(value, true);
    }
    EndLine();
  }
  for (const ColumnSpec& column : spec.columns) {
    if (options_.key_header) {
      Append(column.key, false);
    } else if (column.groups.empty()) {
      Append(HeaderText(column), true);
    } else {
      Append(Cat(absl::StrJoin(column.groups, "/"), "/", HeaderText(column)), true);
    }
  }
  EndLine();
  return Flush(0);
}

absl::Status CsvWriter::WriteRow(const std::vector<Cell>& row) {
  if (row.size() != spec_.columns.size()) return TableError(kRowShape, "列数与表头不符");
  std::vector<std::string> printed;
  printed.reserve(row.size());
  for (size_t i = 0; i < row.size(); ++i) {
    printed.push_back(FormatCell(spec_.columns[i].kind, row[i]));
    // Only what a person typed can be a formula; a negative number is none.
    Append(printed.back(), std::holds_alternative<std::string>(row[i]));
  }
  EndLine();
  digest_.Add(printed);
  return Flush(64 << 10);
}

absl::StatusOr<TableSummary> CsvWriter::Finish() {
  TableSummary summary = digest_.Finish();
  if (options_.preamble) {
    const std::string count = Cat(summary.row_count);
    for (std::string_view text :
         {std::string_view("行数"), std::string_view(count), std::string_view("SHA-256"),
          std::string_view(summary.rows_sha256)}) {
      Append(text, false);
    }
    EndLine();
    for (const std::string& signer : meta_.signers) Append(Cat(signer, "："), true);
    if (!meta_.signers.empty()) EndLine();
  }
  RETURN_IF_ERROR(Flush(0));
  return summary;
}

}  // namespace bangfu::table
