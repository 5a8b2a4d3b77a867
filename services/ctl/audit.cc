// bangfuctl audit search | history | export | verify | anchors | accesses | reveal
#include <cstdio>
#include <fstream>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "bangfu/audit/v1/audit_service.pb.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "google/protobuf/util/json_util.h"
#include "nlohmann/json.hpp"
#include "services/ctl/commands.h"
#include "services/ctl/ledger.h"
#include "services/ctl/services.h"
#include "services/ctl/terminal.h"

namespace bangfu::ctl {
namespace {

using namespace audit::v1;  // the contract of this file's commands

constexpr char kService[] = "bangfu.audit.v1.AuditService.";
std::string M(std::string_view method) { return Cat(kService, method); }

constexpr char kToTheSecond[] = "%H:%M:%S";

struct Arguments {
  std::string service, type, id, region, person, behalf, action, from, to, output, reason, save,
      against;
  bool full = false;
};

// A day (2026-10-01) or an instant (2026-10-01T08:00:00), Asia/Shanghai.
absl::Status ParseInstant(const std::string& text, std::string_view option,
                          google::protobuf::Timestamp* out) {
  absl::Time at;
  std::string why;
  const char* format = text.size() == 10 ? "%Y-%m-%d" : "%Y-%m-%dT%H:%M:%S";
  if (!absl::ParseTime(format, text, ShanghaiTimeZone(), &at, &why)) {
    return InvalidField(option, "应写成 2026-10-01 或 2026-10-01T08:00:00");
  }
  out->set_seconds(absl::ToUnixSeconds(at));
  return absl::OkStatus();
}

template <typename Request>
absl::Status FillFilters(const Arguments& a, Request* request) {
  request->set_region_code(a.region);
  request->set_subject(a.person);
  if constexpr (requires { request->set_delegated_by(a.behalf); }) {
    request->set_delegated_by(a.behalf);
  }
  request->set_aggregate_type(a.type);
  request->set_aggregate_id(a.id);
  if (!a.from.empty()) RETURN_IF_ERROR(ParseInstant(a.from, "--from", request->mutable_from()));
  if (!a.to.empty()) RETURN_IF_ERROR(ParseInstant(a.to, "--to", request->mutable_to()));
  return absl::OkStatus();
}

void PrintEntry(const AuditEntry& entry, bool full) {
  std::string behalf = entry.actor().delegated_by().empty()
                           ? std::string()
                           : Cat("，代 ", entry.actor().delegated_by());
  if (!entry.actor_org_name().empty()) behalf += Cat("，代表 ", entry.actor_org_name());
  std::printf("%s  %s/%s #%lld %s  %s（%s %s%s）%s%s\n",
              TimeText(entry.occurred_at(), kToTheSecond).c_str(), entry.aggregate_type().c_str(),
              entry.aggregate_id().c_str(), static_cast<long long>(entry.chain_no()),
              entry.action().c_str(), entry.actor().name().c_str(), entry.actor().role().c_str(),
              entry.actor().region_path().c_str(), behalf.c_str(),
              entry.reason().empty() ? "" : "  理由：", entry.reason().c_str());
  for (const auto& change : entry.changes()) {
    std::printf("    %s：%s → %s\n",
                (change.label_zh().empty() ? change.field() : change.label_zh()).c_str(),
                change.before().empty() ? "（空）" : change.before().c_str(),
                change.after().empty() ? "（空）" : change.after().c_str());
  }
  if (full) {
    std::printf("  前 %s\n  后 %s\n", entry.before_json().c_str(), entry.after_json().c_str());
  }
}

absl::Status Search(Context& context, const Arguments& a) {
  SearchAuditRequest request;
  RETURN_IF_ERROR(FillFilters(a, &request));
  request.set_action(a.action);
  request.set_with_json(a.full);
  request.set_page_size(100);
  return context.ShowPages<SearchAuditResponse>(a.service, M("SearchAudit"), request,
                                                [&](const SearchAuditResponse& page) {
                                                  for (const auto& entry : page.entries())
                                                    PrintEntry(entry, a.full);
                                                });
}

absl::Status Export(Context& context, const Arguments& a) {
  ExportAuditRequest request;
  request.set_request_id(Context::NewRequestId());
  RETURN_IF_ERROR(FillFilters(a, &request));
  request.set_action(a.action);
  request.set_reason(a.reason);
  request.set_format(absl::EndsWithIgnoreCase(a.output, ".csv") ? type::v1::FILE_FORMAT_CSV
                                                                : type::v1::FILE_FORMAT_NDJSON);
  ASSIGN_OR_RETURN(auto meta, SaveExport(context, a.service, M("ExportAudit"), request, a.output));
  PrintSaved(context, a.output, meta);
  return absl::OkStatus();
}

absl::Status Anchors(Context& context, const Arguments& a) {
  ListAnchorsRequest request;
  request.set_page_size(100);
  ListAnchorsResponse all;
  RETURN_IF_ERROR(context.EachPage<ListAnchorsResponse>(
      a.service, M("ListAnchors"), request, [&](const ListAnchorsResponse& page) {
        all.mutable_anchors()->MergeFrom(page.anchors());
        return absl::OkStatus();
      }));
  if (!a.save.empty()) {
    std::ofstream out(a.save, std::ios::trunc);
    out << ToJson(all) << "\n";
    out.close();
    if (!out) {
      return Error(absl::StatusCode::kFailedPrecondition, "FILE_NOT_WRITABLE")
          .Zh(Cat("无法写入 ", a.save));
    }
    if (!context.PrintJson(
            nlohmann::ordered_json{{"file", a.save}, {"anchors", all.anchors_size()}})) {
      std::printf("%s：%d 个锚点\n", a.save.c_str(), all.anchors_size());
    }
    return absl::OkStatus();
  }
  if (context.PrintJson(all)) return absl::OkStatus();
  TextTable table({"锚点", "时间", "链头", "SHA-256"}, {0, 2});
  for (const auto& anchor : all.anchors()) {
    table.Row({Cat(anchor.anchor_no()), TimeText(anchor.taken_at(), kToTheSecond),
               Cat(anchor.items()), anchor.hash()});
  }
  std::printf("%s", table.Render().c_str());
  return absl::OkStatus();
}

absl::Status Accesses(Context& context, const Arguments& a) {
  ListAccessesRequest request;
  RETURN_IF_ERROR(FillFilters(a, &request));
  request.set_page_size(200);
  return context.ShowPages<ListAccessesResponse>(
      a.service, M("ListAccesses"), request, [](const ListAccessesResponse& page) {
        for (const auto& access : page.accesses()) {
          std::printf("%s  %s（%s %s）%s  %s/%s  理由：%s\n",
                      TimeText(access.occurred_at(), kToTheSecond).c_str(),
                      access.actor().name().c_str(), access.actor().role().c_str(),
                      access.actor().region_path().c_str(), access.action().c_str(),
                      access.aggregate_type().c_str(), access.aggregate_id().c_str(),
                      access.reason().c_str());
          for (const auto& field : access.fields()) std::printf("    %s\n", field.c_str());
        }
      });
}

absl::Status Reveal(Context& context, const Arguments& a) {
  RevealSensitiveRequest request;
  request.set_request_id(Context::NewRequestId());
  request.set_aggregate_type(a.type);
  request.set_aggregate_id(a.id);
  request.set_reason(a.reason);
  ASSIGN_OR_RETURN(auto shown, context.CallOn<RevealSensitiveResponse>(
                                   a.service, M("RevealSensitive"), request));
  if (context.PrintJson(shown)) return absl::OkStatus();
  for (const auto& field : shown.fields()) {
    std::printf("%s：%s\n", (field.label_zh().empty() ? field.field() : field.label_zh()).c_str(),
                field.value().c_str());
  }
  return absl::OkStatus();
}

absl::Status History(Context& context, const Arguments& a) {
  ListHistoryRequest request;
  request.set_aggregate_type(a.type);
  request.set_aggregate_id(a.id);
  request.set_page_size(100);
  return context.ShowPages<ListHistoryResponse>(a.service, M("ListHistory"), request,
                                                [&](const ListHistoryResponse& page) {
                                                  for (const auto& entry : page.entries())
                                                    PrintEntry(entry, a.full);
                                                });
}

absl::Status Verify(Context& context, const Arguments& a) {
  VerifyAuditRequest request;
  request.set_aggregate_type(a.type);
  request.set_aggregate_id(a.id);
  if (!a.against.empty()) {
    std::ifstream in(a.against);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    ListAnchorsResponse kept;
    if (!in || !google::protobuf::util::JsonStringToMessage(text, &kept).ok()) {
      return Error(absl::StatusCode::kInvalidArgument, "FILE_UNREADABLE")
          .Zh(Cat(a.against, " 不是留存的锚点文件"));
    }
    *request.mutable_kept_anchors() = kept.anchors();
  }
  ASSIGN_OR_RETURN(auto response,
                   context.CallOn<VerifyAuditResponse>(
                       a.service, "bangfu.audit.v1.AuditService.VerifyAudit", request));
  if (!context.PrintJson(response)) {
    std::printf(
        "%s：审计链 %lld 条，记录 %lld 行，锚点 %lld 个，%s\n", a.service.c_str(),
        static_cast<long long>(response.chains()), static_cast<long long>(response.entries()),
        static_cast<long long>(response.anchors()), response.broken_size() == 0 ? "完好" : "有损");
    if (response.entries_cut() > 0) {
      std::printf("  另有 %lld 行保留期满，已按规定清理\n",
                  static_cast<long long>(response.entries_cut()));
    }
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
  auto add = [&](const char* name, const char* help, const char* example, auto configure,
                 auto run) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command = group->add_subcommand(name, help);
    command->footer(Cat("例: bangfuctl audit ", example));
    command->add_option("service", arguments->service, OneOfText(ServiceNames()))->required();
    configure(command, arguments.get());
    command->callback([&context, &exit_code, arguments, run] {
      absl::Status status = run(context, *arguments);
      exit_code = status.ok() ? kExitOk : context.Fail(status);
    });
  };
  auto filters = [](CLI::App* command, Arguments* a) {
    command->add_option("--region", a->region, "地区及其下");
    command->add_option("--person", a->person, "人员编号");
    command->add_option("--type", a->type, "记录类型，如 project");
    command->add_option("--id", a->id, "记录编号")->needs("--type");
    command->add_option("--from", a->from, "自此日或此刻起");
    command->add_option("--to", a->to, "至此日或此刻之前");
  };
  add(
      "search", "谁在何时把什么从何改成何", "search registry --person zhang.san --from 2026-10-01",
      [filters](CLI::App* command, Arguments* a) {
        filters(command, a);
        command->add_option("--action", a->action, "操作，如 ProjectService.UpdateProject");
        command->add_option("--on-behalf-of", a->behalf, "委托人编号：代其办理的");
        command->add_flag("--full", a->full, "列出前后内容");
      },
      Search);
  add(
      "history", "一条记录的变更历史", "history registry project 01J… --full",
      [](CLI::App* command, Arguments* a) {
        command->add_option("type", a->type, "记录类型，如 project")->required();
        command->add_option("id", a->id, "记录编号")->required();
        command->add_flag("--full", a->full, "列出前后内容");
      },
      History);
  add(
      "export", "导出（导出本身留痕）", "export registry -o audit.csv --reason 年度审计",
      [filters](CLI::App* command, Arguments* a) {
        filters(command, a);
        command->add_option("--action", a->action, "操作");
        command->add_option("--output,-o", a->output, "输出文件，.csv 或 .ndjson")->required();
        command->add_option("--reason", a->reason, "导出理由")->required();
      },
      Export);
  add(
      "verify", "核验审计链与锚点：被改、被截、被删都看得出",
      "verify registry --against anchors.json",
      [](CLI::App* command, Arguments* a) {
        command->add_option("type", a->type, "记录类型；不写则全部");
        command->add_option("id", a->id, "记录编号");
        command->add_option("--against", a->against, "在库外留存的锚点文件");
      },
      Verify);
  add(
      "anchors", "每日锚点；存到库外", "anchors registry --save anchors.json",
      [](CLI::App* command, Arguments* a) { command->add_option("--save", a->save, "写入此文件"); },
      Anchors);
  add("accesses", "谁看过未遮盖的信息、谁导出过审计", "accesses registry --region 360783", filters,
      Accesses);
  add(
      "reveal", "查看一条记录的敏感信息（留痕）", "reveal registry project 01J… --reason 核实来电",
      [](CLI::App* command, Arguments* a) {
        command->add_option("type", a->type, "记录类型，如 project")->required();
        command->add_option("id", a->id, "记录编号")->required();
        command->add_option("--reason", a->reason, "查看理由")->required();
      },
      Reveal);
}

}  // namespace bangfu::ctl
