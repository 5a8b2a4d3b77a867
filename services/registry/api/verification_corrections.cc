#include "services/registry/api/verification_corrections.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/contract/difference.h"
#include "common/contract/sensitive.h"
#include "common/contract/validator.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/workflow.h"
#include "services/registry/api/grant_scope.h"
#include "services/registry/domain/project.h"

namespace bangfu::registry::inventory {
namespace {

using rpc::CallContext;

// Fields that stand on their own; what feeds sums or columns is corrected by an update of the
// project before the county completes.
bool IsCorrectable(std::string_view top) {
  static const auto* fields = new std::set<std::string, std::less<>>{
      "implementing_org",  "supervising_dept", "operator_text", "region_text",
      "state_text",        "approved_year",    "planned_owner", "om_mechanism",
      "distribution_plan", "problems",         "workers",       "planned_labor_pay_fen",
      "linkage",           "planned_total",    "annual_income", "annual_output_value"};
  return fields->find(top) != fields->end();
}

// How a corrected amount stands: what was found is one definite number.
void SettleFound(google::protobuf::Message* message, std::string_view name) {
  auto* amount = google::protobuf::DynamicCastToGenerated<v1::PrintedAmount>(message);
  if (amount == nullptr || name != "fen") return;
  amount->set_parse_state(type::v1::AMOUNT_PARSE_STATE_EXACT);
  amount->clear_upper_fen();
}

absl::Status Correct(std::string_view path, const std::string& value,
                     google::protobuf::Message* message) {
  using google::protobuf::FieldDescriptor;
  const auto refuse = [&](std::string_view zh) -> absl::Status {
    return InvalidField("findings.field", zh).With("field", path);
  };
  const std::string_view top = path.substr(0, path.find('.'));
  if (!IsCorrectable(top)) return refuse("该字段须先更正项目，再完成核实");
  std::string_view rest = path;
  while (true) {
    const size_t dot = rest.find('.');
    const std::string name(rest.substr(0, dot));
    const FieldDescriptor* field = message->GetDescriptor()->FindFieldByName(name);
    if (field == nullptr || field->is_repeated()) return refuse("字段不存在或不能按项更正");
    const auto* reflection = message->GetReflection();
    if (dot != std::string_view::npos) {
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return refuse("字段不存在");
      message = reflection->MutableMessage(message, field);
      rest = rest.substr(dot + 1);
      continue;
    }
    int64_t number = 0;
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        reflection->SetString(message, field, value);
        return absl::OkStatus();
      case FieldDescriptor::CPPTYPE_INT64:
        if (!ParseInt(value, &number) || number < 0) return refuse("核实值须为非负整数");
        reflection->SetInt64(message, field, number);
        SettleFound(message, name);
        return absl::OkStatus();
      case FieldDescriptor::CPPTYPE_INT32: {
        int32_t small = 0;
        if (!ParseInt(value, &small) || small < 0) return refuse("核实值须为非负整数");
        reflection->SetInt32(message, field, small);
        return absl::OkStatus();
      }
      default:
        return refuse("该字段须先更正项目，再完成核实");
    }
  }
}

}  // namespace

absl::StatusOr<Corrections> ApplyCorrections(
    CallContext& c, mysql::Tx& tx, const std::vector<ProjectRow>& rows,
    const std::map<Ulid, std::vector<v1::VerificationFinding>>& findings, std::optional<Ulid>* at) {
  Corrections out;
  if (rows.empty()) return out;
  std::vector<const v1::Project*> read;
  out.projects.reserve(rows.size());
  for (const ProjectRow& row : rows) {
    *at = row.id;
    Correction& one = out.projects.emplace_back();
    one.before = ProjectOf(row);
    one.after = one.before;
    for (const v1::VerificationFinding& f : findings.at(row.id)) {
      if (f.action() != v1::FINDING_ACTION_CORRECTED) continue;
      RETURN_IF_ERROR(Correct(f.field(), f.verified_text(), &one.after));
    }
    read.push_back(&one.after);
  }
  at->reset();
  ASSIGN_OR_RETURN(out.references, LoadProjectReferences(tx, read, c.now));
  ASSIGN_OR_RETURN(const contract::Validator* rules,
                   contract::Validator::For(v1::Project::descriptor()));
  for (Correction& one : out.projects) {
    *at = OptionalId(one.before.id());
    RETURN_IF_ERROR(rules->Validate(one.after));
    ProjectCheckOptions options;
    // The caller writes where it is led from (CheckLedFrom), wherever the report lies.
    options.scope = {one.before.region_path()};
    options.editor_level = kCountyLevel;
    options.registering = false;
    options.own_id = OptionalId(one.before.id());
    for (const v1::ContentItem& item : one.before.content_items()) {
      options.own_items.insert(item.item_id());
    }
    RETURN_IF_ERROR(CheckProject(out.references, options, c.ids, &one.after));
  }
  return out;
}

