// bangfuctl ops list | show | cancel | resume
#include <cstdio>

#include "bangfu/operation/v1/operation_service.pb.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/ctl/commands.h"
#include "services/ctl/services.h"
#include "services/ctl/terminal.h"
#include "services/ctl/upload.h"

namespace bangfu::ctl {
namespace {

using namespace operation::v1;  // the contract of this file's commands
constexpr char kService[] = "bangfu.operation.v1.OperationService.";
std::string M(std::string_view method) { return Cat(kService, method); }

std::string StateText(OperationState state) {
  const auto* value = OperationState_descriptor()->FindValueByNumber(state);
  return value == nullptr ? Cat(static_cast<int>(state))
                          : value->options().GetExtension(options::v1::value_label).zh();
}

void Print(const Context& context, const Operation& operation) {
  if (context.PrintJson(operation)) return;
  std::printf("%s  %s  %s  %lld/%lld  %s\n", operation.id().c_str(), operation.kind().c_str(),
              StateText(operation.state()).c_str(), static_cast<long long>(operation.done()),
              static_cast<long long>(operation.total()), operation.progress_zh().c_str());
  if (operation.has_error()) std::printf("  %s\n", operation.error().message().c_str());
}

struct Arguments {
  std::string service, id;
  bool wait = false;
};

}  // namespace

void AddOperationCommands(CLI::App& app, Context& context, int& exit_code) {
  CLI::App* group = app.add_subcommand("ops", "长时任务");
  group->require_subcommand(1);
  auto add = [&](const char* name, const char* help, bool with_id, auto run) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command = group->add_subcommand(name, help);
    command->footer(Cat("例: bangfuctl ops ", name, " evaluation", with_id ? " 01J…" : ""));
    command->add_option("service", arguments->service, OneOfText(ServiceNames()))->required();
    if (with_id) command->add_option("id", arguments->id, "任务编号")->required();
    if (std::string_view(name) == "show") command->add_flag("--wait", arguments->wait, "等到结束");
    command->callback([&context, &exit_code, arguments, run] {
      absl::Status status = run(context, *arguments);
      exit_code = status.ok() ? kExitOk : context.Fail(status);
    });
  };
  add("list", "任务清单", false, [](Context& context, const Arguments& a) -> absl::Status {
    ListOperationsRequest request;
    request.set_page_size(100);
    return context.ShowPages<ListOperationsResponse>(
        a.service, M("ListOperations"), request, [&](const ListOperationsResponse& page) {
          for (const auto& operation : page.operations()) Print(context, operation);
        });
  });
  add("show", "一个任务", true, [](Context& context, const Arguments& a) -> absl::Status {
    GetOperationRequest request;
    request.set_id(a.id);
    ASSIGN_OR_RETURN(auto operation,
                     context.CallOn<Operation>(a.service, M("GetOperation"), request));
    if (a.wait) {
      ASSIGN_OR_RETURN(operation, WaitForOperation(context, a.service, operation, operation.kind(),
                                                   context.json));
    }
    Print(context, operation);
    return absl::OkStatus();
  });
  add("cancel", "请求停止", true, [](Context& context, const Arguments& a) -> absl::Status {
    CancelOperationRequest request;
    request.set_request_id(Context::NewRequestId());
    request.set_id(a.id);
    ASSIGN_OR_RETURN(auto operation,
                     context.CallOn<Operation>(a.service, M("CancelOperation"), request));
    Print(context, operation);
    return absl::OkStatus();
  });
  add("resume", "从停下处继续", true, [](Context& context, const Arguments& a) -> absl::Status {
    ResumeOperationRequest request;
    request.set_request_id(Context::NewRequestId());
    request.set_id(a.id);
    ASSIGN_OR_RETURN(auto operation,
                     context.CallOn<Operation>(a.service, M("ResumeOperation"), request));
    Print(context, operation);
    return absl::OkStatus();
  });
}

}  // namespace bangfu::ctl
