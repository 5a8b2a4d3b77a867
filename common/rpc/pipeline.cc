#include "common/rpc/pipeline.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

#include "absl/strings/str_join.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/random.h"
#include "common/base/strings.h"
#include "common/contract/log_text.h"
#include "common/log/log.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::rpc {
namespace {

constexpr std::string_view kZhInternal = "系统内部错误，请联系运维人员并提供编号";

// The vocabulary for errors that carry no reason of their own: a caller always finds one.
struct Default {
  absl::StatusCode code;
  std::string_view reason;
  std::string_view zh;
};
constexpr Default kDefaults[] = {
    {absl::StatusCode::kCancelled, "CANCELLED", "请求已取消"},
    {absl::StatusCode::kInvalidArgument, "INVALID_ARGUMENT", "请求内容有误"},
    {absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED", "处理超时，请稍后重试"},
    {absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND", "记录不存在"},
    {absl::StatusCode::kAlreadyExists, "ALREADY_EXISTS", "记录已存在"},
    {absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED", "没有权限"},
    {absl::StatusCode::kResourceExhausted, "RESOURCE_EXHAUSTED", "系统繁忙，请稍后重试"},
    {absl::StatusCode::kFailedPrecondition, "FAILED_PRECONDITION", "当前状态不允许此操作"},
    {absl::StatusCode::kAborted, "ABORTED", "操作冲突，请重试"},
    {absl::StatusCode::kOutOfRange, "OUT_OF_RANGE", "超出范围"},
    {absl::StatusCode::kUnimplemented, "UNIMPLEMENTED", "不支持此操作"},
    {absl::StatusCode::kUnavailable, "UNAVAILABLE", "服务暂时不可用，请稍后重试"},
    {absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED", "请先登录"},
};

std::string_view RequestIdOf(const Call& call) {
  static const std::string* const none = new std::string;
  if (call.request == nullptr || call.method->request_id == nullptr) return *none;
  static thread_local std::string scratch;
  return call.request->GetReflection()->GetStringReference(*call.request, call.method->request_id,
                                                           &scratch);
}

absl::Status GrantsChanged() {
  return Error(absl::StatusCode::kPermissionDenied, "GRANTS_CHANGED")
      .Message("the caller's grants changed under way")
      .Zh("您的授权已变更，请重新操作");
}

}  // namespace

// The stages. Each is a function of the call; the lists below give their order.
struct Stages {
  using Check = absl::Status (*)(const Pipeline&, Call&);
  struct Stage {
    const char* name;
    Check run;
  };

  static absl::Status Trace(const Pipeline&, Call& call) {
    call.trace = trace::FromHeaderOrNew(call.traceparent, SystemRandom);
    return absl::OkStatus();
  }

  static absl::Status Deadline(const Pipeline& p, Call& call) {
    const absl::Time now = absl::Now();
    if (call.deadline == absl::InfiniteFuture() && !call.method->handler.subscribe) {
      const bool is_long = call.method->contract.access.lane() == options::v1::LANE_LONG;
      call.deadline = call.received +
                      (is_long ? p.options_.default_long_deadline : p.options_.default_deadline);
    }
    if (call.transport->Cancelled()) {
      return Error(absl::StatusCode::kCancelled, "CANCELLED").Zh("请求已取消");
    }
    if (now >= call.deadline) {
      return Error(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED")
          .Message("the deadline passed before the call ran")
          .Zh("处理超时，请稍后重试");
    }
    return absl::OkStatus();
  }

  static absl::Status Authenticate(const Pipeline& p, Call& call) {
    if (call.token.empty() && !call.certificate.empty()) {
      // A system that shows a certificate needs no token. Who brings one acts as its holder: behind
      // the edge the certificate is the edge's.
      call.caller = auth::Caller();
      call.caller.subject = Cat(auth::kCertificateSubject, call.certificate);
      call.caller.name = call.certificate;
      call.caller.is_system = true;
    } else {
      ASSIGN_OR_RETURN(auto identity, p.authenticator_.Authenticate(call.token));
      call.caller = *identity;
    }
    call.caller.client_ip = call.client_ip;
    call.caller.source_system = call.source_system;
    return absl::OkStatus();
  }

  // What the caller may do at this instant. From memory: no call costs a query for it.
  static absl::Status LookUpGrants(const Pipeline& p, Call& call) {
    if (p.options_.grants == nullptr) return absl::OkStatus();
    // Read before the grants: what changes between the two is found at the next look.
    call.grants_version = p.options_.grants->version();
    return auth::LookUpGrants(*p.options_.grants, p.clock_.Now(), &call.caller, &call.grants_until);
  }

  // Grants for other clauses of the policy than the rpc's open nothing in this call.
  static absl::Status Narrow(const Pipeline&, Call& call) {
    auth::Caller& caller = call.caller;
    caller.narrowed.clear();
    const auto out = std::stable_partition(
        caller.grants.begin(), caller.grants.end(),
        [&](const auth::Grant& grant) { return grant.Serves(call.method->clauses); });
    std::move(out, caller.grants.end(), std::back_inserter(caller.narrowed));
    caller.grants.erase(out, caller.grants.end());
    return absl::OkStatus();
  }

  // The caller has the role, but for other clauses.
  static absl::Status OtherClauses(const Call& call) {
    const auto& roles = call.method->roles;
    for (const auth::Grant& grant : call.caller.narrowed) {
      if (std::find(roles.begin(), roles.end(), grant.role) == roles.end()) continue;
      return Error(absl::StatusCode::kPermissionDenied, "SCOPE_EXCLUDES")
          .Message("the grant's clauses are not those that this rpc serves")
          .With("clauses", absl::StrJoin(call.method->clauses, ","))
          .With("granted", absl::StrJoin(grant.clauses, ","))
          .Zh(Cat("您的授权限于政策条款（", absl::StrJoin(grant.clauses, "、"),
                  "），此操作属于条款（", absl::StrJoin(call.method->clauses, "、"), "）"))
          .Build();
    }
    return absl::OkStatus();
  }

  // The caller once had the right, or will have it: the person is told which.
  static absl::Status NotNow(const Pipeline& p, const Call& call) {
    if (p.options_.grants == nullptr || call.caller.grants_in_token) return absl::OkStatus();
    const auto held = p.options_.grants->Of(call.caller.subject, call.caller.is_system);
    if (held == nullptr) return absl::OkStatus();
    const auto fits = [&](const auth::Grant& grant) {
      const auto& roles = call.method->roles;
      return std::find(roles.begin(), roles.end(), grant.role) != roles.end();
    };
    const auto refuse = [](std::string_view reason, std::string_view zh, absl::Time at) {
      const std::string day = absl::FormatTime("%Y-%m-%d %H:%M", at, ShanghaiTimeZone());
      return Error(absl::StatusCode::kPermissionDenied, reason)
          .Message("the grant that this rpc asks for does not hold now")
          .With("at", absl::FormatTime(absl::RFC3339_sec, at, absl::UTCTimeZone()))
          .Zh(Cat(zh, "（", day, "）"))
          .Build();
    };
    const absl::Time now = p.clock_.Now();
    for (const auth::Grant& grant : held->grants) {
      if (fits(grant) && grant.from > now) {
        return refuse("GRANT_NOT_YET_VALID", "您的授权尚未生效", grant.from);
      }
    }
    for (const auth::Grant& grant : held->revoked) {
      if (fits(grant)) return refuse("GRANT_REVOKED", "您的授权已撤销", grant.to);
    }
    for (const auth::Grant& grant : held->grants) {
      if (fits(grant)) return refuse("GRANT_EXPIRED", "您的授权已到期", grant.to);
    }
    return absl::OkStatus();
  }

  static absl::Status Authorise(const Pipeline& p, Call& call) {
    const Method& method = *call.method;
    call.scope = call.caller.Scope(method.roles);
    if (method.contract.access.any_role() || !call.scope.empty()) return absl::OkStatus();
    RETURN_IF_ERROR(OtherClauses(call));
    RETURN_IF_ERROR(NotNow(p, call));
    return Error(absl::StatusCode::kPermissionDenied, "ROLE_REQUIRED")
        .Message("the caller holds none of the roles that this rpc asks for")
        .With("roles", absl::StrJoin(method.roles, ",",
                                     [](std::string* out, auth::Role role) {
                                       out->append(options::v1::Role_Name(role));
                                     }))
        .Zh("您没有执行此操作所需的角色");
  }

  static absl::Status TakesWrites(const Pipeline& p, Call& call) {
    const contract::Method& contract = call.method->contract;
    if (!p.options_.takes_writes || !contract.writes() || contract.access.while_frozen()) {
      return absl::OkStatus();
    }
    return p.options_.takes_writes();
  }

  // For what goes on for long: is the caller still who was let in? Costs a comparison while no
  // grant has changed and none has begun or ended; `again` looks in any case, at the token too.
  static absl::Status Recheck(const Pipeline& p, Call& call, bool again) {
    const bool looked_up = p.options_.grants != nullptr && auth::IsLookedUp(call.caller);
    if (!again && (!looked_up || (call.grants_version == p.options_.grants->version() &&
                                  p.clock_.Now() < call.grants_until))) {
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(Authenticate(p, call));
    RETURN_IF_ERROR(LookUpGrants(p, call));
    RETURN_IF_ERROR(Narrow(p, call));
    return Authorise(p, call);
  }

  static absl::Status Parse(const Pipeline&, Call& call) {
    call.request.reset(call.method->handler.request_prototype->New());
    if (call.transport->Parse(call.request.get())) return absl::OkStatus();
    call.request.reset();
    return Error(absl::StatusCode::kInvalidArgument, "MALFORMED_REQUEST")
        .Message("the request's bytes are no message of the contract")
        .Zh("请求内容无法识别");
  }

  static absl::Status Validate(const Pipeline&, Call& call) {
    return call.method->validator->Validate(*call.request);
  }

  static absl::Status ClearOutput(const Pipeline&, Call& call) {
    call.method->validator->ClearOutputOnly(call.request.get());
    return absl::OkStatus();
  }

  // Before the body is read, on the transport's thread.
  static constexpr Stage kAdmission[] = {
      {"trace", Trace},        // first, so that every later line of the log carries the id
      {"deadline", Deadline},  // no work for a caller who no longer waits
      {"authenticate",
       Authenticate},  // before anything that depends on who calls; the cache makes it cheap
      {"grants", LookUpGrants},  // the token proves the person; what they may do changes
      {"narrow", Narrow},        // what a grant is for, before what it opens
      {"authorise", Authorise},  // before the body: a caller without the role costs no parsing
      {"takes_writes",
       TakesWrites},  // after the caller is known: a freeze is no news for strangers
  };
  // Between the two: Limit, the lane's queue. After authorise, so that only callers who may call
  // take a place in it, and their share is counted by person.

  // On a worker, with its session.
  static constexpr Stage kExecution[] = {
      {"deadline", Deadline},         // again: the call may have waited longer than its caller
      {"parse", Parse},               // bytes to message
      {"validate", Validate},         // all violations at once, before the handler sees anything
      {"clear_output", ClearOutput},  // what the server sets is never taken from a client
  };
};

metrics::Counter& Method::CodeCounter(absl::StatusCode code, metrics::Registry& metrics) const {
  const size_t i = static_cast<size_t>(code) < codes_.size() ? static_cast<size_t>(code) : 2;
  // Made when first needed: most methods never see most codes.
  std::call_once(code_once_[i], [&] {
    codes_[i] = metrics.AddCounter("bangfu_rpc_calls_total", "Calls by method and status code",
                                   {{"method", name}, {"code", absl::StatusCodeToString(code)}});
  });
  return codes_[i];
}

Pipeline::Pipeline(PipelineOptions options, const Clock& clock, UlidGenerator& ids,
                   auth::Authenticator& authenticator, metrics::Registry& metrics)
    : options_(std::move(options)),
      clock_(clock),
      ids_(ids),
      authenticator_(authenticator),
      metrics_(metrics) {}

absl::Status Pipeline::Build(const Router& router, const std::vector<std::string>& services,
                             const std::function<Lane*(const contract::Method&)>& lane_of) {
  std::vector<std::string> wrong;
  std::map<std::string, bool, std::less<>> used;
  for (const auto& [name, handler] : router.handlers()) used[name] = false;
  for (const std::string& service_name : services) {
    const auto* service = contract::FindService(service_name);
    if (service == nullptr) {
      wrong.push_back(Cat(service_name, ": no such service is linked in"));
      continue;
    }
    for (int i = 0; i < service->method_count(); ++i) {
      const auto& descriptor = *service->method(i);
      const std::string& name = descriptor.full_name();
      auto access = contract::AccessOf(descriptor);
      if (!access.ok()) wrong.emplace_back(StdView(access.status().message()));
      auto validator = contract::Validator::For(descriptor.input_type());
      if (!validator.ok()) wrong.push_back(Cat(name, ": ", validator.status().message()));
      if (descriptor.client_streaming()) {
        wrong.push_back(Cat(name, ": client streams are not served"));
      }
      auto it = router.handlers().find(name);
      if (it == router.handlers().end()) {
        wrong.push_back(Cat(name, ": no handler"));
        continue;
      }
      used[name] = true;
      const Handler& handler = it->second;
      if (handler.request_prototype->GetDescriptor() != descriptor.input_type() ||
          handler.response_prototype->GetDescriptor() != descriptor.output_type()) {
        wrong.push_back(Cat(name, ": the handler's types are not the contract's"));
      }
      if (handler.server_streaming != descriptor.server_streaming()) {
        wrong.push_back(Cat(name, ": streaming differs from the contract"));
      }
      if (!wrong.empty()) continue;

      auto method = std::make_unique<Method>();
      method->name = name;
      method->contract = {&descriptor, *std::move(access)};
      for (int role : method->contract.access.roles()) {
        method->roles.push_back(static_cast<auth::Role>(role));
      }
      method->clauses = contract::ClausesOf(descriptor);
      method->handler = handler;
      method->validator = *validator;
      const auto* id = descriptor.input_type()->FindFieldByName("request_id");
      if (id != nullptr && !id->is_repeated() &&
          id->type() == google::protobuf::FieldDescriptor::TYPE_STRING) {
        method->request_id = id;
      }
      method->lane = lane_of(method->contract);
      method->latency = metrics_.AddLatency("bangfu_rpc_seconds", "Duration of calls by method",
                                            {{"method", name}});
      methods_.emplace(Cat("/", service_name, "/", descriptor.name()), std::move(method));
    }
  }
  for (const auto& [name, is_used] : used) {
    if (!is_used) wrong.push_back(Cat(name, ": a handler, but no served rpc"));
  }
  if (!wrong.empty()) {
    return Error(absl::StatusCode::kFailedPrecondition, "SERVER_INCOMPLETE")
        .Message(Cat("the server cannot start: ", absl::StrJoin(wrong, "; ")));
  }
  services_ = services;
  return absl::OkStatus();
}

const Method* Pipeline::Find(std::string_view path) const {
  auto it = methods_.find(path);
  return it == methods_.end() ? nullptr : it->second.get();
}

absl::Status Pipeline::Admit(Call& call) const {
  for (const auto& stage : Stages::kAdmission) RETURN_IF_ERROR(stage.run(*this, call));
  return absl::OkStatus();
}

absl::Status Pipeline::Limit(const Call& call, Lane::Task run) const {
  return call.method->lane->Submit(call.caller.subject, std::move(run));
}

absl::Status Pipeline::LimitTogether(const Call& call, std::shared_ptr<Lane::Piece> piece) const {
  return call.method->lane->Submit(call.caller.subject, std::move(piece));
}

CallContext Pipeline::MakeContext(Call& call, mysql::Session& session) const {
  return CallContext{
      .caller = call.caller,
      .db = session,
      .clock = clock_,
      .ids = ids_,
      .now = clock_.Now(),
      .deadline = call.deadline,
      .method = call.method->name,
      .trace_id = call.trace.trace_id,
      .scope = call.scope,
      .roles = call.method->roles,
      .cancelled = [&call] { return call.transport->Cancelled() || absl::Now() >= call.deadline; },
  };
}

absl::Status Pipeline::Execute(Call& call, mysql::Session& session) const {
  // The catch-all: what a library throws ends the call, never the process.
  try {
    for (const auto& stage : Stages::kExecution) RETURN_IF_ERROR(stage.run(*this, call));
    const Handler& handler = call.method->handler;
    CallContext context = MakeContext(call, session);
    if (handler.subscribe) {
      ASSIGN_OR_RETURN(call.step, handler.subscribe(context, *call.request));
      return absl::OkStatus();
    }
    if (handler.stream) {
      ASSIGN_OR_RETURN(call.step, handler.stream(context, *call.request));
      // The source keeps the caller of the beginning; who that is now is looked at beside it.
      call.now = std::make_unique<Call>();
      call.now->method = call.method;
      call.now->token = call.token;
      call.now->certificate = call.certificate;
      call.now->caller = call.caller;
      call.now->grants_version = call.grants_version;
      call.now->grants_until = call.grants_until;
      call.now->scope = call.scope;
      return absl::OkStatus();
    }
    call.response.reset(handler.response_prototype->New());
    return handler.unary(context, *call.request, call.response.get());
  } catch (const std::exception& e) {
    return absl::InternalError(Cat("exception: ", e.what()));
  } catch (...) {
    return absl::InternalError("exception of unknown type");
  }
}

std::vector<absl::Status> Pipeline::ExecuteTogether(const std::vector<Call*>& calls,
                                                    mysql::Session& session) const {
  std::vector<absl::Status> outcomes(calls.size());
  const auto fail = [&](const absl::Status& status) {
    for (absl::Status& outcome : outcomes) {
      if (outcome.ok()) outcome = status;
    }
    return outcomes;
  };
  try {
    std::vector<CallContext> contexts;
    contexts.reserve(calls.size());
    std::vector<Handler::Asking> asking;
    std::vector<size_t> places;  // of those that ask, among the calls
    for (size_t i = 0; i < calls.size(); ++i) {
      Call& call = *calls[i];
      for (const auto& stage : Stages::kExecution) {
        if (outcomes[i] = stage.run(*this, call); !outcomes[i].ok()) break;
      }
      if (!outcomes[i].ok()) continue;
      call.response.reset(call.method->handler.response_prototype->New());
      contexts.push_back(MakeContext(call, session));
      asking.push_back({&contexts.back(), call.request.get(), call.response.get(), {}});
      places.push_back(i);
    }
    if (!asking.empty()) calls[0]->method->handler.together(asking);
    for (size_t i = 0; i < asking.size(); ++i) outcomes[places[i]] = std::move(asking[i].outcome);
    return outcomes;
  } catch (const std::exception& e) {
    return fail(absl::InternalError(Cat("exception: ", e.what())));
  } catch (...) {
    return fail(absl::InternalError("exception of unknown type"));
  }
}

absl::StatusOr<Next> Pipeline::Step(Call& call, mysql::Session& session,
                                    const WriteMessage& write) const {
  try {
    RETURN_IF_ERROR(Stages::Deadline(*this, call));
    if (call.now == nullptr) RETURN_IF_ERROR(Stages::Recheck(*this, call, /*again=*/true));
    CallContext context = MakeContext(call, session);
    if (call.now == nullptr) return call.step(context, write);
    return call.step(context, [&](const google::protobuf::Message& response) -> absl::Status {
      RETURN_IF_ERROR(Stages::Recheck(*this, *call.now, /*again=*/false));
      // What is being written was read for the regions of the beginning.
      if (call.now->scope != call.scope) return GrantsChanged();
      return write(response);
    });
  } catch (const std::exception& e) {
    return absl::InternalError(Cat("exception: ", e.what()));
  } catch (...) {
    return absl::InternalError("exception of unknown type");
  }
}

absl::Status Pipeline::Finish(Call& call, absl::Status outcome) const {
  const Method& method = *call.method;
  // Masking, innermost: what went wrong inside is for the log; the caller gets a number to quote.
  if (absl::IsInternal(outcome) || absl::IsUnknown(outcome) || absl::IsDataLoss(outcome)) {
    call.incident = Sha256Hex(Cat(method.name, "\n", outcome.message(), "\n", call.trace.trace_id))
                        .substr(0, 12);
    log::Error("internal error",
               {{"incident", call.incident},
                {"method", method.name},
                {"trace_id", call.trace.trace_id},
                {"status", outcome},
                {"request", call.request ? contract::LogText(*call.request) : std::string()}});
    outcome = Error(absl::StatusCode::kInternal, "INTERNAL")
                  .Message(Cat("internal error ", call.incident))
                  .With("incident", call.incident)
                  .Zh(Cat(kZhInternal, call.incident));
  } else if (!outcome.ok() && ReasonOf(outcome).empty()) {
    for (const Default& d : kDefaults) {
      if (d.code != outcome.code()) continue;
      // A failure of something behind us may name hosts or statements: not for the caller.
      const bool behind = absl::IsUnavailable(outcome) || absl::IsAborted(outcome);
      if (behind) {
        log::Warning(
            "call failed behind the service",
            {{"method", method.name}, {"trace_id", call.trace.trace_id}, {"status", outcome}});
      }
      outcome = Error(d.code, d.reason)
                    .Message(behind ? std::string_view(d.reason) : StdView(outcome.message()))
                    .Zh(d.zh);
      break;
    }
  }
  // Metrics: after masking, so that they count what callers see.
  const absl::Duration took = absl::Now() - call.received;
  method.latency.Observe(took);
  method.CodeCounter(outcome.code(), metrics_).Increment();
  // Access log, outermost: it has the last word on every call, refused ones included.
  const bool denied = absl::IsPermissionDenied(outcome) || absl::IsUnauthenticated(outcome);
  const log::Level level =
      denied || absl::IsInternal(outcome) ? log::Level::kWarning : log::Level::kInfo;
  if (log::Enabled(level)) {
    log::WriteSoon(level, denied ? "rpc denied" : "rpc",
                   {{"method", method.name},
                    {"code", absl::StatusCodeToString(outcome.code())},
                    {"reason", ReasonOf(outcome)},
                    {"caller", call.caller.subject},
                    {"client_ip", call.client_ip},
                    {"source_system", call.source_system},
                    {"request_id", RequestIdOf(call)},
                    {"trace_id", call.trace.trace_id},
                    {"duration", took}});
  }
  return outcome;
}

}  // namespace bangfu::rpc
