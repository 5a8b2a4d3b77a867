#include "services/ctl/walkthrough.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>

#include "absl/time/civil_time.h"
#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "bangfu/evaluation/v1/fact.pb.h"
#include "bangfu/evaluation/v1/ledger_service.pb.h"
#include "bangfu/feed/v1/change_feed.pb.h"
#include "bangfu/publicity/v1/publicity.pb.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "bangfu/registry/v1/inventory_service.pb.h"
#include "bangfu/registry/v1/operator.pb.h"
#include "bangfu/registry/v1/project_service.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/departments.h"
#include "nlohmann/json.hpp"
#include "services/ctl/commands.h"
#include "services/ctl/csv_rows.h"
#include "services/ctl/evaluate.h"
#include "services/ctl/evidence.h"
#include "services/ctl/import.h"
#include "services/ctl/inbox.h"
#include "services/ctl/inventory.h"
#include "services/ctl/ledger.h"
#include "services/ctl/mirror.h"
#include "services/ctl/people.h"
#include "services/ctl/period.h"
#include "services/ctl/terminal.h"
#include "services/ctl/upload.h"

namespace bangfu::ctl {
namespace {

using namespace registry::v1;  // the steps speak of both areas all the time
using namespace evaluation::v1;
using options::v1::ROLE_APPRAISER;
using options::v1::ROLE_CITY_SUPERVISOR;
using options::v1::ROLE_COUNTY_APPROVER;
using options::v1::ROLE_COUNTY_OPERATOR;
using options::v1::ROLE_FINANCE_OFFICER;
using options::v1::ROLE_PROV_ADMIN;
using options::v1::ROLE_SECTOR_VERIFIER;
using options::v1::ROLE_SYSTEM_INTEGRATOR;
using options::v1::ROLE_TOWNSHIP_APPROVER;
using options::v1::ROLE_TOWNSHIP_REVIEWER;
using options::v1::ROLE_VILLAGE_REPORTER;

constexpr char kInventory[] = "bangfu.registry.v1.InventoryService.";
constexpr char kEvaluation[] = "bangfu.evaluation.v1.EvaluationService.";
constexpr char kLedger[] = "bangfu.evaluation.v1.LedgerService.";
constexpr char kPublicity[] = "bangfu.publicity.v1.PublicityService.";
constexpr char kProvince[] = "36";
constexpr char kCampaignName[] = "帮扶产业摸底（样例批次）";

google::type::Date DateOf(absl::CivilDay day) {
  google::type::Date date;
  date.set_year(static_cast<int32_t>(day.year()));
  date.set_month(day.month());
  date.set_day(day.day());
  return date;
}

class Job {
 public:
  Job(const Context& context, const WalkthroughOptions& options)
      : base_(context),
        options_(options),
        people_(base_),
        city_(RegionAncestor(options.county, bangfu::RegionLevel::kCity)) {}

  absl::Status Report();
  absl::Status Conclude();

 private:
  void Title(std::string_view text) {
    std::printf("\n━━ %s\n", std::string(text).c_str()), std::fflush(stdout);
  }
  absl::CivilDay Today() const { return ShanghaiDay(SystemClock().Now() + base_.clock_offset); }

  absl::Status LoadPlan();
  absl::Status Regions();
  absl::Status Persons();
  absl::Status Campaign();
  absl::Status LeadingIndustries();
  absl::Status Operators();
  absl::Status Chain();
  absl::Status Tables();
  absl::Status Villages();
  absl::Status Townships();
  absl::Status County();
  absl::Status Samples();
  absl::Status Experts();
  absl::Status WaitForFeeds();
  absl::Status Evaluate();
  absl::Status Review();
  absl::Status Argue(Context& operator_context, const Evaluation& evaluation,
                     type::v1::FourClass named);
  absl::Status Publicise();
  absl::Status MakeEffective();
  absl::Status Measures();
  absl::Status Sign();
  // Who signs for a department other than the lead.
  absl::StatusOr<Context*> Signer(const std::string& department, int number);
  absl::Status FreezeAndReport();
  absl::Status Show();
  absl::Status ShowExamples();

  absl::StatusOr<std::vector<InventoryUnitReport>> Units(UnitReportState state);
  absl::StatusOr<std::vector<Evaluation>> Evaluations(EvaluationState state);
  absl::Status Advance(Context& context, AdvanceStep step,
                       const std::vector<Evaluation>& evaluations, std::string_view title,
                       const std::string& department = "");

