// Small conversions that the feed's parts share.
#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace bangfu::feed {

inline constexpr char kTypeUrlPrefix[] = "type.googleapis.com/";

inline void SetTimestamp(absl::Time time, google::protobuf::Timestamp* out) {
  const int64_t micros = absl::ToUnixMicros(time);
  int64_t seconds = micros / 1000000;
  int64_t rest = micros % 1000000;
  if (rest < 0) {
    rest += 1000000;
    --seconds;
  }
  out->set_seconds(seconds);
  out->set_nanos(static_cast<int32_t>(rest * 1000));
}

inline absl::Time TimeFrom(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

// "type.googleapis.com/bangfu.x.v1.Y" -> "bangfu.x.v1.Y".
inline std::string PayloadType(std::string_view type_url) {
  const size_t slash = type_url.rfind('/');
  return std::string(slash == std::string_view::npos ? type_url : type_url.substr(slash + 1));
}

}  // namespace bangfu::feed
