// Messages as logs may show them: fields marked sensitive are left out of sight.
#pragma once

#include <cstddef>
#include <string>

#include "google/protobuf/message.h"

namespace bangfu::contract {

// One line, like protobuf's short form. Fields marked `sensitive` print as ***, bytes as their
// length, long texts cut; at most about `max_bytes` in all. Never for parsing.
std::string LogText(const google::protobuf::Message& message, size_t max_bytes = 1024);

}  // namespace bangfu::contract
