#include "common/rpc/server.h"

#include <atomic>
#include <stdexcept>

#include "common/base/strings.h"
#include "common/log/log.h"
#include "common/rpc/server_for_test.h"
#include "common/status/error.h"
#include "google/protobuf/wrappers.pb.h"

namespace bangfu::rpc {
namespace {

using ::bangfu::testing::HasViolation;
using ::bangfu::testing::IsOk;
using ::bangfu::testing::RpcServer;
using ::bangfu::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class ServerTest : public SampleServerTest {};

TEST_F(ServerTest, ServesACallWithItsCallerAndScope) {
  handlers_.get = [](CallContext& c,
                     const sample::GetSampleRequest& r) -> absl::StatusOr<sample::Sample> {
    sample::Sample s;
    s.set_id(r.id());
    s.set_name(c.caller.subject + "|" + c.method + "|" + c.caller.client_ip + "|" +
               c.caller.source_system);
    s.set_amount_fen(absl::ToUnixSeconds(c.now));
    auto rows = c.db.Query("SELECT 41 + 1");
    if (!rows.ok()) return rows.status();
    s.set_rank(static_cast<int>((*rows)[0].Int(0)));
    return s;
  };
  StartServer();
  auto got = Get({.headers = {{"x-source-system", "edge"}}});
  ASSERT_THAT(got, IsOk());
  EXPECT_EQ(got->name(), Cat("person-1|", kGet, "|127.0.0.1|edge"));
  EXPECT_EQ(got->amount_fen(), absl::ToUnixSeconds(server_->clock().Now()));
  EXPECT_EQ(got->rank(), 42);

  auto list =
      server_->Call<sample::ListSamplesResponse>(kList, sample::ListSamplesRequest(), token_);
  ASSERT_THAT(list, IsOk());
  EXPECT_THAT(list->scope(), ElementsAre("360733"));
}

TEST_F(ServerTest, EveryRpcThatReflectionListsRefusesStrangers) {
  StartServer();
  auto methods = server_->MethodsByReflection();
  ASSERT_THAT(methods, IsOk());
  EXPECT_EQ(methods->size(), 6u);
  for (const std::string& method : *methods) {
    // A unary answer or a stream: both end with the same status.
    EXPECT_THAT(server_->client().Call<sample::Sample>(method, sample::GetSampleRequest()),
                StatusIs(absl::StatusCode::kUnauthenticated, "TOKEN_MISSING"))
        << method;
    EXPECT_THAT(server_->Call<sample::Sample>(method, sample::GetSampleRequest(), "a.b.c"),
                StatusIs(absl::StatusCode::kUnauthenticated, "TOKEN_INVALID"))
        << method;
  }
}

TEST_F(ServerTest, ReflectionIsOffUnlessSwitchedOn) {
  ServerOptions options = RpcServer::DefaultServerOptions();
  options.reflection = false;
  StartServer(options);
  EXPECT_THAT(server_->MethodsByReflection().status(), StatusIs(absl::StatusCode::kUnimplemented));
}

TEST_F(ServerTest, RolesAreAsked) {
  StartServer();
  const auto call = [&](const std::string& token) {
    return server_->Call<sample::ListSamplesResponse>(kList, sample::ListSamplesRequest(), token);
  };
  EXPECT_THAT(call(server_->Token(auth::Role::ROLE_AUDITOR, "36")), IsOk());
  const auto refused = call(server_->Token(auth::Role::ROLE_VILLAGE_REPORTER, "36"));
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kPermissionDenied, "ROLE_REQUIRED"));
  EXPECT_EQ(GetErrorDetail(refused.status()).metadata.at("roles"),
            "ROLE_COUNTY_OPERATOR,ROLE_AUDITOR");
  EXPECT_THAT(GetErrorDetail(refused.status()).message_zh, Not(::testing::IsEmpty()));
}

TEST_F(ServerTest, ReportsAllViolationsOverTheWire) {
  StartServer();
  sample::CreateSampleRequest request;
  request.mutable_sample()->set_amount_fen(-1);
  auto refused = server_->Call<sample::Sample>(kCreate, request, token_);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
  for (const char* field : {"request_id", "sample.name", "sample.kind", "sample.amount_fen"}) {
    EXPECT_THAT(refused.status(), HasViolation(field));
  }
}

