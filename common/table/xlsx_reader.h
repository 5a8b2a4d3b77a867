// Reads the cells of an xlsx workbook (ECMA-376): libzip for the container, expat for the parts.
// Values only: formulas give their cached value; macros, external links, drawings and every other
// part are never opened. A part with a DOCTYPE is refused, so entities cannot expand.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/table/table.h"

namespace bangfu::table {

struct MergedRange {
  int64_t first_row, last_row;    // 1-based, inclusive
  int first_column, last_column;  // 0-based, inclusive
};

class XlsxReader {
 public:
  struct Options {
    ReadLimits limits;
    // Give the value of a merged range to each of its cells (marked filled_from_merge).
    bool fill_merged = true;
  };
  // The bytes must outlive the reader.
  static absl::StatusOr<std::unique_ptr<XlsxReader>> OpenBytes(std::string_view bytes,
                                                               Options options);
  static absl::StatusOr<std::unique_ptr<XlsxReader>> OpenFile(const std::string& path,
                                                              Options options);
  ~XlsxReader();

  // Visible sheets in the order of the workbook.
  std::vector<std::string> sheet_names() const;
  // Rows of a sheet ("" = the first visible one) in order; rows that the file leaves out are left
  // out here, too. Empty cells at the end of a row are cut.
  absl::Status ReadSheet(std::string_view sheet, const RowCallback& on_row);
  // The merged ranges of the sheet last read.
  const std::vector<MergedRange>& merged_ranges() const { return merges_; }

 private:
  struct Impl;
  explicit XlsxReader(std::unique_ptr<Impl> impl);
  absl::Status Load();

  std::unique_ptr<Impl> impl_;
  std::vector<MergedRange> merges_;
};

// The exact plain decimal of a number of the XML ("3.60733101201E+11" -> "360733101201"). What a
// spreadsheet computed in binary comes back as it was typed ("724.71248400000002" -> "724.712484").
// `lost` is set when an integer has more than 15 digits: the spreadsheet has changed the last ones.
std::string ExactNumberText(std::string_view xml, bool* lost);

// CSV or xlsx by the first bytes; the first visible sheet.
absl::Status ReadTable(std::string_view bytes, const ReadLimits& limits, const RowCallback& on_row);

}  // namespace bangfu::table
