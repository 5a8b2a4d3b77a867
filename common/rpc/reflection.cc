#include "common/rpc/reflection.h"

#include <set>

#include "common/rpc/bytes.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "grpc_reflection_v1alpha/reflection.pb.h"

namespace bangfu::rpc {
namespace {

namespace reflection = grpc::reflection::v1alpha;
using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;

class Reactor : public grpc::ServerGenericBidiReactor {
 public:
  explicit Reactor(const std::vector<std::string>& services) : services_(services) {
    StartRead(&in_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    reflection::ServerReflectionRequest request;
    if (!FromBytes(&in_, &request)) {
      return Finish({grpc::StatusCode::INVALID_ARGUMENT, "malformed request"});
    }
    reflection::ServerReflectionResponse response;
    Answer(request, &response);
    if (!ToBytes(response, &out_)) return Finish({grpc::StatusCode::INTERNAL, "answer too large"});
    StartWrite(&out_);
  }
  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    StartRead(&in_);
  }
  void OnDone() override { delete this; }

 private:
  void Answer(const reflection::ServerReflectionRequest& request,
              reflection::ServerReflectionResponse* response) {
    response->set_valid_host(request.host());
    *response->mutable_original_request() = request;
    const DescriptorPool* pool = DescriptorPool::generated_pool();
    const FileDescriptor* file = nullptr;
    switch (request.message_request_case()) {
      case reflection::ServerReflectionRequest::kListServices:
        for (const std::string& name : services_) {
          response->mutable_list_services_response()->add_service()->set_name(name);
        }
        response->mutable_list_services_response()->add_service()->set_name(kReflectionService);
        return;
      case reflection::ServerReflectionRequest::kFileByFilename:
        file = pool->FindFileByName(request.file_by_filename());
        break;
      case reflection::ServerReflectionRequest::kFileContainingSymbol:
        file = pool->FindFileContainingSymbol(request.file_containing_symbol());
        break;
      case reflection::ServerReflectionRequest::kFileContainingExtension: {
        const auto& wanted = request.file_containing_extension();
        const auto* type = pool->FindMessageTypeByName(wanted.containing_type());
        const auto* extension = type == nullptr
                                    ? nullptr
                                    : pool->FindExtensionByNumber(type, wanted.extension_number());
        if (extension != nullptr) file = extension->file();
        break;
      }
      case reflection::ServerReflectionRequest::kAllExtensionNumbersOfType: {
        const auto* type = pool->FindMessageTypeByName(request.all_extension_numbers_of_type());
        if (type == nullptr) break;
        std::vector<const google::protobuf::FieldDescriptor*> extensions;
        pool->FindAllExtensions(type, &extensions);
        auto* out = response->mutable_all_extension_numbers_response();
        out->set_base_type_name(type->full_name());
        for (const auto* extension : extensions) out->add_extension_number(extension->number());
        return;
      }
      default:
        Fail(grpc::StatusCode::INVALID_ARGUMENT, "nothing asked", response);
        return;
    }
    if (file == nullptr) {
      Fail(grpc::StatusCode::NOT_FOUND, "not found", response);
      return;
    }
    std::set<const FileDescriptor*> seen;
    AddFile(file, &seen, response->mutable_file_descriptor_response());
  }

  static void Fail(grpc::StatusCode code, const char* text,
                   reflection::ServerReflectionResponse* response) {
    response->mutable_error_response()->set_error_code(code);
    response->mutable_error_response()->set_error_message(text);
  }

  // The file and what it imports, so that the client needs no second question.
  static void AddFile(const FileDescriptor* file, std::set<const FileDescriptor*>* seen,
                      reflection::FileDescriptorResponse* out) {
    if (!seen->insert(file).second) return;
    google::protobuf::FileDescriptorProto proto;
    file->CopyTo(&proto);
    proto.SerializeToString(out->add_file_descriptor_proto());
    for (int i = 0; i < file->dependency_count(); ++i) AddFile(file->dependency(i), seen, out);
  }

  const std::vector<std::string>& services_;
  grpc::ByteBuffer in_, out_;
};

}  // namespace

grpc::ServerGenericBidiReactor* NewReflectionReactor(const std::vector<std::string>& services) {
  return new Reactor(services);
}

}  // namespace bangfu::rpc
