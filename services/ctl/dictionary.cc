// bangfuctl dictionary | form: what a frontend draws its lists and forms from.
#include <cstdio>

#include "absl/strings/str_join.h"
#include "bangfu/dictionary/v1/dictionary_service.pb.h"
#include "common/base/strings.h"
#include "common/contract/labels.h"
#include "common/status/macros.h"
#include "services/ctl/commands.h"
#include "services/ctl/csv_rows.h"
#include "services/ctl/services.h"
#include "services/ctl/terminal.h"

namespace bangfu::ctl {
namespace {

using namespace dictionary::v1;  // the contract of this file's commands
constexpr char kService[] = "bangfu.dictionary.v1.DictionaryService.";
std::string M(std::string_view method) { return Cat(kService, method); }

struct Arguments {
  std::string service = "registry";
  std::vector<std::string> names;
  std::string form;
  std::string subject_id, region_code, period;
  bool all = false;
};

absl::Status ShowDictionary(Context& context, const Arguments& a) {
  GetDictionaryRequest request;
  for (const std::string& name : a.names) request.add_names(name);
  ASSIGN_OR_RETURN(const auto answer,
                   context.CallOn<Dictionary>(a.service, M("GetDictionary"), request));
  if (context.PrintJson(answer)) return absl::OkStatus();
  if (a.names.empty()) {
    TextTable table({"名称", "中文名", "来源", "项数", "版本"}, {3});
    for (const DictionaryList& list : answer.lists()) {
      table.Row({list.name(), list.name_zh(), contract::EnumText(list.kind()),
                 Cat(list.items_size()), list.version()});
    }
    std::printf("%s共 %zu 个字典，etag %s\n", table.Render().c_str(), table.rows(),
                answer.etag().c_str());
    return absl::OkStatus();
  }
  for (const DictionaryList& list : answer.lists()) {
    std::printf("%s %s（版本 %s）\n", list.name().c_str(), list.name_zh().c_str(),
                list.version().c_str());
    TextTable table({"代码", "名称", "启用", "停用", "说明"});
    for (const DictionaryItem& item : list.items()) {
      table.Row({item.code(), Cat(item.label_zh(), item.unconfirmed() ? "（待省厅确认）" : ""),
                 FormatDate(item.valid_from()), FormatDate(item.valid_to()),
                 item.description_zh()});
    }
    std::printf("%s", table.Render().c_str());
  }
  return absl::OkStatus();
}

std::string RulesText(const FormField& field) {
  const options::v1::FieldRules& rules = field.rules();
  std::vector<std::string> parts;
  if (rules.min_length() > 0) parts.push_back(Cat("至少", rules.min_length(), "字"));
  if (rules.max_length() > 0) parts.push_back(Cat("至多", rules.max_length(), "字"));
  if (rules.has_min()) parts.push_back(Cat("≥", rules.min()));
  if (rules.has_max()) parts.push_back(Cat("≤", rules.max()));
  if (rules.min_items() > 0) parts.push_back(Cat("至少", rules.min_items(), "项"));
  if (rules.max_items() > 0) parts.push_back(Cat("至多", rules.max_items(), "项"));
  if (!rules.pattern().empty()) parts.push_back(rules.pattern());
  if (!field.code_list().empty()) parts.push_back(field.code_list());
  if (!field.enum_type().empty()) {
    parts.push_back(field.enum_type().substr(field.enum_type().rfind('.') + 1));
  }
  if (!field.held_by().empty()) parts.push_back(Cat("已有：", field.held_by()));
  for (const std::string& other : field.also_held_by()) parts.push_back(Cat("亦有：", other));
  return absl::StrJoin(parts, "，");
}

absl::Status ShowForm(Context& context, const Arguments& a) {
  GetFormRequest request;
  request.set_name(a.form);
  ASSIGN_OR_RETURN(const auto form, context.CallOn<Form>(a.service, M("GetForm"), request));
  if (context.PrintJson(form)) return absl::OkStatus();
  TextTable table({"字段", "名称", "类型", "必填", "单位", "规则"});
  for (const FormField& field : form.fields()) {
    if (!a.all && field.purpose() != FIELD_PURPOSE_INPUT) continue;
    table.Row({field.path(), Cat(field.label_zh(), field.sensitive() ? "（敏感）" : ""),
               contract::EnumText(field.kind()), field.rules().required() ? "是" : "", field.unit(),
               RulesText(field)});
  }
  std::printf("%s\n%s共 %zu 个字段%s，etag %s\n", form.name().c_str(), table.Render().c_str(),
              table.rows(), form.can_validate_only() ? "，可先校验不保存" : "",
              form.etag().c_str());
  return absl::OkStatus();
}

absl::Status ShowPrefill(Context& context, const Arguments& a) {
  PrefillFormRequest request;
  request.set_form(a.form);
  request.set_subject_id(a.subject_id);
  request.set_region_code(a.region_code);
  request.set_period(a.period);
  ASSIGN_OR_RETURN(const auto prefill,
                   context.CallOn<Prefill>(a.service, M("PrefillForm"), request));
  if (context.PrintJson(prefill)) return absl::OkStatus();
  TextTable table({"字段", "来源", "来源记录"});
  for (const PrefilledField& field : prefill.fields()) {
    table.Row({field.path(),
               Cat(field.source_zh(), field.source_zh().empty() ? "" : " ", field.held_by()),
               field.record_id()});
  }
  std::printf("%s%s\n", table.Render().c_str(), prefill.request_json().c_str());
  return absl::OkStatus();
}

}  // namespace

void AddDictionaryCommands(CLI::App& app, Context& context, int& exit_code) {
  auto add = [&](const char* name, const char* help, const char* example, auto options, auto run) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command = app.add_subcommand(name, help);
    command->footer(Cat("例: bangfuctl ", name, " ", example));
    options(*command, *arguments);
    command->add_option("--service", arguments->service, OneOfText(ServiceNames()))
        ->capture_default_str();
    command->callback([&context, &exit_code, arguments, run] {
      absl::Status status = run(context, *arguments);
      exit_code = status.ok() ? kExitOk : context.Fail(status);
    });
  };
  add(
      "dictionary", "字典：枚举与代码表", "FUND_SOURCE",
      [](CLI::App& command, Arguments& a) {
        command.add_option("names", a.names, "枚举全名或代码表名；不填列出全部");
      },
      ShowDictionary);
  add(
      "form", "表单：一个方法或消息的填报字段", "bangfu.registry.v1.ProjectService.RegisterProject",
      [](CLI::App& command, Arguments& a) {
        command.add_option("name", a.form, "方法或消息的全名")->required();
        command.add_flag("--all", a.all, "连同系统生成与控制字段");
      },
      ShowForm);
  add(
      "prefill", "预填：一个表单中已掌握的数据",
      "bangfu.registry.v1.OperationReportService.SubmitOperationReport --subject 01J… --period "
      "2026-10",
      [](CLI::App& command, Arguments& a) {
        command.add_option("form", a.form, "方法的全名")->required();
        command.add_option("--subject", a.subject_id, "表单所依据的记录编号");
        command.add_option("--region", a.region_code, "区划代码");
        command.add_option("--period", a.period, "月份，YYYY-MM");
      },
      ShowPrefill);
}

}  // namespace bangfu::ctl
