// bangfuctl flag list | show | put | answer | close
#include <cstdio>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/time/time.h"
#include "bangfu/audit/v1/record_flag.pb.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/contract/labels.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/ctl/bulk.h"
#include "services/ctl/commands.h"
#include "services/ctl/csv_rows.h"
#include "services/ctl/services.h"
#include "services/ctl/terminal.h"

namespace bangfu::ctl {
namespace {

using namespace audit::v1;  // the contract of this file's commands

std::string M(std::string_view method) { return Cat("bangfu.audit.v1.RecordFlagService.", method); }

struct Arguments {
  std::string service, type, id, region, state, record, text, outcome;
  std::vector<std::string> ids;
  int days = 0;
  bool check = false;
};

void Print(Context& context, const RecordFlag& flag) {
  if (context.PrintJson(flag)) return;
  std::printf("%s  %s  %s/%s  %s\n", flag.id().c_str(), contract::EnumText(flag.state()).c_str(),
              flag.subject_type().c_str(), flag.subject_id().c_str(), flag.region_path().c_str());
  std::printf("  %s：%s\n", flag.flagged_by().name().c_str(), flag.reason().c_str());
  if (flag.has_answer_due()) std::printf("  答复期限 %s\n", FormatDate(flag.answer_due()).c_str());
  if (flag.has_answered_by()) {
    std::printf("  %s 答复：%s\n", flag.answered_by().name().c_str(), flag.answer().c_str());
  }
  if (flag.state() == RECORD_FLAG_STATE_ANSWERED && flag.has_close_due()) {
    std::printf("  办结期限 %s\n", FormatDate(flag.close_due()).c_str());
  }
  if (flag.has_closed_by()) {
    std::printf("  %s 办结：%s，%s\n", flag.closed_by().name().c_str(),
                contract::EnumText(flag.outcome()).c_str(), flag.outcome_note().c_str());
  }
  std::printf("%s", ActionsText(flag.allowed_actions()).c_str());
}

absl::Status List(Context& context, const Arguments& a) {
  ListRecordFlagsRequest request;
  request.set_region_code(a.region);
  request.set_subject_id(a.record);
  if (!a.state.empty()) {
    RecordFlagState state;
    if (!RecordFlagState_Parse(Cat("RECORD_FLAG_STATE_", absl::AsciiStrToUpper(a.state)), &state)) {
      return InvalidField("state", "状态是 OPEN、ANSWERED 或 CLOSED");
    }
    request.set_state(state);
  }
  return context.ShowPages<ListRecordFlagsResponse>(
      a.service, M("ListRecordFlags"), request, [](const ListRecordFlagsResponse& page) {
        TextTable table({"编号", "状态", "记录类型", "记录编号", "区划", "标记原因"});
        for (const RecordFlag& flag : page.record_flags()) {
          table.Row({flag.id(), contract::EnumText(flag.state()), flag.subject_type(),
                     flag.subject_id(), flag.region_path(), flag.reason()});
        }
        std::printf("%s", table.Render().c_str());
      });
}

absl::StatusOr<RecordFlag> Get(Context& context, const Arguments& a) {
  GetRecordFlagRequest request;
  request.set_id(a.id);
  return context.CallOn<RecordFlag>(a.service, M("GetRecordFlag"), request);
}

absl::Status Show(Context& context, const Arguments& a) {
  ASSIGN_OR_RETURN(const RecordFlag flag, Get(context, a));
  Print(context, flag);
  return absl::OkStatus();
}

// What the three steps share: a step that is only checked prints what would become of it.
template <typename Request>
absl::Status Step(Context& context, const Arguments& a, std::string_view method, Request request) {
  request.set_request_id(Context::NewRequestId());
  request.set_validate_only(a.check);
  ASSIGN_OR_RETURN(const RecordFlag flag,
                   context.CallOn<RecordFlag>(a.service, M(method), request));
  Print(context, flag);
  return absl::OkStatus();
}

absl::Status Put(Context& context, const Arguments& a) {
  FlagRecordRequest request;
  request.set_subject_type(a.type);
  request.set_subject_id(a.id);
  request.set_reason(a.text);
  request.set_answer_days(a.days);
  return Step(context, a, "FlagRecord", std::move(request));
}

absl::Status Answer(Context& context, const Arguments& a) {
  AnswerRecordFlagRequest request;
  ASSIGN_OR_RETURN(const RecordFlag now, Get(context, a));
  request.set_id(a.id);
  request.set_etag(now.etag());
  request.set_answer(a.text);
  return Step(context, a, "AnswerRecordFlag", std::move(request));
}

absl::Status Close(Context& context, const Arguments& asked) {
  Arguments a = asked;
  CloseRecordFlagRequest request;
  RecordFlagOutcome outcome;
  if (!RecordFlagOutcome_Parse(Cat("RECORD_FLAG_OUTCOME_", absl::AsciiStrToUpper(a.outcome)),
                               &outcome)) {
    return InvalidField("outcome", "结论是 EXPLAINED、CORRECTED、CASE_OPENED 或 WITHDRAWN");
  }
  if (a.ids.size() > 1) {
    BatchCloseRecordFlagsRequest many;
    many.set_outcome(outcome);
    many.set_outcome_note(a.text);
    many.set_validate_only(a.check);
    return RunMany<BatchCloseRecordFlagsResponse>(context, a.service, M("BatchCloseRecordFlags"),
                                                  std::move(many), a.ids);
  }
  a.id = a.ids[0];
  ASSIGN_OR_RETURN(const RecordFlag now, Get(context, a));
  request.set_id(a.id);
  request.set_etag(now.etag());
  request.set_outcome(outcome);
  request.set_outcome_note(a.text);
  return Step(context, a, "CloseRecordFlag", std::move(request));
}

}  // namespace

void AddFlagCommands(CLI::App& app, Context& context, int& exit_code) {
  CLI::App* group = app.add_subcommand("flag", "审计标记：标记记录、答复、办结");
  group->require_subcommand(1);
  using Run = absl::Status (*)(Context&, const Arguments&);
  const auto add = [&](const char* name, const char* help, const char* example, Run run,
                       auto configure) {
    auto a = std::make_shared<Arguments>();
    CLI::App* command = group->add_subcommand(name, help);
    command->footer(Cat("例: bangfuctl flag ", example));
    command->add_option("service", a->service, OneOfText(ServiceNames()))->required();
    configure(command, a.get());
    command->callback([&context, &exit_code, a, run] {
      absl::Status status = run(context, *a);
      exit_code = status.ok() ? kExitOk : context.Fail(status);
    });
  };
  const auto of_flag = [](CLI::App* command, Arguments* a) {
    command->add_option("id", a->id, "标记编号")->required();
  };
  add("list", "标记清单", "list registry --region 360733 --state OPEN", List,
      [](CLI::App* command, Arguments* a) {
        command->add_option("--region", a->region, "行政区划代码；不写则管辖内全部");
        command->add_option("--state", a->state, "OPEN、ANSWERED 或 CLOSED");
        command->add_option("--record", a->record, "记录编号");
      });
  add("show", "一项标记，及现在可办的", "show registry 01J…", Show, of_flag);
  add("put", "标记一条记录（审计纪检）",
      "put registry project 01J… --reason 凭证与合同金额不符 --days 5", Put,
      [](CLI::App* command, Arguments* a) {
        command->add_option("type", a->type, "记录类型，如 project")->required();
        command->add_option("id", a->id, "记录编号")->required();
        command->add_option("--reason", a->text, "标记原因")->required();
        command->add_option("--days", a->days, "答复期限（工作日）；不写则无期限");
        command->add_flag("--check", a->check, "只检查，不标记");
      });
  add("answer", "答复标记（记录所在层级的主管部门）", "answer registry 01J… --text 已补传补充协议",
      Answer, [&](CLI::App* command, Arguments* a) {
        of_flag(command, a);
        command->add_option("--text", a->text, "答复内容")->required();
        command->add_flag("--check", a->check, "只检查，不答复");
      });
  add("close", "办结标记（审计纪检）", "close registry 01J… --outcome CORRECTED --note 已补传",
      Close, [](CLI::App* command, Arguments* a) {
        command->add_option("ids", a->ids, "标记编号，可写多个")->required();
        command
            ->add_option("--outcome", a->outcome, "EXPLAINED、CORRECTED、CASE_OPENED 或 WITHDRAWN")
            ->required();
        command->add_option("--note", a->text, "办结说明")->required();
        command->add_flag("--check", a->check, "只检查，不办结");
      });
}

}  // namespace bangfu::ctl
