// bangfuctl audit history | verify
#include <cstdio>

#include "absl/time/time.h"
#include "bangfu/audit/v1/audit_service.pb.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/ctl/commands.h"
#include "services/ctl/terminal.h"

namespace bangfu::ctl {
namespace {

using namespace audit::v1;  // the contract of this file's commands

struct Arguments {
  std::string service, type, id;
  bool full = false;
};

absl::Status History(Context& context, const Arguments& a) {
  ListHistoryRequest request;
  request.set_aggregate_type(a.type);
  request.set_aggregate_id(a.id);
  request.set_page_size(100);
  do {
    ASSIGN_OR_RETURN(auto page,
                     context.CallOn<ListHistoryResponse>(
                         a.service, "bangfu.audit.v1.AuditService.ListHistory", request));
    if (context.PrintJson(page)) return absl::OkStatus();
    for (const auto& entry : page.entries()) {
      absl::Time at = absl::FromUnixSeconds(entry.occurred_at().seconds());
      const std::string behalf = entry.actor().delegated_by().empty()
                                     ? std::string()
                                     : Cat("，代 ", entry.actor().delegated_by());
      std::printf("%s  #%lld %s  %s（%s %s%s）%s%s\n",
                  absl::FormatTime("%Y-%m-%d %H:%M:%S", at, ShanghaiTimeZone()).c_str(),
                  static_cast<long long>(entry.chain_no()), entry.action().c_str(),
                  entry.actor().name().c_str(), entry.actor().role().c_str(),
                  entry.actor().region_path().c_str(), behalf.c_str(),
                  entry.reason().empty() ? "" : "  理由：", entry.reason().c_str());
      if (a.full)
        std::printf("  前 %s\n  后 %s\n", entry.before_json().c_str(), entry.after_json().c_str());
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

absl::Status Verify(Context& context, const Arguments& a) {
  VerifyAuditRequest request;
  request.set_aggregate_type(a.type);
  request.set_aggregate_id(a.id);
  ASSIGN_OR_RETURN(auto response,
                   context.CallOn<VerifyAuditResponse>(
                       a.service, "bangfu.audit.v1.AuditService.VerifyAudit", request));
  if (!context.PrintJson(response)) {
    std::printf("%s：审计链 %lld 条，记录 %lld 行，%s\n", a.service.c_str(),
                static_cast<long long>(response.chains()),
                static_cast<long long>(response.entries()),
                response.broken_size() == 0 ? "完好" : "有损");
    for (const auto& chain : response.broken()) {
      std::printf("  %s/%s #%lld %s\n", chain.aggregate_type().c_str(),
                  chain.aggregate_id().c_str(), static_cast<long long>(chain.chain_no()),
                  chain.problem().c_str());
    }
  }
  if (response.broken_size() > 0)
    return Error(absl::StatusCode::kDataLoss, "AUDIT_BROKEN").Zh("审计链有损");
  return absl::OkStatus();
}

}  // namespace

void AddAuditCommands(CLI::App& app, Context& context, int& exit_code) {
  CLI::App* group = app.add_subcommand("audit", "审计：谁在何时改了什么；核验审计链");
  group->require_subcommand(1);
  auto history = std::make_shared<Arguments>();
  CLI::App* command = group->add_subcommand("history", "一条记录的变更历史");
  command->footer("例: bangfuctl audit history registry project 01J… --full");
  command->add_option("service", history->service, "registry, asset 或 evaluation")->required();
  command->add_option("type", history->type, "记录类型，如 project")->required();
  command->add_option("id", history->id, "记录编号")->required();
  command->add_flag("--full", history->full, "列出前后内容");
  command->callback([&context, &exit_code, history] {
    absl::Status status = History(context, *history);
    exit_code = status.ok() ? kExitOk : Fail(status);
  });
  auto verify = std::make_shared<Arguments>();
  command = group->add_subcommand("verify", "核验审计链：被改、被截、被删都看得出");
  command->footer("例: bangfuctl audit verify registry");
  command->add_option("service", verify->service, "registry, asset 或 evaluation")->required();
  command->add_option("type", verify->type, "记录类型；不写则全部");
  command->add_option("id", verify->id, "记录编号");
  command->callback([&context, &exit_code, verify] {
    absl::Status status = Verify(context, *verify);
    exit_code = status.ok() ? kExitOk : Fail(status);
  });
}

}  // namespace bangfu::ctl
