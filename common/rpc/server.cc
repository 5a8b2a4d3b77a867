#include "common/rpc/server.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <deque>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>
#include <unordered_map>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/log/log.h"
#include "common/rpc/bytes.h"
#include "common/rpc/places.h"
#include "common/rpc/quick_mutexes.h"
#include "common/rpc/reflection.h"
#include "common/rpc/timer.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/status/wire.h"

namespace bangfu::rpc {
namespace {

using Steady = Timer::Steady;

constexpr size_t kMaxStepBytes = 8 << 20;
// gRPC refuses what is over its own limit without our reason. What is up to so many times too large
// is taken from it, so that its caller learns why it is refused.
constexpr int64_t kReadToRefuse = 4;
constexpr int64_t kMaxReadBytes = 64 << 20;  // more than any client of ours sends
constexpr absl::Duration kRetryWhenFull = absl::Milliseconds(200);
// A client ends the call at his deadline by himself, and knows why; he is cut off when he does not.
constexpr absl::Duration kForTheClient = absl::Seconds(1);

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code()), std::string(StdView(status.message())),
          ToRpcStatus(status).SerializeAsString()};
}

std::string_view Header(const grpc::CallbackServerContext& context, const char* name) {
  const auto& headers = context.client_metadata();
  auto it = headers.find(name);
  return it == headers.end() ? std::string_view()
                             : std::string_view(it->second.data(), it->second.size());
}

// "ipv4:10.0.0.7:51234" -> "10.0.0.7"; "ipv6:%5B::1%5D:51234" -> "::1".
std::string AddressOfPeer(std::string_view peer) {
  const size_t scheme = peer.find(':');
  const size_t port = peer.rfind(':');
  if (scheme == std::string_view::npos || port <= scheme) return std::string(peer);
  std::string_view host = peer.substr(scheme + 1, port - scheme - 1);
  if (host.starts_with("%5B") && host.ends_with("%5D")) host = host.substr(3, host.size() - 6);
  if (host.starts_with("[") && host.ends_with("]")) host = host.substr(1, host.size() - 2);
  return std::string(host);
}

std::string LastForwarded(std::string_view header) {
  const size_t comma = header.rfind(',');
  if (comma != std::string_view::npos) header = header.substr(comma + 1);
  while (!header.empty() && header.front() == ' ') header.remove_prefix(1);
  while (!header.empty() && header.back() == ' ') header.remove_suffix(1);
  return Utf8Truncate(header, 64);
}

std::string BearerToken(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size() ||
      !absl::EqualsIgnoreCase(AbslView(authorization.substr(0, kScheme.size())),
                              AbslView(kScheme))) {
    return "";
  }
  return std::string(authorization.substr(kScheme.size()));
}

// Whose verified certificate the connection showed: its common name, else its first alternative
// name.
std::string CertificateOf(const grpc::CallbackServerContext& context) {
  const auto security = context.auth_context();
  if (security == nullptr || !security->IsPeerAuthenticated()) return "";
  for (const char* property : {GRPC_X509_CN_PROPERTY_NAME, GRPC_X509_SAN_PROPERTY_NAME}) {
    for (const grpc::string_ref& value : security->FindPropertyValues(property)) {
      std::string name(value.data(), value.size());
      if (!name.empty() && name.size() <= 100 && IsValidUtf8(name)) return name;
    }
  }
  return "";
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return absl::UnavailableError(Cat("cannot read ", path));
  return text.str();
}

// The end of a call that never reached a method.
class RefusedReactor : public grpc::ServerGenericBidiReactor {
 public:
  explicit RefusedReactor(const absl::Status& status) { Finish(ToGrpc(status)); }
  void OnDone() override { delete this; }
};

class ServerImpl;

