#include <cstdio>
#include <set>
#include <string>

#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "bangfu/evaluation/v1/ledger_service.pb.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/ctl/evidence.h"
#include "services/ctl/terminal.h"
#include "services/ctl/walkthrough_internal.h"

namespace bangfu::ctl {
namespace {

using namespace evaluation::v1;
using options::v1::ROLE_COUNTY_APPROVER;
using options::v1::ROLE_COUNTY_OPERATOR;
using options::v1::ROLE_TOWNSHIP_APPROVER;
using options::v1::ROLE_VILLAGE_REPORTER;

absl::Status Measures(Walk& walk) {
  Title("盘活类：先论证，再定措施");
  ASSIGN_OR_RETURN(Context * county, walk.people.Get(ROLE_COUNTY_OPERATOR, walk.options.county));
  ListLedgerEntriesRequest list;
  list.set_region_code(walk.options.county);
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
  *fields->mutable_due() = DateOf(walk.Today() + 180);
  auto refused = county->Call<LedgerEntry>(Cat(kLedger, "PlanMeasures"), plan);
  if (!refused.ok())
    std::printf("未论证即定措施：%s\n", GetErrorDetail(refused.status()).message_zh.c_str());
  RecordArgumentRequest argue;
  argue.set_request_id(Context::NewRequestId());
  auto* argument = argue.mutable_argument();
  argument->set_subject_id(entry.subject_id());
  for (int member = 1; member <= 3; ++member) {
    auto* panel = argument->add_panel();
    panel->set_person(Cat("sample-appraiser-", walk.options.county, "-", member));
    panel->set_name(Cat("样例专家", member));
  }
  *argument->mutable_argued_on() = DateOf(walk.Today());
  argument->set_conclusion(ARGUMENT_CONCLUSION_FEASIBLE);
  argument->set_cause("CASHFLOW_MARKET");
  argument->set_opinions("因市场行情变化暂时资金周转困难，减免租金并落实贷款后可以恢复经营。");
  ASSIGN_OR_RETURN(*argument->add_evidence(),
                   SampleEvidence(*county, "evaluation", "ARGUMENT", "盘活论证意见（样例）",
                                  walk.options.county));
  ASSIGN_OR_RETURN(auto record,
                   county->Call<ArgumentRecord>(Cat(kEvaluation, "RecordArgument"), argue));
  RETURN_IF_ERROR(walk.SignArgument(record));
  fields->set_argument_id(record.id());
  plan.set_request_id(Context::NewRequestId());
  ASSIGN_OR_RETURN(auto planned, county->Call<LedgerEntry>(Cat(kLedger, "PlanMeasures"), plan));
  std::printf("论证可行、专家签字后：%s 采取租金减免、金融信贷\n", planned.subject_name().c_str());
  return absl::OkStatus();
}

absl::Status Sign(Walk& walk) {
  Title("签字：村、乡、县逐级，签的是行的摘要");
  ASSIGN_OR_RETURN(Context * county, walk.people.Get(ROLE_COUNTY_APPROVER, walk.options.county));
  ASSIGN_OR_RETURN(Context * prepared, walk.people.Get(ROLE_COUNTY_OPERATOR, walk.options.county));
  std::set<std::string> villages, townships;
  ListLedgerEntriesRequest list;
  list.set_region_code(walk.options.county);
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
    absl::Status early = sign(*county, walk.options.county);
    if (!early.ok()) std::printf("县级抢先签字：%s\n", GetErrorDetail(early).message_zh.c_str());
  }
  ProgressLine progress("签字");
  int64_t done = 0;
  int64_t total = static_cast<int64_t>(villages.size() + townships.size()) + 1;
  for (const auto& village : villages) {
    ASSIGN_OR_RETURN(Context * who, walk.people.Get(ROLE_VILLAGE_REPORTER, village));
    RETURN_IF_ERROR(sign(*who, village));
    progress.Update(++done, total, "村");
  }
  for (const auto& township : townships) {
    ASSIGN_OR_RETURN(Context * who, walk.people.Get(ROLE_TOWNSHIP_APPROVER, township));
    RETURN_IF_ERROR(sign(*who, township));
    progress.Update(++done, total, "乡");
  }
  RETURN_IF_ERROR(sign(*county, walk.options.county));
  progress.Done(Cat(villages.size(), " 村、", townships.size(), " 乡、1 县已签"));
  return absl::OkStatus();
}

}  // namespace

absl::Status KeepLedgers(Walk& walk) {
  RETURN_IF_ERROR(Measures(walk));
  return Sign(walk);
}

}  // namespace bangfu::ctl
