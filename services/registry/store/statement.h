// What the statements of several stores are made of; inside this folder only.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_split.h"
#include "common/base/strings.h"
#include "common/mysql/session.h"

namespace bangfu::registry {

template <typename T>
void AddAll(const T& values, mysql::Params* params) {
  for (const auto& value : values) params->emplace_back(value);
}

template <typename T>
std::string InList(std::string_view column, const std::vector<T>& values, mysql::Params* params) {
  AddAll(values, params);
  return Cat(column, " IN (", mysql::Placeholders(values.size()), ")");
}

// Of a column that lists values with commas between them.
inline std::vector<std::string> SplitList(const std::string& text) {
  return absl::StrSplit(text, ',', absl::SkipEmpty());
}

// The path itself included, province first.
inline std::vector<std::string> AncestorsOf(std::string_view path) {
  std::vector<std::string> out;
  for (const size_t digits : {2, 4, 6, 9, 12}) {
    if (path.size() >= digits) out.emplace_back(path.substr(0, digits));
  }
  return out;
}

}  // namespace bangfu::registry
