#include "common/rpc/client.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/impl/rpc_method.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/sync_stream.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <sstream>
#include <unordered_map>
#include <vector>

#include "common/base/backoff.h"
#include "common/base/random.h"
#include "common/base/strings.h"
#include "common/contract/access.h"
#include "common/rpc/bytes.h"
#include "common/rpc/quick_mutexes.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/status/wire.h"
#include "google/rpc/status.pb.h"

namespace bangfu::rpc {
namespace {

using google::protobuf::Message;

struct Target {
  std::string path;  // "/package.Service/Method"; gRPC keeps a pointer to it
  bool is_read = false;
};

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  google::rpc::Status wire;
  if (!status.error_details().empty() && wire.ParseFromString(status.error_details()) &&
      wire.code() == static_cast<int>(code)) {
    return FromRpcStatus(wire);
  }
  return {code, status.error_message()};
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return absl::UnavailableError(Cat("cannot read ", path));
  return text.str();
}

}  // namespace

struct Client::Impl {
  ClientOptions options;
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  std::atomic<unsigned> next_channel{0};
  std::shared_mutex targets_mu;
  std::unordered_map<std::string, std::unique_ptr<Target>> targets;
  std::mutex active_mu;
  std::condition_variable cancelled_changed;
  std::set<grpc::ClientContext*> active;
  bool cancelled = false;

  // A server that shuts down refuses calls that cross its goodbye with a bare CANCELLED, before any
  // handler saw them. We cancel with CancelAll only, so what is left means: come again.
  absl::Status Outcome(const grpc::Status& result) {
    if (result.error_code() == grpc::StatusCode::CANCELLED && result.error_details().empty()) {
      std::lock_guard lock(active_mu);
      if (!cancelled) {
        return Error(absl::StatusCode::kUnavailable, "PEER_CLOSED")
            .Message("the server ended the call")
            .Zh("服务正在重启，请稍后重试");
      }
    }
    return FromGrpc(result);
  }

  grpc::Channel* PickChannel() {
    if (channels.size() == 1) return channels[0].get();
    return channels[next_channel.fetch_add(1, std::memory_order_relaxed) % channels.size()].get();
  }

  absl::StatusOr<const Target*> Find(std::string_view method) {
    {
      std::shared_lock lock(targets_mu);
      if (auto it = targets.find(std::string(method)); it != targets.end()) return it->second.get();
    }
    const size_t dot = method.rfind('.');
    if (dot == std::string_view::npos) {
      return absl::InvalidArgumentError(Cat("no full method name: ", method));
    }
    auto target = std::make_unique<Target>();
    target->path = Cat("/", method.substr(0, dot), "/", method.substr(dot + 1));
    const auto* descriptor =
        google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(std::string(method));
    if (descriptor != nullptr) {
      const auto access = contract::AccessOf(*descriptor);
      target->is_read = access.ok() && access->mode() == options::v1::ACCESS_MODE_READ;
    }
    std::unique_lock lock(targets_mu);
    return targets.try_emplace(std::string(method), std::move(target)).first->second.get();
  }

  absl::Status Prepare(grpc::ClientContext& context, const CallOptions& call, absl::Time deadline) {
    if (deadline != absl::InfiniteFuture()) context.set_deadline(absl::ToChronoTime(deadline));
    std::string token = call.token;
    if (token.empty() && options.token) {
      ASSIGN_OR_RETURN(token, options.token());
    }
    if (!token.empty()) context.AddMetadata("authorization", Cat("Bearer ", token));
    if (!call.traceparent.empty()) context.AddMetadata("traceparent", call.traceparent);
    for (const auto& [name, value] : options.headers) context.AddMetadata(name, value);
    for (const auto& [name, value] : call.headers) context.AddMetadata(name, value);
    return absl::OkStatus();
  }
};

namespace {

// Keeps the call where CancelAll finds it, for as long as it runs.
class Active {
 public:
  Active(std::mutex& mu, std::set<grpc::ClientContext*>& set, bool& cancelled,
         grpc::ClientContext* context)
      : mu_(mu), set_(set), context_(context) {
    std::lock_guard lock(mu_);
    refused_ = cancelled;
    if (!refused_) set_.insert(context_);
  }
  ~Active() {
    std::lock_guard lock(mu_);
    set_.erase(context_);
  }
  bool refused() const { return refused_; }

 private:
  std::mutex& mu_;
  std::set<grpc::ClientContext*>& set_;
  grpc::ClientContext* context_;
  bool refused_ = false;
};

}  // namespace

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

absl::StatusOr<std::unique_ptr<Client>> Client::Create(ClientOptions options) {
  UseQuickMutexes();
  auto impl = std::make_unique<Impl>();
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (!options.ca.empty() || !options.certificate.empty()) {
    grpc::SslCredentialsOptions ssl;
    ASSIGN_OR_RETURN(ssl.pem_root_certs, ReadFile(options.ca));
    ASSIGN_OR_RETURN(ssl.pem_private_key, ReadFile(options.key));
    ASSIGN_OR_RETURN(ssl.pem_cert_chain, ReadFile(options.certificate));
    credentials = grpc::SslCredentials(ssl);
  }
  for (int i = 0; i < std::max(1, options.connections); ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(options.max_receive_bytes);
    arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, 64 << 10);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30000);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10000);
    // A restarted peer is back in seconds, not after gRPC's two minutes.
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 3000);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, options.connections > 1 ? 1 : 0);
    impl->channels.push_back(grpc::CreateCustomChannel(options.target, credentials, arguments));
  }
  impl->options = std::move(options);
  return std::unique_ptr<Client>(new Client(std::move(impl)));
}

