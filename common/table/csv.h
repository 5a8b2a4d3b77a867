// CSV by RFC 4180, as Excel in China reads and writes it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/table/table.h"

namespace bangfu::table {

enum class CsvEncoding { kUnknown, kUtf8, kGb18030 };

// Push parser: Feed any pieces of the file, then Finish. Holds one record and, until the encoding
// is decided, at most 64 KiB. UTF-8 (with or without BOM) and GB18030 are told apart by the first
// 64 KiB, or where those are ASCII by the first record that is not. CRLF, LF and CR end a record;
// records without any field content are skipped (they count in row_no).
class CsvReader {
 public:
  struct Options {
    char delimiter = ',';
    ReadLimits limits;
  };
  CsvReader(Options options, RowCallback on_row);
  absl::Status Feed(std::string_view bytes);
  absl::Status Finish();
  CsvEncoding encoding() const { return encoding_; }

 private:
  absl::Status Consume(std::string_view bytes);
  absl::Status EndField();
  absl::Status EndRecord();

  Options options_;
  RowCallback on_row_;
  CsvEncoding encoding_ = CsvEncoding::kUnknown;
  enum class State {
    kFieldStart,
    kPlain,
    kQuoted,
    kQuoteInQuoted,
    kAfterCr
  } state_ = State::kFieldStart;
  std::string head_;  // bytes before the encoding is decided
  bool head_done_ = false;
  std::string field_;  // raw bytes
  std::vector<std::string> record_;
  bool record_has_content_ = false;
  int64_t bytes_ = 0;
  int64_t row_no_ = 0;
};

// The whole file at once.
absl::Status ReadCsv(std::string_view bytes, const CsvReader::Options& options,
                     const RowCallback& on_row);

// Quoted where needed, CRLF, text that looks like a formula is led by an apostrophe.
class CsvWriter : public TableWriter {
 public:
  struct Options {
    bool bom = true;  // Excel shows Chinese only with it; machines mostly want none
    bool preamble =
        false;  // title, 填报单位 and the like above the header, count and hash below the rows
    bool key_header = false;  // column keys instead of Chinese headers
    bool guard_formulas = true;
  };
  CsvWriter(Options options, ByteSink sink) : options_(options), sink_(std::move(sink)) {}
  absl::Status Begin(const TableSpec& spec, const TableMeta& meta) override;
  absl::Status WriteRow(const std::vector<Cell>& row) override;
  absl::StatusOr<TableSummary> Finish() override;
  std::string_view mime_type() const override { return "text/csv; charset=utf-8"; }
  std::string_view file_extension() const override { return "csv"; }

 private:
  void Append(std::string_view text, bool guard);
  void EndLine();
  absl::Status Flush(size_t threshold);

  Options options_;
  ByteSink sink_;
  TableSpec spec_;
  TableMeta meta_;
  RowsDigest digest_;
  std::string buffer_;
  bool line_start_ = true;
};

// One field as it stands in a CSV file.
std::string QuoteCsvField(std::string_view text);

}  // namespace bangfu::table
