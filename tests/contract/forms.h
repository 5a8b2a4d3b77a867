// The forms of all contracts: the requests of the rpcs that write.
#pragma once

#include <set>
#include <vector>

#include "common/contract/access.h"
#include "common/dictionary/form.h"
#include "tests/contract/contracts.h"

namespace bangfu {

inline std::vector<const MethodDescriptor*> Writes() {
  std::vector<const MethodDescriptor*> out;
  for (const MethodDescriptor* method : Contracts::Get().Methods()) {
    const auto access = contract::AccessOf(*method);
    if (access.ok() && access->mode() == options::v1::ACCESS_MODE_WRITE) out.push_back(method);
  }
  return out;
}

// The messages that a person fills a part of: what only the server sets is not gone into.
inline std::set<const Descriptor*> FilledMessages(const Descriptor* root) {
  std::set<const Descriptor*> seen;
  std::vector<const Descriptor*> open = {root};
  while (!open.empty()) {
    const Descriptor* message = open.back();
    open.pop_back();
    if (!Starts(message->full_name(), "bangfu.") || !seen.insert(message).second) continue;
    for (int i = 0; i < message->field_count(); ++i) {
      const FieldDescriptor& field = *message->field(i);
      if (field.message_type() != nullptr &&
          dictionary::PurposeOf(field) == dictionary::v1::FIELD_PURPOSE_INPUT) {
        open.push_back(field.message_type());
      }
    }
  }
  return seen;
}

}  // namespace bangfu
