// Debian's Abseil is built with a string_view of its own: absl::StrCat(std::string_view) does not
// compile. These bridge the gap at no cost.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace bangfu {

inline absl::string_view AbslView(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view StdView(absl::string_view text) { return {text.data(), text.size()}; }

namespace strings_internal {

template <typename T>
decltype(auto) CatArgument(const T& value) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    return AbslView(value);
  } else {
    return static_cast<const T&>(value);
  }
}

}  // namespace strings_internal

// absl::StrCat that takes std::string_view too.
template <typename... T>
std::string Cat(const T&... parts) {
  return absl::StrCat(strings_internal::CatArgument(parts)...);
}

// What absl/strings offers for its own string_view.
inline bool StrContains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}
inline bool HasPrefix(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix);
}
inline bool HasSuffix(std::string_view text, std::string_view suffix) {
  return text.ends_with(suffix);
}
inline bool ConsumePrefix(std::string_view* text, std::string_view prefix) {
  if (!text->starts_with(prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}
inline bool ConsumeSuffix(std::string_view* text, std::string_view suffix) {
  if (!text->ends_with(suffix)) return false;
  text->remove_suffix(suffix.size());
  return true;
}
// Without ASCII white space at both ends.
inline std::string_view Trim(std::string_view text) {
  return StdView(absl::StripAsciiWhitespace(AbslView(text)));
}
// The whole text as a number of the type; false, and *value unspecified, when it is not.
template <typename Int>
bool ParseInt(std::string_view text, Int* value) {
  return absl::SimpleAtoi(AbslView(text), value);
}
inline bool ParseDouble(std::string_view text, double* value) {
  return absl::SimpleAtod(AbslView(text), value);
}

}  // namespace bangfu