// One call. Kept alive by itself until gRPC is done with it, and by the worker that runs it.
class CallReactor : public grpc::ServerGenericBidiReactor,
                    public Transport,
                    public Timed,
                    public Lane::Piece,
                    public std::enable_shared_from_this<CallReactor> {
 public:
  CallReactor(ServerImpl& server, grpc::GenericCallbackServerContext* context,
              const Method& method);
  void Begin();  // after the owning shared_ptr exists

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  bool Parse(google::protobuf::Message* request) override { return FromBytes(&in_, request); }
  bool Cancelled() const override {
    std::lock_guard lock(mu_);
    return cancelled_;
  }

  const void* kind() const override { return call_.method; }
  void RunAll(mysql::Session& session, std::vector<std::shared_ptr<Lane::Piece>> all) override;

  // Subscriptions: takes the next step if it waits, or again after the one under way.
  void Wake();
  void OnTimer() override;
  void EndForShutdown();
  const std::string& method_name() const { return call_.method->name; }
  const std::string& caller() const { return call_.caller.subject; }

 private:
  bool IsStream() const { return call_.method->handler.stream != nullptr; }
  void Run(mysql::Session& session);
  void RunStep(mysql::Session& session);
  void SubmitStep();
  void WaitLocked(Steady::duration wait);
  // The timer calls when the next of what it is awaited for is due.
  void ArmLocked();
  // Finishes the call once; later attempts do nothing.
  void End(absl::Status outcome);
  // Ends a stream whose client is still to take what is under way: he is cut off.
  void GiveUpLocked(std::unique_lock<std::mutex>& lock);
  // Writes what waits and asks a source for more; with nothing left ends or arms the timer. Holds
  // the lock on entry and exit.
  void PumpLocked(std::unique_lock<std::mutex>& lock);
  void AskAheadLocked(std::unique_lock<std::mutex>& lock);

  ServerImpl& server_;
  grpc::GenericCallbackServerContext* const context_;
  Call call_;
  std::shared_ptr<CallReactor> self_;
  grpc::ByteBuffer in_, out_;

  mutable std::mutex mu_;
  bool cancelled_ = false;
  bool ended_ = false;
  bool has_place_ = false;  // among the streams
  // Server streams only.
  bool stepped_ = false;  // set up
  bool writing_ = false;
  bool write_failed_ = false;
  Steady::time_point give_up_at_;  // if this one is still being written then
  bool idle_first_ = false;        // that is before the deadline
  bool giving_up_ = false;         // under way: nothing ends meanwhile
  bool given_up_ = false;
  bool last_step_ = false;  // the outcome is known: end when all is written
  absl::Status outcome_;
  bool stepping_ = false;                                 // queued or running
  bool waiting_ = false;                                  // for the timer or Wake
  bool woken_ = false;                                    // while a step was under way
  Steady::time_point due_;                                // when the next step is due
  Steady::time_point armed_ = Steady::time_point::max();  // when the timer calls next
  std::deque<grpc::ByteBuffer> pending_;                  // of a stream: one at most
  Next next_;
};

class ServerImpl final : public Server, public grpc::CallbackGenericService {
 public:
  ServerImpl(ServerOptions options, ServerDependencies& d)
      : options_(std::move(options)),
        pipeline_(options_.pipeline, d.clock, d.ids, d.authenticator, d.metrics),
        unknown_(d.metrics.AddCounter("bangfu_rpc_unknown_total", "Calls of methods not served")),
        in_flight_(d.metrics.AddGauge("bangfu_rpc_in_flight", "Calls under way")),
        stream_places_(options_.max_streams, options_.max_streams_per_caller),
        subscription_places_(options_.max_subscriptions, options_.max_subscriptions_per_caller),
        read_("read", options_.lanes.read, d.sessions, d.metrics),
        write_("write", options_.lanes.write, d.sessions, d.metrics),
        long_("long", options_.lanes.long_running, d.sessions, d.metrics),
        outbound_("outbound", options_.lanes.outbound, d.sessions, d.metrics) {}
  ~ServerImpl() override { Shutdown(absl::ZeroDuration()); }

