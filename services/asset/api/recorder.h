// Where a change leaves its audit entry and its event: one by one in an rpc, gathered in bulk work.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/audit/audit.h"
#include "common/base/ulid.h"
#include "common/feed/outbox.h"
#include "common/rpc/mutation.h"
#include "google/protobuf/message.h"

namespace bangfu::asset::api {

class Recorder {
 public:
  virtual ~Recorder() = default;
  // `before` may be null. The row itself is written already.
  virtual absl::Status Audit(std::string_view type, const Ulid& id, std::string_view region_path,
                             const google::protobuf::Message* before,
                             const google::protobuf::Message& after,
                             std::string_view reason = "") = 0;
  virtual absl::Status Publish(std::string_view type, const Ulid& id, std::string_view region_path,
                               const google::protobuf::Message& state) = 0;
};

class MutationRecorder final : public Recorder {
 public:
  explicit MutationRecorder(rpc::Mutation& mutation) : mutation_(mutation) {}
  absl::Status Audit(std::string_view type, const Ulid& id, std::string_view region_path,
                     const google::protobuf::Message* before,
                     const google::protobuf::Message& after, std::string_view reason) override {
    return mutation_.Audit(type, id, region_path, before, after, reason);
  }
  absl::Status Publish(std::string_view type, const Ulid& id, std::string_view region_path,
                       const google::protobuf::Message& state) override {
    return mutation_.Publish(type, id, region_path, state);
  }

 private:
  rpc::Mutation& mutation_;
};

// Gathers, then writes all in a handful of statements.
class BatchRecorder final : public Recorder {
 public:
  BatchRecorder(audit::Actor actor, std::string action, absl::Time now)
      : actor_(std::move(actor)), action_(std::move(action)), now_(now) {}
  // Who acts in the entries that follow: under which grant depends on what is written.
  void ActAs(audit::Actor actor) { actor_ = std::move(actor); }
  absl::Status Audit(std::string_view type, const Ulid& id, std::string_view region_path,
                     const google::protobuf::Message* before,
                     const google::protobuf::Message& after, std::string_view reason) override {
    audit::Entry entry;
    entry.aggregate_type = type;
    entry.aggregate_id = id;
    entry.region_path = region_path;
    entry.action = action_;
    entry.actor = actor_;
    if (before != nullptr) entry.before_json = audit::ToJson(*before);
    entry.after_json = audit::ToJson(after);
    entry.reason = reason;
    entry.occurred_at = now_;
    entries_.push_back(std::move(entry));
    return absl::OkStatus();
  }
  absl::Status Publish(std::string_view type, const Ulid& id, std::string_view region_path,
                       const google::protobuf::Message& state) override {
    events_.push_back(feed::MakeEvent(type, id, region_path, state, now_));
    return absl::OkStatus();
  }
  // Last in the transaction.
  absl::Status Flush(mysql::Tx& tx) {
    absl::Status status = audit::AppendBatch(tx, entries_);
    if (!status.ok()) return status;
    return feed::PublishBatch(tx, events_);
  }

 private:
  audit::Actor actor_;
  const std::string action_;
  const absl::Time now_;
  std::vector<audit::Entry> entries_;
  std::vector<feed::OutboxEvent> events_;
};

}  // namespace bangfu::asset::api
