#include "services/registry/api/prefill.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bangfu/registry/v1/industry.pb.h"
#include "bangfu/registry/v1/inventory_service.pb.h"
#include "bangfu/registry/v1/operation_report.pb.h"
#include "bangfu/registry/v1/operator.pb.h"
#include "bangfu/registry/v1/project_service.pb.h"
#include "common/base/clock.h"
#include "common/base/region.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/industries.h"
#include "services/registry/api/inventory_internal.h"
#include "services/registry/api/record_message.h"
#include "services/registry/api/reports.h"
#include "services/registry/api/unit_reports.h"
#include "services/registry/store/industry_store.h"
#include "services/registry/store/operation_report_store.h"
#include "services/registry/store/project_list_store.h"
#include "services/registry/store/project_store.h"
#include "services/registry/store/region_store.h"
#include "services/registry/store/taxonomy_store.h"
#include "services/registry/store/unit_report_store.h"
#include "services/registry/store/village_project_store.h"

namespace bangfu::registry {
namespace {

using dictionary::Prefilled;
using dictionary::v1::PrefillFormRequest;

// 赣州市于都县葛坳乡澄江村: the names from the city down to the region.
absl::StatusOr<std::string> FullName(mysql::Executor& db, const std::string& path) {
  std::string name;
  for (const size_t digits : {4, 6, 9, 12}) {
    if (digits > path.size()) break;
    ASSIGN_OR_RETURN(const auto region, FindRegion(db, path.substr(0, digits)));
    if (region) name += region->name;
  }
  return name;
}

absl::StatusOr<Prefilled> PrefillProject(Context& context, const PrefillFormRequest& request) {
  auto form = std::make_shared<v1::RegisterProjectRequest>();
  v1::Project& project = *form->mutable_project();
  Prefilled out{form, {}};
  project.set_filler_name(context.caller.name);
  out.records["caller"] = {context.caller.subject, "登录人"};
  if (request.region_code().empty()) return out;
  ASSIGN_OR_RETURN(const std::string path,
                   ResolvePath(context.db, request.region_code(), "region_code"));
  RETURN_IF_ERROR(CheckInScope(context, path, request.region_code()));
  project.set_region_code(request.region_code());
  ASSIGN_OR_RETURN(const std::string name, FullName(context.db, path));
  project.set_region_text(name);
  out.records["registry.v1.Region"] = {path, "行政区划"};
  ASSIGN_OR_RETURN(const auto units, FindOpenUnits(context.db, {path}, context.now));
  if (!units.empty()) {
    const std::string campaign = units.begin()->second.campaign_id.ToString();
    project.set_campaign_id(campaign);
    out.records["registry.v1.InventoryCampaign"] = {campaign, "摸排批次"};
  }
  return out;
}

absl::StatusOr<Prefilled> PrefillReport(Context& context, const PrefillFormRequest& request) {
  if (request.subject_id().empty()) return InvalidField("subject_id", "须填写项目").Build();
  if (request.period().empty()) return InvalidField("period", "须填写月份").Build();
  ASSIGN_OR_RETURN(const Ulid id, ParseId(request.subject_id(), "subject_id"));
  ASSIGN_OR_RETURN(const ProjectRow row, GetProject(context.db, id, context.scope, false));
  auto form = std::make_shared<v1::SubmitOperationReportRequest>();
  v1::OperationReport& report = *form->mutable_report();
  report.set_project_id(request.subject_id());
  report.set_period(request.period());
  Prefilled out{form, {}};
  ASSIGN_OR_RETURN(const auto last, LastReportBefore(context.db, id, request.period()));
  if (last) {
    // What stands from month to month; flows of a month are asked for anew.
    const v1::OperationReport before = ReportOf(*last);
    if (before.has_output()) report.mutable_output()->set_unit(before.output().unit());
    if (before.has_capacity_used()) {
      report.mutable_capacity_used()->set_unit(before.capacity_used().unit());
    }
    if (before.has_workers()) report.set_workers(before.workers());
    if (before.has_poor_workers()) report.set_poor_workers(before.poor_workers());
    report.set_off_season(before.off_season());
    out.records["registry.v1.OperationReport"] = {before.id(), before.period() + "月报"};
  } else {
    const v1::Project project = ProjectOf(row);
    if (project.has_design_capacity()) {
      report.mutable_capacity_used()->set_unit(project.design_capacity().unit());
    }
    if (project.has_workers()) report.set_workers(project.workers());
    // No report has said it yet: the project did when it was registered.
    out.held_by["report.workers"] = "registry.v1.Project.workers";
    out.records["registry.v1.Project"] = {project.id(), "项目"};
  }
  return out;
}

// Of a record of one project: where it lies is where the project does.
struct OfProject {
  std::string id;
  std::string region_path;
  std::string operator_id;  // empty: none is named
  std::map<std::string, Prefilled::Record> records;
};
absl::StatusOr<OfProject> ReadProject(Context& context, const PrefillFormRequest& request) {
  if (request.subject_id().empty()) return InvalidField("subject_id", "须填写项目").Build();
  ASSIGN_OR_RETURN(const Ulid id, ParseId(request.subject_id(), "subject_id"));
  ASSIGN_OR_RETURN(const ProjectRow row, GetProject(context.db, id, context.scope, false));
  return OfProject{request.subject_id(),
                   row.region_path,
                   ProjectOf(row).operator_id(),
                   {{"registry.v1.Project", {request.subject_id(), "项目"}}}};
}

absl::StatusOr<Prefilled> PrefillBrand(Context& context, const PrefillFormRequest& request) {
  ASSIGN_OR_RETURN(OfProject of, ReadProject(context, request));
  auto form = std::make_shared<v1::CreateBrandCertificationRequest>();
  form->mutable_brand()->set_project_id(of.id);
  form->mutable_brand()->set_region_code(of.region_path);
  // Certified is mostly whoever runs the project.
  if (const auto operator_id = OptionalId(of.operator_id)) {
    ASSIGN_OR_RETURN(const std::optional<Record> record,
                     OperatorTable().Find(context.db, Equals("id", *operator_id)));
    if (record) {
      form->mutable_brand()->set_holder(MessageOf<v1::Operator>(*record).name());
      of.records["registry.v1.Operator"] = {of.operator_id, "运营主体"};
    }
  }
  return Prefilled{form, std::move(of.records)};
}

absl::StatusOr<Prefilled> PrefillPairing(Context& context, const PrefillFormRequest& request) {
  ASSIGN_OR_RETURN(OfProject of, ReadProject(context, request));
  auto form = std::make_shared<v1::CreateTechPairingRequest>();
  form->mutable_pairing()->set_project_id(of.id);
  form->mutable_pairing()->set_region_code(RegionAncestor(of.region_path, RegionLevel::kCounty));
  return Prefilled{form, std::move(of.records)};
}

absl::StatusOr<Prefilled> PrefillTraining(Context& context, const PrefillFormRequest& request) {
  ASSIGN_OR_RETURN(OfProject of, ReadProject(context, request));
  auto form = std::make_shared<v1::CreateTrainingRecordRequest>();
  form->mutable_training()->set_project_id(of.id);
  form->mutable_training()->set_region_code(of.region_path);
  return Prefilled{form, std::move(of.records)};
}

constexpr int kPageOfProjects = 500;
constexpr int kMaxBoards = 200;  // open ones of one industry: more than it has links

// The first link that the chain of a county industry should have (产业目录) and neither the
// industry nor a project of it has; empty: none, or one of each is already a short board that
// stands.
absl::StatusOr<std::string> MissingLink(Context& context, const Ulid& id,
                                        const v1::Industry& industry) {
  std::set<std::string> there;
  for (const v1::PresentLink& link : industry.links()) there.insert(link.link_code());
  ProjectQuery query;
  query.scope = {""};  // of the industry, whoever asks
  query.industry_id = id;
  query.limit = kPageOfProjects;
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<ProjectRow> page, ListProjects(context.db, query));
    for (const ProjectRow& row : page) {
      const auto project = FromBytes<v1::Project>(row.record);
      there.insert(project.chain_links().begin(), project.chain_links().end());
    }
    if (page.size() < kPageOfProjects) break;
    query.after = {page.back().region_path, page.back().id};
  }
  ASSIGN_OR_RETURN(const std::vector<Record> boards,
                   ShortBoardTable().List(context.db, context.scope,
                                          {Equals("subject_id", id), Equals("completed", false),
                                           Equals("is_void", false)},
                                          std::nullopt, kMaxBoards));
  for (const Record& board : boards) there.insert(MessageOf<v1::ShortBoard>(board).link_code());
  ASSIGN_OR_RETURN(const std::string version, CurrentTaxonomy(context.db));
  ASSIGN_OR_RETURN(const std::vector<CategoryRow> categories, LoadCategories(context.db, version));
  for (const std::string& link : ApplicableLinks(categories, industry.industry_code())) {
    if (!there.contains(link)) return link;
  }
  return "";
}

