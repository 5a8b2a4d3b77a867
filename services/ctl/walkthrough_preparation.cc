#include <cstdio>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "bangfu/operation/v1/operation_service.pb.h"
#include "bangfu/registry/v1/inventory_service.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "nlohmann/json.hpp"
#include "services/ctl/csv_rows.h"
#include "services/ctl/import.h"
#include "services/ctl/upload.h"
#include "services/ctl/walkthrough_internal.h"

namespace bangfu::ctl {
namespace {

using namespace registry::v1;
using options::v1::ROLE_APPRAISER;
using options::v1::ROLE_CITY_SUPERVISOR;
using options::v1::ROLE_COUNTY_APPROVER;
using options::v1::ROLE_COUNTY_OPERATOR;
using options::v1::ROLE_FINANCE_OFFICER;
using options::v1::ROLE_PROV_ADMIN;
using options::v1::ROLE_PROV_OFFICE;
using options::v1::ROLE_SECTOR_VERIFIER;
using options::v1::ROLE_TOWNSHIP_APPROVER;
using options::v1::ROLE_TOWNSHIP_REVIEWER;
using options::v1::ROLE_VILLAGE_REPORTER;

constexpr char kCampaignName[] = "帮扶产业摸底（样例批次）";

absl::Status LoadPlan(Walk& walk) {
  std::ifstream in(walk.options.data + "/plan.json");
  auto plan = nlohmann::json::parse(in, nullptr, false);
  if (plan.is_discarded())
    return absl::NotFoundError(Cat("没有样例计划 ", walk.options.data, "/plan.json"));
  std::set<std::string> nil;
  for (const auto& code : plan["nil"]) nil.insert(code.get<std::string>());
  for (const auto& code : plan["late"]) walk.late.insert(code.get<std::string>());
  std::printf(
      "样例数据种子 %s：零报告 %zu 村，迟报 %zu "
      "村。样例项目均标为样例，区划与已公布的行是真实的。\n",
      plan["seed"].get<std::string>().c_str(), nil.size(), walk.late.size());
  return absl::OkStatus();
}

absl::Status Regions(Walk& walk) {
  Title("行政区划：全省 23,959 个现行代码及其沿革");
  ASSIGN_OR_RETURN(Context * admin, walk.people.Get(ROLE_PROV_ADMIN, kProvince));
  GetRegionRequest get;
  get.set_code(walk.options.county);
  if (admin->Call<Region>("bangfu.registry.v1.RegionService.GetRegion", get).ok()) {
    std::printf("已导入，跳过\n");
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(RegionTotals totals,
                   ImportRegionFiles(*admin, walk.options.samples + "/regions-36.csv",
                                     walk.options.samples + "/region-history-36.csv", false));
  std::printf("新增 %lld，更新 %lld\n", static_cast<long long>(totals.created),
              static_cast<long long>(totals.updated));
  return absl::OkStatus();
}

// Everyone who takes part, granted at once: a few calls, and one wait until all services know them.
absl::Status Persons(Walk& walk) {
  Title("授权：令牌只证明是谁，能做什么由机构管理员授予");
  std::vector<People::Person> persons = {{ROLE_PROV_ADMIN, kProvince, 1},
                                         {ROLE_PROV_OFFICE, kProvince, 1},
                                         {ROLE_CITY_SUPERVISOR, walk.city, 1},
                                         {ROLE_COUNTY_APPROVER, walk.options.county, 1},
                                         {ROLE_FINANCE_OFFICER, walk.options.county, 1}};
  for (int number = 1; number <= 3; ++number) {
    persons.push_back({ROLE_COUNTY_OPERATOR, walk.options.county, number});
    persons.push_back({ROLE_APPRAISER, walk.options.county, number});
  }
  for (int number = 1; number <= 30; ++number) {
    persons.push_back({ROLE_SECTOR_VERIFIER, walk.options.county, number});
  }
  std::ifstream regions(walk.options.samples + "/regions-36.csv");
  for (std::string line; std::getline(regions, line);) {
    const std::string code = line.substr(0, line.find(','));
    if (!RegionContains(walk.options.county, code)) continue;
    if (code.size() == 12) persons.push_back({ROLE_VILLAGE_REPORTER, code, 1});
    if (code.size() == 9) {
      persons.push_back({ROLE_TOWNSHIP_REVIEWER, code, 1});
      persons.push_back({ROLE_TOWNSHIP_APPROVER, code, 1});
    }
  }
  RETURN_IF_ERROR(walk.people.Grant(persons));
  std::printf("%zu 人\n", persons.size());
  return absl::OkStatus();
}

absl::Status Campaign(Walk& walk) {
  Title("摸排批次：以县为单位逐村");
  ASSIGN_OR_RETURN(Context * office, walk.people.Get(ROLE_PROV_OFFICE, kProvince));
  ListCampaignsRequest list;
  list.set_region_code(kProvince);
  list.set_page_size(50);
  ASSIGN_OR_RETURN(auto page,
                   office->Call<ListCampaignsResponse>(Cat(kInventory, "ListCampaigns"), list));
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
    // Not today: the villages may report after a midnight in between.
    *fields->mutable_village_deadline() = DateOf(walk.Today() + 1);
    *fields->mutable_township_deadline() = DateOf(walk.Today() + 5);
    *fields->mutable_county_deadline() = DateOf(walk.Today() + 10);
    ASSIGN_OR_RETURN(campaign,
                     office->Call<InventoryCampaign>(Cat(kInventory, "CreateCampaign"), create));
  }
  if (campaign.state() != CAMPAIGN_STATE_OPEN) {
    operation::v1::Operation opening;
    if (campaign.state() == CAMPAIGN_STATE_PLANNED) {
      OpenCampaignRequest open;
      open.set_request_id(Context::NewRequestId());
      open.set_id(campaign.id());
      open.set_etag(campaign.etag());
      ASSIGN_OR_RETURN(
          opening, office->Call<operation::v1::Operation>(Cat(kInventory, "OpenCampaign"), open));
    } else {  // a walk before this one was cut off here
      operation::v1::ListOperationsRequest under_way;
      under_way.set_kind("open_campaign");
      under_way.set_page_size(1);
      ASSIGN_OR_RETURN(
          auto operations,
          office->CallOn<operation::v1::ListOperationsResponse>(
              "registry", "bangfu.operation.v1.OperationService.ListOperations", under_way));
      if (operations.operations_size() > 0) opening = operations.operations(0);
    }
    RETURN_IF_ERROR(WaitForOperation(*office, "registry", opening, "开放摸排批次").status());
    GetCampaignRequest get;
    get.set_id(campaign.id());
    ASSIGN_OR_RETURN(campaign,
                     office->Call<InventoryCampaign>(Cat(kInventory, "GetCampaign"), get));
  }
  walk.campaign = campaign.id();
  const google::type::Date& deadline = campaign.village_deadline();
  walk.village_deadline = absl::CivilDay(deadline.year(), deadline.month(), deadline.day());
  std::printf("%s：%lld 个村，村级截止 %s\n", campaign.name().c_str(),
              static_cast<long long>(campaign.unit_count()),
              FormatDate(campaign.village_deadline()).c_str());
  return absl::OkStatus();
}

}  // namespace

absl::Status Prepare(Walk& walk) {
  RETURN_IF_ERROR(LoadPlan(walk));
  RETURN_IF_ERROR(Regions(walk));
  RETURN_IF_ERROR(Persons(walk));
  return Campaign(walk);
}

absl::Status Resume(Walk& walk) {
  RETURN_IF_ERROR(Persons(walk));
  return Campaign(walk);
}

}  // namespace bangfu::ctl
