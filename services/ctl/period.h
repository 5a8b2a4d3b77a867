// Report periods as text, and the steps that the walkthrough takes with them.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "bangfu/period/v1/period.pb.h"
#include "services/ctl/context.h"

namespace bangfu::ctl {

std::string RenderPeriod(const period::v1::Period& period);
// The table of a region and period in its newest revision; opened first when there is none.
absl::StatusOr<period::v1::Period> OpenOrFindPeriod(Context& context, const std::string& service,
                                                    const std::string& table_no,
                                                    const std::string& region,
                                                    const std::string& period);
// Starts the freezing and waits until it is done.
absl::StatusOr<period::v1::Period> FreezeAndWait(Context& context, const std::string& service,
                                                 const std::string& id);
// Signs what `region` is shown.
absl::StatusOr<period::v1::Period> SignUnit(Context& context, const std::string& service,
                                            const std::string& id, const std::string& region,
                                            std::string rows_sha256 = "");

}  // namespace bangfu::ctl
