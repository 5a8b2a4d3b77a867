// Fields that the contract marks sensitive: what they hold, and how an answer masks them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/message.h"

namespace bangfu::contract {

struct SensitiveField {
  std::string field;     // proto path: "maintenance.person"
  std::string label_zh;  // of the field itself
  std::string value;
};

// The sensitive texts that are set, with those of messages inside.
std::vector<SensitiveField> SensitiveFields(const google::protobuf::Message& message);

// Masks them: of a name the first character stays, of a telephone number the first three digits and
// the last four. What is masked already stays as it is.
void MaskSensitive(google::protobuf::Message* message);
std::string MaskText(std::string_view text);

// Undoes a mask that a form sent back: a sensitive text of `after` that is only the masked one of
// `before` becomes that of `before` again. Both are of one type; lists are left alone.
void RestoreMasked(const google::protobuf::Message& before, google::protobuf::Message* after);

}  // namespace bangfu::contract
