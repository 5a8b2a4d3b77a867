// A record of record_table and its message.
#pragma once

#include "common/base/ulid.h"
#include "services/registry/api/convert.h"
#include "services/registry/store/industry_store.h"

namespace bangfu::registry {

// The record of a message: its bytes without what the row decides.
template <typename T>
Record RecordOf(const Ulid& id, int64_t version, T message) {
  message.clear_etag();
  return {id, message.region_path(), version, ToBytes(message)};
}
template <typename T>
T MessageOf(const Record& record) {
  T message = FromBytes<T>(record.bytes);
  message.set_id(record.id.ToString());
  message.set_region_path(record.region_path);
  message.set_etag(EtagOf(record.version));
  return message;
}

}  // namespace bangfu::registry
