// bangfuctl inventory status | list | submit | pass | return | recall | verify | sample | overdue
#include "services/ctl/inventory.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bangfu/registry/v1/inventory_service.pb.h"
#include "bangfu/registry/v1/project.pb.h"
#include "bangfu/registry/v1/project_service.pb.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/contract/field_names.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/ctl/bulk.h"
#include "services/ctl/commands.h"
#include "services/ctl/csv_rows.h"
#include "services/ctl/subjects.h"
#include "services/ctl/terminal.h"

namespace bangfu::ctl {
namespace {

using namespace registry::v1;  // the contract of this file's commands
constexpr char kHost[] = "registry";
constexpr char kService[] = "bangfu.registry.v1.InventoryService.";

std::string M(std::string_view method) { return Cat(kService, method); }
std::string V(std::string_view method) {
  return Cat("bangfu.registry.v1.VerificationService.", method);
}

std::string StateText(UnitReportState state) {
  switch (state) {
    case UNIT_REPORT_STATE_NOT_STARTED:
      return "未开始";
    case UNIT_REPORT_STATE_DRAFT:
      return "草稿";
    case UNIT_REPORT_STATE_SUBMITTED:
      return "已上报";
    case UNIT_REPORT_STATE_TOWNSHIP_PASSED:
      return "乡镇已审";
    case UNIT_REPORT_STATE_COUNTY_VERIFIED:
      return "县级已核实";
    case UNIT_REPORT_STATE_CITY_SAMPLED_OK:
      return "市级抽查通过";
    case UNIT_REPORT_STATE_CITY_SAMPLED_ISSUE:
      return "市级抽查有问题";
    case UNIT_REPORT_STATE_PROV_CONFIRMED:
      return "省级已确认";
    case UNIT_REPORT_STATE_RETURNED:
      return "已退回";
    default:
      return "未知";
  }
}

}  // namespace

absl::StatusOr<std::string> CurrentCampaign(Context& context, const std::string& region) {
  ListCampaignsRequest request;
  request.set_region_code(region);
  request.set_page_size(50);
  ASSIGN_OR_RETURN(auto page, context.Call<ListCampaignsResponse>(M("ListCampaigns"), request));
  for (const auto& campaign : page.campaigns()) {
    if (campaign.state() == CAMPAIGN_STATE_OPEN) return campaign.id();
  }
  if (page.campaigns_size() > 0) return page.campaigns(0).id();
  return absl::NotFoundError("没有摸排批次");
}

absl::StatusOr<InventoryUnitReport> FindUnit(Context& context, const std::string& campaign,
                                             const std::string& village) {
  ListUnitReportsRequest request;
  request.set_campaign_id(campaign);
  request.set_region_code(village);
  request.set_page_size(1);
  ASSIGN_OR_RETURN(auto page, context.Call<ListUnitReportsResponse>(M("ListUnitReports"), request));
  if (page.unit_reports_size() == 0) return absl::NotFoundError(Cat("没有摸排单元 ", village));
  return page.unit_reports(0);
}

namespace {

// The path of a field as it is typed, by its path or its label.
absl::StatusOr<std::string> FieldOf(bool of_project, std::string_view named) {
  if (named.empty()) return std::string();
  contract::Messages messages;
  if (!of_project) messages.push_back(SubmitUnitReportRequest::descriptor());
  messages.push_back(Project::descriptor());
  return contract::PathOfName(messages, named, "field");
}

}  // namespace

absl::StatusOr<type::v1::ReturnReason> ReturnReasonOf(std::string_view item) {
  const size_t equals = item.find('=');
  if (equals == std::string_view::npos || Trim(item.substr(equals + 1)).empty()) {
    return InvalidField("item", Cat("“", item, "”应写成 项目/字段=意见"));
  }
  const std::string_view place = item.substr(0, equals);
  const size_t slash = place.find('/');
  type::v1::ReturnReason reason;
  reason.set_subject_id(std::string(Trim(place.substr(0, slash))));
  if (slash != std::string_view::npos) {
    ASSIGN_OR_RETURN(*reason.mutable_field(),
                     FieldOf(!reason.subject_id().empty(), Trim(place.substr(slash + 1))));
  }
  reason.set_text(std::string(Trim(item.substr(equals + 1))));
  return reason;
}

std::string RenderReason(const type::v1::ReturnReason& reason, std::string_view project) {
  const std::string& field =
      reason.field_label_zh().empty() ? reason.field() : reason.field_label_zh();
  std::string out(reason.subject_id().empty() ? "" : project);
  if (!out.empty() && !field.empty()) out += " ";
  out += field;
  return Cat(out, out.empty() ? "" : "：", reason.text());
}

std::string RenderCompleteness(const GetCompletenessResponse& response) {
  TextTable table(
      {"区划", "名称", "单元", "已上报", "乡镇已审", "县已核实", "零报告", "逾期", "核实率", ""},
      {2, 3, 4, 5, 6, 7, 8});
  auto add = [&](const Completeness& row) {
    table.Row({row.region_code(), row.region_name(), Cat(row.units()),
               Cat(row.submitted() + row.township_passed() + row.county_verified()),
               Cat(row.township_passed() + row.county_verified()), Cat(row.county_verified()),
               Cat(row.nil()), Cat(row.overdue()), Percent(row.verified_bp()),
               Bar(row.verified_bp(), 10000, 12)});
  };
  for (const auto& child : response.children()) add(child);
  add(response.total());
  return table.Render();
}

std::vector<std::string> VerifiableReports(
    const google::protobuf::RepeatedPtrField<VerificationTask>& tasks,
    const std::string& department) {
  std::vector<std::string> ids;
  for (const VerificationTask& task : tasks) {
    if (task.complete()) continue;
    const bool waits = std::any_of(
        task.departments().begin(), task.departments().end(), [&](const RequiredDepartment& d) {
          return !d.signed_() && (department.empty() || d.department_code() == department);
        });
    // A department signs where it is waited for; the county completes where nobody is.
    if (waits != department.empty()) ids.push_back(task.unit_report_id());
  }
  return ids;
}

namespace {

// What the projects are called that the reasons of a return are about, by id: code and name, or the
// id where they cannot be read.
std::map<std::string, std::string> ProjectsOf(Context& context, const ReportReturn& returned) {
  std::map<std::string, std::string> out;
  for (const auto& reason : returned.reasons()) {
    if (!reason.subject_id().empty()) out.emplace(reason.subject_id(), reason.subject_id());
  }
  if (out.empty()) return out;
  BatchGetProjectsRequest request;  // takes as many as a return has reasons
  for (const auto& [id, name] : out) request.add_ids(id);
  const auto found = context.Call<BatchGetProjectsResponse>(
      "bangfu.registry.v1.ProjectService.BatchGetProjects", request);
  if (!found.ok()) return out;
  for (const Project& project : found->projects()) {
    out[project.id()] = Cat(project.project_code(), " ", project.name());
  }
  return out;
}

// Every village of a region: the department's signature where it is waited for, or, without a
// department, the completion of what all have signed.
absl::Status VerifyMany(Context& context, const std::string& campaign, const std::string& region,
                        const std::string& department, const std::string& opinion) {
  ListVerificationTasksRequest list;
  list.set_campaign_id(campaign);
  list.set_region_code(region);
  list.set_pending_department_code(department);
  list.set_page_size(200);
  std::vector<std::string> ids;
  do {
    ASSIGN_OR_RETURN(const auto page,
                     context.Call<ListVerificationTasksResponse>(V("ListVerificationTasks"), list));
    for (std::string& id : VerifiableReports(page.tasks(), department)) {
      ids.push_back(std::move(id));
    }
    list.set_page_token(page.next_page_token());
  } while (!list.page_token().empty());
  if (ids.empty()) return absl::NotFoundError(Cat("没有待办的摸排单元 ", region));
  if (department.empty()) {
    return RunMany<BatchCompleteVerificationsResponse>(
        context, kHost, V("BatchCompleteVerifications"), BatchCompleteVerificationsRequest(), ids);
  }
  BatchSignVerificationsRequest request;
  request.set_department_code(department);
  request.set_opinion(opinion.empty() ? "属实" : opinion);
  return RunMany<BatchSignVerificationsResponse>(context, kHost, V("BatchSignVerifications"),
                                                 request, ids);
}

}  // namespace

void AddInventoryCommands(CLI::App& app, Context& context, int& exit_code) {
  CLI::App* group = app.add_subcommand("inventory", "摸排：村上报、乡审核、县核实、省市抽查");
  group->require_subcommand(1);
  struct Arguments {
    std::string campaign, region, text, date, department, seed, field, subject;
    std::vector<std::string> reasons, items;
    bool nil = false;
    int rate_bp = 0;
    int days = 0;
  };
  auto add = [&](const char* name, const char* help, const char* example, auto configure,
                 auto run) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command = group->add_subcommand(name, help);
    command->footer(Cat("例: bangfuctl inventory ", example));
    command->add_option("--campaign", arguments->campaign, "摸排批次，默认为进行中的批次");
    command->add_option("region", arguments->region, "行政区划代码")->required();
    configure(command, arguments.get());
    command->callback([&context, &exit_code, arguments, run] {
      if (arguments->campaign.empty()) {
        absl::StatusOr<std::string> current = CurrentCampaign(context, arguments->region);
        if (!current.ok()) {
          exit_code = context.Fail(current.status());
          return;
        }
        arguments->campaign = *current;
      }
      absl::Status status = run(context, *arguments);
      exit_code = status.ok() ? kExitOk : context.Fail(status);
    });
  };
  auto nothing = [](CLI::App*, Arguments*) {};
  auto print_unit = [](Context& context, const InventoryUnitReport& unit) {
    if (context.PrintJson(unit)) return;
    std::printf("%s %s：%s%s，项目 %d 个\n", unit.region_code().c_str(), unit.region_name().c_str(),
                StateText(unit.state()).c_str(), unit.is_nil() ? "（零报告）" : "",
                unit.project_count());
    const auto names = ProjectsOf(context, unit.current_return());
    for (const auto& reason : unit.current_return().reasons()) {
      const auto name = names.find(reason.subject_id());
      std::printf("  %s\n", RenderReason(reason, name == names.end() ? "" : name->second).c_str());
    }
  };

