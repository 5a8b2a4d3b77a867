// What became of the rows of an import, for a terminal, a program or a file.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bangfu/intake/v1/import_service.pb.h"
#include "nlohmann/json_fwd.hpp"
#include "services/ctl/context.h"

namespace bangfu::ctl {

// Whether something is to be corrected by a person: the row was held or refused or has a hint; or
// its record was there already, of which the outcome does not tell, and a finding still stands.
bool WantsAPerson(const intake::v1::ImportRow& row);

// Counts by outcome and the rows that want a person: of each outcome at most max_rows, and whether
// there are more.
absl::Status PrintImportReport(Context& context, const std::string& service,
                               const intake::v1::Import& import, int max_rows);
// The import with all rows that want a person in `rows`.
absl::StatusOr<nlohmann::ordered_json> ImportReportJson(Context& context,
                                                        const std::string& service,
                                                        const intake::v1::Import& import);
// Every row with everything that is to be said of it, a line each, as CSV or by the file's ending
// as xlsx. Gives the number of lines.
absl::StatusOr<int64_t> SaveImportReport(Context& context, const std::string& service,
                                         const intake::v1::Import& import, const std::string& file);

}  // namespace bangfu::ctl
