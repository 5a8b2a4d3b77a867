// What waits for a caller of a service under test.
#pragma once

#include <string>
#include <vector>

#include "bangfu/inbox/v1/inbox.pb.h"
#include "common/testing/rpc_fixture.h"
#include "common/testing/status_matchers.h"

namespace bangfu::inbox {

inline std::vector<v1::WorkItem> MyWork(testing::RpcServer& server, const std::string& token) {
  v1::ListMyWorkRequest request;
  request.set_page_size(200);
  auto mine = server.Call<v1::ListMyWorkResponse>("bangfu.inbox.v1.InboxService.ListMyWork",
                                                  request, token);
  EXPECT_OK(mine);
  if (!mine.ok()) return {};
  return {mine->items().begin(), mine->items().end()};
}
inline std::vector<std::string> MyKinds(testing::RpcServer& server, const std::string& token) {
  std::vector<std::string> kinds;
  for (const v1::WorkItem& item : MyWork(server, token)) kinds.push_back(item.kind());
  return kinds;
}

}  // namespace bangfu::inbox
