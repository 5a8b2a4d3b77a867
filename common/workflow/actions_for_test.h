// What a record says may be done with it.
#pragma once

#include <string>
#include <vector>

#include "bangfu/type/v1/common.pb.h"
#include "common/base/strings.h"

namespace bangfu::workflow {

// "action" of what is allowed, "action: reason" of what is not.
template <typename Record>
std::vector<std::string> ActionsOf(const Record& record) {
  std::vector<std::string> out;
  for (const type::v1::AllowedAction& action : record.allowed_actions()) {
    out.push_back(action.allowed() ? action.action()
                                   : Cat(action.action(), ": ", action.refusal_reason()));
  }
  return out;
}

}  // namespace bangfu::workflow
