#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "bangfu/registry/v1/inventory_service.pb.h"
#include "bangfu/registry/v1/project_service.pb.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/ctl/csv_rows.h"
#include "services/ctl/terminal.h"
#include "services/ctl/walkthrough_internal.h"

namespace bangfu::ctl {
namespace {

using namespace registry::v1;
using options::v1::ROLE_CITY_SUPERVISOR;
using options::v1::ROLE_COUNTY_OPERATOR;
using options::v1::ROLE_PROV_OFFICE;
using options::v1::ROLE_TOWNSHIP_REVIEWER;
using options::v1::ROLE_VILLAGE_REPORTER;

absl::StatusOr<std::vector<InventoryUnitReport>> Units(Walk& walk, UnitReportState state) {
  ASSIGN_OR_RETURN(Context * county, walk.people.Get(ROLE_COUNTY_OPERATOR, walk.options.county));
  std::vector<InventoryUnitReport> units;
  ListUnitReportsRequest request;
  request.set_campaign_id(walk.campaign);
  request.set_region_code(walk.options.county);
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

// A county that is taken through the job after the campaign's term reports by an exception, as a
// county does that the province lets report late.
absl::Status UnlockAfterTheTerm(Walk& walk) {
  if (walk.Today() <= walk.village_deadline) return absl::OkStatus();
  ASSIGN_OR_RETURN(Context * office, walk.people.Get(ROLE_PROV_OFFICE, kProvince));
  GrantLockExceptionRequest request;
  request.set_request_id(Context::NewRequestId());
  request.set_campaign_id(walk.campaign);
  request.set_region_code(walk.options.county);
  request.mutable_expires_at()->set_seconds(absl::ToUnixSeconds(walk.Now() + absl::Hours(24)));
  request.set_reason("样例：本县在批次时限之后补报");
  RETURN_IF_ERROR(
      office->Call<LockException>(Cat(kInventory, "GrantLockException"), request).status());
  std::printf("已过村级时限 %s，省级解锁一天\n",
              absl::FormatCivilTime(walk.village_deadline).c_str());
  return absl::OkStatus();
}

absl::Status Villages(Walk& walk) {
  Title("村上报：有项目的报项目，没有的零报告，迟报的留着");
  std::vector<InventoryUnitReport> waiting;
  for (auto state :
       {UNIT_REPORT_STATE_NOT_STARTED, UNIT_REPORT_STATE_DRAFT, UNIT_REPORT_STATE_RETURNED}) {
    ASSIGN_OR_RETURN(auto units, Units(walk, state));
    waiting.insert(waiting.end(), units.begin(), units.end());
  }
  if (!waiting.empty()) RETURN_IF_ERROR(UnlockAfterTheTerm(walk));
  ProgressLine progress("村上报");
  int64_t done = 0, nil = 0, late = 0;
  for (const auto& unit : waiting) {
    progress.Update(++done, static_cast<int64_t>(waiting.size()), unit.region_name());
    if (walk.late.count(unit.region_path()) > 0) {
      ++late;
      continue;
    }
    ASSIGN_OR_RETURN(Context * village, walk.people.Get(ROLE_VILLAGE_REPORTER, unit.region_path()));
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

absl::Status Townships(Walk& walk) {
  Title("乡镇审核：退回一份并写明哪一项，其余通过");
  ASSIGN_OR_RETURN(auto submitted, Units(walk, UNIT_REPORT_STATE_SUBMITTED));
  ProgressLine progress("乡镇审核");
  int64_t done = 0;
  bool returned = false;
  for (const auto& unit : submitted) {
    progress.Update(++done, static_cast<int64_t>(submitted.size()), unit.region_name());
    ASSIGN_OR_RETURN(
        Context * township,
        walk.people.Get(ROLE_TOWNSHIP_REVIEWER,
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
      ASSIGN_OR_RETURN(Context * village,
                       walk.people.Get(ROLE_VILLAGE_REPORTER, unit.region_path()));
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

absl::Status County(Walk& walk) {
  Title("县级联合核实：农业农村部门牵头，按资金来源会同相关部门，每村全部核实");
  ASSIGN_OR_RETURN(auto passed, Units(walk, UNIT_REPORT_STATE_TOWNSHIP_PASSED));
  ASSIGN_OR_RETURN(Context * county, walk.people.Get(ROLE_COUNTY_OPERATOR, walk.options.county));
  ProgressLine progress("县级核实");
  int64_t done = 0;
  std::map<std::string, int> department_numbers;
  for (const auto& unit : passed) {
    progress.Update(++done, static_cast<int64_t>(passed.size()), unit.region_name());
    GetVerificationTaskRequest get;
    get.set_unit_report_id(unit.id());
    ASSIGN_OR_RETURN(VerificationTask task, county->Call<VerificationTask>(
                                                Cat(kVerification, "GetVerificationTask"), get));
    for (const auto& department :
         std::vector<RequiredDepartment>(task.departments().begin(), task.departments().end())) {
      if (department.signed_()) continue;
      int number = department_numbers
                       .try_emplace(department.department_code(),
                                    static_cast<int>(department_numbers.size()) + 1)
                       .first->second;
      ASSIGN_OR_RETURN(Context * verifier,
                       department.is_lead()
                           ? walk.people.Get(ROLE_COUNTY_OPERATOR, walk.options.county, 2)
                           : walk.Signer(department.department_code(), number));
      SignVerificationRequest sign;
      sign.set_request_id(Context::NewRequestId());
      sign.set_unit_report_id(unit.id());
      sign.set_etag(task.etag());
      sign.set_department_code(department.department_code());
      sign.set_opinion("属实");
      ASSIGN_OR_RETURN(
          task, verifier->Call<VerificationTask>(Cat(kVerification, "SignVerification"), sign));
    }
    CompleteVerificationRequest complete;
    complete.set_request_id(Context::NewRequestId());
    complete.set_unit_report_id(unit.id());
    complete.set_etag(task.etag());
    RETURN_IF_ERROR(
        county->Call<VerificationTask>(Cat(kVerification, "CompleteVerification"), complete)
            .status());
  }
  std::string departments;
  for (const auto& [code, number] : department_numbers) departments += Cat(" ", code);
  progress.Done(Cat("核实 ", done, " 村；参加部门：", departments));
  return absl::OkStatus();
}

absl::Status Samples(Walk& walk) {
  Title("市、省抽查：种子留存，分层，可复现");
  ASSIGN_OR_RETURN(Context * office, walk.people.Get(ROLE_PROV_OFFICE, kProvince));
  ASSIGN_OR_RETURN(Context * supervisor, walk.people.Get(ROLE_CITY_SUPERVISOR, walk.city));
  for (auto [who, region] :
       {std::pair{supervisor, walk.city}, std::pair{office, std::string(kProvince)}}) {
    ListSamplesRequest list;
    list.set_campaign_id(walk.campaign);
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
      draw.set_campaign_id(walk.campaign);
      draw.set_region_code(region);
      draw.set_seed(Cat("sample-", region));
      ASSIGN_OR_RETURN(sample, who->Call<Sample>(Cat(kInventory, "DrawSample"), draw));
    }
    // All before the first result: a page of what waits is another one after it.
    std::vector<SampleUnit> pending;
    ListSampleUnitsRequest units;
    units.set_sample_id(sample.id());
    units.set_result(SAMPLE_RESULT_PENDING);
    units.set_page_size(500);
    do {
      ASSIGN_OR_RETURN(
          auto page, who->Call<ListSampleUnitsResponse>(Cat(kInventory, "ListSampleUnits"), units));
      pending.insert(pending.end(), page.units().begin(), page.units().end());
      units.set_page_token(page.next_page_token());
    } while (!units.page_token().empty());
    for (const SampleUnit& unit : pending) {
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

}  // namespace

absl::Status TakeInventory(Walk& walk) {
  RETURN_IF_ERROR(Villages(walk));
  RETURN_IF_ERROR(Townships(walk));
  RETURN_IF_ERROR(County(walk));
  return Samples(walk);
}

}  // namespace bangfu::ctl
