// Where the bytes of evidence lie. Names in a store come from the server's own id; nothing that a
// client sent (title, type, file name) is ever part of one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/ulid.h"

namespace bangfu::blob {

// Thread safe. Errors: UNAVAILABLE BLOB_STORE_UNAVAILABLE when the store cannot be reached, refuses
// us or is full; FAILED_PRECONDITION EVIDENCE_DAMAGED when bytes that should be there are not.
class Store {
 public:
  virtual ~Store() = default;
  // Bytes of an upload under way, durable when OK. The same offset may come again, after a crash
  // with another length.
  virtual absl::Status Put(const Ulid& id, int64_t offset, std::string_view data) = 0;
  // Makes the first `size` bytes of the upload one thing that is only read from now on. May be
  // called again after a crash, also when it had succeeded.
  virtual absl::Status Seal(const Ulid& id, int64_t size) = 0;
  // `length` bytes (fewer at the end) of a sealed upload.
  virtual absl::StatusOr<std::string> Read(const Ulid& id, int64_t offset, int64_t length) = 0;
  // Removes whatever there is of it, in any state; OK when there is nothing.
  virtual absl::Status Remove(const Ulid& id) = 0;
};

// UNAVAILABLE BLOB_STORE_UNAVAILABLE; `what` is logged and does not leave the process.
absl::Status StoreUnavailable(std::string_view what);
// FAILED_PRECONDITION EVIDENCE_DAMAGED.
absl::Status Damaged(std::string_view what);

// Files below `directory`, which is made when it is not there; nobody else may look inside.
absl::StatusOr<std::unique_ptr<Store>> OpenDirectory(const std::string& directory);
// Of a process that was given no place for evidence: everything is UNAVAILABLE.
std::unique_ptr<Store> NoStore();

}  // namespace bangfu::blob