  const Context base_;
  const WalkthroughOptions options_;
  People people_;
  const std::string city_;
  std::string campaign_;
  std::set<std::string> nil_, late_;
};

absl::Status Job::LoadPlan() {
  std::ifstream in(options_.data + "/plan.json");
  auto plan = nlohmann::json::parse(in, nullptr, false);
  if (plan.is_discarded())
    return absl::NotFoundError(Cat("没有样例计划 ", options_.data, "/plan.json"));
  for (const auto& code : plan["nil"]) nil_.insert(code.get<std::string>());
  for (const auto& code : plan["late"]) late_.insert(code.get<std::string>());
  std::printf(
      "样例数据种子 %s：零报告 %zu 村，迟报 %zu "
      "村。样例项目均标为样例，区划与已公布的行是真实的。\n",
      plan["seed"].get<std::string>().c_str(), nil_.size(), late_.size());
  return absl::OkStatus();
}

absl::Status Job::Regions() {
  Title("行政区划：全省 23,959 个现行代码及其沿革");
  ASSIGN_OR_RETURN(Context * admin, people_.Get(ROLE_PROV_ADMIN, kProvince));
  GetRegionRequest get;
  get.set_code(options_.county);
  if (admin->Call<Region>("bangfu.registry.v1.RegionService.GetRegion", get).ok()) {
    std::printf("已导入，跳过\n");
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(RegionTotals totals,
                   ImportRegionFiles(*admin, options_.samples + "/regions-36.csv",
                                     options_.samples + "/region-history-36.csv", false));
  std::printf("新增 %lld，更新 %lld\n", static_cast<long long>(totals.created),
              static_cast<long long>(totals.updated));
  return absl::OkStatus();
}

// Everyone who takes part, granted at once: a few calls, and one wait until all services know them.
absl::Status Job::Persons() {
  Title("授权：令牌只证明是谁，能做什么由机构管理员授予");
  std::vector<People::Person> persons = {{ROLE_PROV_ADMIN, kProvince, 1},
                                         {ROLE_CITY_SUPERVISOR, city_, 1},
                                         {ROLE_COUNTY_APPROVER, options_.county, 1},
                                         {ROLE_FINANCE_OFFICER, options_.county, 1}};
  for (int number = 1; number <= 3; ++number) {
    persons.push_back({ROLE_COUNTY_OPERATOR, options_.county, number});
    persons.push_back({ROLE_APPRAISER, options_.county, number});
  }
  for (int number = 1; number <= 30; ++number) {
    persons.push_back({ROLE_SECTOR_VERIFIER, options_.county, number});
  }
  std::ifstream regions(options_.samples + "/regions-36.csv");
  for (std::string line; std::getline(regions, line);) {
    const std::string code = line.substr(0, line.find(','));
    if (!RegionContains(options_.county, code)) continue;
    if (code.size() == 12) persons.push_back({ROLE_VILLAGE_REPORTER, code, 1});
    if (code.size() == 9) {
      persons.push_back({ROLE_TOWNSHIP_REVIEWER, code, 1});
      persons.push_back({ROLE_TOWNSHIP_APPROVER, code, 1});
    }
  }
  RETURN_IF_ERROR(people_.Grant(persons));
  std::printf("%zu 人\n", persons.size());
  return absl::OkStatus();
}

absl::Status Job::Campaign() {
  Title("摸排批次：以县为单位逐村");
  ASSIGN_OR_RETURN(Context * admin, people_.Get(ROLE_PROV_ADMIN, kProvince));
  ListCampaignsRequest list;
  list.set_region_code(kProvince);
  list.set_page_size(50);
  ASSIGN_OR_RETURN(auto page,
                   admin->Call<ListCampaignsResponse>(Cat(kInventory, "ListCampaigns"), list));
  InventoryCampaign campaign;
  for (const auto& known : page.campaigns()) {
    if (known.name() == kCampaignName) campaign = known;
  }
  if (campaign.id().empty()) {
    CreateCampaignRequest create;
    create.set_request_id(Context::NewRequestId());
    auto* fields = create.mutable_campaign();
    fields->set_name(kCampaignName);
    fields->set_region_code(kProvince);
    *fields->mutable_scope_start() = DateOf(absl::CivilDay(2012, 1, 1));
    *fields->mutable_village_deadline() = DateOf(Today());
    *fields->mutable_township_deadline() = DateOf(Today() + 5);
    *fields->mutable_county_deadline() = DateOf(Today() + 10);
    ASSIGN_OR_RETURN(campaign,
                     admin->Call<InventoryCampaign>(Cat(kInventory, "CreateCampaign"), create));
  }
  if (campaign.state() != CAMPAIGN_STATE_OPEN) {
    operation::v1::Operation opening;
    if (campaign.state() == CAMPAIGN_STATE_PLANNED) {
      OpenCampaignRequest open;
      open.set_request_id(Context::NewRequestId());
      open.set_id(campaign.id());
      open.set_etag(campaign.etag());
      ASSIGN_OR_RETURN(
          opening, admin->Call<operation::v1::Operation>(Cat(kInventory, "OpenCampaign"), open));
    } else {  // a walk before this one was cut off here
      operation::v1::ListOperationsRequest under_way;
      under_way.set_kind("open_campaign");
      under_way.set_page_size(1);
      ASSIGN_OR_RETURN(
          auto operations,
          admin->CallOn<operation::v1::ListOperationsResponse>(
              "registry", "bangfu.operation.v1.OperationService.ListOperations", under_way));
      if (operations.operations_size() > 0) opening = operations.operations(0);
    }
    RETURN_IF_ERROR(WaitForOperation(*admin, "registry", opening, "开放摸排批次").status());
    GetCampaignRequest get;
    get.set_id(campaign.id());
    ASSIGN_OR_RETURN(campaign, admin->Call<InventoryCampaign>(Cat(kInventory, "GetCampaign"), get));
  }
  campaign_ = campaign.id();
  std::printf("%s：%lld 个村，村级截止 %s\n", campaign.name().c_str(),
              static_cast<long long>(campaign.unit_count()),
              FormatDate(campaign.village_deadline()).c_str());
  return absl::OkStatus();
}

absl::Status Job::LeadingIndustries() {
  Title("县主导产业：每县 1–2 个");
  ASSIGN_OR_RETURN(Context * county, people_.Get(ROLE_COUNTY_OPERATOR, options_.county));
  ListLeadingIndustriesRequest list;
  list.set_region_code(options_.county);
  list.set_page_size(10);
  ASSIGN_OR_RETURN(auto page,
                   county->Call<ListLeadingIndustriesResponse>(
                       "bangfu.registry.v1.IndustryService.ListLeadingIndustries", list));
  if (page.leading_industries_size() == 0) {
    for (const char* industry : {"FRUIT_VEG", "OIL"}) {
      SelectLeadingIndustryRequest select;
      select.set_request_id(Context::NewRequestId());
      select.set_region_code(options_.county);
      select.set_plan_period("2026-2030");
      select.set_industry_code(industry);
      ASSIGN_OR_RETURN(auto chosen,
                       county->Call<LeadingIndustry>(
                           "bangfu.registry.v1.IndustryService.SelectLeadingIndustry", select));
      std::printf("选定 %s（第 %d 位）\n", chosen.industry_code().c_str(), chosen.rank());
    }
    SelectLeadingIndustryRequest third;
    third.set_request_id(Context::NewRequestId());
    third.set_region_code(options_.county);
    third.set_plan_period("2026-2030");
    third.set_industry_code("TEA");
    auto refused = county->Call<LeadingIndustry>(
        "bangfu.registry.v1.IndustryService.SelectLeadingIndustry", third);
    std::printf("再选第三个：%s\n",
                refused.ok() ? "竟然成功" : GetErrorDetail(refused.status()).message_zh.c_str());
  } else {
    std::printf("已选 %d 个，跳过\n", page.leading_industries_size());
  }
  return absl::OkStatus();
}

absl::Status Job::Operators() {
  Title("运营主体：统一社会信用代码逐个校验");
  ASSIGN_OR_RETURN(Context * county, people_.Get(ROLE_COUNTY_OPERATOR, options_.county));
  int64_t created = 0, known = 0;
  RETURN_IF_ERROR(ReadCsv(
      options_.data + "/operators.csv", {"统一社会信用代码", "名称", "类型", "注册地"},
      [&](int64_t, const NamedRow& row) -> absl::Status {
        CreateOperatorRequest create;
        create.set_request_id(Context::NewRequestId());
        auto* fields = create.mutable_operator_();
        fields->set_uscc(row.at("统一社会信用代码"));
        fields->set_name(row.at("名称"));
        fields->set_kind(row.at("类型"));
        fields->set_region_code(row.at("注册地"));
        ASSIGN_OR_RETURN(*fields->mutable_established_on(), ParseDate(row.at("成立日期")));
        auto* qualification = fields->add_qualifications();
        qualification->set_kind(row.at("资质"));
        qualification->set_number(row.at("资质编号"));
        ASSIGN_OR_RETURN(*qualification->mutable_expires_on(), ParseDate(row.at("资质到期")));
        fields->set_is_sample(true);
        auto result =
            county->Call<Operator>("bangfu.registry.v1.OperatorService.CreateOperator", create);
        if (absl::IsAlreadyExists(result.status())) {
          ++known;
          return absl::OkStatus();
        }
        created += result.ok() ? 1 : 0;
        return result.status();
      }));
  std::printf("新增 %lld，已有 %lld\n", static_cast<long long>(created),
              static_cast<long long>(known));
  return absl::OkStatus();
}

// What the county's industries have beside their projects: links of the chain, and a brand.
absl::Status Job::Chain() {
  Title("全链条：县域产业已有的环节与品牌");
  ASSIGN_OR_RETURN(Context * county, people_.Get(ROLE_COUNTY_OPERATOR, options_.county));
  ListIndustriesRequest list;
  list.set_region_code(options_.county);
  list.set_page_size(100);
  ASSIGN_OR_RETURN(auto industries, county->Call<ListIndustriesResponse>(
                                        "bangfu.registry.v1.IndustryService.ListIndustries", list));
  for (const auto& industry : industries.industries()) {
    if (industry.industry_code() != "FRUIT_VEG") continue;
    Industry current = industry;
    for (const char* link : {"SEED", "DEEP_PROC", "COLD_STORAGE", "LOGISTICS", "BRAND", "SALES"}) {
      bool present = false;
      for (const auto& known : current.links()) present = present || known.link_code() == link;
      if (present) continue;
      SetChainLinkRequest set;
      set.set_request_id(Context::NewRequestId());
      set.set_id(current.id());
      set.set_etag(current.etag());
      set.mutable_link()->set_link_code(link);
      set.mutable_link()->set_kind(LINK_EVIDENCE_KIND_SERVICE_CONTRACT);
      set.mutable_link()->set_reference("样例服务合同");
      ASSIGN_OR_RETURN(
          current, county->Call<Industry>("bangfu.registry.v1.IndustryService.SetChainLink", set));
    }
    ListBrandCertificationsRequest brands;
    brands.set_region_code(options_.county);
    brands.set_industry_id(industry.id());
    brands.set_page_size(1);
    ASSIGN_OR_RETURN(auto known,
                     county->Call<ListBrandCertificationsResponse>(
                         "bangfu.registry.v1.IndustryService.ListBrandCertifications", brands));
    if (known.brands_size() == 0) {
      CreateBrandCertificationRequest create;
      create.set_request_id(Context::NewRequestId());
      auto* brand = create.mutable_brand();
      brand->set_region_code(options_.county);
      brand->set_industry_id(industry.id());
      brand->set_brand_type("GREEN");
      brand->set_name("样例绿色食品认证");
      brand->set_certificate_no("SAMPLE-GREEN-1");
      brand->set_holder("样例合作社");
      *brand->mutable_valid_from() = DateOf(absl::CivilDay(2024, 1, 1));
      *brand->mutable_expires_on() = DateOf(absl::CivilDay(2027, 12, 31));
      RETURN_IF_ERROR(county
                          ->Call<BrandCertification>(
                              "bangfu.registry.v1.IndustryService.CreateBrandCertification", create)
                          .status());
    }
    ASSIGN_OR_RETURN(auto again, county->Call<ListIndustriesResponse>(
                                     "bangfu.registry.v1.IndustryService.ListIndustries", list));
    for (const auto& shown : again.industries()) {
      std::string missing;
      for (const auto& link : shown.missing_links()) missing += Cat(" ", link);
      std::printf("%s 链条覆盖 %s %s%s%s\n", PadRight(shown.name(), 8).c_str(),
                  Bar(shown.chain_coverage_bp(), 10000, 12).c_str(),
                  Percent(shown.chain_coverage_bp()).c_str(), missing.empty() ? "" : "，缺",
                  missing.c_str());
    }
  }
  return absl::OkStatus();
}

absl::Status Job::Tables() {
  Title("导入：T1 摸排登记表（存量项目，旧县代码）、已公布的真实表、T4 资产台账、运营月报");
  ASSIGN_OR_RETURN(Context * county, people_.Get(ROLE_COUNTY_OPERATOR, options_.county));
  UploadOptions upload;
  upload.service = "registry";
  upload.kind = "projects";
  upload.file = options_.data + "/t1.csv";
  upload.campaign_id = campaign_;
  upload.region_code = options_.county;
  upload.sample = true;
  ASSIGN_OR_RETURN(auto projects, UploadFile(*county, upload));
  RETURN_IF_ERROR(PrintImportReport(*county, "registry", projects, 3));

  ASSIGN_OR_RETURN(Context * admin, people_.Get(ROLE_PROV_ADMIN, kProvince));
  upload.file = options_.samples + "/published-projects.csv";
  upload.region_code.clear();
  upload.sample = false;
  ASSIGN_OR_RETURN(auto published, UploadFile(*admin, upload));
  RETURN_IF_ERROR(PrintImportReport(*admin, "registry", published, 3));

  upload.service = "asset";
  upload.kind = "assets";
  upload.file = options_.data + "/t4.csv";
  upload.campaign_id.clear();
  upload.sample = true;
  // Assets name their projects: asset's copy of the registry must be level first.
  RETURN_IF_ERROR(WaitForFeeds());
  ASSIGN_OR_RETURN(auto assets, UploadFile(*county, upload));
  RETURN_IF_ERROR(PrintImportReport(*county, "asset", assets, 3));

  ASSIGN_OR_RETURN(ReportTotals reports, ImportReportFile(*county, options_.data + "/reports.csv",
                                                          options_.county, false));
  std::printf("%s\n", reports.Text().c_str());
  for (const auto& problem : reports.problems) std::printf("  %s\n", problem.c_str());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<InventoryUnitReport>> Job::Units(UnitReportState state) {
  ASSIGN_OR_RETURN(Context * county, people_.Get(ROLE_COUNTY_OPERATOR, options_.county));
  std::vector<InventoryUnitReport> units;
  ListUnitReportsRequest request;
  request.set_campaign_id(campaign_);
  request.set_region_code(options_.county);
  request.add_states(state);
  request.set_page_size(500);
  do {
    ASSIGN_OR_RETURN(auto page, county->Call<ListUnitReportsResponse>(
                                    Cat(kInventory, "ListUnitReports"), request));
    units.insert(units.end(), page.unit_reports().begin(), page.unit_reports().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return units;
}

absl::Status Job::Villages() {
  Title("村上报：有项目的报项目，没有的零报告，迟报的留着");
  std::vector<InventoryUnitReport> waiting;
  for (auto state :
       {UNIT_REPORT_STATE_NOT_STARTED, UNIT_REPORT_STATE_DRAFT, UNIT_REPORT_STATE_RETURNED}) {
    ASSIGN_OR_RETURN(auto units, Units(state));
    waiting.insert(waiting.end(), units.begin(), units.end());
  }
  ProgressLine progress("村上报");
  int64_t done = 0, nil = 0, late = 0;
  for (const auto& unit : waiting) {
    progress.Update(++done, static_cast<int64_t>(waiting.size()), unit.region_name());
    if (late_.count(unit.region_path()) > 0) {
      ++late;
      continue;
    }
    ASSIGN_OR_RETURN(Context * village, people_.Get(ROLE_VILLAGE_REPORTER, unit.region_path()));
    SubmitUnitReportRequest request;
    request.set_request_id(Context::NewRequestId());
    request.set_id(unit.id());
    request.set_etag(unit.etag());
    request.set_is_nil(unit.project_count() == 0);
    request.set_signatory("样例村主任");
    if (unit.state() == UNIT_REPORT_STATE_RETURNED) request.set_answer("已按退回意见补正");
    RETURN_IF_ERROR(
        village->Call<InventoryUnitReport>(Cat(kInventory, "SubmitUnitReport"), request).status());
    nil += request.is_nil() ? 1 : 0;
  }
  progress.Done(Cat("上报 ", done - late, " 村，其中零报告 ", nil, "，未报 ", late));
  return absl::OkStatus();
}

absl::Status Job::Townships() {
  Title("乡镇审核：退回一份并写明哪一项，其余通过");
  ASSIGN_OR_RETURN(auto submitted, Units(UNIT_REPORT_STATE_SUBMITTED));
  ProgressLine progress("乡镇审核");
  int64_t done = 0;
  bool returned = false;
  for (const auto& unit : submitted) {
    progress.Update(++done, static_cast<int64_t>(submitted.size()), unit.region_name());
    ASSIGN_OR_RETURN(
        Context * township,
        people_.Get(ROLE_TOWNSHIP_REVIEWER,
                    RegionAncestor(unit.region_path(), bangfu::RegionLevel::kTownship)));
    InventoryUnitReport current = unit;
    if (!returned && !unit.is_nil() && unit.reopened() == 0 && !unit.has_current_return()) {
      ListProjectsRequest list;
      list.set_region_code(unit.region_path());
      list.set_page_size(1);
      ASSIGN_OR_RETURN(auto projects, township->Call<ListProjectsResponse>(
                                          "bangfu.registry.v1.ProjectService.ListProjects", list));
      ReturnUnitReportRequest request;
      request.set_request_id(Context::NewRequestId());
      request.set_id(unit.id());
      request.set_etag(unit.etag());
      auto* reason = request.add_reasons();
      if (projects.projects_size() > 0) reason->set_subject_id(projects.projects(0).id());
      reason->set_field("operator_id");
      reason->set_text("运营主体的合同没有随附，请补充后再报");
      ASSIGN_OR_RETURN(current, township->Call<InventoryUnitReport>(
                                    Cat(kInventory, "ReturnUnitReport"), request));
      std::printf("退回 %s：%s，%s 前补正\n", current.region_name().c_str(), reason->text().c_str(),
                  FormatDate(current.current_return().due_on()).c_str());
      ASSIGN_OR_RETURN(Context * village, people_.Get(ROLE_VILLAGE_REPORTER, unit.region_path()));
      SubmitUnitReportRequest again;
      again.set_request_id(Context::NewRequestId());
      again.set_id(current.id());
      again.set_etag(current.etag());
      again.set_signatory("样例村主任");
      again.set_answer("合同已补");
      ASSIGN_OR_RETURN(
          current, village->Call<InventoryUnitReport>(Cat(kInventory, "SubmitUnitReport"), again));
      returned = true;
    }
    PassUnitReportRequest request;
    request.set_request_id(Context::NewRequestId());
    request.set_id(current.id());
    request.set_etag(current.etag());
    request.set_opinion("属实");
    RETURN_IF_ERROR(
        township->Call<InventoryUnitReport>(Cat(kInventory, "PassUnitReport"), request).status());
  }
  progress.Done(Cat("通过 ", done, " 村"));
  return absl::OkStatus();
}

absl::Status Job::County() {
  Title("县级联合核实：农业农村部门牵头，按资金来源会同相关部门，每村全部核实");
  ASSIGN_OR_RETURN(auto passed, Units(UNIT_REPORT_STATE_TOWNSHIP_PASSED));
  ASSIGN_OR_RETURN(Context * county, people_.Get(ROLE_COUNTY_OPERATOR, options_.county));
  ProgressLine progress("县级核实");
  int64_t done = 0;
  std::map<std::string, int> department_numbers;
  for (const auto& unit : passed) {
    progress.Update(++done, static_cast<int64_t>(passed.size()), unit.region_name());
    GetVerificationTaskRequest get;
    get.set_unit_report_id(unit.id());
    ASSIGN_OR_RETURN(VerificationTask task,
                     county->Call<VerificationTask>(Cat(kInventory, "GetVerificationTask"), get));
    for (const auto& department :
         std::vector<RequiredDepartment>(task.departments().begin(), task.departments().end())) {
      if (department.signed_()) continue;
      int number = department_numbers
                       .try_emplace(department.department_code(),
                                    static_cast<int>(department_numbers.size()) + 1)
                       .first->second;
      ASSIGN_OR_RETURN(Context * verifier,
                       department.is_lead() ? people_.Get(ROLE_COUNTY_OPERATOR, options_.county, 2)
                                            : Signer(department.department_code(), number));
      SignVerificationRequest sign;
      sign.set_request_id(Context::NewRequestId());
      sign.set_unit_report_id(unit.id());
      sign.set_etag(task.etag());
      sign.set_department_code(department.department_code());
      sign.set_opinion("属实");
      ASSIGN_OR_RETURN(task,
                       verifier->Call<VerificationTask>(Cat(kInventory, "SignVerification"), sign));
    }
    CompleteVerificationRequest complete;
    complete.set_request_id(Context::NewRequestId());
    complete.set_unit_report_id(unit.id());
    complete.set_etag(task.etag());
    RETURN_IF_ERROR(
        county->Call<VerificationTask>(Cat(kInventory, "CompleteVerification"), complete).status());
  }
  std::string departments;
  for (const auto& [code, number] : department_numbers) departments += Cat(" ", code);
  progress.Done(Cat("核实 ", done, " 村；参加部门：", departments));
  return absl::OkStatus();
}

absl::StatusOr<Context*> Job::Signer(const std::string& department, int number) {
  if (department == workflow::kFinanceDepartment) {
    return people_.Get(ROLE_FINANCE_OFFICER, options_.county);
  }
  return people_.Get(ROLE_SECTOR_VERIFIER, options_.county, number);
}

absl::Status Job::Samples() {
  Title("市、省抽查：种子留存，分层，可复现");
  ASSIGN_OR_RETURN(Context * admin, people_.Get(ROLE_PROV_ADMIN, kProvince));
  ASSIGN_OR_RETURN(Context * supervisor, people_.Get(ROLE_CITY_SUPERVISOR, city_));
  for (auto [who, region] :
       {std::pair{supervisor, city_}, std::pair{admin, std::string(kProvince)}}) {
    ListSamplesRequest list;
    list.set_campaign_id(campaign_);
    list.set_region_code(region);
    list.set_page_size(10);
    ASSIGN_OR_RETURN(auto known,
                     who->Call<ListSamplesResponse>(Cat(kInventory, "ListSamples"), list));
    Sample sample;
    for (const auto& drawn : known.samples()) {
      if (drawn.region_code() == region) sample = drawn;
    }
    if (sample.id().empty()) {
      DrawSampleRequest draw;
      draw.set_request_id(Context::NewRequestId());
      draw.set_campaign_id(campaign_);
      draw.set_region_code(region);
      draw.set_seed(Cat("sample-", region));
      ASSIGN_OR_RETURN(sample, who->Call<Sample>(Cat(kInventory, "DrawSample"), draw));
    }
    GetSampleRequest get;
    get.set_id(sample.id());
    ASSIGN_OR_RETURN(sample, who->Call<Sample>(Cat(kInventory, "GetSample"), get));
    for (const auto& unit : std::vector<SampleUnit>(sample.units().begin(), sample.units().end())) {
      if (unit.has_result()) continue;
      RecordSampleResultRequest record;
      record.set_request_id(Context::NewRequestId());
      record.set_id(sample.id());
      record.set_unit_report_id(unit.unit_report_id());
      record.set_note("现场核对无误");
      ASSIGN_OR_RETURN(sample, who->Call<Sample>(Cat(kInventory, "RecordSampleResult"), record));
    }
    std::printf("%s：种子 %s，总体 %d，抽取 %d，有问题 %d\n", region.c_str(), sample.seed().c_str(),
                sample.population(), sample.drawn(), sample.issues());
  }
  return absl::OkStatus();
}

absl::Status Job::Experts() {
  Title("专家评分：每个对象至少三名专家，取中位数");
  // A subject that the evaluation has not heard of yet cannot be scored.
  RETURN_IF_ERROR(WaitForFeeds());
  for (int expert = 1; expert <= 3; ++expert) {
    ASSIGN_OR_RETURN(Context * appraiser, people_.Get(ROLE_APPRAISER, options_.county, expert));
    ASSIGN_OR_RETURN(ScoreTotals totals,
                     ImportScoreFile(*appraiser, Cat(options_.data, "/scores-", expert, ".csv"),
                                     options_.county, false));
    std::printf("专家 %d　%s\n", expert, totals.Text().c_str());
    // The county's industries as well.
    ListIndustriesRequest list;
    list.set_region_code(options_.county);
    list.set_page_size(100);
    ASSIGN_OR_RETURN(auto industries,
                     appraiser->Call<ListIndustriesResponse>(
                         "bangfu.registry.v1.IndustryService.ListIndustries", list));
    if (industries.industries_size() == 0) continue;
    SubmitExpertScoresRequest scores;
    scores.set_request_id(Context::NewRequestId());
    for (const auto& industry : industries.industries()) {
      auto* score = scores.add_scores();
      score->set_subject_id(industry.id());
      score->set_market_outlook(70 + expert);
      score->set_resource_basis(72 + expert);
      score->set_opinion("样例评分");
    }
    RETURN_IF_ERROR(appraiser
                        ->Call<SubmitExpertScoresResponse>(
                            "bangfu.evaluation.v1.FactService.SubmitExpertScores", scores)
                        .status());
  }
  return absl::OkStatus();
}

// Every consumer has what its source has committed so far.
absl::Status Job::WaitForFeeds() {
  ASSIGN_OR_RETURN(Context * system, people_.Get(ROLE_SYSTEM_INTEGRATOR, kProvince));
  ProgressLine progress("等待各服务的副本跟上");
  std::map<std::string, int64_t> targets;
  absl::Time give_up = SystemClock().Now() + absl::Minutes(5);
  while (SystemClock().Now() < give_up) {
    bool level = true;
    std::map<std::string, feed::v1::FeedStatus> statuses;
    for (const char* service : {"registry", "asset", "evaluation"}) {
      ASSIGN_OR_RETURN(statuses[service], system->CallOn<feed::v1::FeedStatus>(
                                              service, "bangfu.feed.v1.ChangeFeed.GetFeedStatus",
                                              feed::v1::GetFeedStatusRequest()));
    }
    for (const char* service : {"registry", "asset"}) {
      if (statuses[service].unsequenced() > 0) level = false;
    }
    int64_t behind = 0;
    for (const char* reader : {"asset", "evaluation"}) {
      for (const auto& consumer : statuses[reader].consumers()) {
        auto source = statuses.find(consumer.source());
        if (source == statuses.end()) continue;
        behind += std::max<int64_t>(0, source->second.last_sequence() - consumer.cursor());
      }
    }
    if (level && behind == 0) {
      progress.Done("已跟上");
      return absl::OkStatus();
    }
    progress.Update(0, behind, "条待跟");
    PauseBriefly(50);
  }
  return Error(absl::StatusCode::kUnavailable, "SOURCE_LAGGING")
      .Zh("五分钟内副本没有跟上，请用 bangfuctl doctor 查看");
}

absl::Status Job::Evaluate() {
  Title(Cat("批量评估 ", options_.county, "，", options_.period));
  RETURN_IF_ERROR(WaitForFeeds());
  ASSIGN_OR_RETURN(Context * county, people_.Get(ROLE_COUNTY_OPERATOR, options_.county));
  StartBatchEvaluationRequest request;
  request.set_request_id(Context::NewRequestId());
  request.set_region_code(options_.county);
  request.set_period(options_.period);
  ASSIGN_OR_RETURN(auto operation, county->Call<operation::v1::Operation>(
                                       Cat(kEvaluation, "StartBatchEvaluation"), request));
  ASSIGN_OR_RETURN(operation, WaitForOperation(*county, "evaluation", operation, "评估"));
  BatchEvaluationResult result;
  if (operation.result().UnpackTo(&result)) std::printf("%s", RenderBatchResult(result).c_str());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Evaluation>> Job::Evaluations(EvaluationState state) {
  ASSIGN_OR_RETURN(Context * county, people_.Get(ROLE_COUNTY_OPERATOR, options_.county));
  std::vector<Evaluation> out;
  ListEvaluationsRequest request;
  request.set_region_code(options_.county);
  request.set_state(state);
  request.set_page_size(200);
  do {
    ASSIGN_OR_RETURN(auto page, county->Call<ListEvaluationsResponse>(
                                    Cat(kEvaluation, "ListEvaluations"), request));
    out.insert(out.end(), page.evaluations().begin(), page.evaluations().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return out;
}

absl::Status Job::Argue(Context& operator_context, const Evaluation& evaluation,
                        type::v1::FourClass named) {
  RecordArgumentRequest request;
  request.set_request_id(Context::NewRequestId());
  auto* argument = request.mutable_argument();
  argument->set_subject_id(evaluation.subject_id());
  for (int member = 1; member <= 3; ++member) {
    auto* panel = argument->add_panel();
    panel->set_person(Cat("sample-appraiser-", options_.county, "-", member));
    panel->set_name(Cat("样例专家", member));
    panel->set_organisation("样例单位");
  }
  *argument->mutable_argued_on() = DateOf(Today());
  argument->set_conclusion(ARGUMENT_CONCLUSION_CLASS);
  argument->set_named_class(named);
  argument->set_opinions("论证组现场查看并听取村民代表意见，结论一致。");
  ASSIGN_OR_RETURN(*argument->add_evidence(),
                   SampleEvidence(operator_context, "evaluation", "ARGUMENT", "论证意见书（样例）",
                                  options_.county));
  ASSIGN_OR_RETURN(auto record, operator_context.Call<ArgumentRecord>(
                                    Cat(kEvaluation, "RecordArgument"), request));
  ASSIGN_OR_RETURN(Context * approver, people_.Get(ROLE_COUNTY_APPROVER, options_.county));
  AcceptEvaluationRequest accept;
  accept.set_request_id(Context::NewRequestId());
  accept.set_id(evaluation.id());
  accept.set_etag(evaluation.etag());
  accept.set_argument_id(record.id());
  return approver->Call<Evaluation>(Cat(kEvaluation, "AcceptEvaluation"), accept).status();
}

absl::Status Job::Advance(Context& context, AdvanceStep step,
                          const std::vector<Evaluation>& evaluations, std::string_view title,
                          const std::string& department) {
  ProgressLine progress{std::string(title)};
  int64_t done = 0, refused = 0;
  std::string first;
  for (size_t i = 0; i < evaluations.size(); i += 100) {
    BatchAdvanceRequest request;
    request.set_request_id(Context::NewRequestId());
    request.set_step(step);
    request.set_department(department);
    if (step == ADVANCE_STEP_PUBLICISE) request.add_channels("村务公开栏");
    for (size_t k = i; k < evaluations.size() && k < i + 100; ++k)
      request.add_items()->set_id(evaluations[k].id());
    Context patient = context;
    patient.timeout = absl::Minutes(2);
    ASSIGN_OR_RETURN(auto response,
                     patient.Call<BatchAdvanceResponse>(Cat(kEvaluation, "BatchAdvance"), request));
    for (const auto& result : response.results()) {
      if (result.done()) {
        ++done;
      } else {
        if (refused++ == 0) first = result.refusal().message_zh();
      }
    }
    progress.Update(static_cast<int64_t>(std::min(i + 100, evaluations.size())),
                    static_cast<int64_t>(evaluations.size()));
  }
  progress.Done(Cat(done, " 个", refused > 0 ? Cat("，未办 ", refused, "（", first, "）") : ""));
  return absl::OkStatus();
}

absl::Status Job::Review() {
  Title("县级审定：采纳、论证、人工调整一个");
  ASSIGN_OR_RETURN(Context * proposer, people_.Get(ROLE_COUNTY_OPERATOR, options_.county, 3));
  ASSIGN_OR_RETURN(Context * approver, people_.Get(ROLE_COUNTY_APPROVER, options_.county));
  ASSIGN_OR_RETURN(auto computed, Evaluations(EVALUATION_STATE_COMPUTED));
  std::vector<Evaluation> plain;
  bool overridden = false;
  for (const auto& evaluation : computed) {
    switch (evaluation.result()) {
      case EVALUATION_RESULT_ADJUST:
      case EVALUATION_RESULT_MANUAL_REVIEW: {
        auto named = evaluation.result() == EVALUATION_RESULT_ADJUST ||
                             evaluation.suggestion() == EVALUATION_RESULT_ADJUST
                         ? type::v1::FOUR_CLASS_ADJUST
                         : type::v1::FOUR_CLASS_REVITALIZE;
        RETURN_IF_ERROR(Argue(*proposer, evaluation, named));
        std::printf("论证后认定 %s：%s\n", evaluation.subject_name().c_str(),
                    ClassText(named).c_str());
        break;
      }
      case EVALUATION_RESULT_UPGRADE:
        if (!overridden && evaluation.subject_type() == type::v1::SUBJECT_TYPE_PROJECT) {
          overridden = true;
          ProposeOverrideRequest propose;
          propose.set_request_id(Context::NewRequestId());
          propose.set_id(evaluation.id());
          propose.set_etag(evaluation.etag());
          propose.set_to_class(type::v1::FOUR_CLASS_CONSOLIDATE);
          propose.set_reason_code("DATA_OUTDATED");
          propose.set_reason_text(
              "冷藏设施已于上月建成投用，台账数据尚未更新，现场核查与专家意见一致认为链条已经完备"
              "。");
          ASSIGN_OR_RETURN(*propose.add_evidence(),
                           SampleEvidence(*proposer, "evaluation", "OVERRIDE_BASIS",
                                          "现场核查记录（样例）", options_.county));
          ASSIGN_OR_RETURN(auto proposed, proposer->Call<Evaluation>(
                                              Cat(kEvaluation, "ProposeOverride"), propose));
          ApproveOverrideRequest approve;
          approve.set_request_id(Context::NewRequestId());
          approve.set_id(proposed.id());
          approve.set_etag(proposed.etag());
          ASSIGN_OR_RETURN(auto approved, approver->Call<Evaluation>(
                                              Cat(kEvaluation, "ApproveOverride"), approve));
          ASSIGN_OR_RETURN(Context * city, people_.Get(ROLE_CITY_SUPERVISOR, city_));
          FileOverrideRequest file;
          file.set_request_id(Context::NewRequestId());
          file.set_id(approved.id());
          file.set_etag(approved.etag());
          RETURN_IF_ERROR(city->Call<Evaluation>(Cat(kEvaluation, "FileOverride"), file).status());
          std::printf("人工调整 %s：升级类 → 巩固类，两人经办，市级已备案，12 个月内有效\n",
                      evaluation.subject_name().c_str());
          break;
        }
        [[fallthrough]];
      case EVALUATION_RESULT_CONSOLIDATE:
      case EVALUATION_RESULT_REVITALIZE:
        plain.push_back(evaluation);
        break;
      default:
        break;  // no class: it stays computed and is counted apart
    }
  }
  RETURN_IF_ERROR(Advance(*approver, ADVANCE_STEP_ACCEPT, plain, "采纳"));

  Title("联合确认");
  ASSIGN_OR_RETURN(auto reviewed, Evaluations(EVALUATION_STATE_COUNTY_REVIEWED));
  std::map<std::string, std::vector<Evaluation>> by_department;
  for (const auto& evaluation : reviewed) {
    for (const auto& signature : evaluation.joint_signatures()) {
      if (!signature.has_signed_by()) by_department[signature.department()].push_back(evaluation);
    }
  }
  int number = 20;
  for (const auto& [department, evaluations] : by_department) {
    ASSIGN_OR_RETURN(Context * verifier, Signer(department, ++number));
    RETURN_IF_ERROR(
        Advance(*verifier, ADVANCE_STEP_SIGN, evaluations, Cat("签字 ", department), department));
  }
  return absl::OkStatus();
}

absl::Status Job::Publicise() {
  Title("公示，并收到一件异议");
  ASSIGN_OR_RETURN(Context * county, people_.Get(ROLE_COUNTY_OPERATOR, options_.county));
  ASSIGN_OR_RETURN(auto confirmed, Evaluations(EVALUATION_STATE_JOINT_CONFIRMED));
  if (!confirmed.empty())
    RETURN_IF_ERROR(Advance(*county, ADVANCE_STEP_PUBLICISE, confirmed, "公示"));
  publicity::v1::ListPublicitiesRequest list;
  list.set_region_code(options_.county);
  list.set_page_size(200);
  list.set_state(publicity::v1::PUBLICITY_STATE_RUNNING);
  ASSIGN_OR_RETURN(auto running, county->CallOn<publicity::v1::ListPublicitiesResponse>(
                                     "evaluation", Cat(kPublicity, "ListPublicities"), list));
  // A villager objects, so it is about a village's project.
  const auto found = std::find_if(
      running.publicities().begin(), running.publicities().end(),
      [](const publicity::v1::Publicity& one) { return one.region_path().size() == 12; });
  if (found == running.publicities().end()) return absl::OkStatus();
  const publicity::v1::Publicity& shown = *found;
  std::printf("公示期 %s 至 %s\n", FormatDate(shown.from()).c_str(),
              FormatDate(shown.to()).c_str());
  list.set_state(publicity::v1::PUBLICITY_STATE_OBJECTED);
  ASSIGN_OR_RETURN(auto objected, county->CallOn<publicity::v1::ListPublicitiesResponse>(
                                      "evaluation", Cat(kPublicity, "ListPublicities"), list));
  if (objected.publicities_size() > 0 || confirmed.empty()) return absl::OkStatus();
  // Whoever is nearest to it takes the objection down: a county industry has no village.
  const size_t digits = shown.region_path().size();
  ASSIGN_OR_RETURN(Context * recorder, people_.Get(digits == 12  ? ROLE_VILLAGE_REPORTER
                                                   : digits == 9 ? ROLE_TOWNSHIP_REVIEWER
                                                                 : ROLE_COUNTY_OPERATOR,
                                                   shown.region_path()));
  publicity::v1::RaiseObjectionRequest raise;
  raise.set_request_id(Context::NewRequestId());
  raise.set_id(shown.id());
  raise.set_raised_by("样例村民");
  raise.set_text("该项目带动户数与实际不符，请核实。");
  ASSIGN_OR_RETURN(auto with_objection,
                   recorder->CallOn<publicity::v1::Publicity>(
                       "evaluation", Cat(kPublicity, "RaiseObjection"), raise));
  std::printf("收到异议：%s，答复期限 %s\n", raise.text().c_str(),
              FormatDate(with_objection.objections(0).answer_due()).c_str());
  return absl::OkStatus();
}

absl::Status Job::MakeEffective() {
  Title("公示期满：答复异议，通过，生效入账");
  ASSIGN_OR_RETURN(Context * county, people_.Get(ROLE_COUNTY_OPERATOR, options_.county));
  ASSIGN_OR_RETURN(Context * approver, people_.Get(ROLE_COUNTY_APPROVER, options_.county));
  for (auto state :
       {publicity::v1::PUBLICITY_STATE_OBJECTED, publicity::v1::PUBLICITY_STATE_RUNNING}) {
    publicity::v1::ListPublicitiesRequest list;
    list.set_region_code(options_.county);
    list.set_page_size(200);
    list.set_state(state);
    int64_t concluded = 0;
    std::vector<publicity::v1::Publicity> all;
    do {
      ASSIGN_OR_RETURN(auto page, county->CallOn<publicity::v1::ListPublicitiesResponse>(
                                      "evaluation", Cat(kPublicity, "ListPublicities"), list));
      all.insert(all.end(), page.publicities().begin(), page.publicities().end());
      list.set_page_token(page.next_page_token());
    } while (!list.page_token().empty());
    for (publicity::v1::Publicity shown : all) {
      for (const auto& objection : std::vector<publicity::v1::Objection>(
               shown.objections().begin(), shown.objections().end())) {
        if (objection.state() != publicity::v1::OBJECTION_STATE_OPEN) continue;
        publicity::v1::DecideObjectionRequest decide;
        decide.set_request_id(Context::NewRequestId());
        decide.set_id(shown.id());
        decide.set_etag(shown.etag());
        decide.set_objection_id(objection.id());
        decide.set_decision(publicity::v1::OBJECTION_STATE_REJECTED);
        decide.set_reply("经入户核对，带动户数与台账一致，已向提出人说明。");
        ASSIGN_OR_RETURN(shown, approver->CallOn<publicity::v1::Publicity>(
                                    "evaluation", Cat(kPublicity, "DecideObjection"), decide));
        std::printf("异议答复：%s\n", decide.reply().c_str());
      }
      if (shown.state() != publicity::v1::PUBLICITY_STATE_RUNNING) continue;
      publicity::v1::ConcludePublicityRequest conclude;
      conclude.set_request_id(Context::NewRequestId());
      conclude.set_id(shown.id());
      conclude.set_etag(shown.etag());
      RETURN_IF_ERROR(county
                          ->CallOn<publicity::v1::Publicity>(
                              "evaluation", Cat(kPublicity, "ConcludePublicity"), conclude)
                          .status());
      ++concluded;
    }
    if (concluded > 0) std::printf("公示通过 %lld 件\n", static_cast<long long>(concluded));
  }
  ASSIGN_OR_RETURN(auto publicised, Evaluations(EVALUATION_STATE_PUBLICISED));
  if (publicised.empty()) {
    std::printf("没有待生效的，跳过\n");
    return absl::OkStatus();
  }
  return Advance(*approver, ADVANCE_STEP_MAKE_EFFECTIVE, publicised, "生效");
}

absl::Status Job::Measures() {
  Title("盘活类：先论证，再定措施");
  ASSIGN_OR_RETURN(Context * county, people_.Get(ROLE_COUNTY_OPERATOR, options_.county));
  ListLedgerEntriesRequest list;
  list.set_region_code(options_.county);
  list.set_class_(type::v1::FOUR_CLASS_REVITALIZE);
  list.set_subject_type(type::v1::SUBJECT_TYPE_PROJECT);
  list.set_page_size(1);
  ASSIGN_OR_RETURN(
      auto page, county->Call<ListLedgerEntriesResponse>(Cat(kLedger, "ListLedgerEntries"), list));
  if (page.entries_size() == 0 || page.entries(0).has_plan()) return absl::OkStatus();
  const LedgerEntry& entry = page.entries(0);
  PlanMeasuresRequest plan;
  plan.set_request_id(Context::NewRequestId());
  plan.set_id(entry.id());
  plan.set_etag(entry.etag());
  auto* fields = plan.mutable_plan();
  fields->set_cause("CASHFLOW_MARKET");
  fields->add_measures()->set_code("RENT_RELIEF");
  fields->add_measures()->set_code("CREDIT");
  fields->set_responsible_unit("样例乡镇人民政府");
  fields->set_responsible_person("样例责任人");
  *fields->mutable_due() = DateOf(Today() + 180);
  auto refused = county->Call<LedgerEntry>(Cat(kLedger, "PlanMeasures"), plan);
  if (!refused.ok())
    std::printf("未论证即定措施：%s\n", GetErrorDetail(refused.status()).message_zh.c_str());
  RecordArgumentRequest argue;
  argue.set_request_id(Context::NewRequestId());
  auto* argument = argue.mutable_argument();
  argument->set_subject_id(entry.subject_id());
  for (int member = 1; member <= 3; ++member) {
    auto* panel = argument->add_panel();
    panel->set_person(Cat("sample-appraiser-", options_.county, "-", member));
    panel->set_name(Cat("样例专家", member));
  }
  *argument->mutable_argued_on() = DateOf(Today());
  argument->set_conclusion(ARGUMENT_CONCLUSION_FEASIBLE);
  argument->set_cause("CASHFLOW_MARKET");
  argument->set_opinions("因市场行情变化暂时资金周转困难，减免租金并落实贷款后可以恢复经营。");
  ASSIGN_OR_RETURN(
      *argument->add_evidence(),
      SampleEvidence(*county, "evaluation", "ARGUMENT", "盘活论证意见（样例）", options_.county));
  ASSIGN_OR_RETURN(auto record,
                   county->Call<ArgumentRecord>(Cat(kEvaluation, "RecordArgument"), argue));
  fields->set_argument_id(record.id());
  plan.set_request_id(Context::NewRequestId());
  ASSIGN_OR_RETURN(auto planned, county->Call<LedgerEntry>(Cat(kLedger, "PlanMeasures"), plan));
  std::printf("论证可行后：%s 采取租金减免、金融信贷\n", planned.subject_name().c_str());
  return absl::OkStatus();
}

absl::Status Job::Sign() {
  Title("签字：村、乡、县逐级，签的是行的摘要");
  ASSIGN_OR_RETURN(Context * county, people_.Get(ROLE_COUNTY_APPROVER, options_.county));
  ASSIGN_OR_RETURN(Context * prepared, people_.Get(ROLE_COUNTY_OPERATOR, options_.county));
  std::set<std::string> villages, townships;
  ListLedgerEntriesRequest list;
  list.set_region_code(options_.county);
  list.set_page_size(200);
  do {
    ASSIGN_OR_RETURN(auto page, prepared->Call<ListLedgerEntriesResponse>(
                                    Cat(kLedger, "ListLedgerEntries"), list));
    for (const auto& entry : page.entries()) {
      if (entry.region_path().size() >= 9) townships.insert(entry.region_path().substr(0, 9));
      if (entry.region_path().size() == 12) villages.insert(entry.region_path());
    }
    list.set_page_token(page.next_page_token());
  } while (!list.page_token().empty());
  auto sign = [&](Context& who, const std::string& region) -> absl::Status {
    GetLedgerStatusRequest get;
    get.set_region_code(region);
    ASSIGN_OR_RETURN(auto status, who.Call<LedgerStatus>(Cat(kLedger, "GetLedgerStatus"), get));
    if (status.has_signature()) return absl::OkStatus();
    SignLedgerRequest request;
    request.set_request_id(Context::NewRequestId());
    request.set_region_code(region);
    request.set_rows_sha256(status.rows_sha256());
    return who.Call<LedgerStatus>(Cat(kLedger, "SignLedger"), request).status();
  };
  if (!villages.empty()) {
    absl::Status early = sign(*county, options_.county);
    if (!early.ok()) std::printf("县级抢先签字：%s\n", GetErrorDetail(early).message_zh.c_str());
  }
  ProgressLine progress("签字");
  int64_t done = 0;
  int64_t total = static_cast<int64_t>(villages.size() + townships.size()) + 1;
  for (const auto& village : villages) {
    ASSIGN_OR_RETURN(Context * who, people_.Get(ROLE_VILLAGE_REPORTER, village));
    RETURN_IF_ERROR(sign(*who, village));
    progress.Update(++done, total, "村");
  }
  for (const auto& township : townships) {
    ASSIGN_OR_RETURN(Context * who, people_.Get(ROLE_TOWNSHIP_APPROVER, township));
    RETURN_IF_ERROR(sign(*who, township));
    progress.Update(++done, total, "乡");
  }
  RETURN_IF_ERROR(sign(*county, options_.county));
  progress.Done(Cat(villages.size(), " 村、", townships.size(), " 乡、1 县已签"));
  return absl::OkStatus();
}

absl::Status Job::FreezeAndReport() {
  Title("报表期：冻结、签字、上报，签了的不再变");
  ASSIGN_OR_RETURN(Context * prepares, people_.Get(ROLE_COUNTY_OPERATOR, options_.county));
  ASSIGN_OR_RETURN(Context * approves, people_.Get(ROLE_COUNTY_APPROVER, options_.county));
  ASSIGN_OR_RETURN(Context * city, people_.Get(ROLE_CITY_SUPERVISOR, city_));
  const std::string service = "evaluation";
  ASSIGN_OR_RETURN(auto period,
                   OpenOrFindPeriod(*prepares, service, "T14", options_.county, options_.period));
  if (period.state() >= period::v1::PERIOD_STATE_SUBMITTED) {
    std::printf("%s 已上报，跳过\n", period.period().c_str());
    return absl::OkStatus();
  }
  if (period.state() < period::v1::PERIOD_STATE_FROZEN) {
    ASSIGN_OR_RETURN(period, FreezeAndWait(*prepares, service, period.id()));
  }
  const auto early = SignUnit(*approves, service, period.id(), options_.county);
  if (!early.ok()) {
    std::printf("县级抢先签字：%s\n", GetErrorDetail(early.status()).message_zh.c_str());
  }
  period::v1::ListPeriodUnitsRequest list;
  list.set_id(period.id());
  list.set_unsigned_only(true);
  list.set_page_size(500);
  ASSIGN_OR_RETURN(auto units,
                   prepares->CallOn<period::v1::ListPeriodUnitsResponse>(
                       service, "bangfu.period.v1.PeriodService.ListPeriodUnits", list));
  int64_t townships = 0;
  for (const auto& unit : units.units()) {
    if (unit.region_code().size() != 9) continue;
    ASSIGN_OR_RETURN(Context * who, people_.Get(ROLE_TOWNSHIP_APPROVER, unit.region_code()));
    RETURN_IF_ERROR(SignUnit(*who, service, period.id(), unit.region_code()).status());
    ++townships;
  }
  RETURN_IF_ERROR(SignUnit(*approves, service, period.id(), options_.county).status());
  period::v1::SubmitPeriodRequest submit;
  submit.set_request_id(Context::NewRequestId());
  submit.set_id(period.id());
  ASSIGN_OR_RETURN(period, prepares->CallOn<period::v1::Period>(
                               service, "bangfu.period.v1.PeriodService.SubmitPeriod", submit));
  period::v1::AcceptPeriodRequest accept;
  accept.set_request_id(Context::NewRequestId());
  accept.set_id(period.id());
  ASSIGN_OR_RETURN(period, city->CallOn<period::v1::Period>(
                               service, "bangfu.period.v1.PeriodService.AcceptPeriod", accept));
  std::printf("%lld 个乡镇签字后县级签字、上报，市级接收：\n%s", static_cast<long long>(townships),
              RenderPeriod(period).c_str());
  return absl::OkStatus();
}

absl::Status Job::ShowExamples() {
  ASSIGN_OR_RETURN(Context * county, people_.Get(ROLE_COUNTY_OPERATOR, options_.county));
  ListEvaluationsRequest request;
  request.set_region_code(options_.county);
  request.set_subject_type(type::v1::SUBJECT_TYPE_PROJECT);
  request.set_page_size(500);
  std::map<EvaluationResult, Evaluation> one_of_each;
  std::optional<Evaluation> lowest_upgrade, highest_worse;
  do {
    ASSIGN_OR_RETURN(auto page, county->Call<ListEvaluationsResponse>(
                                    Cat(kEvaluation, "ListEvaluations"), request));
    for (const auto& evaluation : page.evaluations()) {
      if (evaluation.state() == EVALUATION_STATE_SUPERSEDED || evaluation.is_void()) continue;
      if (!evaluation.has_override()) one_of_each.try_emplace(evaluation.result(), evaluation);
      if (!evaluation.has_total_bp()) continue;
      bool upgrade = evaluation.result() == EVALUATION_RESULT_UPGRADE;
      bool worse = evaluation.result() == EVALUATION_RESULT_REVITALIZE ||
                   evaluation.result() == EVALUATION_RESULT_ADJUST;
      if (upgrade && (!lowest_upgrade || evaluation.total_bp() < lowest_upgrade->total_bp()))
        lowest_upgrade = evaluation;
      if (worse && (!highest_worse || evaluation.total_bp() > highest_worse->total_bp()))
        highest_worse = evaluation;
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  for (auto result : {EVALUATION_RESULT_CONSOLIDATE, EVALUATION_RESULT_UPGRADE,
                      EVALUATION_RESULT_REVITALIZE, EVALUATION_RESULT_ADJUST,
                      EVALUATION_RESULT_MANUAL_REVIEW, EVALUATION_RESULT_INSUFFICIENT_DATA}) {
    auto found = one_of_each.find(result);
    if (found == one_of_each.end()) continue;
    Title(Cat("一个", ResultText(result), "及其说明"));
    ASSIGN_OR_RETURN(auto explanation, Explain(*county, found->second.id()));
    std::printf("%s", RenderExplanation(found->second, explanation, false).c_str());
  }
  if (lowest_upgrade && highest_worse && highest_worse->total_bp() > lowest_upgrade->total_bp()) {
    Title("总分更高，类别更差：分类看门槛，不看总分");
    for (const auto* evaluation : {&*highest_worse, &*lowest_upgrade}) {
      ASSIGN_OR_RETURN(auto explanation, Explain(*county, evaluation->id()));
      std::printf("%s", RenderExplanation(*evaluation, explanation, false).c_str());
    }
  }
  return absl::OkStatus();
}

absl::Status Job::Show() {
  ASSIGN_OR_RETURN(Context * county, people_.Get(ROLE_COUNTY_OPERATOR, options_.county));
  ASSIGN_OR_RETURN(Context * admin, people_.Get(ROLE_PROV_ADMIN, kProvince));
  ASSIGN_OR_RETURN(Context * system, people_.Get(ROLE_SYSTEM_INTEGRATOR, kProvince));
  std::error_code error;
  std::filesystem::create_directories(options_.output, error);

  Title("摸排完成情况（县）");
  GetCompletenessRequest completeness;
  completeness.set_campaign_id(campaign_);
  completeness.set_region_code(options_.county);
  ASSIGN_OR_RETURN(auto response, county->Call<GetCompletenessResponse>(
                                      Cat(kInventory, "GetCompleteness"), completeness));
  std::printf("%s", RenderCompleteness(response).c_str());

  Title("县级待办：谁要办、何时到期，一屏看全");
  ASSIGN_OR_RETURN(const std::vector<ServiceItem> work,
                   MyWork(*county, inbox::v1::ListMyWorkRequest(), 8));
  std::printf("%s", RenderWork(work).c_str());

  RETURN_IF_ERROR(ShowExamples());

  Title("T14 四个一批汇总表（市）");
  GetT14Request get;
  get.set_region_code(city_);
  ASSIGN_OR_RETURN(T14 table, admin->Call<T14>(Cat(kLedger, "GetT14"), get));
  std::printf("%s", RenderT14(table).c_str());
  RETURN_IF_ERROR(CheckT14Sum(table));
  get.set_region_code(kProvince);
  ASSIGN_OR_RETURN(T14 province, admin->Call<T14>(Cat(kLedger, "GetT14"), get));
  RETURN_IF_ERROR(CheckT14Sum(province));
  std::printf("%s合计等于所属%d个市各项之和。\n", RenderT14Sum(province).c_str(),
              province.rows_size());

  Title("台账文件");
  ExportT14Request t14;
  t14.set_region_code(kProvince);
  t14.set_format(type::v1::FILE_FORMAT_XLSX);
  t14.set_preparer("样例省级管理1");
  ASSIGN_OR_RETURN(
      auto meta, SaveExport(*admin, Cat(kLedger, "ExportT14"), t14, options_.output + "/T14.xlsx"));
  std::printf("%s/T14.xlsx：%lld 行\n", options_.output.c_str(),
              static_cast<long long>(meta.row_count()));
  for (int value = type::v1::FOUR_CLASS_CONSOLIDATE; value <= type::v1::FOUR_CLASS_ADJUST;
       ++value) {
    ExportT2Request t2;
    t2.set_region_code(options_.county);
    t2.set_class_(static_cast<type::v1::FourClass>(value));
    t2.set_subject_type(type::v1::SUBJECT_TYPE_PROJECT);
    t2.set_format(type::v1::FILE_FORMAT_XLSX);
    std::string file =
        Cat(options_.output, "/T2-", ClassText(static_cast<type::v1::FourClass>(value)), ".xlsx");
    ASSIGN_OR_RETURN(meta, SaveExport(*county, Cat(kLedger, "ExportT2"), t2, file));
    std::printf("%s：%lld 行\n", file.c_str(), static_cast<long long>(meta.row_count()));
  }

  Title("进度");
  GetProgressRequest progress;
  progress.set_region_code(options_.county);
  ASSIGN_OR_RETURN(auto figures, county->Call<Progress>(Cat(kLedger, "GetProgress"), progress));
  std::printf("%s", RenderProgress(figures).c_str());

  Title("可以相信它：汇总等于重数，镜像等于来源");
  VerifyRollupsRequest verify;
  verify.set_region_code(kProvince);
  ASSIGN_OR_RETURN(auto rollups,
                   admin->Call<VerifyRollupsResponse>(Cat(kLedger, "VerifyRollups"), verify));
  std::printf("汇总与逐行重数：%s（%lld 格）\n", rollups.equal() ? "相等" : "不等",
              static_cast<long long>(rollups.cells()));
  bool equal = rollups.equal();
  for (const char* service : {"registry", "asset", "evaluation"}) {
    ASSIGN_OR_RETURN(MirrorTotals mirror,
                     MirrorFeed(*system, service, options_.output + "/mirror", true));
    ASSIGN_OR_RETURN(MirrorTotals source, SnapshotDigest(*system, service));
    std::printf("镜像 %s：%lld 条，与来源%s\n", service, static_cast<long long>(mirror.records),
                mirror.sha256 == source.sha256 ? "一致" : "不一致");
    equal = equal && mirror.sha256 == source.sha256;
  }
  if (!equal) return Error(absl::StatusCode::kDataLoss, "NOT_EQUAL").Zh("汇总或镜像与来源不一致");
  return absl::OkStatus();
}

absl::Status Job::Report() {
  RETURN_IF_ERROR(LoadPlan());
  RETURN_IF_ERROR(Regions());
  RETURN_IF_ERROR(Persons());
  RETURN_IF_ERROR(Campaign());
  RETURN_IF_ERROR(LeadingIndustries());
  RETURN_IF_ERROR(Operators());
  RETURN_IF_ERROR(Tables());
  RETURN_IF_ERROR(Chain());
  RETURN_IF_ERROR(Villages());
  RETURN_IF_ERROR(Townships());
  RETURN_IF_ERROR(County());
  RETURN_IF_ERROR(Samples());
  RETURN_IF_ERROR(Experts());
  RETURN_IF_ERROR(Evaluate());
  RETURN_IF_ERROR(Review());
  return Publicise();
}

absl::Status Job::Conclude() {
  RETURN_IF_ERROR(Persons());
  RETURN_IF_ERROR(Campaign());
  RETURN_IF_ERROR(MakeEffective());
  RETURN_IF_ERROR(Measures());
  RETURN_IF_ERROR(Sign());
  RETURN_IF_ERROR(FreezeAndReport());
  return Show();
}

}  // namespace

absl::Status Walkthrough(const Context& context, const WalkthroughOptions& options) {
  Job job(context, options);
  if (options.phase != "conclude") RETURN_IF_ERROR(job.Report());
  if (options.phase != "report") RETURN_IF_ERROR(job.Conclude());
  return absl::OkStatus();
}

void AddWalkthroughCommand(CLI::App& app, Context& context, int& exit_code) {
  auto options = std::make_shared<WalkthroughOptions>();
  CLI::App* command =
      app.add_subcommand("walkthrough", "用样例数据走完一个县：摸排、核实、评估、公示、签字");
  command->footer(
      "例: bangfuctl --dev-key .run/dev-key walkthrough --county 360783 --data .run/sample "
      "--samples deploy/sample");
  command->add_option("--county", options->county, "县级代码")->required();
  command->add_option("--data", options->data, "样例数据目录")->required();
  command->add_option("--samples", options->samples, "区划与已公布表的目录")->required();
  command->add_option("--period", options->period, "评估月份")->required();
  command->add_option("--output", options->output, "台账与镜像的输出目录")->required();
  command
      ->add_option("--phase", options->phase,
                   "report：到公示为止；conclude：公示期满之后；all：全部")
      ->check(CLI::IsMember({"report", "conclude", "all"}));
  command->callback([&context, &exit_code, options] {
    absl::Status status = Walkthrough(context, *options);
    exit_code = status.ok() ? kExitOk : Fail(status);
  });
}

}  // namespace bangfu::ctl
