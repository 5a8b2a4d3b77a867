// Methods by name. A service's api/ registers a plain function per rpc; the server refuses to start
// when an rpc of a served service has no handler, no access rule, or other types than its contract.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/call_context.h"
#include "google/protobuf/message.h"

namespace bangfu::rpc {

// When a subscription wants its next step.
struct Next {
  bool done = false;                       // the stream ends with OK
  absl::Duration wait = absl::Seconds(1);  // else: no later than this, and at once when woken
  static Next Done() { return {true, absl::ZeroDuration()}; }
  static Next After(absl::Duration wait) { return {false, wait}; }
};

// A server stream that waits between its steps (a watch): what it holds lives here, and no worker
// is held while it waits. Steps of one stream never run at the same time.
template <typename Response>
class Subscription {
 public:
  virtual ~Subscription() = default;
  // Writes what there is now, at most 8 MiB of it (then RESOURCE_EXHAUSTED), and says when to be
  // called again: not before the client has taken what was written. An error ends the stream.
  virtual absl::StatusOr<Next> Step(CallContext& context, Writer<Response>& writer) = 0;
};

// What a server stream is read from: an export, a snapshot. It is asked for its next message on a
// worker when the client has taken enough of what came before, and lives on without a worker
// meanwhile, which may be minutes. So it keeps where it is (a key, bytes), and neither a session
// nor a transaction; each Pull has the session of its worker.
template <typename Response>
class Source {
 public:
  virtual ~Source() = default;
  // The next message, at most 8 MiB (then RESOURCE_EXHAUSTED); nullopt: that was all. An error ends
  // the stream after what came before. Never at the same time as another Pull of the source, nor
  // after an error or the end. `context` is that of the beginning but for the session and `now`.
  virtual absl::StatusOr<std::optional<Response>> Pull(CallContext& context) = 0;
};

// A source that is a function: absl::StatusOr<std::optional<Response>>(CallContext&).
template <typename Response, typename F>
std::unique_ptr<Source<Response>> MakeSource(F function) {
  class Function final : public Source<Response> {
   public:
    explicit Function(F pull) : pull_(std::move(pull)) {}
    absl::StatusOr<std::optional<Response>> Pull(CallContext& context) override {
      return pull_(context);
    }

   private:
    F pull_;
  };
  return std::make_unique<Function>(std::move(function));
}

// A source of messages that are there already; each is let go of as it is sent.
template <typename Response>
std::unique_ptr<Source<Response>> SourceOf(std::deque<Response> messages) {
  return MakeSource<Response>(
      [messages = std::move(messages)](CallContext&) mutable -> std::optional<Response> {
        if (messages.empty()) return std::nullopt;
        std::optional<Response> next(std::move(messages.front()));
        messages.pop_front();
        return next;
      });
}

using WriteMessage = std::function<absl::Status(const google::protobuf::Message&)>;
using SubscriptionStep = std::function<absl::StatusOr<Next>(CallContext&, const WriteMessage&)>;

// One of several calls of a method that are answered together.
template <typename Request>
struct Asked {
  CallContext& context;
  const Request& request;
};

struct Handler {
  // One of several calls, without its types; `outcome` says whether `response` is the answer.
  struct Asking {
    CallContext* context;
    const google::protobuf::Message* request;
    google::protobuf::Message* response;
    absl::Status outcome;
  };
  const google::protobuf::Message* request_prototype = nullptr;
  const google::protobuf::Message* response_prototype = nullptr;
  bool server_streaming = false;
  std::function<absl::Status(CallContext&, const google::protobuf::Message& request,
                             google::protobuf::Message* response)>
      unary;
  // Set where calls that wait one behind the other are answered together; else called one by one.
  std::function<void(std::vector<Asking>&)> together;
  // One of both for a server stream. A step of `stream` writes one message.
  std::function<absl::StatusOr<SubscriptionStep>(CallContext&,
                                                 const google::protobuf::Message&request)>
      stream, subscribe;
};

class Router {
 public:
  // router.Unary<GetProjectRequest, Project>("bangfu.registry.v1.ProjectService.GetProject",
  // handler); handler: absl::StatusOr<Response>(CallContext&, const Request&)
  template <typename Request, typename Response, typename F>
  void Unary(std::string_view method, F handler) {
    Handler h;
    h.request_prototype = &Request::default_instance();
    h.response_prototype = &Response::default_instance();
    h.unary = [handler = std::move(handler)](CallContext& context,
                                             const google::protobuf::Message& request,
                                             google::protobuf::Message* response) -> absl::Status {
      absl::StatusOr<Response> result = handler(context, static_cast<const Request&>(request));
      if (!result.ok()) return result.status();
      static_cast<Response*>(response)->Swap(&*result);
      return absl::OkStatus();
    };
    Add(method, std::move(h));
  }

