#include "services/ctl/context.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "absl/strings/ascii.h"
#include "common/auth/dev_key.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/base/ulid.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "google/protobuf/util/json_util.h"
#include "nlohmann/json.hpp"
#include "services/ctl/services.h"

namespace bangfu::ctl {

absl::Status Context::LoadEndpoints(const std::string& file) {
  std::ifstream in(file);
  if (in) {
    auto json = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
    if (json.is_discarded() || !json.is_object()) {
      return absl::InvalidArgumentError(Cat("地址文件不是 JSON 对象: ", file));
    }
    for (const auto& [service, address] : json.items()) {
      if (address.is_string()) endpoints[service] = address.get<std::string>();
    }
  }
  for (const std::string& service : ServiceNames()) {
    std::string variable = Cat("BANGFU_", absl::AsciiStrToUpper(service));
    if (const char* address = std::getenv(variable.c_str())) endpoints[service] = address;
  }
  return absl::OkStatus();
}

std::string Context::ServiceOf(std::string_view method) {
  // bangfu.registry.v1.ProjectService.GetProject -> registry
  size_t from = method.find('.');
  size_t to = from == std::string_view::npos ? from : method.find('.', from + 1);
  if (to == std::string_view::npos) return "";
  return std::string(method.substr(from + 1, to - from - 1));
}

absl::StatusOr<std::shared_ptr<rpc::Client>> Context::ClientOf(std::string_view service) {
  auto known = clients_->find(std::string(service));
  if (known != clients_->end()) return known->second;
  auto address = endpoints.find(std::string(service));
  if (address == endpoints.end()) {
    return Error(absl::StatusCode::kUnavailable, "NO_ENDPOINT")
        .Zh(Cat("不知道服务 ", service,
                " 的地址：请用 --endpoints 指定地址文件，或设置环境变量 BANGFU_",
                absl::AsciiStrToUpper(AbslView(service))));
  }
  rpc::ClientOptions options;
  options.target = address->second;
  options.ca = ca;
  options.headers = {{"x-bangfu-service", std::string(service)}};
  options.certificate = certificate;
  options.key = key;
  ASSIGN_OR_RETURN(std::shared_ptr<rpc::Client> client, rpc::Client::Create(std::move(options)));
  clients_->emplace(std::string(service), client);
  return client;
}

rpc::CallOptions Context::Options() const {
  rpc::CallOptions options;
  options.timeout = timeout;
  options.token = token;
  return options;
}

absl::StatusOr<Context> Context::As(const std::string& subject, const std::string& name,
                                    const std::vector<auth::Grant>& grants, bool is_client) const {
  ASSIGN_OR_RETURN(auth::DevKey key, auth::DevKey::LoadOrCreate(dev_key_directory));
  auth::Caller caller;
  caller.subject = subject;
  caller.name = name;
  caller.grants = grants;
  caller.is_system = is_client;
  Context other = *this;
  ASSIGN_OR_RETURN(other.token, key.Mint(caller, SystemClock().Now() + clock_offset));
  return other;
}

std::string Context::NewRequestId() {
  static UlidGenerator ids(SystemClock());
  return Cat("ctl-", ids.Next().ToString());
}

namespace {

std::string Json(const google::protobuf::Message& message, bool pretty) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.add_whitespace = pretty;
  std::string out;
  if (!google::protobuf::util::MessageToJsonString(message, &out, options).ok()) out = "{}";
  return out;
}

}  // namespace

std::string ToJson(const google::protobuf::Message& message) { return Json(message, true); }
std::string ToJsonLine(const google::protobuf::Message& message) { return Json(message, false); }

bool Context::PrintJson(const google::protobuf::Message& message) const {
  if (!json) return false;
  std::string text = ToJson(message);
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (text.empty() || text.back() != '\n') std::fputc('\n', stdout);
  return true;
}

bool Context::PrintJson(const nlohmann::ordered_json& value) const {
  if (!json) return false;
  // Bytes that are not UTF-8, in a file's name say, are replaced: dump would throw.
  std::printf("%s\n",
              value.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
  return true;
}

namespace {

void PrintErrorJson(std::string_view code, std::string_view reason, std::string_view message,
                    const ErrorDetail& detail) {
  nlohmann::ordered_json json{{"code", code}, {"reason", reason}, {"message", message}};
  json["violations"] = nlohmann::ordered_json::array();
  for (const auto& violation : detail.violations) {
    json["violations"].push_back(
        {{"field", violation.field}, {"description", violation.description}});
  }
  json["metadata"] = nlohmann::ordered_json::object();
  for (const auto& [key, value] : detail.metadata) json["metadata"][key] = value;
  std::fprintf(stderr, "%s\n",
               json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
}

}  // namespace

int Context::Fail(const absl::Status& status) const {
  const ErrorDetail detail = GetErrorDetail(status);
  const std::string text =
      detail.message_zh.empty() ? std::string(status.message()) : detail.message_zh;
  const std::string code = absl::StatusCodeToString(status.code());
  if (json) {
    PrintErrorJson(code, detail.reason, text, detail);
    return ExitCodeOf(status);
  }
  std::fprintf(stderr, "失败：%s\n", text.c_str());
  std::fprintf(stderr, "  %s%s%s\n", code.c_str(), detail.reason.empty() ? "" : " / ",
               detail.reason.c_str());
  for (const auto& violation : detail.violations) {
    std::fprintf(stderr, "  %s: %s\n", violation.field.c_str(), violation.description.c_str());
  }
  for (const auto& [key, value] : detail.metadata) {
    std::fprintf(stderr, "  %s = %s\n", key.c_str(), value.c_str());
  }
  return ExitCodeOf(status);
}

int Context::FailUsage(std::string_view message) const {
  if (json) {
    PrintErrorJson("INVALID_ARGUMENT", "USAGE", message, {});
  } else {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(message.size()), message.data());
  }
  return kExitUsage;
}

int ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kExitOk;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kDeadlineExceeded:
      return kExitUnavailable;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return kExitDenied;
    case absl::StatusCode::kNotFound:
      return kExitNotFound;
    default:
      return kExitFailed;
  }
}

int WorseExitCode(int a, int b) {
  constexpr int kWorstFirst[] = {kExitUnavailable, kExitFailed,   kExitUsage,
                                 kExitDenied,      kExitNotFound, kExitPartial};
  for (const int code : kWorstFirst) {
    if (a == code || b == code) return code;
  }
  return kExitOk;
}

}  // namespace bangfu::ctl
