// bangfuctl notice list | count | show | issue | answer | return | close | withdraw
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "bangfu/blob/v1/blob_service.pb.h"
#include "bangfu/notice/v1/notice.pb.h"
#include "common/base/strings.h"
#include "common/contract/labels.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/ctl/bulk.h"
#include "services/ctl/commands.h"
#include "services/ctl/csv_rows.h"
#include "services/ctl/evidence.h"
#include "services/ctl/terminal.h"

namespace bangfu::ctl {
namespace {

using namespace notice::v1;  // the contract of this file's commands

// The service that hosts notices.
constexpr char kHost[] = "registry";

std::string M(std::string_view method) {
  return Cat("bangfu.notice.v1.SupervisionNoticeService.", method);
}

struct Arguments {
  std::string id, region, state, kind, matter, side, record, dispatch, due, title, text, type;
  std::vector<std::string> regions, files, ids;
  bool evidence = false, check = false;
};

// "SUPERVISE" of NOTICE_KIND_SUPERVISE.
template <typename Enum>
absl::StatusOr<Enum> Value(const google::protobuf::EnumDescriptor& type, std::string_view prefix,
                           const std::string& text, std::string_view field) {
  if (text.empty()) return static_cast<Enum>(0);
  const auto* value = type.FindValueByName(Cat(prefix, absl::AsciiStrToUpper(text)));
  if (value != nullptr && value->number() != 0) return static_cast<Enum>(value->number());
  std::string names;
  for (int i = 1; i < type.value_count(); ++i) {
    names += Cat(names.empty() ? "" : "、", type.value(i)->name().substr(prefix.size()));
  }
  return InvalidField(field, Cat("可以是 ", names)).Build();
}
absl::StatusOr<NoticeKind> KindOf(const Arguments& a) {
  return Value<NoticeKind>(*NoticeKind_descriptor(), "NOTICE_KIND_", a.kind, "kind");
}
absl::StatusOr<NoticeMatter> MatterOf(const Arguments& a) {
  return Value<NoticeMatter>(*NoticeMatter_descriptor(), "NOTICE_MATTER_", a.matter, "matter");
}
absl::StatusOr<NoticeSide> SideOf(const Arguments& a) {
  return Value<NoticeSide>(*NoticeSide_descriptor(), "NOTICE_SIDE_", a.side, "side");
}

void PrintOne(const SupervisionNotice& notice) {
  std::printf("%s  %s  %s  %s → %s\n", notice.id().c_str(),
              contract::EnumText(notice.state()).c_str(), contract::EnumText(notice.kind()).c_str(),
              notice.issuer_region_path().c_str(), notice.region_path().c_str());
  std::printf("  %s（%s）\n  %s：%s\n", notice.title().c_str(),
              contract::EnumText(notice.matter()).c_str(), notice.issued_by().name().c_str(),
              notice.text().c_str());
  if (!notice.subject_id().empty()) {
    std::printf("  涉及 %s/%s\n", notice.subject_type().c_str(), notice.subject_id().c_str());
  }
  std::printf("  答复期限 %s%s\n", FormatDate(notice.answer_due()).c_str(),
              notice.needs_evidence() ? "，须附佐证材料" : "");
  if (notice.has_answered_by()) {
    std::printf("  %s 答复：%s（材料 %d 份）\n", notice.answered_by().name().c_str(),
                notice.answer().c_str(), notice.evidence_size());
  }
  if (notice.state() == NOTICE_STATE_ANSWERED && notice.has_review_due()) {
    std::printf("  审阅期限 %s\n", FormatDate(notice.review_due()).c_str());
  }
  if (notice.has_returned_by()) {
    std::printf("  %s 退回（第 %d 次）：%s\n", notice.returned_by().name().c_str(),
                notice.returns(), notice.return_reason().c_str());
  }
  if (notice.has_closed_by()) {
    std::printf("  %s %s：%s\n", notice.closed_by().name().c_str(),
                contract::EnumText(notice.state()).c_str(), notice.closing_note().c_str());
  }
  std::printf("%s", ActionsText(notice.allowed_actions()).c_str());
}

// The term that runs: to review what was answered, to answer all else.
google::type::Date TermOf(const SupervisionNotice& notice) {
  const bool answered = notice.state() == NOTICE_STATE_ANSWERED && notice.has_review_due();
  return answered ? notice.review_due() : notice.answer_due();
}

absl::Status List(Context& context, const Arguments& a) {
  ListSupervisionNoticesRequest request;
  request.set_region_code(a.region);
  request.set_subject_id(a.record);
  request.set_dispatch_id(a.dispatch);
  ASSIGN_OR_RETURN(const NoticeState state, Value<NoticeState>(*NoticeState_descriptor(),
                                                               "NOTICE_STATE_", a.state, "state"));
  request.set_state(state);
  ASSIGN_OR_RETURN(const NoticeKind kind, KindOf(a));
  request.set_kind(kind);
  ASSIGN_OR_RETURN(const NoticeMatter matter, MatterOf(a));
  request.set_matter(matter);
  ASSIGN_OR_RETURN(const NoticeSide side, SideOf(a));
  request.set_side(side);
  if (!a.due.empty()) {
    ASSIGN_OR_RETURN(*request.mutable_due_before(), ParseDate(a.due));
  }
  return context.ShowPages<ListSupervisionNoticesResponse>(
      kHost, M("ListSupervisionNotices"), request, [](const ListSupervisionNoticesResponse& page) {
        TextTable table({"编号", "状态", "类型", "事项", "收文地区", "期限", "标题"});
        for (const SupervisionNotice& notice : page.notices()) {
          table.Row({notice.id(), contract::EnumText(notice.state()),
                     contract::EnumText(notice.kind()), contract::EnumText(notice.matter()),
                     notice.region_path(), FormatDate(TermOf(notice)), notice.title()});
        }
        std::printf("%s", table.Render().c_str());
      });
}

absl::Status Count(Context& context, const Arguments& a) {
  CountSupervisionNoticesRequest request;
  request.set_region_code(a.region);
  ASSIGN_OR_RETURN(const NoticeKind kind, KindOf(a));
  request.set_kind(kind);
  ASSIGN_OR_RETURN(const NoticeMatter matter, MatterOf(a));
  request.set_matter(matter);
  ASSIGN_OR_RETURN(const NoticeSide side, SideOf(a));
  request.set_side(side);
  ASSIGN_OR_RETURN(const auto counts, context.CallOn<CountSupervisionNoticesResponse>(
                                          kHost, M("CountSupervisionNotices"), request));
  if (context.PrintJson(counts)) return absl::OkStatus();
  TextTable table({"状态", "件数", "逾期"});
  for (const SupervisionNoticeCount& count : counts.counts()) {
    table.Row({contract::EnumText(count.state()), Cat(count.notices()), Cat(count.overdue())});
  }
  std::printf("%s", table.Render().c_str());
  return absl::OkStatus();
}

absl::StatusOr<SupervisionNotice> Get(Context& context, const Arguments& a) {
  GetSupervisionNoticeRequest request;
  request.set_id(a.id);
  return context.CallOn<SupervisionNotice>(kHost, M("GetSupervisionNotice"), request);
}

absl::Status Show(Context& context, const Arguments& a) {
  ASSIGN_OR_RETURN(const SupervisionNotice notice, Get(context, a));
  if (!context.PrintJson(notice)) PrintOne(notice);
  return absl::OkStatus();
}

absl::Status Issue(Context& context, const Arguments& a) {
  IssueSupervisionNoticesRequest request;
  request.set_request_id(Context::NewRequestId());
  for (const std::string& region : a.regions) request.add_region_codes(region);
  ASSIGN_OR_RETURN(const NoticeKind kind, KindOf(a));
  request.set_kind(kind);
  ASSIGN_OR_RETURN(const NoticeMatter matter, MatterOf(a));
  request.set_matter(matter);
  request.set_title(a.title);
  request.set_text(a.text);
  if (!a.record.empty()) request.set_subject_type(a.type);
  request.set_subject_id(a.record);
  if (!a.due.empty()) {
    ASSIGN_OR_RETURN(*request.mutable_answer_due(), ParseDate(a.due));
  }
  request.set_needs_evidence(a.evidence);
  request.set_validate_only(a.check);
  ASSIGN_OR_RETURN(const auto sent, context.CallOn<IssueSupervisionNoticesResponse>(
                                        kHost, M("IssueSupervisionNotices"), request));
  if (context.PrintJson(sent)) return absl::OkStatus();
  for (const SupervisionNotice& notice : sent.notices()) PrintOne(notice);
  return absl::OkStatus();
}

// What the steps share: of the version that stands now; one that is only checked prints what would
// become of it.
template <typename Request>
absl::Status Step(Context& context, const Arguments& a, std::string_view method, Request request) {
  ASSIGN_OR_RETURN(const SupervisionNotice now, Get(context, a));
  request.set_request_id(Context::NewRequestId());
  request.set_id(a.id);
  request.set_etag(now.etag());
  request.set_validate_only(a.check);
  ASSIGN_OR_RETURN(const SupervisionNotice notice,
                   context.CallOn<SupervisionNotice>(kHost, M(method), request));
  if (!context.PrintJson(notice)) PrintOne(notice);
  return absl::OkStatus();
}

absl::Status Answer(Context& context, const Arguments& a) {
  AnswerSupervisionNoticeRequest request;
  request.set_answer(a.text);
  for (const std::string& file : a.files) {
    blob::v1::GetBlobRequest get;
    get.set_id(file);
    ASSIGN_OR_RETURN(const auto blob, context.CallOn<blob::v1::Blob>(
                                          kHost, "bangfu.blob.v1.BlobService.GetBlob", get));
    *request.add_evidence() = EvidenceOf(blob);
  }
  return Step(context, a, "AnswerSupervisionNotice", std::move(request));
}

// One by its own rpc, several by the rpc for many.
template <typename Response, typename Request, typename BulkRequest>
absl::Status Decide(Context& context, Arguments a, std::string_view one, Request request,
                    std::string_view many, BulkRequest bulk) {
  if (a.ids.size() == 1) {
    a.id = a.ids[0];
    return Step(context, a, one, std::move(request));
  }
  bulk.set_validate_only(a.check);
  return RunMany<Response>(context, kHost, M(many), std::move(bulk), a.ids);
}

absl::Status Return(Context& context, const Arguments& a) {
  ReturnSupervisionNoticeRequest one;
  BatchReturnSupervisionNoticesRequest many;
  one.set_reason(a.text);
  many.set_reason(a.text);
  if (!a.due.empty()) {
    ASSIGN_OR_RETURN(*one.mutable_answer_due(), ParseDate(a.due));
    *many.mutable_answer_due() = one.answer_due();
  }
  return Decide<BatchReturnSupervisionNoticesResponse>(context, a, "ReturnSupervisionNotice", one,
                                                       "BatchReturnSupervisionNotices", many);
}

absl::Status Close(Context& context, const Arguments& a) {
  CloseSupervisionNoticeRequest one;
  BatchCloseSupervisionNoticesRequest many;
  one.set_note(a.text);
  many.set_note(a.text);
  return Decide<BatchCloseSupervisionNoticesResponse>(context, a, "CloseSupervisionNotice", one,
                                                      "BatchCloseSupervisionNotices", many);
}

absl::Status Withdraw(Context& context, const Arguments& a) {
  WithdrawSupervisionNoticeRequest request;
  request.set_reason(a.text);
  return Step(context, a, "WithdrawSupervisionNotice", std::move(request));
}

constexpr char kKinds[] = "SUPERVISE 督办、COORDINATE 协调或 REMIND 提醒";
constexpr char kMatters[] =
    "PROJECT 项目实施、FUNDS 资金使用和管理、TARGETS 目标任务、INVENTORY 摸排或 COORDINATION "
    "域内协调";

void AddFilters(CLI::App* command, Arguments* a) {
  command->add_option("--region", a->region, "收文地区的行政区划代码；不写则管辖内全部");
  command->add_option("--kind", a->kind, kKinds);
  command->add_option("--matter", a->matter, kMatters);
  command->add_option("--side", a->side, "SENT 本级发出的，或 RECEIVED 本级收到的");
}

}  // namespace

void AddNoticeCommands(CLI::App& app, Context& context, int& exit_code) {
  CLI::App* group = app.add_subcommand("notice", "督办通知：发出、答复、退回、办结");
  group->require_subcommand(1);
  using Run = absl::Status (*)(Context&, const Arguments&);
  const auto add = [&](const char* name, const char* help, const char* example, Run run,
                       auto configure) {
    auto a = std::make_shared<Arguments>();
    CLI::App* command = group->add_subcommand(name, help);
    command->footer(Cat("例: bangfuctl notice ", example));
    configure(command, a.get());
    command->callback([&context, &exit_code, a, run] {
      absl::Status status = run(context, *a);
      exit_code = status.ok() ? kExitOk : context.Fail(status);
    });
  };
  // A step: the notice, or several, a text of its own, and whether it is only checked.
  const auto step = [&](const char* name, const char* help, const char* example, Run run,
                        const char* option, const char* what, bool many, bool due) {
    add(name, help, example, run, [&](CLI::App* command, Arguments* a) {
      if (many) {
        command->add_option("ids", a->ids, "通知编号，可写多个")->required();
      } else {
        command->add_option("id", a->id, "通知编号")->required();
      }
      command->add_option(option, a->text, what)->required();
      if (due) command->add_option("--due", a->due, "新的答复期限，如 2026-06-30");
      command->add_flag("--check", a->check, "只检查，不办理");
    });
  };
  add("list", "通知清单", "list --side RECEIVED --state OPEN", List,
      [](CLI::App* command, Arguments* a) {
        AddFilters(command, a);
        command->add_option("--state", a->state, "OPEN、ANSWERED、RETURNED、CLOSED 或 WITHDRAWN");
        command->add_option("--due", a->due,
                            "期限（已答复的为审阅期限，其他为答复期限）早于这一天，如 2026-06-30");
        command->add_option("--record", a->record, "涉及的记录编号");
        command->add_option("--dispatch", a->dispatch, "同一次发出的通知（发文编号）");
      });
  add("count", "各状态件数，及其中逾期的", "count --side SENT", Count, AddFilters);
  add("show", "一份通知，及现在可办的", "show 01J…", Show, [](CLI::App* command, Arguments* a) {
    command->add_option("id", a->id, "通知编号")->required();
  });
  add("issue", "发出通知（市级督导、省厅处室，或县对乡镇）",
      "issue 360733 360734 --kind SUPERVISE --matter FUNDS --title 支出进度偏慢 --text 请说明原因",
      Issue, [](CLI::App* command, Arguments* a) {
        command->add_option("regions", a->regions, "收文地区的行政区划代码，可写多个")->required();
        command->add_option("--kind", a->kind, kKinds)->required();
        command->add_option("--matter", a->matter, kMatters)->required();
        command->add_option("--title", a->title, "标题")->required();
        command->add_option("--text", a->text, "正文")->required();
        command->add_option("--due", a->due, "答复期限，如 2026-06-30；不写则按系统规定");
        a->type = "project";
        command->add_option("--type", a->type, "涉及的记录类型")->capture_default_str();
        command->add_option("--record", a->record, "涉及的记录编号；只能发给一个地区");
        command->add_flag("--evidence", a->evidence, "答复须附佐证材料");
        command->add_flag("--check", a->check, "只检查，不发出");
      });
  add("answer", "答复通知（收文地区的主管部门）",
      "answer 01J… --text 已督促付款，月底前到位 --evidence 01J…", Answer,
      [](CLI::App* command, Arguments* a) {
        command->add_option("id", a->id, "通知编号")->required();
        command->add_option("--text", a->text, "答复内容")->required();
        command->add_option("--evidence", a->files,
                            "佐证材料编号（bangfuctl evidence put … 打印的），可写多个");
        command->add_flag("--check", a->check, "只检查，不办理");
      });
  step("return", "退回重答（发文单位）", "return 01J… --reason 未写明时限 --due 2026-06-30", Return,
       "--reason", "退回原因", true, true);
  step("close", "办结通知（发文单位）", "close 01J… --note 整改安排可行", Close, "--note",
       "办结说明", true, false);
  step("withdraw", "撤回通知（发文单位）", "withdraw 01J… --reason 数据已更新", Withdraw,
       "--reason", "撤回原因", false, false);
}

}  // namespace bangfu::ctl
