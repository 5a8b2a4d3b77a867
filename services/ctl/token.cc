// bangfuctl token: a token of the development key.
#include <cstdio>

#include "absl/strings/ascii.h"
#include "common/auth/dev_key.h"
#include "common/base/clock.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "services/ctl/commands.h"

namespace bangfu::ctl {
namespace {

struct TokenArguments {
  std::string role;
  std::string region = "36";
  std::string subject;
  std::string name;
  double hours = 12;
  bool system = false;
};

int Mint(const Context& context, const TokenArguments& arguments) {
  if (context.dev_key_directory.empty()) {
    return context.FailUsage("请用 --dev-key 指定开发密钥目录（只用于开发与试用，生产环境拒绝）");
  }
  if (arguments.role.empty() && arguments.subject.empty()) {
    return context.FailUsage("请写 --role（令牌自带权限）或 --subject（按登记的授权）");
  }
  std::string role_name = absl::AsciiStrToUpper(arguments.role);
  if (role_name.rfind("ROLE_", 0) != 0) role_name = Cat("ROLE_", role_name);
  auth::Role role = options::v1::ROLE_UNSPECIFIED;
  if (!arguments.role.empty() && !options::v1::Role_Parse(role_name, &role)) {
    std::string text = Cat("没有这个角色: ", arguments.role, "\n可用:");
    const auto* descriptor = options::v1::Role_descriptor();
    for (int i = 1; i < descriptor->value_count(); ++i) {
      text += Cat(" ", descriptor->value(i)->name().substr(5));
    }
    return context.FailUsage(text);
  }
  absl::StatusOr<std::string> region = NormalizeRegionCode(arguments.region);
  if (!region.ok()) {
    return context.FailUsage(Cat("行政区划代码不对: ", arguments.region));
  }
  auth::Caller caller;
  caller.subject = arguments.subject.empty()
                       ? Cat("dev-", absl::AsciiStrToLower(role_name.substr(5)), "-", *region)
                       : arguments.subject;
  caller.name = arguments.name.empty() ? caller.subject : arguments.name;
  caller.is_system = arguments.system;
  if (!arguments.role.empty()) {
    auth::Grant grant;
    grant.role = role;
    grant.region_path = *region;
    caller.grants.push_back(grant);
  }
  absl::StatusOr<auth::DevKey> key = auth::DevKey::LoadOrCreate(context.dev_key_directory);
  if (!key.ok()) return context.Fail(key.status());
  absl::StatusOr<std::string> token =
      key->Mint(caller, SystemClock().Now() + context.clock_offset, absl::Hours(arguments.hours));
  if (!token.ok()) return context.Fail(token.status());
  std::printf("%s\n", token->c_str());
  return kExitOk;
}

}  // namespace

void AddTokenCommand(CLI::App& app, Context& context, int& exit_code) {
  auto arguments = std::make_shared<TokenArguments>();
  CLI::App* command = app.add_subcommand("token", "签发开发令牌");
  command->footer(
      "例: bangfuctl --dev-key .run/dev-key token --role VILLAGE_REPORTER --region 360733105201\n"
      "    bangfuctl --dev-key .run/dev-key token --subject zhang.san");
  command->add_option(
      "--role", arguments->role,
      "角色，如 COUNTY_OPERATOR；不写则令牌只证明是谁，权限按登记的授权（须写 --subject）");
  command->add_option("--region", arguments->region, "行政区划代码")->capture_default_str();
  command->add_option("--subject", arguments->subject, "人员标识，同一标识视为同一人");
  command->add_option("--name", arguments->name, "姓名");
  command->add_option("--hours", arguments->hours, "有效小时数")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 720.0));
  command->add_flag("--system", arguments->system, "系统对接身份");
  command->callback([&context, &exit_code, arguments] { exit_code = Mint(context, *arguments); });
}

}  // namespace bangfu::ctl