  absl::Status Init(const Router& router, const std::vector<std::string>& services) {
    RETURN_IF_ERROR(pipeline_.Build(router, services, [this](const contract::Method& method) {
      switch (method.access.lane()) {
        case options::v1::LANE_LONG:
          return &long_;
        case options::v1::LANE_OUTBOUND:
          return &outbound_;
        default:
          return method.writes() ? &write_ : &read_;
      }
    }));
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    ASSIGN_OR_RETURN(auto credentials, Credentials());
    builder.AddListeningPort(Cat(options_.host, ":", options_.port), credentials, &port_);
    builder.RegisterCallbackGenericService(this);
    builder.SetMaxReceiveMessageSize(static_cast<int>(
        std::max<int64_t>(options_.max_receive_bytes,
                          std::min(options_.max_receive_bytes * kReadToRefuse, kMaxReadBytes))));
    // Without this a second server on the port starts silently and takes half of the calls.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, Millis(options_.max_connection_age));
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
                               Millis(options_.max_connection_age_grace));
    // Clients may keep idle connections alive, but not more often than this.
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    // A vanished client is noticed, so that its streams end.
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20000);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port_ == 0) {
      server_.reset();
      return absl::UnavailableError(Cat("cannot listen on ", options_.host, ":", options_.port));
    }
    SetServing(false);
    return absl::OkStatus();
  }

  int port() const override { return port_; }

  void SetServing(bool serving) override {
    auto* health = server_->GetHealthCheckService();
    if (health == nullptr) return;
    health->SetServingStatus(serving);
    for (const std::string& service : pipeline_.services()) {
      health->SetServingStatus(service, serving);
    }
  }

  void Wake(std::string_view method) override {
    for (auto& subscription : Subscriptions()) {
      if (method.empty() || subscription->method_name() == method) subscription->Wake();
    }
  }

  void Shutdown(absl::Duration grace) override {
    {
      std::lock_guard lock(mu_);
      if (shut_down_) return;
      shut_down_ = true;
    }
    if (server_ != nullptr) {
      for (auto& subscription : Subscriptions()) subscription->EndForShutdown();
      server_->Shutdown(absl::ToChronoTime(absl::Now() + grace));
      server_->Wait();
    }
    timer_.Stop();
    for (Lane* lane : {&read_, &write_, &long_, &outbound_}) lane->Stop();
  }

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* c) override {
    const Method* method = pipeline_.Find(c->method());
    if (method == nullptr) {
      if (options_.reflection && c->method() == kReflectionPath) {
        return NewReflectionReactor(pipeline_.services());
      }
      unknown_.Increment();
      return new RefusedReactor(Error(absl::StatusCode::kUnimplemented, "METHOD_UNKNOWN")
                                    .Message("no such method is served here")
                                    .Zh("没有此接口")
                                    .Build());
    }
    auto reactor = std::make_shared<CallReactor>(*this, c, *method);
    reactor->Begin();
    return reactor.get();
  }

  // Room for one more subscription of this caller, or the refusal.
  absl::Status AddSubscription(const std::shared_ptr<CallReactor>& reactor) {
    std::lock_guard lock(mu_);
    if (shut_down_) return ShuttingDown();
    if (!subscription_places_.Take(reactor->caller())) {
      return TooMany("打开的订阅过多，请稍后重试");
    }
    subscriptions_.emplace(reactor.get(), reactor);
    return absl::OkStatus();
  }
  void RemoveSubscription(CallReactor* reactor) {
    std::lock_guard lock(mu_);
    if (subscriptions_.erase(reactor) > 0) subscription_places_.Free(reactor->caller());
  }
  // The same for a stream that comes to an end: it has its place until then.
  absl::Status AddStream(const std::string& caller) {
    std::lock_guard lock(mu_);
    if (stream_places_.Take(caller)) return absl::OkStatus();
    return TooMany("同时进行的下载过多，请稍后重试");
  }
  void RemoveStream(const std::string& caller) {
    std::lock_guard lock(mu_);
    stream_places_.Free(caller);
  }
  static absl::Status ShuttingDown() {
    return Error(absl::StatusCode::kUnavailable, "SHUTTING_DOWN")
        .Message("the server is shutting down")
        .Zh("服务正在重启，请稍后重试");
  }

  const ServerOptions& options() const { return options_; }
  const Pipeline& pipeline() const { return pipeline_; }
  Timer& timer() { return timer_; }
  metrics::Gauge& in_flight() { return in_flight_; }

 private:
  static absl::Status TooMany(std::string_view zh) {
    return Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_STREAMS")
        .Message("too many open streams")
        .Zh(zh)
        .RetryAfter(absl::Seconds(5));
  }
  static int Millis(absl::Duration d) {
    return static_cast<int>(std::min<int64_t>(absl::ToInt64Milliseconds(d), 0x7fffffff));
  }

  absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> Credentials() const {
    const TlsFiles& tls = options_.tls;
    if (tls.certificate.empty()) {
      if (!tls.key.empty() || !tls.client_ca.empty()) {
        return absl::FailedPreconditionError("TLS key or client CA without a certificate");
      }
      return grpc::InsecureServerCredentials();
    }
    grpc::SslServerCredentialsOptions ssl(
        tls.client_ca.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
        : tls.client_certificate_optional
            ? GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY
            : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    ASSIGN_OR_RETURN(std::string key, ReadFile(tls.key));
    ASSIGN_OR_RETURN(std::string certificate, ReadFile(tls.certificate));
    ssl.pem_key_cert_pairs.push_back({std::move(key), std::move(certificate)});
    if (!tls.client_ca.empty()) {
      ASSIGN_OR_RETURN(ssl.pem_root_certs, ReadFile(tls.client_ca));
    }
    return grpc::SslServerCredentials(ssl);
  }

  std::vector<std::shared_ptr<CallReactor>> Subscriptions() {
    std::lock_guard lock(mu_);
    std::vector<std::shared_ptr<CallReactor>> out;
    for (auto& [raw, weak] : subscriptions_) {
      if (auto one = weak.lock()) out.push_back(std::move(one));
    }
    return out;
  }

  const ServerOptions options_;
  Pipeline pipeline_;
  metrics::Counter unknown_;
  metrics::Gauge in_flight_;
  Places stream_places_, subscription_places_;  // under mu_
  Lane read_, write_, long_, outbound_;
  Timer timer_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  std::mutex mu_;
  bool shut_down_ = false;
  std::unordered_map<CallReactor*, std::weak_ptr<CallReactor>> subscriptions_;
};