// Of a county industry, or of a project: which of them the id is.
absl::StatusOr<Prefilled> PrefillShortBoard(Context& context, const PrefillFormRequest& request) {
  if (request.subject_id().empty()) return InvalidField("subject_id", "须填写产业或项目").Build();
  ASSIGN_OR_RETURN(const Ulid id, ParseId(request.subject_id(), "subject_id"));
  auto form = std::make_shared<v1::CreateShortBoardRequest>();
  v1::ShortBoard& board = *form->mutable_short_board();
  board.set_subject_id(request.subject_id());
  Prefilled out{form, {}};
  const absl::StatusOr<Record> record = IndustryTable().Get(context.db, id, context.scope);
  if (!record.ok()) {
    if (!absl::IsNotFound(record.status())) return record.status();
    RETURN_IF_ERROR(ReadProject(context, request).status());
    board.set_subject_type(type::v1::SUBJECT_TYPE_PROJECT);
    return out;
  }
  board.set_subject_type(type::v1::SUBJECT_TYPE_INDUSTRY);
  const auto industry = MessageOf<v1::Industry>(*record);
  ASSIGN_OR_RETURN(const std::string link, MissingLink(context, id, industry));
  if (link.empty()) return out;
  board.set_kind("CHAIN");
  board.set_link_code(link);
  out.records["registry.v1.IndustryCategory"] = {industry.industry_code(),
                                                 "产业目录应有而尚缺的环节"};
  return out;
}

