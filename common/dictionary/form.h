// Forms from descriptors: what a message's fields are for, what they hold and by which rules.
#pragma once

#include "bangfu/dictionary/v1/dictionary_service.pb.h"
#include "google/protobuf/descriptor.h"

namespace bangfu::dictionary {

inline constexpr int kDefaultFormDepth = 6;

// Whether a person fills the field, the client sets it, or the server.
v1::FieldPurpose PurposeOf(const google::protobuf::FieldDescriptor& field);
v1::FieldKind KindOf(const google::protobuf::FieldDescriptor& field);

// The fields of a message, each message field followed by the fields in it, down to `max_depth`
// levels. What the server sets is named and not unfolded.
v1::Form FormOf(const google::protobuf::Descriptor& message, int max_depth = kDefaultFormDepth);
// The form of an rpc's request, with its roles.
v1::Form FormOf(const google::protobuf::MethodDescriptor& method,
                int max_depth = kDefaultFormDepth);

}  // namespace bangfu::dictionary
