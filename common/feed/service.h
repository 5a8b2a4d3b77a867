// The ChangeFeed rpcs of a service.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/feed/consumer.h"
#include "common/feed/feed.h"
#include "common/rpc/router.h"

namespace bangfu::feed {

// A consumer that this service runs: whose parked events it can apply again.
struct RedriveTarget {
  std::string consumer;
  std::string source;
  std::shared_ptr<EffectHandler> handler;
};

struct ChangeFeedOptions {
  std::string source;  // this service's name: "registry"
  // What a new subscriber gets; null: there is nothing to copy.
  std::shared_ptr<SnapshotSource> states;
  std::vector<RedriveTarget> consumers;
};

// Registers bangfu.feed.v1.ChangeFeed. Callers see the events of their regions.
void RegisterChangeFeed(rpc::Router& router, ChangeFeedOptions options);

}  // namespace bangfu::feed