absl::StatusOr<UnitReportRow> ReadUnit(Context& context, const PrefillFormRequest& request) {
  if (request.subject_id().empty()) return InvalidField("subject_id", "须填写报告").Build();
  ASSIGN_OR_RETURN(const Ulid id, ParseId(request.subject_id(), "subject_id"));
  ASSIGN_OR_RETURN(UnitWithCampaign read, GetUnit(context.db, id, context.scope));
  return std::move(read.unit);
}
absl::StatusOr<v1::InventoryUnitReport> ReadUnitReport(Context& context,
                                                       const PrefillFormRequest& request) {
  ASSIGN_OR_RETURN(const UnitReportRow unit, ReadUnit(context, request));
  return UnitReportOf(unit);
}

absl::StatusOr<Prefilled> PrefillSubmit(Context& context, const PrefillFormRequest& request) {
  ASSIGN_OR_RETURN(const v1::InventoryUnitReport report, ReadUnitReport(context, request));
  ASSIGN_OR_RETURN(const auto counts, CountProjects(context.db, {report.region_path()}));
  auto form = std::make_shared<v1::SubmitUnitReportRequest>();
  form->set_id(report.id());
  form->set_etag(report.etag());
  // What is not held stays unset: a form says "" only when a person does.
  if (!report.signatory().empty()) form->set_signatory(report.signatory());
  if (!report.note().empty()) form->set_note(report.note());
  *form->mutable_evidence() = report.evidence();
  const auto count = counts.find(report.region_path());
  form->set_is_nil(count == counts.end() || count->second.projects == 0);
  return Prefilled{form, {{"registry.v1.InventoryUnitReport", {report.id(), "村级摸排报告"}}}};
}

absl::StatusOr<Prefilled> PrefillDraft(Context& context, const PrefillFormRequest& request) {
  ASSIGN_OR_RETURN(const v1::InventoryUnitReport report, ReadUnitReport(context, request));
  auto form = std::make_shared<v1::SaveUnitReportDraftRequest>();
  form->set_id(report.id());
  form->set_etag(report.etag());
  form->set_signatory(report.signatory());
  form->set_note(report.note());
  *form->mutable_evidence() = report.evidence();
  return Prefilled{form, {{"registry.v1.InventoryUnitReport", {report.id(), "村级摸排报告"}}}};
}

// The department that the caller can sign for, among those that the money calls for.
absl::StatusOr<Prefilled> PrefillSignature(Context& context, const PrefillFormRequest& request) {
  ASSIGN_OR_RETURN(const UnitReportRow unit, ReadUnit(context, request));
  const v1::InventoryUnitReport report = UnitReportOf(unit);
  auto form = std::make_shared<v1::SignVerificationRequest>();
  form->set_unit_report_id(report.id());
  form->set_etag(report.etag());
  Prefilled out{form, {}};
  ASSIGN_OR_RETURN(const std::string department, inventory::DepartmentToSign(context, unit));
  if (department.empty()) return out;
  form->set_department_code(department);
  out.records["registry.v1.RequiredDepartment"] = {report.id(), "须会同核实的部门"};
  return out;
}

}  // namespace

std::map<std::string, dictionary::Prefiller, std::less<>> Prefills() {
  return {
      {"bangfu.registry.v1.ProjectService.RegisterProject", PrefillProject},
      {"bangfu.registry.v1.OperationReportService.SubmitOperationReport", PrefillReport},
      {"bangfu.registry.v1.IndustryService.CreateBrandCertification", PrefillBrand},
      {"bangfu.registry.v1.IndustryService.CreateShortBoard", PrefillShortBoard},
      {"bangfu.registry.v1.IndustryService.CreateTechPairing", PrefillPairing},
      {"bangfu.registry.v1.IndustryService.CreateTrainingRecord", PrefillTraining},
      {"bangfu.registry.v1.InventoryService.SubmitUnitReport", PrefillSubmit},
      {"bangfu.registry.v1.InventoryService.SaveUnitReportDraft", PrefillDraft},
      {"bangfu.registry.v1.VerificationService.SignVerification", PrefillSignature},
  };
}

}  // namespace bangfu::registry
