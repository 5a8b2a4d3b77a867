#include "common/dictionary/contracts.h"

#include "common/contract/labels.h"

namespace bangfu::dictionary {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;

namespace {

template <typename T>
const T* Find(const std::map<std::string, const T*, std::less<>>& by_name, std::string_view name) {
  const auto found = by_name.find(name);
  return found == by_name.end() ? nullptr : found->second;
}

}  // namespace

Contracts::Contracts(const std::vector<const FileDescriptor*>& files) {
  for (const FileDescriptor* file : files) AddFile(*file);
}

const Descriptor* Contracts::Message(std::string_view full_name) const {
  return Find(messages_, full_name);
}
const MethodDescriptor* Contracts::Method(std::string_view full_name) const {
  return Find(methods_, full_name);
}

void Contracts::AddFile(const FileDescriptor& file) {
  if (file.package().rfind("bangfu.", 0) != 0 || !files_.emplace(file.name(), &file).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i));
  for (int i = 0; i < file.message_type_count(); ++i) AddMessage(*file.message_type(i));
  for (int i = 0; i < file.enum_type_count(); ++i) AddEnum(*file.enum_type(i));
  for (int i = 0; i < file.service_count(); ++i) {
    for (int j = 0; j < file.service(i)->method_count(); ++j) {
      const MethodDescriptor* method = file.service(i)->method(j);
      methods_.emplace(method->full_name(), method);
    }
  }
}

void Contracts::AddMessage(const Descriptor& message) {
  messages_.emplace(message.full_name(), &message);
  for (int i = 0; i < message.nested_type_count(); ++i) AddMessage(*message.nested_type(i));
  for (int i = 0; i < message.enum_type_count(); ++i) AddEnum(*message.enum_type(i));
}

void Contracts::AddEnum(const EnumDescriptor& type) {
  for (int i = 0; i < type.value_count(); ++i) {
    if (contract::LabelOf(*type.value(i)).zh().empty()) continue;
    enums_.emplace(type.full_name(), &type);
    return;
  }
}

}  // namespace bangfu::dictionary