  // For reads by key: calls of this method that wait for a worker are answered together, with one
  // query for what each of them would ask. Callers and their scopes differ; all contexts share one
  // session. handler: absl::StatusOr<std::vector<absl::StatusOr<Response>>>(
  //     const std::vector<Asked<Request>>&): as many answers in their order, or an error for all.
  template <typename Request, typename Response, typename F>
  void UnaryTogether(std::string_view method, F handler) {
    Handler h;
    h.request_prototype = &Request::default_instance();
    h.response_prototype = &Response::default_instance();
    h.together = [handler = std::move(handler)](std::vector<Handler::Asking>& calls) {
      std::vector<Asked<Request>> asked;
      asked.reserve(calls.size());
      for (const Handler::Asking& call : calls) {
        asked.push_back({*call.context, static_cast<const Request&>(*call.request)});
      }
      absl::StatusOr<std::vector<absl::StatusOr<Response>>> answers = handler(asked);
      for (size_t i = 0; i < calls.size(); ++i) {
        if (!answers.ok()) {
          calls[i].outcome = answers.status();
        } else if (i >= answers->size()) {
          calls[i].outcome = absl::InternalError("a call was not answered");
        } else if (absl::StatusOr<Response>& answer = (*answers)[i]; !answer.ok()) {
          calls[i].outcome = answer.status();
        } else {
          static_cast<Response*>(calls[i].response)->Swap(&*answer);
        }
      }
    };
    Add(method, std::move(h));
  }

  // factory: absl::StatusOr<std::unique_ptr<Source<Response>>>(CallContext&, const Request&); it
  // checks what there is to check, so that a refusal comes before any message.
  template <typename Request, typename Response, typename F>
  void ServerStream(std::string_view method, F factory) {
    Handler h;
    h.request_prototype = &Request::default_instance();
    h.response_prototype = &Response::default_instance();
    h.server_streaming = true;
    h.stream = [factory = std::move(factory)](
                   CallContext& context,
                   const google::protobuf::Message& request) -> absl::StatusOr<SubscriptionStep> {
      absl::StatusOr<std::unique_ptr<Source<Response>>> made =
          factory(context, static_cast<const Request&>(request));
      if (!made.ok()) return made.status();
      std::shared_ptr<Source<Response>> source = *std::move(made);
      return SubscriptionStep(
          [source](CallContext& c, const WriteMessage& write) -> absl::StatusOr<Next> {
            absl::StatusOr<std::optional<Response>> message = source->Pull(c);
            if (!message.ok()) return message.status();
            if (!message->has_value()) return Next::Done();
            if (absl::Status status = write(**message); !status.ok()) return status;
            return Next::After(absl::ZeroDuration());
          });
    };
    Add(method, std::move(h));
  }

  // factory: absl::StatusOr<std::unique_ptr<Subscription<Response>>>(CallContext&, const Request&)
  template <typename Request, typename Response, typename F>
  void Subscribe(std::string_view method, F factory) {
    Handler h;
    h.request_prototype = &Request::default_instance();
    h.response_prototype = &Response::default_instance();
    h.server_streaming = true;
    h.subscribe =
        [factory = std::move(factory)](
            CallContext& context,
            const google::protobuf::Message& request) -> absl::StatusOr<SubscriptionStep> {
      absl::StatusOr<std::unique_ptr<Subscription<Response>>> made =
          factory(context, static_cast<const Request&>(request));
      if (!made.ok()) return made.status();
      std::shared_ptr<Subscription<Response>> subscription = *std::move(made);
      return SubscriptionStep([subscription](CallContext& c, const WriteMessage& write) {
        WriterOver<Response> writer(write);
        return subscription->Step(c, writer);
      });
    };
    Add(method, std::move(h));
  }

  // A later handler of the same method replaces the earlier one.

  void Add(std::string_view method, Handler handler);
  const std::map<std::string, Handler, std::less<>>& handlers() const { return handlers_; }

 private:
  template <typename Response>
  struct WriterOver : Writer<Response> {
    const WriteMessage& write;
    explicit WriterOver(const WriteMessage& w) : write(w) {}
    absl::Status Write(const Response& response) override { return write(response); }
  };
  std::map<std::string, Handler, std::less<>> handlers_;
};

}  // namespace bangfu::rpc