absl::StatusOr<std::vector<ProjectRow>> CorrectedRows(
    mysql::Tx& tx, const std::map<Ulid, std::vector<v1::VerificationFinding>>& findings) {
  std::vector<Ulid> ids;
  for (const auto& [id, of_project] : findings) {
    if (std::any_of(of_project.begin(), of_project.end(),
                    [](const auto& f) { return f.action() == v1::FINDING_ACTION_CORRECTED; })) {
      ids.push_back(id);
    }
  }
  ASSIGN_OR_RETURN(auto locked, LockProjects(tx, ids));
  std::vector<ProjectRow> rows;
  for (auto& [id, row] : locked) rows.push_back(std::move(row));
  return rows;
}

absl::Status CheckLedFrom(const CallContext& c, mysql::Executor& db, const auth::Caller& caller,
                          const UnitReportRow& unit, const std::vector<ProjectRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  static const auto& of_county = *new std::vector<auth::Role>{auth::Role::ROLE_COUNTY_OPERATOR,
                                                              auth::Role::ROLE_COUNTY_APPROVER};
  ASSIGN_OR_RETURN(const Categories categories, CategoriesFor(db, caller));
  for (const ProjectRow& row : rows) {
    const bool same_county = RegionAncestor(row.region_path, RegionLevel::kCounty) ==
                             RegionAncestor(unit.region_path, RegionLevel::kCounty);
    const std::vector<auth::Role>& roles = same_county ? c.roles : of_county;
    const auth::Facets thing =
        caller.MindsFacets() ? FacetsOf(ProjectOf(row), categories) : auth::Facets();
    if (caller.Find(roles, row.region_path, thing) != nullptr) continue;
    if (caller.May(roles, row.region_path)) {
      return workflow::ScopeExcludes("更正该项目").With("project_id", row.id.ToString()).Build();
    }
    return Error(absl::StatusCode::kPermissionDenied, "NOT_LEAD_REGION")
        .Zh("项目由其他地区牵头，不能直接更正；与核实不符的，请以“有争议”提出")
        .With("project_id", row.id.ToString())
        .With("region_path", row.region_path)
        .Build();
  }
  return absl::OkStatus();
}

absl::Status OnFindings(const absl::Status& status, const std::optional<Ulid>& project,
                        const google::protobuf::RepeatedPtrField<v1::VerificationFinding>& all) {
  const ErrorDetail detail = GetErrorDetail(status);
  if (status.code() != absl::StatusCode::kInvalidArgument || detail.violations.empty()) {
    return status;
  }
  Error error = Error(absl::StatusCode::kInvalidArgument, detail.reason).Zh(detail.message_zh);
  if (project) error.With("project_id", project->ToString());
  for (const FieldViolation& violation : detail.violations) {
    std::string_view field = violation.field;
    ConsumePrefix(&field, "project.");
    std::string at = "findings";
    for (int i = 0; i < all.size(); ++i) {
      if (all[i].action() == v1::FINDING_ACTION_CORRECTED && all[i].field() == field &&
          OptionalId(all[i].project_id()) == project) {
        at = absl::StrCat("findings[", i, "].verified_text");
      }
    }
    error.Field(at, at == "findings" ? Cat(field, "：", violation.description)
                                     : std::string(violation.description));
  }
  return error;
}

