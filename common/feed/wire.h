// Small conversions that the feed's parts share.
#pragma once

#include <string>
#include <string_view>

namespace bangfu::feed {

inline constexpr char kTypeUrlPrefix[] = "type.googleapis.com/";

// "type.googleapis.com/bangfu.x.v1.Y" -> "bangfu.x.v1.Y".
inline std::string PayloadType(std::string_view type_url) {
  const size_t slash = type_url.rfind('/');
  return std::string(slash == std::string_view::npos ? type_url : type_url.substr(slash + 1));
}

}  // namespace bangfu::feed
