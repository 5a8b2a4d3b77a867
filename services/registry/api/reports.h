// Monthly reports, one or five hundred at a time: the handlers and the import go the same way.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bangfu/registry/v1/operation_report.pb.h"
#include "services/registry/api/project_writer.h"
#include "services/registry/store/operation_report_store.h"

namespace bangfu::registry {

struct ReportInput {
  enum class Mode {
    kEtag,       // a report that stands is corrected by its etag
    kOverwrite,  // replaces what stands
    kKeep,       // refuses to replace other figures (REPORT_DIFFERS)
  };
  v1::OperationReport report;
  Mode mode = Mode::kEtag;
  std::string etag;
};
struct ReportResult {
  absl::Status status;
  std::string outcome;  // CREATED, UPDATED, UNCHANGED
  v1::OperationReport report;
};
// Judges each report alone and writes those that pass; one result per input. An error of the whole
// is the database's.
absl::StatusOr<std::vector<ReportResult>> WriteReports(mysql::Tx& tx, const Author& author,
                                                       const auth::RegionScope& scope,
                                                       const std::vector<ReportInput>& inputs);

// The report with what columns decide.
v1::OperationReport ReportOf(const ReportRow& row);

}  // namespace bangfu::registry