CallReactor::CallReactor(ServerImpl& server, grpc::GenericCallbackServerContext* context,
                         const Method& method)
    : server_(server), context_(context) {
  call_.method = &method;
  call_.transport = this;
  call_.received = absl::Now();
  const auto deadline = context->deadline();
  if (deadline != std::chrono::system_clock::time_point::max()) {
    call_.deadline = absl::FromChrono(deadline);
  }
  call_.token = BearerToken(Header(*context, "authorization"));
  if (!server.options().tls.client_ca.empty()) call_.certificate = CertificateOf(*context);
  call_.traceparent = std::string(Header(*context, "traceparent").substr(0, 128));
  call_.source_system = Utf8Truncate(Header(*context, "x-source-system"), 64);
  if (server.options().trust_forwarded_for) {
    call_.client_ip = LastForwarded(Header(*context, "x-forwarded-for"));
  }
  if (call_.client_ip.empty()) call_.client_ip = AddressOfPeer(context->peer());
}

void CallReactor::Begin() {
  self_ = shared_from_this();
  server_.in_flight().Add(1);
  if (absl::Status status = server_.pipeline().Admit(call_); !status.ok()) {
    return End(std::move(status));
  }
  StartRead(&in_);
}

void CallReactor::OnReadDone(bool ok) {
  if (!ok) {
    // No message came: a client that is gone, one far over the size limit, or an empty call.
    if (context_->IsCancelled()) return End(absl::CancelledError("the client is gone"));
    return End(Error(absl::StatusCode::kInvalidArgument, "MALFORMED_REQUEST")
                   .Message("no readable request came")
                   .Zh("请求内容无法识别"));
  }
  // Here, not in a lane: it must not hold its memory for as long as it would wait there.
  const auto limit = static_cast<size_t>(server_.options().max_receive_bytes);
  if (const size_t size = in_.Length(); size > limit) {
    in_.Clear();
    return End(Error(absl::StatusCode::kResourceExhausted, "REQUEST_TOO_LARGE")
                   .Message(Cat("a request of ", size, " bytes, over the limit of ", limit))
                   .With("max_request_bytes", Cat(limit))
                   .Zh(Cat("请求过大，不能超过", limit >> 10, "KiB")));
  }
  if (IsStream()) {
    if (absl::Status status = server_.AddStream(caller()); !status.ok()) {
      return End(std::move(status));
    }
    std::lock_guard lock(mu_);
    has_place_ = true;
  }
  const Pipeline& pipeline = server_.pipeline();
  absl::Status status =
      call_.method->handler.together
          ? pipeline.LimitTogether(call_, shared_from_this())
          : pipeline.Limit(call_, [self = shared_from_this()](mysql::Session& session) {
              self->Run(session);
            });
  if (!status.ok()) End(std::move(status));
}

