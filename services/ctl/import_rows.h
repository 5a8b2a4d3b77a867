// Rows of the tables of monthly reports and experts' scores, as the messages of the contract.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bangfu/evaluation/v1/fact.pb.h"
#include "bangfu/registry/v1/operation_report.pb.h"
#include "common/status/error.h"
#include "services/ctl/csv_rows.h"

namespace bangfu::ctl {

// An empty cell leaves its field unset, which is not zero. Otherwise INVALID_ARGUMENT FIELD_INVALID
// with a violation for every cell that cannot be read or that the contract does not allow; the
// violation's field is the column. Column 月份 (and 编码, 市场前景, 资源支撑) must be in the row,
// the others may be missing.
absl::StatusOr<registry::v1::OperationReport> ReportOfRow(const NamedRow& row,
                                                          const std::string& project_id);
absl::StatusOr<evaluation::v1::ExpertScore> ScoreOfRow(const NamedRow& row,
                                                       const std::string& subject_id);

// A year of the history of regions; empty: 0, which the contract takes for open.
absl::StatusOr<int32_t> YearOfCell(std::string_view text);

// A row of a file that was not taken in, and why.
struct RefusedRow {
  int64_t row_no = 0;
  std::string column;  // empty: the row as a whole
  std::string reason;
  std::string Text() const;  // 第 3 行 务工人数：“80人”不是数字
};

// The lines to print for a row that was refused: one for each violation, or one for the row.
std::vector<RefusedRow> RefusalOf(int64_t row_no, const absl::Status& status);

// What a refusal of a whole batch says of its elements, by their positions: "scores[3].cause" in
// `list` "scores" of messages of `type` (registry OperationReport or evaluation ExpertScore). Each
// status has violations by column. Empty when the refusal names no element below `size`.
std::map<int, absl::Status> FaultsOfBatch(const absl::Status& refusal, std::string_view list,
                                          const google::protobuf::Descriptor& type, int size);

}  // namespace bangfu::ctl
