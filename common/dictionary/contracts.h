// The contracts that a program is built with, by name. Names that callers send are looked up here
// and never in the pool of generated descriptors, which remembers each name that it does not know.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/descriptor.h"

namespace bangfu::dictionary {

class Contracts {
 public:
  // These files and all that they import, of our own packages.
  explicit Contracts(const std::vector<const google::protobuf::FileDescriptor*>& files);

  // nullptr: no such contract here.
  const google::protobuf::Descriptor* Message(std::string_view full_name) const;
  const google::protobuf::MethodDescriptor* Method(std::string_view full_name) const;

  // Enums that people see: one of their values has a zh-CN label. By full name.
  const std::map<std::string, const google::protobuf::EnumDescriptor*, std::less<>>& enums() const {
    return enums_;
  }
  const std::map<std::string, const google::protobuf::MethodDescriptor*, std::less<>>& methods()
      const {
    return methods_;
  }

 private:
  void AddFile(const google::protobuf::FileDescriptor& file);
  void AddMessage(const google::protobuf::Descriptor& message);
  void AddEnum(const google::protobuf::EnumDescriptor& type);

  std::map<std::string, const google::protobuf::FileDescriptor*, std::less<>> files_;
  std::map<std::string, const google::protobuf::Descriptor*, std::less<>> messages_;
  std::map<std::string, const google::protobuf::MethodDescriptor*, std::less<>> methods_;
  std::map<std::string, const google::protobuf::EnumDescriptor*, std::less<>> enums_;
};

}  // namespace bangfu::dictionary