absl::StatusOr<std::vector<std::string>> ReportedTexts(
    mysql::Executor& db,
    const google::protobuf::RepeatedPtrField<v1::VerificationFinding>& findings) {
  std::vector<Ulid> ids;
  for (const v1::VerificationFinding& finding : findings) {
    if (const auto id = OptionalId(finding.project_id())) ids.push_back(*id);
  }
  if (ids.empty()) return std::vector<std::string>(static_cast<size_t>(findings.size()));
  // Of the report's village, wherever they are led from.
  ASSIGN_OR_RETURN(const std::vector<ProjectRow> rows, GetProjects(db, ids, {""}));
  // By project, every field that is filled in: its path and text.
  std::map<std::string, std::vector<contract::Difference>> filled;
  for (const ProjectRow& row : rows) {
    v1::Project project = ProjectOf(row);
    contract::MaskSensitive(&project);  // a finding is shown to whoever verifies
    filled[row.id.ToString()] = contract::Compare(v1::Project(), project);
  }
  std::vector<std::string> out;
  for (const v1::VerificationFinding& finding : findings) {
    std::string& text = out.emplace_back();
    const auto of_project = filled.find(finding.project_id());
    if (finding.field().empty() || of_project == filled.end()) continue;
    for (const contract::Difference& leaf : of_project->second) {
      std::string_view rest = leaf.field;
      if (!ConsumePrefix(&rest, finding.field())) continue;
      // The field itself, or what it is made of.
      if (!rest.empty() && rest[0] != '.' && rest[0] != '[') continue;
      if (rest.ends_with(".parse_state")) continue;  // how it was read, not what was said
      text += Cat(text.empty() ? "" : "；", leaf.after);
    }
  }
  return out;
}

namespace {

// Completed once, a verification has written what it found into the project. Verified anew, the
// report still reported what that correction was of.
absl::Status KeepReportedTexts(
    mysql::Executor& db, const Ulid& unit_report_id,
    const google::protobuf::RepeatedPtrField<v1::VerificationFinding>& findings,
    std::vector<std::string>* reported) {
  if (findings.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<FindingRow> rows, Findings(db, {unit_report_id}));
  for (int i = 0; i < findings.size(); ++i) {
    std::string& text = (*reported)[static_cast<size_t>(i)];
    // The newest that the project says by now: what was changed since is reported anew.
    for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
      if (row->level != kCountyLevel || row->action != v1::FINDING_ACTION_CORRECTED ||
          row->field != findings[i].field() ||
          row->project_id != OptionalId(findings[i].project_id())) {
        continue;
      }
      const auto earlier = FromBytes<v1::VerificationFinding>(row->bytes);
      if (earlier.verified_text() != text) continue;
      text = earlier.reported_text();
      break;
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<FindingRow>> TakeFindings(
    CallContext& c, mysql::Tx& tx, const auth::Caller& caller, const UnitReportRow& unit,
    const type::v1::Actor& by, const std::vector<Ulid>& projects,
    const google::protobuf::RepeatedPtrField<v1::VerificationFinding>& findings) {
  std::vector<FindingRow> out;
  std::map<Ulid, std::vector<v1::VerificationFinding>> corrections;
  ASSIGN_OR_RETURN(std::vector<std::string> reported, ReportedTexts(tx, findings));
  RETURN_IF_ERROR(KeepReportedTexts(tx, unit.id, findings, &reported));
  for (int i = 0; i < findings.size(); ++i) {
    v1::VerificationFinding finding = findings[i];
    finding.set_reported_text(reported[static_cast<size_t>(i)]);
    ASSIGN_OR_RETURN(const Ulid project,
                     ParseId(finding.project_id(), absl::StrCat("findings[", i, "].project_id")));
    if (std::find(projects.begin(), projects.end(), project) == projects.end()) {
      return FailedPrecondition("FINDING_PROJECT_UNKNOWN", "核查项目不在本村报告内")
          .With("project_id", finding.project_id())
          .Build();
    }
    if (finding.action() == v1::FINDING_ACTION_CORRECTED) corrections[project].push_back(finding);
    FindingRow row;
    row.id = c.ids.Next();
    row.unit_report_id = unit.id;
    row.project_id = project;
    row.region_path = unit.region_path;
    row.level = kCountyLevel;
    row.action = finding.action();
    row.field = finding.field();
    *finding.mutable_found_by() = by;
    SetTime(c.now, finding.mutable_found_at());
    row.bytes = ToBytes(finding);
    out.push_back(std::move(row));
  }
  ASSIGN_OR_RETURN(const std::vector<ProjectRow> stored, CorrectedRows(tx, corrections));
  RETURN_IF_ERROR(CheckLedFrom(c, tx, caller, unit, stored));
  std::optional<Ulid> at;
  const absl::Status corrected = ApplyCorrections(c, tx, stored, corrections, &at).status();
  if (!corrected.ok()) return OnFindings(corrected, at, findings);
  return out;
}

}  // namespace bangfu::registry::inventory
