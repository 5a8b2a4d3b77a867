// 统一社会信用代码, GB 32100-2015: 18 characters, the last a check character modulo 31.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace bangfu {

// Upper-cases, checks the alphabet and the check character. InvalidArgument with the reason.
absl::StatusOr<std::string> NormalizeUscc(std::string_view text);
// The check character of the first 17 characters. '\0' when the alphabet is wrong.
char UsccCheckCharacter(std::string_view body17);

}  // namespace bangfu
