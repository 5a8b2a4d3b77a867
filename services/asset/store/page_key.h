#pragma once

#include <optional>
#include <string>

#include "common/base/ulid.h"

namespace bangfu::asset::store {

// Where a page begins: behind this (region_path, id).
struct PageKey {
  std::string region_path;
  std::optional<Ulid> id;  // absent: from the first
};

}  // namespace bangfu::asset::store
