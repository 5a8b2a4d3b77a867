#include "common/rpc/page.h"

#include <vector>

#include "common/base/page_token.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::rpc {

absl::StatusOr<std::optional<PageStart>> PageStartOf(std::string_view token,
                                                     std::string_view filter) {
  ASSIGN_OR_RETURN(const std::vector<std::string> key, DecodePageToken(token, filter));
  if (key.empty()) return std::optional<PageStart>();
  const absl::StatusOr<Ulid> id =
      key.size() == 2 ? Ulid::Parse(key[1]) : absl::InvalidArgumentError("");
  if (!id.ok()) return InvalidField("page_token", "分页标记无效").Build();
  return std::optional<PageStart>(PageStart{key[0], *id});
}

}  // namespace bangfu::rpc
