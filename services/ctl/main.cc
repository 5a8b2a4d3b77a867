// bangfuctl: the command line of officials and operators, a client of the public contracts.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "common/base/strings.h"
#include "services/ctl/commands.h"

int main(int argc, char** argv) {
  using namespace bangfu::ctl;
  CLI::App app{"bangfuctl: 帮扶产业监管平台命令行"};
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "全部命令的帮助");
  app.footer(
      "例:\n"
      "  bangfuctl token --role COUNTY_OPERATOR --region 360733 > token\n"
      "  bangfuctl --token-file token import projects T1.csv\n"
      "  bangfuctl --token-file token ledger t14 --region 36 --output t14.xlsx\n"
      "退出码: 0 成功  1 被拒绝  2 用法错误  3 服务不可用  4 无权限  5 不存在  6 部分行未入库");

  Context context;
  std::string endpoints_file;
  std::string token_file;
  double timeout_seconds = 30;
  std::string clock_offset;
  int exit_code = kExitOk;
  app.add_option("--endpoints", endpoints_file, "服务地址文件 (JSON)")->envname("BANGFU_ENDPOINTS");
  app.add_option("--token-file", token_file, "令牌文件")->envname("BANGFU_TOKEN_FILE");
  app.add_option("--dev-key", context.dev_key_directory, "开发密钥目录")->envname("BANGFU_DEV_KEY");
  app.add_option("--timeout", timeout_seconds, "每次调用的时限 (秒)")
      ->check(CLI::Range(0.1, 3600.0));
  app.add_option("--clock-offset", clock_offset,
                 "签发令牌时钟的偏移，如 -192h（与服务一致，仅开发）")
      ->envname("BANGFU_CLOCK_OFFSET");
  app.add_option("--ca", context.ca, "服务证书的签发机构 (PEM)，写了就用 TLS")
      ->envname("BANGFU_CA");
  app.add_option("--cert", context.certificate, "系统对接证书 (PEM)")->envname("BANGFU_CERT");
  app.add_option("--key", context.key, "系统对接证书的私钥 (PEM)")->envname("BANGFU_KEY");
  app.add_flag("--json", context.json, "输出 JSON");

  // Read before a subcommand's own callback runs.
  app.parse_complete_callback([&] {
    context.timeout = absl::Seconds(timeout_seconds);
    if (!clock_offset.empty() && !absl::ParseDuration(clock_offset, &context.clock_offset)) {
      throw CLI::ValidationError("--clock-offset", "应写成 -192h 的形式");
    }
    if (!token_file.empty()) {
      std::ifstream in(token_file);
      std::getline(in, context.token);
      if (context.token.empty())
        throw CLI::ValidationError("--token-file", "文件为空或无法读取: " + token_file);
    } else if (const char* token = std::getenv("BANGFU_TOKEN")) {
      context.token = token;
    }
    if (absl::Status status = context.LoadEndpoints(endpoints_file); !status.ok()) {
      throw CLI::ValidationError("--endpoints", std::string(status.message()));
    }
  });

  AddTokenCommand(app, context, exit_code);
  AddIdentityCommands(app, context, exit_code);
  AddGrantCommands(app, context, exit_code);
  AddImportCommands(app, context, exit_code);
  AddInboxCommands(app, context, exit_code);
  AddInventoryCommands(app, context, exit_code);
  AddEvaluateCommands(app, context, exit_code);
  AddArgumentCommands(app, context, exit_code);
  AddEvidenceCommands(app, context, exit_code);
  AddLedgerCommands(app, context, exit_code);
  AddPeriodCommands(app, context, exit_code);
  AddFeedCommands(app, context, exit_code);
  AddAuditCommands(app, context, exit_code);
  AddFlagCommands(app, context, exit_code);
  AddOperationCommands(app, context, exit_code);
  AddDashboardCommand(app, context, exit_code);
  AddDictionaryCommands(app, context, exit_code);
  AddDoctorCommand(app, context, exit_code);
  AddCallCommand(app, context, exit_code);
  AddCompletionCommand(app);
  AddWalkthroughCommand(app, context, exit_code);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    int code = app.exit(error);
    return code == 0 ? kExitOk : kExitUsage;
  }
  return exit_code;
}
