// Keyset paging: a token carries the last key of the page and a hash of the query, so that a token
// of another query is refused instead of giving a wrong page.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace bangfu {

// `key`: the ordering columns of the last row, as text; `query`: everything that decides the result
// except page size and token (deterministic bytes). URL-safe base64.
std::string EncodePageToken(const std::vector<std::string>& key, std::string_view query);

// Empty token -> empty key (first page). InvalidArgument for a token that is malformed or of
// another query.
absl::StatusOr<std::vector<std::string>> DecodePageToken(std::string_view token,
                                                         std::string_view query);

// 0 -> default_size; above max -> max; negative -> InvalidArgument.
absl::StatusOr<int> ResolvePageSize(int requested, int default_size = 50, int max_size = 500);

}  // namespace bangfu
