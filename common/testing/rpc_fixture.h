// A real server in the test's own process, on a port of its own, over a real database, called
// through gRPC with real tokens.
//
//   RpcServer server({.services = {"bangfu.registry.v1.ProjectService"}, .migrations = Schema()},
//                    [](rpc::Router& router) { RegisterProjects(router); });
//   auto project = server.Call<Project>("bangfu.registry.v1.ProjectService.GetProject", request,
//                                       server.Token(ROLE_COUNTY_OPERATOR, "360733"));
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/auth/authenticator.h"
#include "common/auth/dev_key.h"
#include "common/base/ulid.h"
#include "common/metrics/metrics.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "common/testing/clock.h"
#include "common/testing/database.h"

namespace bangfu::testing {

class RpcServer {
 public:
  struct Options {
    std::vector<std::string> services;
    migrate::Migrations migrations = {};
    // Small lanes, reflection on; change what the test is about.
    rpc::ServerOptions server = DefaultServerOptions();
    // Stands between the handlers and the database when it is set.
    std::function<std::unique_ptr<mysql::Session>(std::unique_ptr<mysql::Session>)> wrap_session =
        {};
  };
  static rpc::ServerOptions DefaultServerOptions();

  // Ends the process when the server does not start: a test without it proves nothing.
  RpcServer(Options options, const std::function<void(rpc::Router&)>& register_handlers);
  ~RpcServer();
  RpcServer(const RpcServer&) = delete;
  RpcServer& operator=(const RpcServer&) = delete;

  // A token of a person with one role in one region.
  std::string Token(auth::Role role, std::string_view region,
                    std::string_view subject = "person-1") const;
  std::string Token(const auth::Caller& caller) const;

  template <typename Response>
  absl::StatusOr<Response> Call(std::string_view method, const google::protobuf::Message& request,
                                std::string token, rpc::CallOptions options = {}) {
    options.token = std::move(token);
    return client_->Call<Response>(method, request, options);
  }
  // Every message of a server stream.
  template <typename Response>
  absl::StatusOr<std::vector<Response>> Read(std::string_view method,
                                             const google::protobuf::Message& request,
                                             std::string token, rpc::CallOptions options = {}) {
    options.token = std::move(token);
    std::vector<Response> all;
    absl::Status status = client_->Read<Response>(
        method, request,
        [&](const Response& one) {
          all.push_back(one);
          return absl::OkStatus();
        },
        options);
    if (!status.ok()) return status;
    return all;
  }

  // The rpcs that the server serves, as reflection tells: "bangfu.x.v1.XService.GetX".
  absl::StatusOr<std::vector<std::string>> MethodsByReflection();

  TestDatabase& database() { return database_; }
  FakeClock& clock() { return clock_; }
  UlidGenerator& ids() { return ids_; }
  metrics::Registry& metrics() { return metrics_; }
  auth::Authenticator& authenticator() { return *authenticator_; }
  rpc::Server& server() { return *server_; }
  rpc::Client& client() { return *client_; }
  int port() const { return server_->port(); }
  std::string target() const;

 private:
  TestDatabase database_;
  FakeClock clock_;
  UlidGenerator ids_;
  metrics::Registry metrics_;
  std::unique_ptr<auth::Authenticator> authenticator_;
  rpc::Router router_;  // handlers may look at it later
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<rpc::Client> client_;
};

// The key of this test process; its tokens pass every RpcServer.
const auth::DevKey& TestKey();

}  // namespace bangfu::testing
