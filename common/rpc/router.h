// Methods by name. A service's api/ registers a plain function per rpc; the server refuses to start
// when an rpc of a served service has no handler, no access rule, or other types than its contract.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/rpc/call_context.h"
#include "google/protobuf/message.h"

namespace bangfu::rpc {

struct Handler {
  const google::protobuf::Message* request_prototype = nullptr;
  const google::protobuf::Message* response_prototype = nullptr;
  bool server_streaming = false;
  std::function<absl::Status(CallContext&, const google::protobuf::Message& request,
                             google::protobuf::Message* response)>
      unary;
  std::function<absl::Status(CallContext&, const google::protobuf::Message& request,
                             const std::function<absl::Status(const google::protobuf::Message&)>& write)>
      stream;
};

class Router {
 public:
  // router.Unary<GetProjectRequest, Project>("bangfu.registry.v1.ProjectService.GetProject", handler);
  // handler: absl::StatusOr<Response>(CallContext&, const Request&)
  template <typename Request, typename Response, typename F>
  void Unary(std::string_view method, F handler) {
    Handler h;
    h.request_prototype = &Request::default_instance();
    h.response_prototype = &Response::default_instance();
    h.unary = [handler = std::move(handler)](CallContext& context, const google::protobuf::Message& request,
                                             google::protobuf::Message* response) -> absl::Status {
      absl::StatusOr<Response> result = handler(context, static_cast<const Request&>(request));
      if (!result.ok()) return result.status();
      static_cast<Response*>(response)->Swap(&*result);
      return absl::OkStatus();
    };
    Add(method, std::move(h));
  }

  // handler: absl::Status(CallContext&, const Request&, Writer<Response>&)
  template <typename Request, typename Response, typename F>
  void ServerStream(std::string_view method, F handler) {
    Handler h;
    h.request_prototype = &Request::default_instance();
    h.response_prototype = &Response::default_instance();
    h.server_streaming = true;
    h.stream = [handler = std::move(handler)](
                   CallContext& context, const google::protobuf::Message& request,
                   const std::function<absl::Status(const google::protobuf::Message&)>& write) -> absl::Status {
      struct Adapter : Writer<Response> {
        const std::function<absl::Status(const google::protobuf::Message&)>& write;
        explicit Adapter(const std::function<absl::Status(const google::protobuf::Message&)>& w) : write(w) {}
        absl::Status Write(const Response& response) override { return write(response); }
      } writer(write);
      return handler(context, static_cast<const Request&>(request), writer);
    };
    Add(method, std::move(h));
  }

  void Add(std::string_view method, Handler handler);
  const std::map<std::string, Handler, std::less<>>& handlers() const { return handlers_; }

 private:
  std::map<std::string, Handler, std::less<>> handlers_;
};

}  // namespace bangfu::rpc