absl::Status Client::CallInto(std::string_view method, const Message& request, Message* response,
                              const CallOptions& options) {
  ASSIGN_OR_RETURN(const Target* target, impl_->Find(method));
  const absl::Duration timeout =
      options.timeout > absl::ZeroDuration() ? options.timeout : impl_->options.default_timeout;
  const absl::Time deadline = std::min(options.deadline, absl::Now() + timeout);
  grpc::ByteBuffer bytes;
  if (!ToBytes(request, &bytes)) return absl::InvalidArgumentError("the request is too large");
  Backoff backoff({.initial = absl::Milliseconds(50), .max = absl::Seconds(1)}, SystemRandom);
  for (int attempt = 1;; ++attempt) {
    grpc::ClientContext context;
    RETURN_IF_ERROR(impl_->Prepare(context, options, deadline));
    grpc::ByteBuffer answer;
    grpc::Status result;
    {
      Active active(impl_->active_mu, impl_->active, impl_->cancelled, &context);
      if (active.refused()) return absl::CancelledError("the client is shutting down");
      // What a generated stub does, with bytes for its messages.
      const grpc::internal::RpcMethod rpc(target->path.c_str(),
                                          grpc::internal::RpcMethod::NORMAL_RPC);
      result = grpc::internal::BlockingUnaryCall<grpc::ByteBuffer, grpc::ByteBuffer>(
          impl_->PickChannel(), rpc, &context, bytes, &answer);
    }
    if (result.ok()) {
      if (FromBytes(&answer, response)) return absl::OkStatus();
      return absl::DataLossError(Cat("the answer of ", method, " is no message of its type"));
    }
    absl::Status status = impl_->Outcome(result);
    const absl::Duration wait = backoff.Next();
    if (!absl::IsUnavailable(status) || !target->is_read ||
        attempt >= impl_->options.read_attempts || absl::Now() + wait >= deadline) {
      return status;
    }
    std::unique_lock lock(impl_->active_mu);
    impl_->cancelled_changed.wait_for(lock, absl::ToChronoNanoseconds(wait),
                                      [&] { return impl_->cancelled; });
  }
}

absl::Status Client::ReadInto(std::string_view method, const Message& request,
                              const Message& prototype,
                              const std::function<absl::Status(const Message&)>& on_message,
                              const CallOptions& options) {
  ASSIGN_OR_RETURN(const Target* target, impl_->Find(method));
  const absl::Time deadline = options.timeout > absl::ZeroDuration()
                                  ? std::min(options.deadline, absl::Now() + options.timeout)
                                  : options.deadline;
  grpc::ByteBuffer bytes;
  if (!ToBytes(request, &bytes)) return absl::InvalidArgumentError("the request is too large");
  grpc::ClientContext context;
  RETURN_IF_ERROR(impl_->Prepare(context, options, deadline));
  Active active(impl_->active_mu, impl_->active, impl_->cancelled, &context);
  if (active.refused()) return absl::CancelledError("the client is shutting down");
  const grpc::internal::RpcMethod rpc(target->path.c_str(),
                                      grpc::internal::RpcMethod::SERVER_STREAMING);
  std::unique_ptr<grpc::ClientReader<grpc::ByteBuffer>> reader(
      grpc::internal::ClientReaderFactory<grpc::ByteBuffer>::Create(impl_->PickChannel(), rpc,
                                                                    &context, bytes));
  std::unique_ptr<Message> message(prototype.New());
  absl::Status stopped;
  grpc::ByteBuffer answer;
  while (stopped.ok() && reader->Read(&answer)) {
    message->Clear();
    stopped = FromBytes(&answer, message.get())
                  ? on_message(*message)
                  : absl::DataLossError(Cat("an answer of ", method, " is no message of its type"));
    answer.Clear();
  }
  if (!stopped.ok()) {
    context.TryCancel();
    while (reader->Read(&answer)) answer.Clear();
    reader->Finish();
    return stopped;
  }
  return impl_->Outcome(reader->Finish());
}

absl::Status Client::Exchange(std::string_view path, const std::vector<std::string>& requests,
                              std::vector<std::string>* responses, const CallOptions& options) {
  const std::string path_text(path);
  grpc::ClientContext context;
  RETURN_IF_ERROR(impl_->Prepare(
      context, options, std::min(options.deadline, absl::Now() + impl_->options.default_timeout)));
  Active active(impl_->active_mu, impl_->active, impl_->cancelled, &context);
  if (active.refused()) return absl::CancelledError("the client is shutting down");
  const grpc::internal::RpcMethod rpc(path_text.c_str(), grpc::internal::RpcMethod::BIDI_STREAMING);
  std::unique_ptr<grpc::ClientReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>> stream(
      grpc::internal::ClientReaderWriterFactory<grpc::ByteBuffer, grpc::ByteBuffer>::Create(
          impl_->PickChannel(), rpc, &context));
  for (const std::string& request : requests) {
    grpc::Slice slice(request);
    grpc::ByteBuffer answer;
    if (!stream->Write(grpc::ByteBuffer(&slice, 1)) || !stream->Read(&answer)) break;
    grpc::Slice joined;
    if (!answer.DumpToSingleSlice(&joined).ok()) break;
    responses->emplace_back(reinterpret_cast<const char*>(joined.begin()), joined.size());
  }
  stream->WritesDone();
  return FromGrpc(stream->Finish());
}

void Client::CancelAll() {
  std::lock_guard lock(impl_->active_mu);
  impl_->cancelled = true;
  for (grpc::ClientContext* context : impl_->active) context->TryCancel();
  impl_->cancelled_changed.notify_all();
}

}  // namespace bangfu::rpc
