// Debian's Abseil is built with a string_view of its own: absl::StrCat(std::string_view) does not
// compile. These two bridge the gap at no cost.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

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

}  // namespace bangfu