void CallReactor::RunAll(mysql::Session& session, std::vector<std::shared_ptr<Lane::Piece>> all) {
  std::vector<CallReactor*> reactors;
  std::vector<Call*> calls;
  for (const auto& piece : all) {
    // Only calls have methods for a kind.
    reactors.push_back(static_cast<CallReactor*>(piece.get()));
    calls.push_back(&reactors.back()->call_);
  }
  std::vector<absl::Status> outcomes = server_.pipeline().ExecuteTogether(calls, session);
  for (size_t i = 0; i < reactors.size(); ++i) reactors[i]->End(std::move(outcomes[i]));
}

void CallReactor::Run(mysql::Session& session) {
  absl::Status status = server_.pipeline().Execute(call_, session);
  if (!status.ok() || !call_.step) return End(std::move(status));
  {
    std::lock_guard lock(mu_);
    stepped_ = stepping_ = true;  // before anyone can find it
  }
  if (!IsStream()) {
    if (status = server_.AddSubscription(shared_from_this()); !status.ok()) {
      return End(std::move(status));
    }
  }
  RunStep(session);
}

void CallReactor::OnWriteDone(bool ok) {
  std::unique_lock lock(mu_);
  writing_ = false;
  if (!ok) write_failed_ = true;
  if (!stepping_) PumpLocked(lock);
}

void CallReactor::RunStep(mysql::Session& session) {
  std::deque<grpc::ByteBuffer> made;
  size_t bytes = 0;
  absl::StatusOr<Next> next = server_.pipeline().Step(
      call_, session, [&](const google::protobuf::Message& response) -> absl::Status {
        grpc::ByteBuffer one;
        if (!ToBytes(response, &one)) return absl::InternalError("a message is too large to send");
        bytes += one.Length();
        if (bytes > kMaxStepBytes) {
          return absl::ResourceExhaustedError("a step writes too much");
        }
        made.push_back(std::move(one));
        return absl::OkStatus();
      });
  std::unique_lock lock(mu_);
  stepping_ = false;
  if (given_up_) return PumpLocked(lock);
  for (auto& one : made) pending_.push_back(std::move(one));
  if (!next.ok()) {
    last_step_ = true;
    outcome_ = next.status();
  } else if (next->done) {
    last_step_ = true;
  } else {
    next_ = *next;
  }
  PumpLocked(lock);
}

void CallReactor::PumpLocked(std::unique_lock<std::mutex>& lock) {
  if (ended_ || giving_up_) return;
  if (!writing_ && (cancelled_ || write_failed_ || (pending_.empty() && last_step_))) {
    absl::Status outcome = outcome_;
    if (outcome.ok() && (cancelled_ || write_failed_)) {
      outcome = absl::Now() >= call_.deadline ? absl::DeadlineExceededError("the deadline passed")
                                              : absl::CancelledError("the client is gone");
    }
    lock.unlock();
    End(std::move(outcome));
    lock.lock();
    return;
  }
  if (!writing_ && !pending_.empty()) {
    out_ = std::move(pending_.front());
    pending_.pop_front();
    writing_ = true;
    if (IsStream()) {
      const absl::Duration left = call_.deadline - absl::Now() + kForTheClient;
      idle_first_ = server_.options().stream_idle_timeout < left;
      give_up_at_ = Steady::now() + absl::ToChronoNanoseconds(
                                        std::min(server_.options().stream_idle_timeout, left));
      ArmLocked();
    }
    lock.unlock();
    StartWrite(&out_);
    lock.lock();
    // The write may have ended meanwhile, and who saw to that may have begun the next step: a
    // second one beside it would take from the same subscription.
    if (!IsStream()) return;
  }
  if (IsStream()) return AskAheadLocked(lock);
  if (writing_ || waiting_) return;
  const absl::Duration wait = woken_ ? absl::ZeroDuration() : next_.wait;
  woken_ = false;
  WaitLocked(absl::ToChronoNanoseconds(std::min(wait, absl::Hours(1))));
}

void CallReactor::AskAheadLocked(std::unique_lock<std::mutex>& lock) {
  if (ended_ || stepping_ || waiting_ || last_step_ || !pending_.empty()) return;
  if (cancelled_ || write_failed_) return;  // it ends with the write
  stepping_ = true;
  lock.unlock();
  SubmitStep();
  lock.lock();
}

