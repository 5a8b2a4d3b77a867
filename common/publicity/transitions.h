// Inside the room: words of the transition table.
#pragma once

#include <string>

#include "bangfu/publicity/v1/publicity.pb.h"

namespace bangfu::publicity {

// 公示中 …
std::string StateLabel(v1::PublicityState state);

}  // namespace bangfu::publicity
