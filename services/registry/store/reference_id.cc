#include "services/registry/store/reference_id.h"

#include <string>

#include "common/base/digest.h"
#include "common/base/strings.h"

namespace bangfu::registry {

Ulid IdOfKey(std::string_view kind, std::string_view key) {
  const std::string digest = Sha256(Cat(kind, ":", key)).substr(0, 16);
  return Ulid::FromBytes(digest).value_or(Ulid());
}

}  // namespace bangfu::registry
