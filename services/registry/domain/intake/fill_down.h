// Filling down: what is written once for a block of rows is each row's, in the columns that an
// import names.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/registry/domain/intake/project_columns.h"
#include "services/registry/domain/intake/project_row.h"

namespace bangfu::registry::intake {

// Whether empty cells of a column may take the value above: who, where, when and what is written
// once for a block of rows. An amount or a count is its row's own; repeated, it would count twice.
bool MayFillDown(ProjectField field);

// The fields of the columns that are to be filled down, each named by its header as printed (units
// and notes in brackets do not matter), a merged one also by its last part. INVALID_ARGUMENT
// FILL_DOWN_COLUMN_UNKNOWN for one that the table does not have, FILL_DOWN_NOT_ALLOWED for one that
// is not understood or may not be.
absl::StatusOr<std::vector<ProjectField>> FillDownFields(const ColumnMap& columns,
                                                         const std::vector<std::string>& headers);
// The same error, of the header alone.
absl::Status FillDownNotAllowed(std::string_view header);

// Empty cells of the fields take the value above, marked in the row's report. A block ends where
// what is wider changes (another county has other townships, another project another code) and at
// the label of its sum.
class FillDown {
 public:
  explicit FillDown(std::vector<ProjectField> fields) : fields_(std::move(fields)) {}

  // Rows in the order of the table.
  void Fill(ParsedProjectRow* row);

 private:
  std::vector<ProjectField> fields_;
  std::map<ProjectField, std::string> last_;  // what the rows above say
};

}  // namespace bangfu::registry::intake
