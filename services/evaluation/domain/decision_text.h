// How the rules and the advice put the sentences of an explanation together.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/strings.h"

namespace bangfu::evaluation {

template <typename... T>
void Append(std::string& out, const T&... parts) {
  out += Cat(parts...);
}

template <typename List, typename Format>
std::string Join(const List& list, std::string_view separator, Format format) {
  std::string out;
  for (const auto& item : list) {
    if (!out.empty()) out += separator;
    format(&out, item);
  }
  return out;
}
inline std::string Join(const std::vector<std::string_view>& list, std::string_view separator) {
  return Join(list, separator, [](std::string* out, std::string_view item) { *out += item; });
}

}  // namespace bangfu::evaluation
