// Text as officials type it: full-width digits, traditional characters, stray blanks.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace bangfu {

bool IsValidUtf8(std::string_view text);
// Unicode NFKC (full-width -> half-width); the input unchanged when it is not UTF-8.
std::string Nfkc(std::string_view text);
// NFKC, traditional -> simplified characters, lower case, without white space, punctuation and
// invisible characters: for matching only, never for storing.
std::string MatchKey(std::string_view text);
// The overlapping pairs of code points of MatchKey(text), unique; one code point gives itself.
std::vector<std::string> Bigrams(std::string_view text);
// Number of code points; each byte that is not UTF-8 counts as one.
size_t Utf8Length(std::string_view text);
// At most `max` code points, never inside one.
std::string Utf8Truncate(std::string_view text, size_t max);
// GB18030 -> UTF-8. InvalidArgument on bytes that are not.
absl::StatusOr<std::string> Gb18030ToUtf8(std::string_view bytes);

}  // namespace bangfu
