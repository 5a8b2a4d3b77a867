// Long work that stopped short of its end, failed or cancelled, and that nobody resumed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bangfu/operation/v1/operation_service.pb.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"

namespace bangfu::operation {

// Failed or cancelled: it can be resumed.
bool HasStopped(const v1::Operation& operation);

// The first `limit` operations of the kind that stopped in the region or below it, upwards after an
// id; zero: from the first. What runs or has ended well is not read for it, however much there is.
absl::StatusOr<std::vector<Ulid>> ListStopped(mysql::Executor& db, std::string_view kind,
                                              const std::string& region_path, const Ulid& after,
                                              int limit);

}  // namespace bangfu::operation
