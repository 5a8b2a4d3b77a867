// bangfuctl call: any rpc of the contracts, JSON in and out.
#include <cstdio>
#include <iostream>
#include <iterator>
#include <memory>

#include "common/base/strings.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/json_util.h"
#include "services/ctl/commands.h"

namespace bangfu::ctl {
namespace {

struct Arguments {
  std::string method, data, service;
};

int CallMethod(Context& context, const Arguments& a) {
  const auto* method =
      google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(a.method);
  if (method == nullptr) {
    return context.FailUsage(Cat("没有这个方法: ", a.method,
                                 "（写全名，如 bangfu.registry.v1.ProjectService.GetProject）"));
  }
  auto* factory = google::protobuf::MessageFactory::generated_factory();
  std::unique_ptr<google::protobuf::Message> request(
      factory->GetPrototype(method->input_type())->New());
  std::unique_ptr<google::protobuf::Message> response(
      factory->GetPrototype(method->output_type())->New());
  std::string data = a.data;
  if (data == "-") data.assign(std::istreambuf_iterator<char>(std::cin), {});
  if (!data.empty()) {
    auto status = google::protobuf::util::JsonStringToMessage(data, request.get());
    if (!status.ok()) {
      return context.FailUsage(Cat("JSON 与 ", method->input_type()->full_name(),
                                   " 不符: ", std::string(status.message())));
    }
  }
  std::string service = a.service.empty() ? Context::ServiceOf(a.method) : a.service;
  auto client = context.ClientOf(service);
  if (!client.ok()) return context.Fail(client.status());
  absl::Status status;
  if (method->server_streaming()) {
    rpc::CallOptions options = context.Options();
    options.timeout = context.stream_timeout;
    status = (*client)->ReadInto(
        a.method, *request, *response,
        [](const google::protobuf::Message& message) -> absl::Status {
          std::printf("%s\n", ToJsonLine(message).c_str());
          std::fflush(stdout);  // who reads from a pipe waits for it
          return absl::OkStatus();
        },
        options);
  } else {
    status = (*client)->CallInto(a.method, *request, response.get(), context.Options());
    if (status.ok()) std::printf("%s\n", ToJson(*response).c_str());
  }
  return status.ok() ? kExitOk : context.Fail(status);
}

}  // namespace

void AddCallCommand(CLI::App& app, Context& context, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("call", "调用任一接口，JSON 进出");
  command->footer(
      "例: bangfuctl call bangfu.registry.v1.RegionService.GetRegion --data "
      "'{\"code\":\"360733\"}'");
  command->add_option("method", arguments->method, "方法全名")->required();
  command->add_option("--data", arguments->data, "请求 JSON，- 为标准输入");
  command->add_option("--service", arguments->service,
                      "由哪个服务回答（operation、feed、audit 等共有接口）");
  command->callback(
      [&context, &exit_code, arguments] { exit_code = CallMethod(context, *arguments); });
}

}  // namespace bangfu::ctl
