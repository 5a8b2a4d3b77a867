// bangfuctl period open | freeze | units | sign | submit | accept | return | reissue | show | diff
// | list
#include "services/ctl/period.h"

#include <cstdio>

#include "bangfu/operation/v1/operation_service.pb.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/ctl/bulk.h"
#include "services/ctl/commands.h"
#include "services/ctl/csv_rows.h"
#include "services/ctl/terminal.h"
#include "services/ctl/upload.h"

namespace bangfu::ctl {
namespace {

using namespace period::v1;  // the contract of this file's commands
constexpr char kService[] = "bangfu.period.v1.PeriodService.";
std::string M(std::string_view method) { return Cat(kService, method); }

std::string StateText(PeriodState state) {
  const auto* value = PeriodState_descriptor()->FindValueByNumber(state);
  return value == nullptr ? Cat(static_cast<int>(state))
                          : value->options().GetExtension(options::v1::value_label).zh();
}

std::string ChangeText(RowChange change) {
  const auto* value = RowChange_descriptor()->FindValueByNumber(change);
  return value == nullptr ? Cat(static_cast<int>(change))
                          : value->options().GetExtension(options::v1::value_label).zh();
}

absl::StatusOr<Period> Get(Context& context, const std::string& service, const std::string& id) {
  GetPeriodRequest request;
  request.set_id(id);
  return context.CallOn<Period>(service, M("GetPeriod"), request);
}

// The operation that freezes, until it has ended; then the period.
absl::StatusOr<Period> Await(Context& context, const std::string& service, const Period& period) {
  operation::v1::GetOperationRequest get;
  get.set_id(period.operation_id());
  ASSIGN_OR_RETURN(auto operation,
                   context.CallOn<operation::v1::Operation>(
                       service, "bangfu.operation.v1.OperationService.GetOperation", get));
  RETURN_IF_ERROR(WaitForOperation(context, service, operation, "冻结", context.json).status());
  return Get(context, service, period.id());
}

struct Arguments {
  std::string service = "evaluation";
  std::string id, table, region, period, hash, other;
  std::vector<std::string> ids, reasons;
  bool check = false;
  bool is_late = false, all = false, is_unsigned = false;
};

void Print(const Context& context, const Period& period) {
  if (!context.PrintJson(period)) std::printf("%s", RenderPeriod(period).c_str());
}

template <typename Request>
absl::Status Step(Context& context, const Arguments& a, std::string_view method,
                  Request request = Request()) {
  request.set_request_id(Context::NewRequestId());
  request.set_id(a.id);
  ASSIGN_OR_RETURN(Period period, context.CallOn<Period>(a.service, M(method), request));
  Print(context, period);
  return absl::OkStatus();
}

absl::Status Open(Context& context, const Arguments& a) {
  OpenPeriodRequest request;
  request.set_request_id(Context::NewRequestId());
  request.set_table_no(a.table);
  request.set_region_code(a.region);
  request.set_period(a.period);
  ASSIGN_OR_RETURN(Period period, context.CallOn<Period>(a.service, M("OpenPeriod"), request));
  Print(context, period);
  return absl::OkStatus();
}

// One revision by its own rpc, several by the rpc for many: a line for each, and a failure when one
// was refused.
template <typename Response, typename Request, typename BulkRequest>
absl::Status Decide(Context& context, Arguments a, std::string_view one, Request request,
                    std::string_view many, BulkRequest bulk) {
  if (a.ids.size() == 1) {
    a.id = a.ids[0];
    request.set_validate_only(a.check);
    return Step(context, a, one, request);
  }
  bulk.set_validate_only(a.check);
  return RunMany<Response>(context, a.service, M(many), std::move(bulk), a.ids);
}

absl::Status Accept(Context& context, const Arguments& a) {
  return Decide<BatchAcceptPeriodsResponse>(context, a, "AcceptPeriod", AcceptPeriodRequest(),
                                            "BatchAcceptPeriods", BatchAcceptPeriodsRequest());
}

absl::Status Return(Context& context, const Arguments& a) {
  ReturnPeriodRequest one;
  for (const std::string& text : a.reasons) one.add_reasons()->set_text(text);
  BatchReturnPeriodsRequest many;
  *many.mutable_reasons() = one.reasons();
  return Decide<BatchReturnPeriodsResponse>(context, a, "ReturnPeriod", one, "BatchReturnPeriods",
                                            many);
}

absl::Status Reissue(Context& context, const Arguments& a) {
  ReissuePeriodRequest request;
  request.set_request_id(Context::NewRequestId());
  request.set_id(a.id);
  ASSIGN_OR_RETURN(Period period, context.CallOn<Period>(a.service, M("ReissuePeriod"), request));
  ASSIGN_OR_RETURN(period, Await(context, a.service, period));
  Print(context, period);
  return absl::OkStatus();
}

absl::Status Units(Context& context, const Arguments& a) {
  ListPeriodUnitsRequest request;
  request.set_id(a.id);
  request.set_region_code(a.region);
  request.set_unsigned_only(a.is_unsigned);
  request.set_page_size(200);
  TextTable table({"区划", "名称", "行数", "签字人", "SHA-256"}, {2});
  RETURN_IF_ERROR(context.ShowPages<ListPeriodUnitsResponse>(
      a.service, M("ListPeriodUnits"), request, [&](const ListPeriodUnitsResponse& page) {
        for (const PeriodUnit& unit : page.units()) {
          table.Row({unit.region_code(), unit.region_name(), Cat(unit.rows()),
                     unit.has_signature() ? unit.signature().signed_by().name() : "未签",
                     unit.rows_sha256()});
        }
      }));
  if (!context.json) std::printf("%s共 %zu\n", table.Render().c_str(), table.rows());
  return absl::OkStatus();
}

absl::Status Diff(Context& context, const Arguments& a) {
  DiffPeriodRequest request;
  request.set_id(a.id);
  request.set_other_id(a.other);
  request.set_page_size(200);
  bool first = true;
  const auto show = [&](const DiffPeriodResponse& page) {
    if (first) {
      std::printf("%s → %s：新增 %lld 行，减少 %lld 行，变更 %lld 行\n", page.from_zh().c_str(),
                  page.to_zh().c_str(), static_cast<long long>(page.added()),
                  static_cast<long long>(page.removed()), static_cast<long long>(page.changed()));
    }
    first = false;
    for (const RowDifference& row : page.differences()) {
      std::printf("%s  %s  %s\n", ChangeText(row.change()).c_str(), row.region_code().c_str(),
                  row.title().c_str());
      for (const auto& field : row.fields()) {
        std::printf("    %s：%s → %s\n",
                    (field.label_zh().empty() ? field.field() : field.label_zh()).c_str(),
                    field.before().empty() ? "（空）" : field.before().c_str(),
                    field.after().empty() ? "（空）" : field.after().c_str());
      }
    }
  };
  return context.ShowPages<DiffPeriodResponse>(a.service, M("DiffPeriod"), request, show);
}

absl::Status List(Context& context, const Arguments& a) {
  ListPeriodsRequest request;
  request.set_table_no(a.table);
  request.set_region_code(a.region);
  request.set_period(a.period);
  request.set_late_only(a.is_late);
  request.set_all_revisions(a.all);
  request.set_page_size(200);
  TextTable table({"编号", "表号", "区划", "名称", "报表期", "版次", "状态", "行数", "截止", ""},
                  {5, 7});
  RETURN_IF_ERROR(context.ShowPages<ListPeriodsResponse>(
      a.service, M("ListPeriods"), request, [&](const ListPeriodsResponse& page) {
        for (const Period& p : page.periods()) {
          table.Row({p.id(), p.table_no(), p.region_code(), p.region_name(), p.period(),
                     Cat(p.revision()), StateText(p.state()), Cat(p.rows()),
                     FormatDate(p.cut_off()),
                     p.needs_update() ? "需更新"
                     : p.late()       ? "逾期"
                                      : ""});
        }
      }));
  if (!context.json) std::printf("%s共 %zu\n", table.Render().c_str(), table.rows());
  return absl::OkStatus();
}

}  // namespace

std::string RenderPeriod(const Period& p) {
  std::string out =
      Cat(p.id(), "\n", p.table_no(), " ", p.table_name_zh(), "  ", p.region_name(), "（",
          p.region_code(), "）  ", p.period(), " 第", p.revision(), "版  ", StateText(p.state()),
          p.late() ? "  逾期" : "", "  截止 ", FormatDate(p.cut_off()), "\n");
  if (p.state() >= PERIOD_STATE_FROZEN) {
    out +=
        Cat(p.rows(), " 行，SHA-256 ", p.rows_sha256(), "，填报人 ", p.prepared_by().name(), "\n");
  }
  for (const PeriodComponent& c : p.components()) {
    out +=
        Cat("  ", c.region_code(), " ", c.region_name(), "  ",
            c.period_id().empty() ? "未报送" : Cat("第", c.revision(), "版 ", StateText(c.state())),
            "\n");
  }
  for (const auto& reason : p.return_reasons()) out += Cat("退回意见：", reason.text(), "\n");
  if (!p.draft_note().empty()) out += Cat(p.draft_note(), "\n");
  for (const auto& action : p.allowed_actions()) {
    out += Cat("  可办理 ", action.label_zh(),
               action.allowed() ? "" : Cat("：暂不能，", action.refusal_zh()), "\n");
  }
  return out;
}

absl::StatusOr<Period> OpenOrFindPeriod(Context& context, const std::string& service,
                                        const std::string& table_no, const std::string& region,
                                        const std::string& period) {
  ListPeriodsRequest list;
  list.set_table_no(table_no);
  list.set_region_code(region);
  list.set_period(period);
  ASSIGN_OR_RETURN(auto page, context.CallOn<ListPeriodsResponse>(service, M("ListPeriods"), list));
  for (const Period& known : page.periods()) {
    if (known.region_code() == region) return known;
  }
  OpenPeriodRequest request;
  request.set_request_id(Context::NewRequestId());
  request.set_table_no(table_no);
  request.set_region_code(region);
  request.set_period(period);
  return context.CallOn<Period>(service, M("OpenPeriod"), request);
}

absl::StatusOr<Period> FreezeAndWait(Context& context, const std::string& service,
                                     const std::string& id) {
  FreezePeriodRequest request;
  request.set_request_id(Context::NewRequestId());
  request.set_id(id);
  ASSIGN_OR_RETURN(Period period, context.CallOn<Period>(service, M("FreezePeriod"), request));
  return Await(context, service, period);
}

absl::StatusOr<Period> SignUnit(Context& context, const std::string& service, const std::string& id,
                                const std::string& region, std::string rows_sha256) {
  if (rows_sha256.empty()) {
    ListPeriodUnitsRequest list;
    list.set_id(id);
    list.set_region_code(region);
    list.set_page_size(1);
    ASSIGN_OR_RETURN(auto units,
                     context.CallOn<ListPeriodUnitsResponse>(service, M("ListPeriodUnits"), list));
    if (units.units_size() == 0 || units.units(0).region_code() != region) {
      return Error(absl::StatusCode::kFailedPrecondition, "UNIT_EMPTY")
          .Zh("该单位在本表中没有记录，无须签字")
          .Build();
    }
    rows_sha256 = units.units(0).rows_sha256();
  }
  SignPeriodRequest request;
  request.set_request_id(Context::NewRequestId());
  request.set_id(id);
  request.set_region_code(region);
  request.set_rows_sha256(rows_sha256);
  return context.CallOn<Period>(service, M("SignPeriod"), request);
}

void AddPeriodCommands(CLI::App& app, Context& context, int& exit_code) {
  CLI::App* group = app.add_subcommand("period", "报表期：冻结、逐级签字、上报、退回、重报、差异");
  group->require_subcommand(1);
  auto add = [&](const char* name, const char* help, const char* example, bool with_id,
                 auto configure, auto run) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command = group->add_subcommand(name, help);
    command->footer(Cat("例: bangfuctl period ", example));
    command->add_option("--service", arguments->service, "报表所在的服务")->capture_default_str();
    if (with_id) command->add_option("id", arguments->id, "报表期编号")->required();
    configure(command, arguments.get());
    command->callback([&context, &exit_code, arguments, run] {
      absl::Status status = run(context, *arguments);
      exit_code = status.ok() ? kExitOk : context.Fail(status);
    });
  };
  auto nothing = [](CLI::App*, Arguments*) {};
  add(
      "open", "开期", "open --table T2 --region 360783 --period 2026-10", false,
      [](CLI::App* command, Arguments* a) {
        command->add_option("--table", a->table, "表号：T2、T14")->required();
        command->add_option("--region", a->region, "填报地区")->required();
        command->add_option("--period", a->period, "2026-10、2026-Q4 或 2026-H2")->required();
      },
      Open);
  add("freeze", "冻结：存下此刻的行与摘要", "freeze 01J…", true, nothing,
      [](Context& context, const Arguments& a) -> absl::Status {
        ASSIGN_OR_RETURN(Period period, FreezeAndWait(context, a.service, a.id));
        Print(context, period);
        return absl::OkStatus();
      });
  add(
      "units", "签字单位与其摘要", "units 01J… --unsigned", true,
      [](CLI::App* command, Arguments* a) {
        command->add_option("--region", a->region, "只看此地区");
        command->add_flag("--unsigned", a->is_unsigned, "只看未签的");
      },
      Units);
  add(
      "sign", "签字：按所见的摘要", "sign 01J… --region 360783105201", true,
      [](CLI::App* command, Arguments* a) {
        command->add_option("--region", a->region, "签字的村、乡镇或县")->required();
        command->add_option("--hash", a->hash, "所核对的 SHA-256；不写则取本版");
      },
      [](Context& context, const Arguments& a) -> absl::Status {
        ASSIGN_OR_RETURN(Period period, SignUnit(context, a.service, a.id, a.region, a.hash));
        Print(context, period);
        return absl::OkStatus();
      });
  add("submit", "上报", "submit 01J…", true, nothing, [](Context& context, const Arguments& a) {
    return Step<SubmitPeriodRequest>(context, a, "SubmitPeriod");
  });
  const auto several = [](CLI::App* command, Arguments* a) {
    command->add_option("id", a->ids, "报表期编号，可多个")->required();
    command->add_flag("--check", a->check, "只看能否办理，不办理");
  };
  add("accept", "接收", "accept 01J… 01J…", false, several, Accept);
  add(
      "return", "退回并逐条写明意见", "return 01J… 01J… --reason 投入额与决算不符", false,
      [several](CLI::App* command, Arguments* a) {
        several(command, a);
        command->add_option("--reason", a->reasons, "退回意见，可多条")->required();
      },
      Return);
  add("reissue", "重报：冻结为下一版", "reissue 01J…", true, nothing, Reissue);
  add("show", "一期的状态、签字与可办理的事", "show 01J…", true, nothing,
      [](Context& context, const Arguments& a) -> absl::Status {
        ASSIGN_OR_RETURN(Period period, Get(context, a.service, a.id));
        Print(context, period);
        return absl::OkStatus();
      });
  add(
      "diff", "与另一版或实时的差异，逐行逐字段", "diff 01J… --with 01J…", true,
      [](CLI::App* command, Arguments* a) {
        command->add_option("--with", a->other, "另一版的编号；不写则与实时比");
      },
      Diff);
  add(
      "list", "报表期清单", "list --region 3607 --late", false,
      [](CLI::App* command, Arguments* a) {
        command->add_option("--table", a->table, "表号");
        command->add_option("--region", a->region, "地区及其下");
        command->add_option("--period", a->period, "报表期");
        command->add_flag("--late", a->is_late, "只看逾期的");
        command->add_flag("--all", a->all, "含以前各版");
      },
      List);
}

}  // namespace bangfu::ctl
