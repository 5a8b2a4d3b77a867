// A mutation that is sent twice is done once: the first run stores its answer under (caller,
// method, request_id) in its own transaction, a repeat gets that answer.
//
//   Transact(db, [&](Tx& tx) -> absl::StatusOr<Response> {
//     ASSIGN_OR_RETURN(std::optional<std::string> stored, idempotency::Begin(tx, key, body, now));
//     if (stored) return Parse(*stored);
//     … the writes …
//     RETURN_IF_ERROR(idempotency::Complete(tx, key, response_bytes));
//   });
//
// Only successes are stored: a failure rolls the row back with everything else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/mysql/session.h"
#include "google/protobuf/message.h"

namespace bangfu::idempotency {

// How long an answer is kept (architecture: contracts).
inline constexpr absl::Duration kLifetime = absl::Hours(7 * 24);

struct Key {
  std::string
      caller;  // subject; at most 128 characters. Part of the key: nobody else's answer is read
  std::string method;      // full name of the rpc, or of a job's step
  std::string request_id;  // as the caller chose it, at most 64 characters
};

// The same bytes for the same message, in every process of one release. Requests hold no maps.
std::string BodyBytes(const google::protobuf::Message& message);

// Claims the key, or gives the answer that was stored under it. While another transaction holds
// the key this waits for its end. Errors: INVALID_ARGUMENT REQUEST_ID_REUSED when the key was used
// with another body.
absl::StatusOr<std::optional<std::string>> Begin(mysql::Tx& tx, const Key& key,
                                                 std::string_view body, absl::Time now);

// Stores the answer; once after Begin gave none.
absl::Status Complete(mysql::Tx& tx, const Key& key, std::string_view response);

// Deletes answers older than kLifetime, in small transactions. Returns how many.
absl::StatusOr<int64_t> Sweep(mysql::Session& db, absl::Time now);

}  // namespace bangfu::idempotency
