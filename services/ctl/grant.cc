// bangfuctl grant list | show | create | revoke | validity | delegate | end
#include <cstdio>

#include "absl/strings/ascii.h"
#include "absl/time/time.h"
#include "bangfu/registry/v1/grant_service.pb.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/contract/labels.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/ctl/commands.h"
#include "services/ctl/terminal.h"

namespace bangfu::ctl {
namespace {

using namespace registry::v1;  // the contract of this file's commands
using type::v1::Grant;

constexpr char kGrants[] = "bangfu.registry.v1.GrantService.";

struct Arguments {
  std::string id, person, name, role, region, state, from, to, reason, organisation;
  std::vector<std::string> regions, clauses, sources, industries;
  bool mine = false, client = false, check = false;
};

// "2026-12-31 18:00", or a day, whose end is meant where `end`.
absl::Status Instant(const std::string& text, std::string_view field, bool end,
                     google::protobuf::Timestamp* out) {
  absl::Time time;
  if (absl::ParseTime("%Y-%m-%d %H:%M", text, ShanghaiTimeZone(), &time, nullptr)) {
    out->set_seconds(absl::ToUnixSeconds(time));
    return absl::OkStatus();
  }
  if (absl::ParseTime("%Y-%m-%d", text, ShanghaiTimeZone(), &time, nullptr)) {
    out->set_seconds(absl::ToUnixSeconds(end ? time + absl::Hours(24) : time));
    return absl::OkStatus();
  }
  return InvalidField(field, "时间应写成 2026-12-31 或 \"2026-12-31 18:00\"");
}

absl::StatusOr<options::v1::Role> RoleOf(const std::string& text) {
  std::string name = absl::AsciiStrToUpper(text);
  if (name.rfind("ROLE_", 0) != 0) name = Cat("ROLE_", name);
  options::v1::Role role;
  if (!options::v1::Role_Parse(name, &role))
    return InvalidField("role", Cat("没有这个角色: ", text));
  return role;
}

std::string RegionsText(const Grant& grant) {
  std::string out;
  for (const auto& region : grant.regions()) {
    out +=
        Cat(out.empty() ? "" : "、", region.name().empty() ? region.region_path() : region.name());
  }
  return out;
}

std::string ValidityText(const Grant& grant) {
  return Cat(TimeText(grant.valid_from()), " 至 ",
             grant.has_valid_to() ? TimeText(grant.valid_to()) : "长期");
}

void Print(Context& context, const Grant& grant) {
  if (context.PrintJson(grant)) return;
  std::printf("%s  %s\n", grant.id().c_str(), contract::EnumText(grant.state()).c_str());
  std::printf("  %s（%s）%s　%s　%s\n", grant.person_name().c_str(), grant.person().c_str(),
              grant.is_client() ? "系统对接" : "", contract::EnumText(grant.role()).c_str(),
              RegionsText(grant).c_str());
  std::printf("  有效期 %s\n", ValidityText(grant).c_str());
  if (!grant.org_code().empty()) {
    std::printf("  代表 %s（%s）\n", grant.org_name().c_str(), grant.org_code().c_str());
  }
  if (grant.has_delegated_by()) {
    std::printf("  代 %s（%s）办理\n", grant.delegated_by().person_name().c_str(),
                grant.delegated_by().person().c_str());
  }
  std::printf("  授权人 %s，%s\n", grant.granted_by().name().c_str(),
              TimeText(grant.granted_at()).c_str());
  if (grant.has_revoked_at()) {
    std::printf("  撤销人 %s，%s，原因：%s\n", grant.revoked_by().name().c_str(),
                TimeText(grant.revoked_at()).c_str(), grant.revoke_reason().c_str());
  }
  std::printf("%s", ActionsText(grant.allowed_actions()).c_str());
}

std::string PrintTable(const google::protobuf::RepeatedPtrField<Grant>& grants) {
  TextTable table({"授权编号", "人员", "姓名", "角色", "区划", "有效期", "状态", "代谁"});
  for (const Grant& grant : grants) {
    table.Row({grant.id(), grant.person(), grant.person_name(), contract::EnumText(grant.role()),
               RegionsText(grant), ValidityText(grant), contract::EnumText(grant.state()),
               grant.delegated_by().person_name()});
  }
  return table.Render();
}

absl::Status List(Context& context, const Arguments& a) {
  if (a.mine) {
    ListMyGrantsRequest request;
    ListMyGrantsResponse mine;
    do {
      ASSIGN_OR_RETURN(const auto page,
                       context.Call<ListMyGrantsResponse>(Cat(kGrants, "ListMyGrants"), request));
      mine.mutable_grants()->MergeFrom(page.grants());
      mine.mutable_delegated()->MergeFrom(page.delegated());
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    if (context.PrintJson(mine)) return absl::OkStatus();
    std::printf("本人的授权\n%s", PrintTable(mine.grants()).c_str());
    if (mine.delegated_size() > 0) {
      std::printf("委托出去的\n%s", PrintTable(mine.delegated()).c_str());
    }
    return absl::OkStatus();
  }
  ListGrantsRequest request;
  request.set_region_code(a.region);
  request.set_person(a.person);
  if (!a.role.empty()) {
    ASSIGN_OR_RETURN(const auto role, RoleOf(a.role));
    request.set_role(role);
  }
  if (!a.state.empty()) {
    type::v1::GrantState state;
    if (!type::v1::GrantState_Parse(Cat("GRANT_STATE_", absl::AsciiStrToUpper(a.state)), &state)) {
      return InvalidField("state", "状态是 ACTIVE、PENDING、EXPIRED 或 REVOKED");
    }
    request.set_state(state);
  }
  request.set_page_size(200);
  return context.ShowPages<ListGrantsResponse>(
      "registry", Cat(kGrants, "ListGrants"), request,
      [](const ListGrantsResponse& page) { std::printf("%s", PrintTable(page.grants()).c_str()); });
}

absl::Status Show(Context& context, const Arguments& a) {
  GetGrantRequest request;
  request.set_id(a.id);
  ASSIGN_OR_RETURN(const auto grant, context.Call<Grant>(Cat(kGrants, "GetGrant"), request));
  Print(context, grant);
  return absl::OkStatus();
}

void FillScope(const Arguments& a, type::v1::GrantScope* scope) {
  for (const std::string& one : a.clauses) scope->add_clauses(one);
  for (const std::string& one : a.sources) scope->add_fund_sources(one);
  for (const std::string& one : a.industries) scope->add_industries(one);
}
bool Scoped(const Arguments& a) {
  return !a.clauses.empty() || !a.sources.empty() || !a.industries.empty();
}

absl::Status Create(Context& context, const Arguments& a) {
  CreateGrantsRequest request;
  request.set_request_id(Context::NewRequestId());
  request.set_reason(a.reason);
  request.set_validate_only(a.check);
  Grant& grant = *request.add_grants();
  grant.set_person(a.person);
  grant.set_person_name(a.name);
  grant.set_is_client(a.client);
  ASSIGN_OR_RETURN(const auto role, RoleOf(a.role));
  grant.set_role(role);
  for (const std::string& region : a.regions) grant.add_regions()->set_code(region);
  grant.set_org_code(a.organisation);
  if (Scoped(a)) FillScope(a, grant.mutable_scope());
  if (!a.from.empty()) RETURN_IF_ERROR(Instant(a.from, "from", false, grant.mutable_valid_from()));
  if (!a.to.empty()) RETURN_IF_ERROR(Instant(a.to, "to", true, grant.mutable_valid_to()));
  ASSIGN_OR_RETURN(const auto response,
                   context.Call<CreateGrantsResponse>(Cat(kGrants, "CreateGrants"), request));
  if (a.check) {
    std::printf("可以授权\n");
  } else {
    Print(context, response.grants(0));
  }
  return absl::OkStatus();
}

absl::Status Revoke(Context& context, const Arguments& a) {
  RevokeGrantRequest request;
  request.set_request_id(Context::NewRequestId());
  request.set_id(a.id);
  request.set_reason(a.reason);
  ASSIGN_OR_RETURN(const auto grant, context.Call<Grant>(Cat(kGrants, "RevokeGrant"), request));
  Print(context, grant);
  return absl::OkStatus();
}

absl::Status Validity(Context& context, const Arguments& a) {
  GetGrantRequest get;
  get.set_id(a.id);
  ASSIGN_OR_RETURN(const auto now, context.Call<Grant>(Cat(kGrants, "GetGrant"), get));
  ChangeGrantValidityRequest request;
  request.set_request_id(Context::NewRequestId());
  request.set_id(a.id);
  request.set_etag(now.etag());
  request.set_reason(a.reason);
  if (!a.to.empty()) RETURN_IF_ERROR(Instant(a.to, "to", true, request.mutable_valid_to()));
  ASSIGN_OR_RETURN(const auto grant,
                   context.Call<Grant>(Cat(kGrants, "ChangeGrantValidity"), request));
  Print(context, grant);
  return absl::OkStatus();
}

absl::Status Delegate(Context& context, const Arguments& a) {
  DelegateGrantRequest request;
  request.set_request_id(Context::NewRequestId());
  request.set_id(a.id);
  request.set_person(a.person);
  request.set_person_name(a.name);
  request.set_reason(a.reason);
  for (const std::string& region : a.regions) request.add_region_codes(region);
  if (Scoped(a)) FillScope(a, request.mutable_scope());
  if (!a.from.empty()) {
    RETURN_IF_ERROR(Instant(a.from, "from", false, request.mutable_valid_from()));
  }
  RETURN_IF_ERROR(Instant(a.to, "to", true, request.mutable_valid_to()));
  ASSIGN_OR_RETURN(const auto grant, context.Call<Grant>(Cat(kGrants, "DelegateGrant"), request));
  Print(context, grant);
  return absl::OkStatus();
}

absl::Status End(Context& context, const Arguments& a) {
  EndDelegationRequest request;
  request.set_request_id(Context::NewRequestId());
  request.set_id(a.id);
  request.set_reason(a.reason);
  ASSIGN_OR_RETURN(const auto grant, context.Call<Grant>(Cat(kGrants, "EndDelegation"), request));
  Print(context, grant);
  return absl::OkStatus();
}

using Run = absl::Status (*)(Context&, const Arguments&);

CLI::App* Add(CLI::App* group, const char* name, const char* help, const char* footer,
              const std::shared_ptr<Arguments>& arguments, Run run, Context& context,
              int& exit_code) {
  CLI::App* command = group->add_subcommand(name, help);
  command->footer(footer);
  command->callback([&context, &exit_code, arguments, run] {
    absl::Status status = run(context, *arguments);
    exit_code = status.ok() ? kExitOk : context.Fail(status);
  });
  return command;
}

void AddScope(CLI::App* command, const std::shared_ptr<Arguments>& a) {
  command->add_option("--clause", a->clauses, "条款，如 四；不写则全部");
  command->add_option("--fund-source", a->sources, "资金来源代码；不写则全部");
  command->add_option("--industry", a->industries, "产业代码；不写则全部");
}

}  // namespace

void AddGrantCommands(CLI::App& app, Context& context, int& exit_code) {
  CLI::App* group = app.add_subcommand("grant", "授权：谁在哪里能做什么，到何时；委托代理");
  group->require_subcommand(1);
  auto a = std::make_shared<Arguments>();
  CLI::App* command =
      Add(group, "list", "授权清单",
          "例: bangfuctl --token-file admin grant list --region 360733 --state ACTIVE", a, List,
          context, exit_code);
  command->add_option("--region", a->region, "行政区划代码；不写则管辖内全部");
  command->add_option("--person", a->person, "人员标识");
  command->add_option("--role", a->role, "角色，如 COUNTY_OPERATOR");
  command->add_option("--state", a->state, "ACTIVE、PENDING、EXPIRED 或 REVOKED");
  command->add_flag("--mine", a->mine, "本人的，以及委托出去的");

  a = std::make_shared<Arguments>();
  command = Add(group, "show", "一项授权", "例: bangfuctl --token-file admin grant show 01J…", a,
                Show, context, exit_code);
  command->add_option("id", a->id, "授权编号")->required();

  a = std::make_shared<Arguments>();
  command =
      Add(group, "create", "授权",
          "例: bangfuctl --token-file admin grant create --person zhang.san --name 张三 --role "
          "COUNTY_OPERATOR --region 360733 --to 2027-12-31",
          a, Create, context, exit_code);
  command->add_option("--person", a->person, "人员标识；证书为 cert:名称")->required();
  command->add_option("--name", a->name, "姓名");
  command->add_option("--role", a->role, "角色")->required();
  command->add_option("--region", a->regions, "行政区划代码，可多个")->required();
  AddScope(command, a);
  command->add_option("--organisation", a->organisation, "所代表机构的代码");
  command->add_option("--from", a->from, "生效时间；不写则即时");
  command->add_option("--to", a->to, "失效时间；只写日期则含当日；不写则长期");
  command->add_option("--reason", a->reason, "依据");
  command->add_flag("--client", a->client, "系统对接");
  command->add_flag("--check", a->check, "只检查，不授权");

  a = std::make_shared<Arguments>();
  command = Add(group, "revoke", "撤销授权，及由其委托的",
                "例: bangfuctl --token-file admin grant revoke 01J… --reason 调离", a, Revoke,
                context, exit_code);
  command->add_option("id", a->id, "授权编号")->required();
  command->add_option("--reason", a->reason, "原因")->required();

  a = std::make_shared<Arguments>();
  command =
      Add(group, "validity", "变更失效时间",
          "例: bangfuctl --token-file admin grant validity 01J… --to 2027-06-30 --reason 任期延长",
          a, Validity, context, exit_code);
  command->add_option("id", a->id, "授权编号")->required();
  command->add_option("--to", a->to, "失效时间；不写则长期");
  command->add_option("--reason", a->reason, "原因")->required();

  a = std::make_shared<Arguments>();
  command =
      Add(group, "delegate", "委托代理：离岗期间请人代办",
          "例: bangfuctl --token-file me grant delegate 01J… --to-person li.si --name 李四 --to "
          "2026-12-10 --reason 年休假",
          a, Delegate, context, exit_code);
  command->add_option("id", a->id, "本人的授权编号")->required();
  command->add_option("--to-person", a->person, "代理人标识")->required();
  command->add_option("--name", a->name, "代理人姓名");
  command->add_option("--region", a->regions, "其中的区划；不写则全部");
  AddScope(command, a);
  command->add_option("--from", a->from, "开始；不写则即时");
  command->add_option("--to", a->to, "结束；只写日期则含当日")->required();
  command->add_option("--reason", a->reason, "原因")->required();

  a = std::make_shared<Arguments>();
  command = Add(group, "end", "提前结束代理",
                "例: bangfuctl --token-file me grant end 01J… --reason 提前返岗", a, End, context,
                exit_code);
  command->add_option("id", a->id, "代理授权编号")->required();
  command->add_option("--reason", a->reason, "原因");
}

}  // namespace bangfu::ctl