void CallReactor::GiveUpLocked(std::unique_lock<std::mutex>& lock) {
  outcome_ = idle_first_ ? Error(absl::StatusCode::kDeadlineExceeded, "STREAM_STALLED")
                               .Message("the client takes no messages")
                               .Zh("客户端长时间未接收数据")
                               .Build()
                         : absl::DeadlineExceededError("the deadline passed");
  last_step_ = given_up_ = giving_up_ = true;
  pending_.clear();
  lock.unlock();
  context_->TryCancel();  // fails the write under way
  lock.lock();
  giving_up_ = false;
  if (!stepping_) PumpLocked(lock);
}

void CallReactor::WaitLocked(Steady::duration wait) {
  waiting_ = true;
  due_ = Steady::now() + wait;
  ArmLocked();
}

void CallReactor::ArmLocked() {
  auto next = waiting_ ? due_ : Steady::time_point::max();
  if (writing_ && IsStream() && !given_up_) next = std::min(next, give_up_at_);
  // A timer that calls earlier sets itself again: wakes and writes do not pile up timers.
  if (armed_ <= next) return;
  armed_ = next;
  server_.timer().At(next, weak_from_this());
}

void CallReactor::OnTimer() {
  std::unique_lock lock(mu_);
  armed_ = Steady::time_point::max();
  if (ended_) return;
  const auto now = Steady::now();
  if (writing_ && IsStream() && !given_up_ && now >= give_up_at_) return GiveUpLocked(lock);
  const bool due = waiting_ && now >= due_;
  if (due) {
    waiting_ = false;
    stepping_ = true;
  }
  ArmLocked();
  lock.unlock();
  if (due) SubmitStep();
}

void CallReactor::Wake() {
  {
    std::lock_guard lock(mu_);
    if (ended_ || !stepped_) return;
    if (!waiting_) {
      woken_ = true;
      return;
    }
    waiting_ = false;
    stepping_ = true;
  }
  SubmitStep();
}

void CallReactor::SubmitStep() {
  absl::Status status = server_.pipeline().Limit(
      call_, [self = shared_from_this()](mysql::Session& session) { self->RunStep(session); });
  if (status.ok()) return;
  // No room now: an open stream does not end for that, it waits a little longer.
  std::unique_lock lock(mu_);
  stepping_ = false;
  if (ended_) return;
  if (cancelled_ || write_failed_ || given_up_) return PumpLocked(lock);
  if (absl::IsUnavailable(status)) {
    last_step_ = true;
    outcome_ = status;
    PumpLocked(lock);
    return;
  }
  WaitLocked(absl::ToChronoNanoseconds(kRetryWhenFull));
}

void CallReactor::EndForShutdown() {
  std::unique_lock lock(mu_);
  if (ended_ || last_step_) return;
  last_step_ = true;
  outcome_ = ServerImpl::ShuttingDown();
  waiting_ = false;
  if (!stepping_) PumpLocked(lock);
}

void CallReactor::OnCancel() {
  std::unique_lock lock(mu_);
  cancelled_ = true;
  if (stepped_ && !stepping_) PumpLocked(lock);
}

void CallReactor::End(absl::Status outcome) {
  bool had_place = false;
  {
    std::lock_guard lock(mu_);
    if (ended_) return;
    ended_ = true;
    had_place = has_place_;
  }
  if (had_place) server_.RemoveStream(caller());
  server_.RemoveSubscription(this);
  call_.step = nullptr;  // no step runs; what it holds goes now, however long the client takes
  outcome = server_.pipeline().Finish(call_, std::move(outcome));
  if (outcome.ok() && call_.response != nullptr) {
    if (ToBytes(*call_.response, &out_)) {
      StartWriteAndFinish(&out_, grpc::WriteOptions(), grpc::Status::OK);
    } else {
      Finish({grpc::StatusCode::INTERNAL, "the answer is too large"});
    }
    return;
  }
  Finish(ToGrpc(outcome));
}

void CallReactor::OnDone() {
  server_.in_flight().Add(-1);
  self_.reset();  // may destroy this
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(ServerOptions options,
                                                      ServerDependencies dependencies,
                                                      const Router& router,
                                                      const std::vector<std::string>& services) {
  UseQuickMutexes();
  auto server = std::make_unique<ServerImpl>(std::move(options), dependencies);
  RETURN_IF_ERROR(server->Init(router, services));
  return server;
}

}  // namespace bangfu::rpc
