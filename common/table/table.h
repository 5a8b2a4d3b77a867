// Tables as officials exchange them (台账, 报表): what a table is, and one interface to write it,
// which CSV and xlsx both implement. Rows are streamed; nothing here holds a whole table.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/digest.h"

namespace bangfu::table {

enum class ColumnKind {
  kText,
  kCode,  // digits that are no number: region code, 统一社会信用代码, project code; always text
  kInt,      // int64
  kWanYuan,  // int64 fen, printed exactly in 万元 (at most 6 decimals)
  kBp,       // int64 basis points, printed in % (at most 2 decimals)
  kDate,     // civil day, printed 2024-01-31
};

struct ColumnSpec {
  std::string key;        // stable name for machines: "planned_total_fen"
  std::string header_zh;  // 总投资
  std::string unit;       // 万元; empty = none. Printed as 总投资（万元）
  ColumnKind kind = ColumnKind::kText;
  std::vector<std::string> groups;  // headers above this one, outermost first: {"其中：各资金来源"}
  double width = 0;                 // in characters; 0 = by kind
};

struct TableSpec {
  std::string table_no;  // T1 … T16
  std::string title_zh;
  std::vector<ColumnSpec> columns;
};

struct TableMeta {
  std::string reporting_unit;                       // 填报单位
  std::string reporting_date;                       // 填报日期
  std::string preparer;                             // 填报人
  std::string reviewer;                             // 审核人
  std::string filters;                              // 筛选条件 in words; empty = none
  absl::Time snapshot_time = absl::InfinitePast();  // 数据截至; InfinitePast = not printed
  std::string draft_note;  // 未定稿 and who has not signed; empty = final
  std::vector<std::string>
      signers;  // the signature line: {"村级（签章）", "乡镇（签章）", "县级（签章）"}
};

// Nothing, text, a number in the column's own integer unit, or a day.
using Cell = std::variant<std::monostate, std::string, int64_t, absl::CivilDay>;

// What the cell says on paper; the same in every format. Nothing is an empty string, never a zero.
std::string FormatCell(ColumnKind kind, const Cell& cell);
// 总投资（万元）
std::string HeaderText(const ColumnSpec& column);

// What was written: the number of rows and the SHA-256 over their printed cells (cells end in 0x1F,
// rows in 0x1E), so that the same rows have the same hash in CSV and in xlsx.
struct TableSummary {
  int64_t row_count = 0;
  std::string rows_sha256;  // 64 hexadecimal digits
};

class RowsDigest {
 public:
  void Add(const std::vector<std::string>& printed);
  TableSummary Finish();

 private:
  Sha256Stream stream_;
  int64_t rows_ = 0;
};

// Takes the bytes of the finished or growing file.
using ByteSink = std::function<absl::Status(std::string_view bytes)>;

// Begin once, WriteRow for each row, Finish once. After an error nothing more may be called.
class TableWriter {
 public:
  virtual ~TableWriter() = default;
  virtual absl::Status Begin(const TableSpec& spec, const TableMeta& meta) = 0;
  // As many cells as the table has columns. INVALID_ARGUMENT TABLE_ROW_SHAPE otherwise.
  virtual absl::Status WriteRow(const std::vector<Cell>& row) = 0;
  virtual absl::StatusOr<TableSummary> Finish() = 0;
  virtual std::string_view mime_type() const = 0;
  virtual std::string_view file_extension() const = 0;
};

// True when a spreadsheet might run the text as a formula: it starts with = + - @ (half or full
// width), a tab or a carriage return.
bool LooksLikeFormula(std::string_view text);

// ---- reading ----

enum class InputKind { kEmpty, kText, kNumber, kDate, kBool, kError };

struct InputCell {
  std::string text;  // numbers: the exact decimal without exponent; days: 2024-01-31
  std::string raw;   // as it stands in the file, where that differs from `text`; else empty
  InputKind kind = InputKind::kEmpty;
  bool filled_from_merge = false;  // the value stands in the first cell of a merged range
  bool precision_lost = false;  // a number of more than 15 digits: the spreadsheet changed digits
};

struct InputRow {
  int64_t row_no = 0;  // 1-based, as a spreadsheet shows it (CSV: number of the record)
  std::vector<InputCell> cells;
};

// Return an error to stop; it is returned by the reader.
using RowCallback = std::function<absl::Status(const InputRow& row)>;

struct ReadLimits {
  int64_t max_bytes = 256LL << 20;  // of the file
  int64_t max_rows = 1'050'000;
  int64_t max_columns = 512;
  int64_t max_cell_bytes = 128 << 10;
  // xlsx only:
  int64_t max_uncompressed_bytes = 2LL << 30;  // of all entries together
  int64_t max_ratio = 400;                     // of one entry of more than 1 MiB
  int64_t max_entries = 4096;
  int64_t max_shared_string_bytes = 128LL << 20;
  int64_t max_merged_ranges = 200'000;
};

// Reasons of refusals, all INVALID_ARGUMENT, domain "table.bangfu".
inline constexpr char kTableTooLarge[] = "TABLE_TOO_LARGE";
inline constexpr char kTooManyRows[] = "TABLE_TOO_MANY_ROWS";
inline constexpr char kTooManyColumns[] = "TABLE_TOO_MANY_COLUMNS";
inline constexpr char kCellTooLong[] = "TABLE_CELL_TOO_LONG";
inline constexpr char kEncodingInvalid[] = "TABLE_ENCODING_INVALID";
inline constexpr char kMalformed[] = "TABLE_MALFORMED";
inline constexpr char kZipBomb[] = "TABLE_ZIP_BOMB";
inline constexpr char kDtdRefused[] = "TABLE_DTD_REFUSED";
inline constexpr char kEncrypted[] = "TABLE_ENCRYPTED";
inline constexpr char kOldExcel[] = "TABLE_OLD_EXCEL";
inline constexpr char kSheetNotFound[] = "TABLE_SHEET_NOT_FOUND";
inline constexpr char kRowShape[] = "TABLE_ROW_SHAPE";

absl::Status TableError(std::string_view reason, std::string_view message_zh, int64_t row_no = 0);

enum class FileKind { kCsv, kXlsx, kOldExcel };
// By the first bytes (8 are enough). Everything that is no container is taken for CSV.
FileKind DetectFileKind(std::string_view head);

}  // namespace bangfu::table
