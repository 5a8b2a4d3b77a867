// Sealing what is stored: whole values, and the fields of a message that the contract marks
// `sensitive`. Stores call it at the border to the database; nothing above a store sees a sealed
// value, and nothing sealed leaves the service.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/seal/keyring.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace bangfu::seal {

// The ring of this process, set once before the first record is touched (runtime does, from
// --seal-key-file). A process that sets none (a unit test) gets one of its own that dies with it.
void Use(std::shared_ptr<const Keyring> ring);
const Keyring& Ring();

// Texts in a column: "sealed:" and base64. Empty stays empty. A text without the mark is one from
// before sealing and opens as itself.
std::string SealText(std::string_view plain, std::string_view context);
absl::StatusOr<std::string> OpenText(std::string_view stored, std::string_view context);

// Bytes in a blob column, likewise.
std::string SealBytes(std::string_view plain, std::string_view context);
absl::StatusOr<std::string> OpenBytes(std::string_view stored, std::string_view context);

// The type, or one below it, has a field marked `sensitive`.
bool HasSensitive(const google::protobuf::Descriptor& type);

// Seals, or opens, every string field marked `sensitive` in the message and below; the field's full
// name is the context. Costs nothing for types that have no such field.
void SealSensitive(google::protobuf::Message* message);
absl::Status OpenSensitive(google::protobuf::Message* message);

}  // namespace bangfu::seal
