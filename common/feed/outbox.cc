#include "common/feed/outbox.h"

#include <algorithm>
#include <memory>

#include "common/base/random.h"
#include "common/contract/sensitive.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::feed {
namespace {

// Keys sort as (place, tie): eight bytes each, most significant first.
std::string Key(uint64_t place, uint64_t tie) {
  std::string key(16, '\0');
  for (int i = 0; i < 8; ++i) {
    key[i] = static_cast<char>(place >> (56 - 8 * i));
    key[8 + i] = static_cast<char>(tie >> (56 - 8 * i));
  }
  return key;
}

uint64_t PlaceOf(std::string_view key) {
  uint64_t place = 0;
  for (size_t i = 0; i < 8 && i < key.size(); ++i) {
    place = place << 8 | static_cast<uint8_t>(key[i]);
  }
  return place;
}

uint64_t PlaceAt(absl::Time instant) {
  return static_cast<uint64_t>(std::max<int64_t>(0, absl::ToUnixMicros(instant)));
}

}  // namespace

OutboxEvent MakeEvent(std::string_view aggregate_type, const Ulid& aggregate_id,
                      std::string_view region_path, const google::protobuf::Message& state,
                      absl::Time occurred_at) {
  OutboxEvent event{std::string(aggregate_type),        aggregate_id, std::string(region_path),
                    state.GetDescriptor()->full_name(), "",           occurred_at};
  // For most types known from the type alone: nothing is looked at, and nothing copied.
  if (contract::SensitiveFields(state).empty()) {
    event.payload = state.SerializeAsString();
  } else {
    const std::unique_ptr<google::protobuf::Message> shown(state.New());
    shown->CopyFrom(state);
    contract::MaskSensitive(shown.get());
    event.payload = shown->SerializeAsString();
  }
  return event;
}

absl::Status Publish(mysql::Tx& tx, const OutboxEvent& event) { return PublishBatch(tx, {event}); }

absl::Status PublishBatch(mysql::Tx& tx, const std::vector<OutboxEvent>& events) {
  if (events.empty()) return absl::OkStatus();
  uint64_t earliest = PlaceAt(events.front().occurred_at);
  for (const OutboxEvent& event : events) {
    if (event.aggregate_type.empty() || event.aggregate_id.is_zero() ||
        event.payload_type.empty()) {
      return Error(absl::StatusCode::kInternal, "FEED_EVENT_INCOMPLETE")
          .Zh("变更事件不完整")
          .With("aggregate_type", event.aggregate_type)
          .With("payload_type", event.payload_type);
    }
    earliest = std::min(earliest, PlaceAt(event.occurred_at));
  }
  // Only rows from this instant on can push us back: with clocks that agree there are none, and the
  // read touches the end of the key only.
  ASSIGN_OR_RETURN(mysql::Rows last,
                   tx.Query("SELECT MAX(id) FROM feed_outbox WHERE id >= ?", {Key(earliest, 0)}));
  uint64_t place = earliest;
  if (!last.empty() && !last[0].IsNull(0)) {
    place = std::max(place, PlaceOf(last[0].String(0)) + 1);
  }
  // Two transactions may find the same place; the tie keeps their keys apart.
  const uint64_t tie = SystemRandom();
  std::vector<mysql::Params> rows;
  rows.reserve(events.size());
  for (const OutboxEvent& event : events) {
    place = std::max(place, PlaceAt(event.occurred_at));
    rows.push_back({Key(place, tie), event.aggregate_type, event.aggregate_id, event.region_path,
                    event.payload_type, event.payload, event.occurred_at});
    ++place;
  }
  return mysql::BulkInsert(tx, "feed_outbox",
                           "(id, aggregate_type, aggregate_id, region_path, payload_type, payload, "
                           "occurred_at)",
                           rows)
      .status();
}

}  // namespace bangfu::feed
