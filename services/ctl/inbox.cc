// bangfuctl inbox list | count | done | below | read | urge
#include "services/ctl/inbox.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/ctl/commands.h"
#include "services/ctl/csv_rows.h"
#include "services/ctl/services.h"
#include "services/ctl/terminal.h"

namespace bangfu::ctl {
namespace {

using namespace inbox::v1;  // the contract of this file's commands
constexpr char kService[] = "bangfu.inbox.v1.InboxService.";

std::string M(std::string_view method) { return Cat(kService, method); }

int DayNumber(const google::type::Date& date) {
  return date.year() * 10000 + date.month() * 100 + date.day();
}
int DueNumber(const WorkItem& item) {
  return item.has_due_on() ? DayNumber(item.due_on()) : 99999999;
}

std::string RisenText(const WorkItem& item) {
  switch (item.escalated_level()) {
    case 1:
      return "，已上报至省级";
    case 2:
      return "，已上报至市级";
    case 3:
      return "，已上报至县级";
    case 4:
      return "，已上报至乡镇";
    default:
      return "";
  }
}

std::string DueText(const WorkItem& item) {
  if (item.state() != WORK_STATE_OPEN) {
    return Cat(item.state() == WORK_STATE_DONE ? "已办 " : "已撤回 ", item.outcome());
  }
  switch (item.due_state()) {
    case DUE_STATE_OVERDUE:
      return Cat("逾期", item.overdue_working_days(), "个工作日", RisenText(item));
    case DUE_STATE_TODAY:
      return "今日到期";
    case DUE_STATE_SOON:
      return "即将到期";
    default:
      return item.provisional() ? "（暂按周历）" : "";
  }
}

std::string JsonOf(const std::vector<ServiceItem>& items) {
  std::vector<std::string> parts;
  for (const ServiceItem& one : items) {
    parts.push_back(Cat("{\"service\": \"", one.service, "\", \"item\": ", ToJson(one.item), "}"));
  }
  return Cat("[", absl::StrJoin(parts, ",\n"), "]\n");
}

// The services that have an inbox, of those whose address is known.
std::vector<std::string> Services(const Context& context) {
  std::vector<std::string> out;
  for (const std::string& service : ServiceNames()) {
    if (context.endpoints.count(service) > 0) out.push_back(service);
  }
  return out;
}

// The same list of every service that is known here.
template <typename Response, typename Request>
absl::StatusOr<std::vector<ServiceItem>> OfEveryService(Context& context, std::string_view method,
                                                        const Request& request) {
  std::vector<ServiceItem> out;
  for (const std::string& service : Services(context)) {
    ASSIGN_OR_RETURN(auto page, context.CallOn<Response>(service, M(method), request));
    for (auto& item : *page.mutable_items()) out.push_back({service, std::move(item)});
  }
  return out;
}

absl::Status Print(const Context& context, std::vector<ServiceItem> items, int limit) {
  if (items.size() > static_cast<size_t>(limit)) items.resize(static_cast<size_t>(limit));
  if (context.json) {
    std::fputs(JsonOf(items).c_str(), stdout);
  } else {
    std::fputs(RenderWork(items).c_str(), stdout);
  }
  return absl::OkStatus();
}

absl::Status Count(Context& context) {
  TextTable table({"类型", "待办", "逾期", "今日到期", "即将到期", "未阅"}, {1, 2, 3, 4, 5});
  WorkCount total;
  CountMyWorkResponse all;
  for (const std::string& service : Services(context)) {
    ASSIGN_OR_RETURN(auto counts, context.CallOn<CountMyWorkResponse>(service, M("CountMyWork"),
                                                                      CountMyWorkRequest()));
    for (const WorkCount& c : counts.kinds()) {
      *all.add_kinds() = c;
      table.Row({c.kind_zh(), Cat(c.open()), Cat(c.overdue()), Cat(c.due_today()),
                 Cat(c.due_soon()), Cat(c.unread())});
    }
    total.set_open(total.open() + counts.total().open());
    total.set_overdue(total.overdue() + counts.total().overdue());
    total.set_due_today(total.due_today() + counts.total().due_today());
    total.set_due_soon(total.due_soon() + counts.total().due_soon());
    total.set_unread(total.unread() + counts.total().unread());
    total.set_escalated(total.escalated() + counts.total().escalated());
  }
  *all.mutable_total() = total;
  if (context.PrintJson(all)) return absl::OkStatus();
  table.Row({"合计", Cat(total.open()), Cat(total.overdue()), Cat(total.due_today()),
             Cat(total.due_soon()), Cat(total.unread())});
  std::fputs(table.Render().c_str(), stdout);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<ServiceItem>> MyWork(Context& context, ListMyWorkRequest request,
                                                int limit) {
  request.set_page_size(limit);
  ASSIGN_OR_RETURN(std::vector<ServiceItem> items,
                   OfEveryService<ListMyWorkResponse>(context, "ListMyWork", request));
  std::stable_sort(items.begin(), items.end(), [](const ServiceItem& a, const ServiceItem& b) {
    const int left = DueNumber(a.item), right = DueNumber(b.item);
    return left != right ? left < right : a.item.id() < b.item.id();
  });
  if (items.size() > static_cast<size_t>(limit)) items.resize(static_cast<size_t>(limit));
  return items;
}

std::string RenderWork(const std::vector<ServiceItem>& items) {
  if (items.empty()) return "没有待办事项\n";
  TextTable table({"", "到期", "时限", "类型", "事项", "区划", "督办", "服务", "编号"});
  for (const ServiceItem& one : items) {
    const WorkItem& i = one.item;
    table.Row({i.unread() ? "●" : "", i.has_due_on() ? FormatDate(i.due_on()) : "", DueText(i),
               i.kind_zh(), i.title(), i.region_path(),
               i.urge_count() > 0 ? Cat(i.urge_count(), "次 ", i.last_urge().note()) : "",
               one.service, i.id()});
  }
  return table.Render();
}

void AddInboxCommands(CLI::App& app, Context& context, int& exit_code) {
  CLI::App* group = app.add_subcommand("inbox", "待办、已办与督办，合并各服务");
  group->require_subcommand(1);
  struct Arguments {
    std::string service, region, note, due;
    std::vector<std::string> ids, kinds;
    bool overdue = false, escalated = false;
    int limit = 20;
  };
  auto add = [&](const char* name, const char* help, const char* example, auto configure,
                 auto run) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command = group->add_subcommand(name, help);
    command->footer(Cat("例: bangfuctl --token-file token inbox ", example));
    configure(command, arguments.get());
    command->callback([&context, &exit_code, arguments, run] {
      absl::Status status = run(context, *arguments);
      exit_code = status.ok() ? kExitOk : context.Fail(status);
    });
  };
  auto filters = [](CLI::App* command, Arguments* a) {
    command->add_option("--kind", a->kinds, "只看这些类型");
    command->add_option("--region", a->region, "只看此区划内的");
    command->add_flag("--overdue", a->overdue, "只看逾期的");
    command->add_option("--limit", a->limit, "最多几条")->check(CLI::Range(1, 500));
  };
  auto nothing = [](CLI::App*, Arguments*) {};

  add(
      "list", "我的待办和逐级上报来的，最急的在前", "list --overdue",
      [filters](CLI::App* command, Arguments* a) {
        filters(command, a);
        command->add_flag("--escalated", a->escalated, "只看下级逾期上报来的");
      },
      [](Context& context, const Arguments& a) -> absl::Status {
        ListMyWorkRequest request;
        for (const std::string& kind : a.kinds) request.add_kinds(kind);
        request.set_region_code(a.region);
        request.set_overdue_only(a.overdue);
        request.set_escalated_only(a.escalated);
        ASSIGN_OR_RETURN(auto items, MyWork(context, request, a.limit));
        return Print(context, std::move(items), a.limit);
      });
  add("count", "我的待办计数，分类型", "count", nothing,
      [](Context& context, const Arguments&) { return Count(context); });
  add(
      "done", "我的已办，最近的在前", "done --limit 50",
      [](CLI::App* command, Arguments* a) {
        command->add_option("--limit", a->limit, "最多几条")->check(CLI::Range(1, 500));
      },
      [](Context& context, const Arguments& a) -> absl::Status {
        ListMyDoneRequest request;
        request.set_page_size(a.limit);
        ASSIGN_OR_RETURN(auto items,
                         OfEveryService<ListMyDoneResponse>(context, "ListMyDone", request));
        std::stable_sort(
            items.begin(), items.end(), [](const ServiceItem& x, const ServiceItem& y) {
              const auto &s = x.item.closed_at(), &t = y.item.closed_at();
              return s.seconds() != t.seconds() ? s.seconds() > t.seconds() : s.nanos() > t.nanos();
            });
        return Print(context, std::move(items), a.limit);
      });
  add("below", "下级的待办，按区划", "below --region 360733 --overdue", filters,
      [](Context& context, const Arguments& a) -> absl::Status {
        ListWorkBelowRequest request;
        for (const std::string& kind : a.kinds) request.add_kinds(kind);
        request.set_region_code(a.region);
        request.set_overdue_only(a.overdue);
        request.set_page_size(a.limit);
        ASSIGN_OR_RETURN(auto items,
                         OfEveryService<ListWorkBelowResponse>(context, "ListWorkBelow", request));
        std::stable_sort(items.begin(), items.end(),
                         [](const ServiceItem& x, const ServiceItem& y) {
                           return x.item.region_path() < y.item.region_path();
                         });
        return Print(context, std::move(items), a.limit);
      });
  add(
      "read", "标记为已阅", "read registry 01J…",
      [](CLI::App* command, Arguments* a) {
        command->add_option("service", a->service, OneOfText(ServiceNames()))->required();
        command->add_option("ids", a->ids, "事项编号")->required();
      },
      [](Context& context, const Arguments& a) -> absl::Status {
        MarkReadRequest request;
        request.set_request_id(Context::NewRequestId());
        for (const std::string& id : a.ids) request.add_ids(id);
        ASSIGN_OR_RETURN(auto response,
                         context.CallOn<MarkReadResponse>(a.service, M("MarkRead"), request));
        if (!context.PrintJson(response)) std::printf("已阅 %d 条\n", response.marked());
        return absl::OkStatus();
      });
  add(
      "urge", "督办下级的一项", "urge registry 01J… --note 请于周五前上报 --due 2026-03-06",
      [](CLI::App* command, Arguments* a) {
        command->add_option("service", a->service, OneOfText(ServiceNames()))->required();
        command->add_option("ids", a->ids, "事项编号")->required()->expected(1);
        command->add_option("--note", a->note, "督办意见")->required();
        command->add_option("--due", a->due, "提前到哪一天");
      },
      [](Context& context, const Arguments& a) -> absl::Status {
        UrgeWorkRequest request;
        request.set_request_id(Context::NewRequestId());
        request.set_id(a.ids[0]);
        request.set_note(a.note);
        if (!a.due.empty()) {
          ASSIGN_OR_RETURN(*request.mutable_due_on(), ParseDate(a.due));
        }
        ASSIGN_OR_RETURN(auto item, context.CallOn<WorkItem>(a.service, M("UrgeWork"), request));
        if (!context.PrintJson(item)) {
          std::fputs(RenderWork({{a.service, item}}).c_str(), stdout);
        }
        return absl::OkStatus();
      });
}

}  // namespace bangfu::ctl
