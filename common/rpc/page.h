// Where a page of a list begins that is in order of (region_path, id).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/base/ulid.h"

namespace bangfu::rpc {

struct PageStart {
  std::string region_path;
  Ulid id;
};

// Behind which row the page of this token begins; nullopt: with the first. `filter`: everything
// that decides the list. INVALID_ARGUMENT for a token that is none, or is of another list.
absl::StatusOr<std::optional<PageStart>> PageStartOf(std::string_view token,
                                                     std::string_view filter);

}  // namespace bangfu::rpc
