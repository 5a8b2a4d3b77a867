// Writes an xlsx workbook that can be printed, signed and sealed: title, 填报单位 line, merged
// headers, rows, signature line; A4 landscape, one page wide, headers repeated on each page. Memory
// stays flat: rows go to a temporary file, which Finish hands to the sink in pieces and removes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/table/table.h"

namespace bangfu::table {

class XlsxWriter : public TableWriter {
 public:
  struct Options {
    std::string temp_dir;  // empty = the system's
    std::string sheet_name = "Sheet1";
  };
  XlsxWriter(Options options, ByteSink sink);
  ~XlsxWriter() override;
  absl::Status Begin(const TableSpec& spec, const TableMeta& meta) override;
  absl::Status WriteRow(const std::vector<Cell>& row) override;
  absl::StatusOr<TableSummary> Finish() override;
  std::string_view mime_type() const override {
    return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
  }
  std::string_view file_extension() const override { return "xlsx"; }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bangfu::table
