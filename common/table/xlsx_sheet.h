// The rows of one sheet. Inside this folder only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/table/table.h"
#include "common/table/xlsx_parts.h"
#include "common/table/xlsx_reader.h"

namespace bangfu::table {

struct SheetContext {
  const std::vector<std::string>* strings;
  const std::vector<bool>* date_style;
  const std::vector<MergedRange>* merges;  // by first row
  const ReadLimits* limits;
  const RowCallback* on_row;
  bool date1904;
  bool fill_merged;
};

// Gives each row that has a value to context.on_row. The context must outlive the parser.
std::unique_ptr<PartParser> NewSheetParser(const SheetContext& context);

}  // namespace bangfu::table
