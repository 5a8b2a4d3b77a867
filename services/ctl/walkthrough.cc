#include "services/ctl/walkthrough.h"

#include <memory>

#include "common/status/macros.h"
#include "services/ctl/commands.h"
#include "services/ctl/walkthrough_internal.h"

namespace bangfu::ctl {
namespace {

absl::Status Report(Walk& walk) {
  RETURN_IF_ERROR(Prepare(walk));
  RETURN_IF_ERROR(FillRegistry(walk));
  RETURN_IF_ERROR(TakeInventory(walk));
  RETURN_IF_ERROR(EvaluateAndReview(walk));
  return Publicise(walk);
}

absl::Status Conclude(Walk& walk) {
  RETURN_IF_ERROR(Resume(walk));
  RETURN_IF_ERROR(MakeEffective(walk));
  RETURN_IF_ERROR(KeepLedgers(walk));
  RETURN_IF_ERROR(FreezeAndReport(walk));
  return Show(walk);
}

}  // namespace

absl::Status Walkthrough(const Context& context, const WalkthroughOptions& options) {
  Walk walk(context, options);
  if (options.phase != "conclude") RETURN_IF_ERROR(Report(walk));
  if (options.phase != "report") RETURN_IF_ERROR(Conclude(walk));
  return absl::OkStatus();
}

void AddWalkthroughCommand(CLI::App& app, Context& context, int& exit_code) {
  auto options = std::make_shared<WalkthroughOptions>();
  CLI::App* command =
      app.add_subcommand("walkthrough", "用样例数据走完一个县：摸排、核实、评估、公示、签字");
  command->footer(
      "例: bangfuctl --dev-key .run/dev-key walkthrough --county 360783 --data .run/sample "
      "--samples deploy/sample --period 2026-10 --output .run/out");
  command->add_option("--county", options->county, "县级代码")->required();
  command->add_option("--data", options->data, "样例数据目录")->required();
  command->add_option("--samples", options->samples, "区划与已公布表的目录")->required();
  command->add_option("--period", options->period, "评估月份")->required();
  command->add_option("--output", options->output, "台账与镜像的输出目录")->required();
  command
      ->add_option("--phase", options->phase,
                   "report：到公示为止；conclude：公示期满之后；all：全部")
      ->check(CLI::IsMember({"report", "conclude", "all"}));
  command->callback([&context, &exit_code, options] {
    absl::Status status = Walkthrough(context, *options);
    exit_code = status.ok() ? kExitOk : context.Fail(status);
  });
}

}  // namespace bangfu::ctl
