// A record as the trail knows it.
#pragma once

#include <string>

#include "common/audit/audit.h"
#include "common/testing/rpc_fixture.h"
#include "common/testing/status_matchers.h"

namespace bangfu::audit {

// A new one of this type in this region, of which the trail has the first entry.
inline Ulid Recorded(testing::RpcServer& server, const std::string& type,
                     const std::string& region) {
  Entry entry;
  entry.aggregate_type = type;
  entry.aggregate_id = server.ids().Next();
  entry.region_path = region;
  entry.action = "Test";
  entry.actor = {"operator", "经办", "ROLE_COUNTY_OPERATOR", region};
  entry.after_json = "{}";
  entry.occurred_at = server.clock().Now();
  EXPECT_OK(
      mysql::Transact(server.database().db(), [&](mysql::Tx& tx) { return Append(tx, entry); }));
  return entry.aggregate_id;
}

}  // namespace bangfu::audit
