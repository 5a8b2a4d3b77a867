#include "common/contract/labels.h"

#include "common/base/strings.h"

namespace bangfu::contract {

const options::v1::Label& LabelOf(const google::protobuf::FieldDescriptor& field) {
  return field.options().GetExtension(options::v1::label);
}

const options::v1::Label& LabelOf(const google::protobuf::EnumValueDescriptor& value) {
  return value.options().GetExtension(options::v1::value_label);
}

std::string EnumText(const google::protobuf::EnumDescriptor& type, int number) {
  const auto* value = type.FindValueByNumber(number);
  if (value == nullptr) return Cat(number);
  const std::string& zh = LabelOf(*value).zh();
  return zh.empty() ? value->name() : zh;
}

}  // namespace bangfu::contract
