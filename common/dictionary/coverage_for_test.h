// For tests: that a service offers what its contracts say is held (R129).
#pragma once

#include <string>
#include <vector>

#include "common/contract/access.h"
#include "common/dictionary/form.h"
#include "common/dictionary/service.h"

namespace bangfu::dictionary {

// Forms of these rpc services that have a field with `held_by` and no prefill. A form that changes
// a record by a mask shows the record; one that carries many records is a file's.
inline std::vector<std::string> FormsWithoutPrefill(
    const std::vector<std::string>& services,
    const std::map<std::string, Prefiller, std::less<>>& prefills) {
  std::vector<std::string> out;
  for (const std::string& name : services) {
    const auto* service = contract::FindService(name);
    if (service == nullptr) {
      out.push_back(name);
      continue;
    }
    for (int i = 0; i < service->method_count(); ++i) {
      const auto& method = *service->method(i);
      const auto access = contract::AccessOf(method);
      if (!access.ok() || access->mode() != options::v1::ACCESS_MODE_WRITE ||
          method.input_type()->FindFieldByName("update_mask") != nullptr ||
          method.name().rfind("Batch", 0) == 0) {
        continue;
      }
      bool held = false;
      const v1::Form form = FormOf(method);
      for (const v1::FormField& field : form.fields()) {
        held |= !field.held_by().empty();
      }
      if (held && prefills.find(method.full_name()) == prefills.end()) {
        out.push_back(method.full_name());
      }
    }
  }
  return out;
}

}  // namespace bangfu::dictionary
