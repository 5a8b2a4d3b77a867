// What a business transaction leaves for the change feed: one row per event in `feed_outbox`,
// committed or rolled back with the change itself. The sequencer (sequencer.h) turns committed rows
// into the feed.
//
// Order. An outbox row's key is its place: the larger of its own instant and one past everything
// that this transaction can see unsequenced. So whatever was committed before Publish ran sorts
// before it, however far apart the clocks of two replicas are. Publish therefore comes AFTER the
// aggregate's own row was written or locked in the same transaction: the row lock orders the
// commits of one aggregate, and the place follows that order.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "google/protobuf/message.h"

namespace bangfu::feed {

struct OutboxEvent {
  std::string aggregate_type;  // "project", "evaluation" …; at most 64 bytes
  Ulid aggregate_id;
  std::string region_path;   // of the record, in today's codes; who may see the event
  std::string payload_type;  // full name of the message: "bangfu.registry.v1.ProjectChanged"
  std::string payload;       // its bytes; the state after the change
  absl::Time occurred_at;
};

// An event whose payload is `state` (a message of the service's events.proto). What the contract
// marks sensitive is masked: who reads a feed leaves no trace of looking. It is the only way to an
// event, for snapshots too.
OutboxEvent MakeEvent(std::string_view aggregate_type, const Ulid& aggregate_id,
                      std::string_view region_path, const google::protobuf::Message& state,
                      absl::Time occurred_at);

// Two short statements. INTERNAL when the event is incomplete, else the database's error.
absl::Status Publish(mysql::Tx& tx, const OutboxEvent& event);

// The events of bulk work in the given order, in as few statements as fit. Empty: does nothing.
absl::Status PublishBatch(mysql::Tx& tx, const std::vector<OutboxEvent>& events);

}  // namespace bangfu::feed
