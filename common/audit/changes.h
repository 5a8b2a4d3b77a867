// What an entry changed, field by field.
#pragma once

#include <string_view>
#include <vector>

#include "common/contract/difference.h"

namespace bangfu::audit {

// Of the JSON before and after (ToJson; empty: none). Fields carry the contract's labels where the
// record's message is known by the name of its type ("project": bangfu.registry.v1.Project), else
// they are the JSON's own names.
std::vector<contract::Difference> ChangesOf(std::string_view aggregate_type,
                                            std::string_view before_json,
                                            std::string_view after_json);

}  // namespace bangfu::audit
