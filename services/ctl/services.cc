#include "services/ctl/services.h"

#include "common/base/strings.h"

namespace bangfu::ctl {

std::string OneOfText(const std::vector<std::string>& names, std::string_view separator) {
  std::string out;
  for (size_t i = 0; i < names.size(); ++i) {
    out += Cat(i == 0 ? "" : i + 1 == names.size() ? " 或 " : separator, names[i]);
  }
  return out;
}

}  // namespace bangfu::ctl
