// Long blobs in the database: a first byte that names the form, then the bytes. Forms may be added;
// what is stored stays readable.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace bangfu::mysql {

// Compressed when that is smaller.
std::string Pack(std::string_view bytes);
// DATA_LOSS PACKED_MALFORMED when the bytes are not what Pack wrote.
absl::StatusOr<std::string> Unpack(std::string_view packed);

}  // namespace bangfu::mysql
