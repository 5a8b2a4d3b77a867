// A peer's feed as a consumer's source.
#pragma once

#include "absl/time/time.h"
#include "common/feed/consumer.h"
#include "common/rpc/client.h"

namespace bangfu::feed {

// `client` outlives the functions. Not from inside a transaction.
inline PullFunction RemotePull(rpc::Client& client, absl::Duration timeout = absl::Seconds(10)) {
  return [&client, timeout](const feed::v1::PullRequest& request) {
    return client.Call<feed::v1::PullResponse>("bangfu.feed.v1.ChangeFeed.Pull", request,
                                               {.timeout = timeout});
  };
}

// The whole snapshot within `timeout`.
inline SnapshotFunction RemoteSnapshot(rpc::Client& client,
                                       absl::Duration timeout = absl::Minutes(30)) {
  return [&client, timeout](
             const feed::v1::SnapshotRequest& request,
             const std::function<absl::Status(const feed::v1::SnapshotResponse&)>& on_message) {
    return client.Read<feed::v1::SnapshotResponse>("bangfu.feed.v1.ChangeFeed.Snapshot", request,
                                                   on_message, {.timeout = timeout});
  };
}

}  // namespace bangfu::feed
