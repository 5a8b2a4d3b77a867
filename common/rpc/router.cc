#include "common/rpc/router.h"

namespace bangfu::rpc {

void Router::Add(std::string_view method, Handler handler) {
  handlers_.insert_or_assign(std::string(method), std::move(handler));
}

}  // namespace bangfu::rpc
