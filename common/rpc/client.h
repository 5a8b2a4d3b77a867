// Calls to our servers by method name, typed by the message classes: no generated stub is needed.
//
//   auto project = client.Call<Project>("bangfu.registry.v1.ProjectService.GetProject", request,
//                                       {.timeout = absl::Seconds(2)});
//
// Errors come back as the server made them: reason, zh-CN text and field violations included. Never
// call while a transaction is open, and only from a method of the outbound lane or a job; there
// with Within (common/rpc/within.h).
//
// A target of its own (bangfu_rpc_client): who only calls links neither a server nor a database.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"

namespace bangfu::rpc {

struct ClientOptions {
  std::string target;  // "host:port", "dns:///registry:9000"
  // PEM files: `ca` alone authenticates the server, with certificate and key the client too. All
  // empty: plain text.
  std::string ca, certificate, key;
  // Go with every call; lower-case names. Behind the edge x-bangfu-service says which service an
  // rpc means that every service serves.
  std::map<std::string, std::string> headers;
  // Gives the bearer token of calls that bring none; may be empty. Called per call: cache inside.
  std::function<absl::StatusOr<std::string>()> token;
  absl::Duration default_timeout = absl::Seconds(10);
  // Reads that fail with UNAVAILABLE are tried so often in all, with backoff, within the deadline.
  // Writes never: the caller knows whether his request_id makes that safe.
  int read_attempts = 3;
  int max_receive_bytes = 16 << 20;
  int connections = 1;  // calls are spread over so many HTTP/2 connections
};

struct CallOptions {
  absl::Duration timeout = absl::ZeroDuration();  // 0: the client's default; streams: none
  absl::Time deadline = absl::InfiniteFuture();   // the earlier of both holds
  std::string token;                              // instead of the client's
  std::string traceparent;
  std::map<std::string, std::string> headers;  // lower-case names
};

class Client {
 public:
  static absl::StatusOr<std::unique_ptr<Client>> Create(ClientOptions options);
  ~Client();

  // `method` is the full name: "bangfu.registry.v1.ProjectService.GetProject".
  template <typename Response>
  absl::StatusOr<Response> Call(std::string_view method, const google::protobuf::Message& request,
                                const CallOptions& options = {}) {
    Response response;
    absl::Status status = CallInto(method, request, &response, options);
    if (!status.ok()) return status;
    return response;
  }
  absl::Status CallInto(std::string_view method, const google::protobuf::Message& request,
                        google::protobuf::Message* response, const CallOptions& options = {});

  // Reads a server stream to its end. `on_message`: absl::Status(const Response&); its error
  // cancels the call and is the result.
  template <typename Response, typename F>
  absl::Status Read(std::string_view method, const google::protobuf::Message& request, F on_message,
                    const CallOptions& options = {}) {
    return ReadInto(
        method, request, Response::default_instance(),
        [&](const google::protobuf::Message& m) -> absl::Status {
          return on_message(static_cast<const Response&>(m));
        },
        options);
  }
  absl::Status ReadInto(
      std::string_view method, const google::protobuf::Message& request,
      const google::protobuf::Message& prototype,
      const std::function<absl::Status(const google::protobuf::Message&)>& on_message,
      const CallOptions& options = {});

  // Exchanges raw messages on a bidirectional stream: writes each request, reads one answer for it.
  // For reflection.
  absl::Status Exchange(std::string_view path, const std::vector<std::string>& requests,
                        std::vector<std::string>* responses, const CallOptions& options = {});

  // Ends every call of this client that is under way, and refuses new ones: for shutdown.
  void CancelAll();

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace bangfu::rpc
