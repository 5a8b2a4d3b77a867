// Fields as people name them and as the contract does: the label "资金构成 / 金额" and the path
// "declared_funding[].amount".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"

namespace bangfu::contract {

struct NamedField {
  std::string path;   // as a form tells it, lists without brackets: declared_funding.amount
  std::string label;  // those of its groups before its own, joined by " / "
  std::string own_label;
  int depth = 0;
};

// The labelled fields of a message that clients set, each group followed by the fields in it.
std::vector<NamedField> NamedFields(const google::protobuf::Descriptor& message);

// The label of the field at a path, in which elements of lists may have [] or an index. A group
// without a label adds nothing; a field without any has its path. nullopt: there is no such field.
std::optional<std::string> LabelOfPath(const google::protobuf::Descriptor& message,
                                       std::string_view path);

using Messages = std::vector<const google::protobuf::Descriptor*>;

// INVALID_ARGUMENT on the field `violation` of a request, which proposes what is nearest to it in
// these messages.
absl::Status NoSuchField(const Messages& messages, std::string_view named,
                         std::string_view violation);

// The path of what a person names by its path or its label, in the first of the messages that has
// it. Where several fields of one have the label, it is that of the one that is in fewer groups
// than the others; INVALID_ARGUMENT that proposes them otherwise, or what is nearest where there is
// none.
absl::StatusOr<std::string> PathOfName(const Messages& messages, std::string_view named,
                                       std::string_view violation);

}  // namespace bangfu::contract
