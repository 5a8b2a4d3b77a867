// bangfuctl whoami; bangfuctl freeze on | off | status
#include <cstdio>

#include "absl/time/time.h"
#include "bangfu/identity/v1/identity_service.pb.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/ctl/commands.h"
#include "services/ctl/services.h"
#include "services/ctl/terminal.h"

namespace bangfu::ctl {
namespace {

using namespace identity::v1;  // the contract of this file's commands

constexpr char kFreeze[] = "bangfu.identity.v1.FreezeService.";

struct Arguments {
  std::string service, reason, until;
};

std::string FreezeText(const Freeze& freeze) {
  if (!freeze.is_frozen()) return "可写";
  return Cat("已冻结：", freeze.reason(),
             freeze.has_until() ? Cat("，至 ", TimeText(freeze.until())) : "",
             freeze.by_operator() ? "（运维文件）" : "");
}

absl::Status WhoAmI(Context& context, const Arguments& a) {
  ASSIGN_OR_RETURN(const auto me,
                   context.CallOn<WhoAmIResponse>(
                       a.service, "bangfu.identity.v1.IdentityService.WhoAmI", WhoAmIRequest()));
  if (context.PrintJson(me)) return absl::OkStatus();
  std::printf("%s（%s）%s\n", me.person_name().c_str(), me.person().c_str(),
              me.is_client() ? "　系统对接" : "");
  TextTable table({"角色", "区划", "业务范围", "有效期", "代谁", "来源", "授权编号"});
  for (const auto& grant : me.grants()) {
    std::string regions, scope;
    for (const auto& region : grant.regions()) {
      regions += Cat(regions.empty() ? "" : "、",
                     region.name().empty() ? region.region_path() : region.name());
    }
    for (const auto* list :
         {&grant.scope().clauses(), &grant.scope().fund_sources(), &grant.scope().industries()}) {
      for (const auto& one : *list) scope += Cat(scope.empty() ? "" : "、", one);
    }
    table.Row({grant.role_zh(), regions, scope.empty() ? "全部" : scope,
               grant.has_valid_from()
                   ? Cat(TimeText(grant.valid_from()), " 至 ",
                         grant.has_valid_to() ? TimeText(grant.valid_to()) : "长期")
                   : "随令牌",
               grant.delegated_by(), grant.source() == GRANT_SOURCE_TOKEN ? "令牌" : "授权",
               grant.grant_id()});
  }
  std::printf("%s", table.Render().c_str());
  if (me.grants_size() == 0) std::printf("现在没有任何权限\n");
  std::printf("%s：%s\n", me.service().c_str(), FreezeText(me.freeze()).c_str());
  return absl::OkStatus();
}

// The services that a command is about: one, or all.
std::vector<std::string> Services(const Context& context, const std::string& named) {
  if (named != "all") return {named};
  std::vector<std::string> all;
  for (const auto& [service, address] : context.endpoints) all.push_back(service);
  return all;
}

void Print(Context& context, const std::string& service, const Freeze& freeze) {
  if (context.PrintJson(freeze)) return;
  std::printf("%s  %s\n", PadRight(service, 12).c_str(), FreezeText(freeze).c_str());
}

absl::Status Set(Context& context, const Arguments& a, bool frozen) {
  SetFreezeRequest request;
  request.set_is_frozen(frozen);
  request.set_reason(a.reason);
  if (!a.until.empty()) {
    absl::Time until;
    if (!absl::ParseTime("%Y-%m-%d %H:%M", a.until, ShanghaiTimeZone(), &until, nullptr)) {
      return InvalidField("until", "截止时间应写成 \"2026-12-31 18:00\"");
    }
    request.mutable_until()->set_seconds(absl::ToUnixSeconds(until));
  }
  // One that cannot be reached does not keep the others from being frozen.
  absl::Status first;
  for (const std::string& service : Services(context, a.service)) {
    request.set_request_id(Context::NewRequestId());
    const auto freeze = context.CallOn<Freeze>(service, Cat(kFreeze, "SetFreeze"), request);
    if (freeze.ok()) {
      Print(context, service, *freeze);
      continue;
    }
    if (first.ok()) first = freeze.status();
    std::fprintf(stderr, "%s 没有办成\n", service.c_str());
  }
  return first;
}

absl::Status Status(Context& context, const Arguments& a) {
  for (const std::string& service : Services(context, a.service)) {
    ASSIGN_OR_RETURN(const auto freeze, context.CallOn<Freeze>(service, Cat(kFreeze, "GetFreeze"),
                                                               GetFreezeRequest()));
    Print(context, service, freeze);
  }
  return absl::OkStatus();
}

}  // namespace

void AddIdentityCommands(CLI::App& app, Context& context, int& exit_code) {
  auto who = std::make_shared<Arguments>();
  who->service = "registry";
  CLI::App* command = app.add_subcommand("whoami", "我是谁，现在能做什么");
  command->footer("例: bangfuctl --token-file token whoami --service asset");
  command->add_option("--service", who->service, "由哪个服务回答")->capture_default_str();
  command->callback([&context, &exit_code, who] {
    absl::Status status = WhoAmI(context, *who);
    exit_code = status.ok() ? kExitOk : context.Fail(status);
  });

  CLI::App* group = app.add_subcommand("freeze", "冻结：暂停写入，查询不受影响");
  group->require_subcommand(1);
  std::vector<std::string> choices = ServiceNames();
  choices.emplace_back("all");
  const auto add = [&](const char* name, const char* help, const char* footer) {
    auto arguments = std::make_shared<Arguments>();
    arguments->service = "all";
    CLI::App* sub = group->add_subcommand(name, help);
    sub->footer(footer);
    sub->add_option("--service", arguments->service, OneOfText(choices, "、"))
        ->capture_default_str();
    return std::pair(sub, arguments);
  };
  auto [on, on_arguments] = add(
      "on", "冻结",
      "例: bangfuctl --token-file admin freeze on --reason 年终决算 --until '2026-12-31 18:00'");
  on->add_option("--reason", on_arguments->reason, "原因，写入的人会看到")->required();
  on->add_option("--until", on_arguments->until, "到时自动解冻，如 '2026-12-31 18:00'");
  on->callback([&context, &exit_code, a = on_arguments] {
    absl::Status status = Set(context, *a, true);
    exit_code = status.ok() ? kExitOk : context.Fail(status);
  });
  auto [off, off_arguments] =
      add("off", "解冻", "例: bangfuctl --token-file admin freeze off --service asset");
  off->callback([&context, &exit_code, a = off_arguments] {
    absl::Status status = Set(context, *a, false);
    exit_code = status.ok() ? kExitOk : context.Fail(status);
  });
  auto [shown, shown_arguments] =
      add("status", "各服务是否可写", "例: bangfuctl --token-file admin freeze status");
  shown->callback([&context, &exit_code, a = shown_arguments] {
    absl::Status status = Status(context, *a);
    exit_code = status.ok() ? kExitOk : context.Fail(status);
  });
}

}  // namespace bangfu::ctl