TEST_F(ServerTest, AnswersWithManyViolationsStillArrive) {
  StartServer();
  sample::CreateSampleRequest request;
  for (int i = 0; i < 1000; ++i) request.mutable_sample()->add_scores(99);
  EXPECT_THAT(server_->Call<sample::Sample>(kCreate, request, token_),
              StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
}

TEST_F(ServerTest, MalformedBytesAreTheCallersFault) {
  StartServer();
  google::protobuf::BytesValue not_utf8;
  not_utf8.set_value("\xff\xfe");
  EXPECT_THAT(server_->Call<sample::Sample>(kGet, not_utf8, token_),
              StatusIs(absl::StatusCode::kInvalidArgument, "MALFORMED_REQUEST"));
  std::vector<std::string> answers;
  EXPECT_THAT(server_->client().Exchange("/bangfu.testing.v1.SampleService/GetSample",
                                         {"\x0a\xff\xff\xff\xff\x0f"}, &answers, {.token = token_}),
              StatusIs(absl::StatusCode::kInvalidArgument, "MALFORMED_REQUEST"));
  // A stream that ends without a message.
  EXPECT_THAT(server_->client().Exchange("/bangfu.testing.v1.SampleService/GetSample", {}, &answers,
                                         {.token = token_}),
              StatusIs(absl::StatusCode::kInvalidArgument, "MALFORMED_REQUEST"));
}

TEST_F(ServerTest, UnknownMethodsAreUnimplemented) {
  StartServer();
  EXPECT_THAT(server_->Call<sample::Sample>("bangfu.testing.v1.SampleService.Nothing",
                                            sample::GetSampleRequest(), token_),
              StatusIs(absl::StatusCode::kUnimplemented, "METHOD_UNKNOWN"));
}

TEST_F(ServerTest, MasksInternalErrorsAndLogsThemUnderANumber) {
  handlers_.get = [](CallContext&,
                     const sample::GetSampleRequest&) -> absl::StatusOr<sample::Sample> {
    return absl::InternalError("SELECT secret FROM vault");
  };
  handlers_.ask = [](CallContext&,
                     const sample::GetSampleRequest&) -> absl::StatusOr<sample::Sample> {
    throw std::runtime_error("thrown secret");
  };
  StartServer();
  log::Capture log;
  auto failed = Get();
  EXPECT_THAT(failed, StatusIs(absl::StatusCode::kInternal, "INTERNAL"));
  EXPECT_THAT(failed.status().ToString(), Not(HasSubstr("secret")));
  const std::string incident = GetErrorDetail(failed.status()).metadata.at("incident");
  EXPECT_EQ(incident.size(), 12u);
  EXPECT_TRUE(log.Contains(incident));
  EXPECT_TRUE(log.Contains("SELECT secret FROM vault"));

  sample::GetSampleRequest request;
  request.set_id("01ARZ3NDEKTSV4RRFFQ69G5FAV");
  auto thrown = server_->Call<sample::Sample>(kAsk, request, token_);
  EXPECT_THAT(thrown, StatusIs(absl::StatusCode::kInternal, "INTERNAL"));
  EXPECT_THAT(thrown.status().ToString(), Not(HasSubstr("secret")));
  EXPECT_TRUE(log.Contains("thrown secret"));
}

TEST_F(ServerTest, EveryErrorHasAReason) {
  absl::Status next;
  handlers_.get = [&](CallContext&,
                      const sample::GetSampleRequest&) -> absl::StatusOr<sample::Sample> {
    return next;
  };
  StartServer();
  for (const auto code : {absl::StatusCode::kInvalidArgument, absl::StatusCode::kNotFound,
                          absl::StatusCode::kAlreadyExists, absl::StatusCode::kAborted,
                          absl::StatusCode::kOutOfRange, absl::StatusCode::kFailedPrecondition,
                          absl::StatusCode::kUnavailable, absl::StatusCode::kUnimplemented}) {
    next = absl::Status(code, "plain 10.0.0.1");
    const auto failed = Get();
    EXPECT_EQ(failed.status().code(), code);
    EXPECT_NE(ReasonOf(failed.status()), "");
    EXPECT_NE(GetErrorDetail(failed.status()).message_zh, "");
    if (code == absl::StatusCode::kUnavailable) {
      EXPECT_THAT(failed.status().ToString(), Not(HasSubstr("10.0.0.1")));
    }
  }
  next = FailedPrecondition("OUT_OF_SEASON", "过了季节");
  const auto failed = Get();
  EXPECT_THAT(failed, StatusIs(absl::StatusCode::kFailedPrecondition, "OUT_OF_SEASON"));
  EXPECT_EQ(GetErrorDetail(failed.status()).message_zh, "过了季节");
}

TEST_F(ServerTest, WritesAccessLogAndMetrics) {
  StartServer();
  log::Capture log;
  ASSERT_THAT(Get({.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}),
              IsOk());
  sample::CreateSampleRequest request;
  request.set_request_id("request-77");
  EXPECT_FALSE(server_->Call<sample::Sample>(kCreate, request, token_).ok());
  EXPECT_TRUE(log.Contains("4bf92f3577b34da6a3ce929d0e0e4736"));
  EXPECT_TRUE(log.Contains("request-77"));
  EXPECT_TRUE(log.Contains("person-1"));
  const std::string metrics = server_->metrics().Expose();
  EXPECT_THAT(metrics,
              HasSubstr("bangfu_rpc_calls_total{code=\"OK\",method=\"" + std::string(kGet)));
  EXPECT_THAT(metrics, HasSubstr("code=\"INVALID_ARGUMENT\",method=\"" + std::string(kCreate)));
}

TEST_F(ServerTest, FreezeRefusesWritesAndKeepsReads) {
  std::atomic<bool> frozen = true;
  ServerOptions options = RpcServer::DefaultServerOptions();
  options.pipeline.takes_writes = [&]() -> absl::Status {
    if (!frozen) return absl::OkStatus();
    return Error(absl::StatusCode::kFailedPrecondition, "SERVICE_FROZEN")
        .Zh("系统维护中，暂停写入");
  };
  StartServer(options);
  sample::CreateSampleRequest request;
  request.set_request_id("request-1");
  request.mutable_sample()->set_name("油茶");
  request.mutable_sample()->set_kind(testing::v1::SAMPLE_KIND_FARM);
  EXPECT_THAT(server_->Call<sample::Sample>(kCreate, request, token_),
              StatusIs(absl::StatusCode::kFailedPrecondition, "SERVICE_FROZEN"));
  EXPECT_THAT(Get(), IsOk());
  frozen = false;
  EXPECT_THAT(server_->Call<sample::Sample>(kCreate, request, token_), IsOk());
}

}  // namespace
}  // namespace bangfu::rpc
