// Small tables that the command line reads itself: named columns of a CSV file.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/type/date.pb.h"

namespace bangfu::ctl {

using NamedRow = std::map<std::string, std::string, std::less<>>;

// Calls `row` with each data row by header name; stops at its first error. INVALID_ARGUMENT when a
// column of `required` is not in the header.
absl::Status ReadCsv(const std::string& file, const std::vector<std::string>& required,
                     const std::function<absl::Status(int64_t row_no, const NamedRow&)>& row);

// "2026-10-31". INVALID_ARGUMENT otherwise.
absl::StatusOr<google::type::Date> ParseDate(std::string_view text);
std::string FormatDate(const google::type::Date& date);

}  // namespace bangfu::ctl
