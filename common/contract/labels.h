// zh-CN labels from the contract: one source for dictionaries, ledger headers and forms.
#pragma once

#include <string>

#include "bangfu/options/v1/labels.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/generated_enum_reflection.h"

namespace bangfu::contract {

// The declared label; an empty one when there is none.
const options::v1::Label& LabelOf(const google::protobuf::FieldDescriptor& field);
const options::v1::Label& LabelOf(const google::protobuf::EnumValueDescriptor& value);

// Label of the number in this enum: "巩固类". The value's name when it has no label, the number's
// digits when the enum has no such value.
std::string EnumText(const google::protobuf::EnumDescriptor& type, int number);

// EnumText of a generated enum's value: EnumText(FOUR_CLASS_UPGRADE).
template <typename Enum>
std::string EnumText(Enum value) {
  return EnumText(*google::protobuf::GetEnumDescriptor<Enum>(), static_cast<int>(value));
}

}  // namespace bangfu::contract