  add(
      "status", "完成情况", "status 360733",
      [](CLI::App* command, Arguments* a) {
        command->add_option("--on", a->date, "截至日期，如 2025-10-31");
      },
      [](Context& context, const Arguments& a) -> absl::Status {
        GetCompletenessRequest request;
        request.set_campaign_id(a.campaign);
        request.set_region_code(a.region);
        if (!a.date.empty()) {
          ASSIGN_OR_RETURN(*request.mutable_on(), ParseDate(a.date));
        }
        ASSIGN_OR_RETURN(auto response,
                         context.Call<GetCompletenessResponse>(M("GetCompleteness"), request));
        if (context.PrintJson(response)) return absl::OkStatus();
        std::printf("%s", RenderCompleteness(response).c_str());
        return absl::OkStatus();
      });
  add("list", "摸排单元", "list 360733100", nothing,
      [](Context& context, const Arguments& a) -> absl::Status {
        ListUnitReportsRequest request;
        request.set_campaign_id(a.campaign);
        request.set_region_code(a.region);
        request.set_page_size(500);
        TextTable table({"区划", "村", "状态", "项目", "已核实", "零报告", "逾期"}, {3, 4});
        RETURN_IF_ERROR(context.ShowPages<ListUnitReportsResponse>(
            "registry", M("ListUnitReports"), request, [&](const ListUnitReportsResponse& page) {
              for (const auto& unit : page.unit_reports()) {
                table.Row({unit.region_code(), unit.region_name(), StateText(unit.state()),
                           Cat(unit.project_count()), Cat(unit.verified_count()),
                           unit.is_nil() ? "是" : "", unit.late() ? "是" : ""});
              }
            }));
        if (!context.json) std::printf("%s", table.Render().c_str());
        return absl::OkStatus();
      });
  add(
      "overdue", "逾期单元", "overdue 360733",
      [](CLI::App* command, Arguments* a) { command->add_option("--on", a->date, "截至日期"); },
      [](Context& context, const Arguments& a) -> absl::Status {
        ListOverdueRequest request;
        request.set_campaign_id(a.campaign);
        request.set_region_code(a.region);
        request.set_page_size(200);
        if (!a.date.empty()) {
          ASSIGN_OR_RETURN(*request.mutable_on(), ParseDate(a.date));
        }
        TextTable table({"区划", "名称", "状态", "应办日期", "逾期天数"}, {4});
        int64_t total = 0;
        RETURN_IF_ERROR(context.ShowPages<ListOverdueResponse>(
            "registry", M("ListOverdue"), request, [&](const ListOverdueResponse& page) {
              total = page.total();
              for (const auto& unit : page.units()) {
                table.Row({unit.region_code(), unit.region_name(), StateText(unit.state()),
                           FormatDate(unit.due_on()), Cat(unit.days_overdue())});
              }
            }));
        if (context.json) return absl::OkStatus();
        std::printf("%s逾期共 %lld 个\n", table.Render().c_str(), static_cast<long long>(total));
        return absl::OkStatus();
      });
  add(
      "submit", "村级上报", "submit 360733105201 --signatory 张三",
      [](CLI::App* command, Arguments* a) {
        command->add_flag("--nil", a->nil, "零报告");
        command->add_option("--signatory", a->text, "签字人")->required();
      },
      [print_unit](Context& context, const Arguments& a) -> absl::Status {
        ASSIGN_OR_RETURN(InventoryUnitReport unit, FindUnit(context, a.campaign, a.region));
        SubmitUnitReportRequest request;
        request.set_request_id(Context::NewRequestId());
        request.set_id(unit.id());
        request.set_etag(unit.etag());
        request.set_is_nil(a.nil);
        request.set_signatory(a.text);
        ASSIGN_OR_RETURN(unit, context.Call<InventoryUnitReport>(M("SubmitUnitReport"), request));
        print_unit(context, unit);
        return absl::OkStatus();
      });
  add(
      "pass", "乡镇审核通过", "pass 360733105201 --opinion 属实",
      [](CLI::App* command, Arguments* a) { command->add_option("--opinion", a->text, "意见"); },
      [print_unit](Context& context, const Arguments& a) -> absl::Status {
        ASSIGN_OR_RETURN(InventoryUnitReport unit, FindUnit(context, a.campaign, a.region));
        PassUnitReportRequest request;
        request.set_request_id(Context::NewRequestId());
        request.set_id(unit.id());
        request.set_etag(unit.etag());
        request.set_opinion(a.text);
        ASSIGN_OR_RETURN(unit, context.Call<InventoryUnitReport>(M("PassUnitReport"), request));
        print_unit(context, unit);
        return absl::OkStatus();
      });
  add(
      "return", "退回下级，逐项说明",
      "return 360733105201 --item PJ360733-2019-000012/实施单位=与资金文件不一致 --item "
      "/签字人=应为村党组织书记",
      [](CLI::App* command, Arguments* a) {
        // One value each: the region may come after it.
        CLI::Option* reason =
            command->add_option("--reason", a->reasons, "理由，可多条")->allow_extra_args(false);
        command->add_option("--field", a->field, "唯一一条 --reason 所指的字段，名称或路径")
            ->needs(reason);
        command->add_option("--project", a->subject, "唯一一条 --reason 所指的项目")->needs(reason);
        command
            ->add_option("--item", a->items,
                         "逐项意见，可多条：项目/字段=意见；字段写名称或路径，项目、字段都可不写，"
                         "如 /零报告=意见")
            ->allow_extra_args(false)
            ->check([](const std::string& item) {
              const auto parsed = ReturnReasonOf(item);
              return parsed.ok() ? std::string()
                                 : GetErrorDetail(parsed.status()).violations[0].description;
            });
        command->add_option("--due", a->date, "整改时限，如 2025-11-15；不写则按规定天数");
        command->parse_complete_callback([a] {
          if (a->reasons.empty() && a->items.empty()) {
            throw CLI::ValidationError("--reason", "请写退回意见：--reason 或 --item");
          }
          if (a->reasons.size() > 1 && !(a->field.empty() && a->subject.empty())) {
            throw CLI::ValidationError("--field", "有多条意见时请用 --item 项目/字段=意见");
          }
        });
      },
      [print_unit](Context& context, const Arguments& a) -> absl::Status {
        ASSIGN_OR_RETURN(InventoryUnitReport unit, FindUnit(context, a.campaign, a.region));
        ReturnUnitReportRequest request;
        request.set_request_id(Context::NewRequestId());
        request.set_id(unit.id());
        request.set_etag(unit.etag());
        for (const std::string& text : a.reasons) {
          auto* reason = request.add_reasons();
          reason->set_text(text);
          ASSIGN_OR_RETURN(*reason->mutable_field(), FieldOf(!a.subject.empty(), a.field));
          reason->set_subject_id(a.subject);
        }
        for (const std::string& item : a.items) {
          ASSIGN_OR_RETURN(*request.add_reasons(), ReturnReasonOf(item));
        }
        for (auto& reason : *request.mutable_reasons()) {
          if (reason.subject_id().empty()) continue;
          ASSIGN_OR_RETURN(*reason.mutable_subject_id(),
                           ResolveSubject(context, reason.subject_id()));
        }
        if (!a.date.empty()) {
          ASSIGN_OR_RETURN(*request.mutable_due_on(), ParseDate(a.date));
        }
        ASSIGN_OR_RETURN(unit, context.Call<InventoryUnitReport>(M("ReturnUnitReport"), request));
        print_unit(context, unit);
        return absl::OkStatus();
      });
  add(
      "recall", "县级撤回本级核实，重新核实", "recall 360733105201 --reason 更正已核实的产值",
      [](CLI::App* command, Arguments* a) {
        command->add_option("--reason", a->text, "撤回原因")->required();
      },
      [print_unit](Context& context, const Arguments& a) -> absl::Status {
        ASSIGN_OR_RETURN(InventoryUnitReport unit, FindUnit(context, a.campaign, a.region));
        RecallUnitReportRequest request;
        request.set_request_id(Context::NewRequestId());
        request.set_id(unit.id());
        request.set_etag(unit.etag());
        request.set_reason(a.text);
        ASSIGN_OR_RETURN(unit, context.Call<InventoryUnitReport>(M("RecallUnitReport"), request));
        print_unit(context, unit);
        return absl::OkStatus();
      });
  add(
      "verify", "县级联合核实：部门签字或完成；区划为乡、县的，逐村办理其下待办各村",
      "verify 360733105201 --department ETHNIC",
      [](CLI::App* command, Arguments* a) {
        command->add_option("--department", a->department, "签字部门；不写则完成核实");
        command->add_option("--opinion", a->text, "意见");
      },
      [](Context& context, const Arguments& a) -> absl::Status {
        ASSIGN_OR_RETURN(const std::string region, NormalizeRegionCode(a.region));
        if (LevelOfRegion(region) != ::bangfu::RegionLevel::kVillage) {
          return VerifyMany(context, a.campaign, region, a.department, a.text);
        }
        ASSIGN_OR_RETURN(InventoryUnitReport unit, FindUnit(context, a.campaign, a.region));
        GetVerificationTaskRequest get;
        get.set_unit_report_id(unit.id());
        ASSIGN_OR_RETURN(VerificationTask task,
                         context.Call<VerificationTask>(V("GetVerificationTask"), get));
        if (!a.department.empty()) {
          SignVerificationRequest request;
          request.set_request_id(Context::NewRequestId());
          request.set_unit_report_id(unit.id());
          request.set_etag(task.etag());
          request.set_department_code(a.department);
          request.set_opinion(a.text.empty() ? "属实" : a.text);
          ASSIGN_OR_RETURN(task, context.Call<VerificationTask>(V("SignVerification"), request));
        } else {
          CompleteVerificationRequest request;
          request.set_request_id(Context::NewRequestId());
          request.set_unit_report_id(unit.id());
          request.set_etag(task.etag());
          ASSIGN_OR_RETURN(task,
                           context.Call<VerificationTask>(V("CompleteVerification"), request));
        }
        if (context.PrintJson(task)) return absl::OkStatus();
        TextTable table({"部门", "签字", "签字人"});
        for (const auto& department : task.departments()) {
          table.Row({Cat(department.name_zh(), department.is_lead() ? "（牵头）" : ""),
                     department.signed_() ? "是" : "否", department.signed_by().name()});
        }
        std::printf("%s%s\n", table.Render().c_str(), task.complete() ? "核实完成" : "待签字");
        return absl::OkStatus();
      });
  add(
      "sample", "按种子分层抽样", "sample 36 --seed 20251031",
      [](CLI::App* command, Arguments* a) {
        command->add_option("--seed", a->seed, "种子，随样本保存，可复现");
        command->add_option("--rate", a->rate_bp, "比例，基点；默认按批次规定");
      },
      [](Context& context, const Arguments& a) -> absl::Status {
        DrawSampleRequest request;
        request.set_request_id(Context::NewRequestId());
        request.set_campaign_id(a.campaign);
        request.set_region_code(a.region);
        request.set_seed(a.seed);
        request.set_rate_bp(a.rate_bp);
        ASSIGN_OR_RETURN(const Sample sample, context.Call<Sample>(M("DrawSample"), request));
        if (context.PrintJson(sample)) return absl::OkStatus();
        TextTable table({"区划", "名称", "层"}, {2});
        ListSampleUnitsRequest list;
        list.set_sample_id(sample.id());
        list.set_page_size(500);
        do {
          ASSIGN_OR_RETURN(auto page,
                           context.Call<ListSampleUnitsResponse>(M("ListSampleUnits"), list));
          for (const auto& unit : page.units())
            table.Row({unit.region_path(), unit.region_name(), Cat(unit.stratum())});
          list.set_page_token(page.next_page_token());
        } while (!list.page_token().empty());
        std::printf("%s种子 %s，算法 %s，总体 %d，抽取 %d\n", table.Render().c_str(),
                    sample.seed().c_str(), sample.algorithm().c_str(), sample.population(),
                    sample.drawn());
        return absl::OkStatus();
      });
}

}  // namespace bangfu::ctl
