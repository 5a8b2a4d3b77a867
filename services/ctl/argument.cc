// bangfuctl argument list|sign|withdraw: what panels of experts argued on a subject, their
// signatures, and taking back what was entered wrongly.
#include <cstdio>
#include <memory>
#include <string>

#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "common/base/strings.h"
#include "common/contract/labels.h"
#include "common/status/macros.h"
#include "services/ctl/commands.h"
#include "services/ctl/subjects.h"
#include "services/ctl/terminal.h"

namespace bangfu::ctl {
namespace {

using namespace evaluation::v1;  // the contract of this file's commands
constexpr char kService[] = "bangfu.evaluation.v1.EvaluationService.";

void Print(const ArgumentRecord& argument) {
  std::printf("%s：%s，%s（%d 人中 %d 人已签，%d 人同意）\n", argument.id().c_str(),
              contract::EnumText(argument.conclusion()).c_str(),
              contract::EnumText(argument.state()).c_str(), argument.panel_size(),
              argument.signed_count(), argument.agreed_count());
  for (const PanelMember& member : argument.panel()) {
    std::printf("  %s：%s%s\n", member.name().c_str(), contract::EnumText(member.opinion()).c_str(),
                member.dissent().empty() ? "" : Cat("，", member.dissent()).c_str());
  }
  if (argument.has_withdrawal()) {
    std::printf("  %s撤回：%s\n", argument.withdrawal().withdrawn_by().name().c_str(),
                argument.withdrawal().reason().c_str());
  }
}

}  // namespace

void AddArgumentCommands(CLI::App& app, Context& context, int& exit_code) {
  struct Arguments {
    std::string id, dissent, reason;
  };
  CLI::App* group = app.add_subcommand("argument", "论证记录：查看、专家签字、撤回");
  group->require_subcommand(1);

  auto list = std::make_shared<Arguments>();
  CLI::App* command = group->add_subcommand("list", "一个对象的论证记录");
  command->footer("例: bangfuctl argument list PJ360733-2019-000012");
  command->add_option("subject", list->id, "项目编码或对象编号")->required();
  command->callback([&context, &exit_code, list] {
    auto run = [&]() -> absl::Status {
      ListArgumentsRequest request;
      ASSIGN_OR_RETURN(*request.mutable_subject_id(), ResolveSubject(context, list->id));
      ASSIGN_OR_RETURN(const auto response, context.Call<ListArgumentsResponse>(
                                                Cat(kService, "ListArguments"), request));
      if (context.PrintJson(response)) return absl::OkStatus();
      for (const ArgumentRecord& argument : response.arguments()) Print(argument);
      return absl::OkStatus();
    };
    absl::Status status = run();
    exit_code = status.ok() ? kExitOk : context.Fail(status);
  });

  auto sign = std::make_shared<Arguments>();
  command = group->add_subcommand("sign", "专家本人签字，同意或不同意");
  command->footer("例: bangfuctl argument sign 01J… --dissent 市场前景估计过高");
  command->add_option("argument", sign->id, "论证记录编号")->required();
  command->add_option("--dissent", sign->dissent, "不同意的理由；不写即同意");
  command->callback([&context, &exit_code, sign] {
    auto run = [&]() -> absl::Status {
      SignArgumentRequest request;
      request.set_request_id(Context::NewRequestId());
      request.set_id(sign->id);
      request.set_opinion(sign->dissent.empty() ? PANEL_OPINION_AGREES : PANEL_OPINION_DISSENTS);
      request.set_dissent(sign->dissent);
      ASSIGN_OR_RETURN(const auto argument,
                       context.Call<ArgumentRecord>(Cat(kService, "SignArgument"), request));
      if (!context.PrintJson(argument)) Print(argument);
      return absl::OkStatus();
    };
    absl::Status status = run();
    exit_code = status.ok() ? kExitOk : context.Fail(status);
  });

  auto withdraw = std::make_shared<Arguments>();
  command = group->add_subcommand("withdraw", "撤回登记有误、专家尚未签齐的论证");
  command->footer("例: bangfuctl argument withdraw 01J… --reason 专家账号登记有误");
  command->add_option("argument", withdraw->id, "论证记录编号")->required();
  command->add_option("--reason", withdraw->reason, "撤回原因")->required();
  command->callback([&context, &exit_code, withdraw] {
    auto run = [&]() -> absl::Status {
      WithdrawArgumentRequest request;
      request.set_request_id(Context::NewRequestId());
      request.set_id(withdraw->id);
      request.set_reason(withdraw->reason);
      ASSIGN_OR_RETURN(const auto argument,
                       context.Call<ArgumentRecord>(Cat(kService, "WithdrawArgument"), request));
      if (!context.PrintJson(argument)) Print(argument);
      return absl::OkStatus();
    };
    absl::Status status = run();
    exit_code = status.ok() ? kExitOk : context.Fail(status);
  });
}

}  // namespace bangfu::ctl
