#include "services/ctl/app.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "services/ctl/commands.h"

namespace bangfu::ctl {

CommandLine::CommandLine() {
  app_.require_subcommand(1);
  app_.set_help_all_flag("--help-all", "全部命令的帮助");
  app_.footer(
      "例:\n"
      "  bangfuctl token --role COUNTY_OPERATOR --region 360733 > token\n"
      "  bangfuctl --token-file token import projects T1.csv\n"
      "  bangfuctl --token-file token ledger t14 --region 36 --output t14.xlsx\n"
      "退出码: 0 成功  1 被拒绝  2 用法错误  3 服务不可用  4 无权限  5 不存在  "
      "6 部分未完成（行未入库、对象未评估）");
  app_.add_option("--endpoints", endpoints_file_, "服务地址文件 (JSON)")
      ->envname("BANGFU_ENDPOINTS");
  app_.add_option("--token-file", token_file_, "令牌文件")->envname("BANGFU_TOKEN_FILE");
  app_.add_option("--dev-key", context_.dev_key_directory, "开发密钥目录")
      ->envname("BANGFU_DEV_KEY");
  app_.add_option("--timeout", timeout_seconds_, "每次调用的时限 (秒)")
      ->check(CLI::Range(0.1, 3600.0));
  app_.add_option("--clock-offset", clock_offset_,
                  "签发令牌时钟的偏移，如 -192h（与服务一致，仅开发）")
      ->envname("BANGFU_CLOCK_OFFSET");
  app_.add_option("--ca", context_.ca, "服务证书的签发机构 (PEM)，写了就用 TLS")
      ->envname("BANGFU_CA");
  app_.add_option("--cert", context_.certificate, "系统对接证书 (PEM)")->envname("BANGFU_CERT");
  app_.add_option("--key", context_.key, "系统对接证书的私钥 (PEM)")->envname("BANGFU_KEY");
  app_.add_flag("--json", context_.json, "输出 JSON；出错时标准错误也是 JSON");
  app_.parse_complete_callback([this] { ReadGlobalOptions(); });

  AddTokenCommand(app_, context_, exit_code_);
  AddIdentityCommands(app_, context_, exit_code_);
  AddGrantCommands(app_, context_, exit_code_);
  AddImportCommands(app_, context_, exit_code_);
  AddInboxCommands(app_, context_, exit_code_);
  AddInventoryCommands(app_, context_, exit_code_);
  AddEvaluateCommands(app_, context_, exit_code_);
  AddArgumentCommands(app_, context_, exit_code_);
  AddEvidenceCommands(app_, context_, exit_code_);
  AddLedgerCommands(app_, context_, exit_code_);
  AddPeriodCommands(app_, context_, exit_code_);
  AddFeedCommands(app_, context_, exit_code_);
  AddAuditCommands(app_, context_, exit_code_);
  AddFlagCommands(app_, context_, exit_code_);
  AddNoticeCommands(app_, context_, exit_code_);
  AddOperationCommands(app_, context_, exit_code_);
  AddDashboardCommand(app_, context_, exit_code_);
  AddDictionaryCommands(app_, context_, exit_code_);
  AddDoctorCommand(app_, context_, exit_code_);
  AddCallCommand(app_, context_, exit_code_);
  AddCompletionCommand(app_);
  AddWalkthroughCommand(app_, context_, exit_code_);
}

void CommandLine::ReadGlobalOptions() {
  context_.timeout = absl::Seconds(timeout_seconds_);
  if (!clock_offset_.empty() && !absl::ParseDuration(clock_offset_, &context_.clock_offset)) {
    throw CLI::ValidationError("--clock-offset", "应写成 -192h 的形式");
  }
  if (!token_file_.empty()) {
    std::ifstream in(token_file_);
    std::getline(in, context_.token);
    if (context_.token.empty())
      throw CLI::ValidationError("--token-file", "文件为空或无法读取: " + token_file_);
  } else if (const char* token = std::getenv("BANGFU_TOKEN")) {
    context_.token = token;
  }
  if (absl::Status status = context_.LoadEndpoints(endpoints_file_); !status.ok()) {
    throw CLI::ValidationError("--endpoints", std::string(status.message()));
  }
}

int CommandLine::Run(int argc, const char* const* argv) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool is_help = error.get_exit_code() == 0;
    // What is wrong may stand before the flag.
    context_.json = context_.json || std::any_of(argv, argv + argc, [](std::string_view word) {
                      return word == "--json";
                    });
    if (context_.json && !is_help) return context_.FailUsage(error.what());
    app_.exit(error);
    return is_help ? kExitOk : kExitUsage;
  }
  return exit_code_;
}

}  // namespace bangfu::ctl
