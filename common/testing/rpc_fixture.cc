#include "common/testing/rpc_fixture.h"

#include <cstdio>
#include <cstdlib>

#include "common/base/strings.h"
#include "common/status/macros.h"
#include "common/testing/temporary_folder.h"
#include "google/protobuf/descriptor.pb.h"
#include "grpc_reflection_v1alpha/reflection.pb.h"

namespace bangfu::testing {
namespace {

// The key's directory goes with the process.
struct KeyHolder {
  KeyHolder() {
    auto made = auth::DevKey::LoadOrCreate(folder.path());
    if (!made.ok()) {
      std::fprintf(stderr, "no test key: %s\n", made.status().ToString().c_str());
      std::abort();
    }
    key = *std::move(made);
  }
  TemporaryFolder folder{"test-key"};
  auth::DevKey key;
};

template <typename T>
T OrDie(absl::StatusOr<T> value, const char* what) {
  if (!value.ok()) {
    std::fprintf(stderr, "%s: %s\n", what, value.status().ToString().c_str());
    std::abort();
  }
  return *std::move(value);
}

}  // namespace

const auth::DevKey& TestKey() {
  static KeyHolder holder;
  return holder.key;
}

rpc::ServerOptions RpcServer::DefaultServerOptions() {
  rpc::ServerOptions options;
  options.reflection = true;
  options.lanes.read.workers = 4;
  options.lanes.write.workers = 4;
  options.lanes.long_running.workers = 2;
  options.lanes.outbound.workers = 2;
  return options;
}

RpcServer::RpcServer(Options options, const std::function<void(rpc::Router&)>& register_handlers)
    : database_(options.migrations), ids_(clock_) {
  auth::AuthenticatorOptions authentication;
  authentication.jwks_file = TestKey().jwks_file();
  authenticator_ = OrDie(auth::Authenticator::Create(authentication, clock_), "authenticator");
  register_handlers(router_);
  server_ =
      OrDie(rpc::Server::Start(std::move(options.server),
                               {.clock = clock_,
                                .ids = ids_,
                                .authenticator = *authenticator_,
                                .metrics = metrics_,
                                .sessions =
                                    [this, wrap = options.wrap_session] {
                                      auto session = mysql::Session::Create(database_.options());
                                      return wrap ? wrap(std::move(session)) : std::move(session);
                                    }},
                               router_, options.services),
            "server");
  server_->SetServing(true);
  client_ = OrDie(rpc::Client::Create({.target = target()}), "client");
}

RpcServer::~RpcServer() {
  client_->CancelAll();
  server_->Shutdown(absl::Seconds(5));
}

std::string RpcServer::target() const { return Cat("127.0.0.1:", port()); }

std::string RpcServer::Token(const auth::Caller& caller) const {
  // A test may pass a year; a client's token may not.
  const absl::Duration lifetime = absl::Hours(caller.is_system ? 24 : 24 * 365);
  return OrDie(TestKey().Mint(caller, clock_.Now(), lifetime), "token");
}

std::string RpcServer::Token(auth::Role role, std::string_view region,
                             std::string_view subject) const {
  auth::Caller caller;
  caller.subject = subject;
  caller.name = subject;
  auth::Grant grant;
  grant.role = role;
  grant.region_path = region;
  caller.grants.push_back(std::move(grant));
  return Token(caller);
}

absl::StatusOr<std::vector<std::string>> RpcServer::MethodsByReflection() {
  namespace reflection = grpc::reflection::v1alpha;
  constexpr char kPath[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
  reflection::ServerReflectionRequest ask;
  ask.set_list_services("");
  std::vector<std::string> answers;
  RETURN_IF_ERROR(client_->Exchange(kPath, {ask.SerializeAsString()}, &answers));
  reflection::ServerReflectionResponse list;
  if (answers.size() != 1 || !list.ParseFromString(answers[0])) {
    return absl::DataLossError("reflection gave no list");
  }
  std::vector<std::string> methods;
  for (const auto& service : list.list_services_response().service()) {
    if (service.name().starts_with("grpc.")) continue;
    ask.set_file_containing_symbol(service.name());
    answers.clear();
    RETURN_IF_ERROR(client_->Exchange(kPath, {ask.SerializeAsString()}, &answers));
    reflection::ServerReflectionResponse answer;
    if (answers.size() != 1 || !answer.ParseFromString(answers[0])) {
      return absl::DataLossError(Cat("reflection does not know ", service.name()));
    }
    for (const std::string& bytes : answer.file_descriptor_response().file_descriptor_proto()) {
      google::protobuf::FileDescriptorProto file;
      if (!file.ParseFromString(bytes)) return absl::DataLossError("reflection gave no file");
      for (const auto& one : file.service()) {
        if (Cat(file.package(), ".", one.name()) != service.name()) continue;
        for (const auto& method : one.method()) {
          methods.push_back(Cat(service.name(), ".", method.name()));
        }
      }
    }
  }
  return methods;
}

}  // namespace bangfu::testing
