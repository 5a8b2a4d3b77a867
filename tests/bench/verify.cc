// The inventory of some counties as officials do it: a campaign opened, each village's report
// submitted, passed, signed by every department and completed. What evaluations stand on.
#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "absl/strings/str_split.h"
#include "bangfu/operation/v1/operation_service.pb.h"
#include "bangfu/registry/v1/inventory_service.pb.h"
#include "common/base/random.h"
#include "common/base/strings.h"
#include "tests/bench/bench.h"

namespace bangfu::bench {
namespace {

using namespace registry::v1;  // NOLINT
constexpr char kService[] = "bangfu.registry.v1.InventoryService.";
constexpr char kVerification[] = "bangfu.registry.v1.VerificationService.";

class Inventory {
 public:
  explicit Inventory(const Flags& flags)
      : client_(Connect(flags)),
        tokens_(Json::parse(ReadWhole(flags.Text("tokens")))),
        counties_(absl::StrSplit(flags.Text("counties"), ',')),
        workers_(static_cast<int>(flags.Number("workers", 8))) {}

  Json Run(const std::string& day) {
    const double start = Now();
    const std::string campaign = Open(day);
    std::vector<InventoryUnitReport> units;
    for (const std::string& county : counties_) List(campaign, county, &units);
    std::atomic<size_t> next = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < workers_; ++i) {
      threads.emplace_back([&] {
        for (size_t at = next++; at < units.size(); at = next++) Verify(std::move(units[at]));
      });
    }
    for (std::thread& thread : threads) thread.join();
    Json json;
    json["villages"] = units.size();
    json["seconds"] = Now() - start;
    return json;
  }

 private:
  template <typename Response, typename Request>
  Response Ask(const std::string& method, const std::string& role, Request request) {
    if constexpr (requires { request.set_request_id(std::string()); }) {
      request.set_request_id(Cat("bench-", stamp_, "-", ++requests_));
    }
    rpc::CallOptions options;
    options.timeout = absl::Minutes(2);
    options.token = tokens_.at(role).get<std::string>();
    auto response = client_->Call<Response>(method, request, options);
    if (!response.ok()) Die(Cat(method, ": ", response.status().ToString()));
    return *std::move(response);
  }

  std::string Open(const std::string& day) {
    CreateCampaignRequest create;
    InventoryCampaign* c = create.mutable_campaign();
    c->set_name("bench");
    c->set_region_code("36");
    const std::vector<std::string> parts = absl::StrSplit(day, '-');
    for (google::type::Date* date : {c->mutable_village_deadline(), c->mutable_township_deadline(),
                                     c->mutable_county_deadline()}) {
      date->set_year(std::stoi(parts.at(0)));
      date->set_month(std::stoi(parts.at(1)));
      date->set_day(std::stoi(parts.at(2)));
    }
    c->mutable_scope_start()->set_year(2012);
    c->mutable_scope_start()->set_month(1);
    c->mutable_scope_start()->set_day(1);
    const auto created =
        Ask<InventoryCampaign>(Cat(kService, "CreateCampaign"), "province", create);
    OpenCampaignRequest open;
    open.set_id(created.id());
    open.set_etag(created.etag());
    auto operation = Ask<operation::v1::Operation>(Cat(kService, "OpenCampaign"), "province", open);
    while (operation.state() == operation::v1::OPERATION_STATE_PENDING ||
           operation.state() == operation::v1::OPERATION_STATE_RUNNING) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      operation::v1::GetOperationRequest get;
      get.set_id(operation.id());
      operation = Ask<operation::v1::Operation>("bangfu.operation.v1.OperationService.GetOperation",
                                                "province", get);
    }
    if (operation.state() != operation::v1::OPERATION_STATE_SUCCEEDED) {
      Die(Cat("opening: ", operation.ShortDebugString()));
    }
    return created.id();
  }

  void List(const std::string& campaign, const std::string& county,
            std::vector<InventoryUnitReport>* units) {
    ListUnitReportsRequest request;
    request.set_campaign_id(campaign);
    request.set_region_code(county);
    request.set_page_size(200);
    do {
      const auto page =
          Ask<ListUnitReportsResponse>(Cat(kService, "ListUnitReports"), "province", request);
      units->insert(units->end(), page.unit_reports().begin(), page.unit_reports().end());
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
  }

  void Verify(InventoryUnitReport unit) {
    SubmitUnitReportRequest submit;
    submit.set_id(unit.id());
    submit.set_etag(unit.etag());
    submit.set_is_nil(unit.project_count() == 0);
    submit.set_signatory("bench");
    unit = Ask<InventoryUnitReport>(Cat(kService, "SubmitUnitReport"), "village", submit);
    PassUnitReportRequest pass;
    pass.set_id(unit.id());
    pass.set_etag(unit.etag());
    Ask<InventoryUnitReport>(Cat(kService, "PassUnitReport"), "township", pass);
    GetVerificationTaskRequest get;
    get.set_unit_report_id(unit.id());
    auto task = Ask<VerificationTask>(Cat(kVerification, "GetVerificationTask"), "province", get);
    int sector = 0;  // no person signs for two departments
    const auto departments = task.departments();
    for (const RequiredDepartment& department : departments) {
      SignVerificationRequest sign;
      sign.set_unit_report_id(unit.id());
      sign.set_etag(task.etag());
      sign.set_department_code(department.department_code());
      sign.set_opinion("bench");
      task = Ask<VerificationTask>(Cat(kVerification, "SignVerification"),
                                   department.is_lead() ? "lead" : Cat("sector-", sector++), sign);
    }
    CompleteVerificationRequest complete;
    complete.set_unit_report_id(unit.id());
    complete.set_etag(task.etag());
    Ask<VerificationTask>(Cat(kVerification, "CompleteVerification"), "closer", complete);
  }

  std::unique_ptr<rpc::Client> client_;
  const Json tokens_;
  const std::vector<std::string> counties_;
  const int workers_;
  const std::string stamp_ = Cat(SystemRandom());
  std::atomic<int64_t> requests_ = 0;
};

}  // namespace

// --tokens FILE (role -> token) --counties C,C,… --day YYYY-MM-DD (the deadlines)
Json VerifyVillages(const Flags& flags) { return Inventory(flags).Run(flags.Text("day")); }

}  // namespace bangfu::bench
