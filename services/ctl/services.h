// The services by name: the one list that every command goes by.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bangfu::ctl {

// registry, asset …: those of deploy/services, in its order. Each has its contracts in
// bangfu.<name>.v1 and its address in the endpoints file or in the environment, BANGFU_<NAME>.
const std::vector<std::string>& ServiceNames();

// What a help text tells: "a, b 或 c".
std::string OneOfText(const std::vector<std::string>& names, std::string_view separator = ", ");

}  // namespace bangfu::ctl
