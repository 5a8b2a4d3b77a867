// Every contract of the tree, for the tests that read the descriptors.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bangfu/asset/v1/asset.pb.h"
#include "bangfu/evaluation/v1/evaluation.pb.h"
#include "bangfu/operation/v1/operation_service.pb.h"
#include "bangfu/registry/v1/project.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"

namespace bangfu {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

// The contracts with their comments, as protoc wrote them (CONTRACTS_FILE); the generated pool has
// the options, but no comments.
class Contracts {
 public:
  static const Contracts& Get() {
    static const auto* const contracts = new Contracts;
    return *contracts;
  }
  const std::vector<const FileDescriptor*>& files() const { return files_; }
  const std::vector<const FileDescriptor*>& commented_files() const { return commented_files_; }

  std::vector<const ServiceDescriptor*> Services() const { return ServicesOf(files_); }
  static std::vector<const ServiceDescriptor*> ServicesOf(
      const std::vector<const FileDescriptor*>& files) {
    std::vector<const ServiceDescriptor*> out;
    for (const FileDescriptor* file : files) {
      for (int i = 0; i < file->service_count(); ++i) out.push_back(file->service(i));
    }
    return out;
  }
  std::vector<const MethodDescriptor*> Methods() const {
    std::vector<const MethodDescriptor*> out;
    for (const ServiceDescriptor* service : Services()) {
      for (int i = 0; i < service->method_count(); ++i) out.push_back(service->method(i));
    }
    return out;
  }
  static std::vector<const Descriptor*> MessagesOf(
      const std::vector<const FileDescriptor*>& files) {
    std::vector<const Descriptor*> out;
    for (const FileDescriptor* file : files) {
      for (int i = 0; i < file->message_type_count(); ++i) Nested(file->message_type(i), &out);
    }
    return out;
  }
  static std::vector<const EnumDescriptor*> EnumsOf(
      const std::vector<const FileDescriptor*>& files) {
    std::vector<const EnumDescriptor*> out;
    for (const FileDescriptor* file : files) {
      for (int i = 0; i < file->enum_type_count(); ++i) out.push_back(file->enum_type(i));
    }
    for (const Descriptor* message : MessagesOf(files)) {
      for (int i = 0; i < message->enum_type_count(); ++i) out.push_back(message->enum_type(i));
    }
    return out;
  }

 private:
  Contracts() {
    // One name of each library, so that the linker keeps them all.
    for (const Descriptor* linked :
         {registry::v1::Project::descriptor(), asset::v1::Asset::descriptor(),
          evaluation::v1::Evaluation::descriptor(), operation::v1::Operation::descriptor()}) {
      EXPECT_NE(linked, nullptr);
    }
    std::ifstream in(CONTRACTS_FILE, std::ios::binary);
    google::protobuf::FileDescriptorSet set;
    EXPECT_TRUE(set.ParseFromIstream(&in)) << CONTRACTS_FILE;
    for (const auto& file : set.file()) {
      const FileDescriptor* built = commented_.BuildFile(file);
      if (built == nullptr) {
        ADD_FAILURE() << file.name() << " does not build";
        continue;
      }
      if (file.package().rfind("bangfu.", 0) != 0) continue;
      commented_files_.push_back(built);
      const FileDescriptor* linked = DescriptorPool::generated_pool()->FindFileByName(file.name());
      if (linked == nullptr) {
        ADD_FAILURE() << file.name() << " is not linked into this test";
        continue;
      }
      files_.push_back(linked);
    }
  }
  static void Nested(const Descriptor* message, std::vector<const Descriptor*>* out) {
    out->push_back(message);
    for (int i = 0; i < message->nested_type_count(); ++i) Nested(message->nested_type(i), out);
  }

  DescriptorPool commented_;
  std::vector<const FileDescriptor*> files_, commented_files_;
};

inline bool Starts(const std::string& text, const char* prefix) {
  return text.rfind(prefix, 0) == 0;
}
inline bool Ends(const std::string& text, std::string_view suffix) {
  return text.size() >= suffix.size() &&
         text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

// Every message type that a request can hold, itself included.
inline std::set<const Descriptor*> Reachable(const Descriptor* root) {
  std::set<const Descriptor*> seen;
  std::vector<const Descriptor*> open = {root};
  while (!open.empty()) {
    const Descriptor* message = open.back();
    open.pop_back();
    if (!seen.insert(message).second) continue;
    for (int i = 0; i < message->field_count(); ++i) {
      if (message->field(i)->message_type() != nullptr) {
        open.push_back(message->field(i)->message_type());
      }
    }
  }
  return seen;
}

}  // namespace bangfu
