// Every kind of work of the registry: the item's action is one that the record itself tells, to
// those for whom the item waits, as allowed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "bangfu/inbox/v1/inbox.pb.h"
#include "bangfu/intake/v1/import_service.pb.h"
#include "bangfu/registry/v1/operation_report.pb.h"
#include "common/base/digest.h"
#include "common/inbox/recount.h"
#include "common/intake/import_service.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/inventory_fixture.h"
#include "services/registry/api/report_work.h"
#include "services/registry/jobs/project_import.h"

namespace bangfu::registry {
namespace {

namespace iv1 = ::bangfu::intake::v1;
using type::v1::AllowedAction;

// Made before the server that uses them.
struct Imports {
  ::bangfu::testing::FakeClock import_clock_;
  UlidGenerator import_ids_{import_clock_};
  operation::OperationRunner import_runner_{import_clock_, {.holder = "imports"}};
  std::unique_ptr<::bangfu::intake::ImportService> imports_;
};

class WorkKindsTest : protected Imports, public RegistryFixture {
 protected:
  WorkKindsTest()
      : RegistryFixture({"bangfu.intake.v1.ImportService"}, [this](rpc::Router& router) {
          std::vector<std::unique_ptr<::bangfu::intake::Kind>> kinds;
          kinds.push_back(MakeProjectImport(import_ids_));
          ::bangfu::intake::ImportServiceOptions options;
          options.region_path = [](mysql::Executor& db, std::string_view code) {
            return ResolvePath(db, std::string(code), "region_code");
          };
          imports_ = std::make_unique<::bangfu::intake::ImportService>(std::move(kinds), options,
                                                                       import_runner_);
          imports_->Register(router);
        }) {
    On(2026, 3, 2);
  }

  // What the record of an item tells this caller.
  std::vector<AllowedAction> ToldBy(const inbox::v1::WorkItem& item, const std::string& token) {
    const auto actions = [&](const auto& record) -> std::vector<AllowedAction> {
      EXPECT_OK(record);
      if (!record.ok()) return {};
      return {record->allowed_actions().begin(), record->allowed_actions().end()};
    };
    if (item.subject_type() == "unit_report") {
      v1::GetUnitReportRequest get;
      get.set_id(item.subject_id());
      return actions(Inventory<v1::InventoryUnitReport>("GetUnitReport", get, token));
    }
    if (item.subject_type() == "campaign_county") {
      v1::GetCampaignRequest get;
      get.set_id(item.slot());
      return actions(Inventory<v1::InventoryCampaign>("GetCampaign", get, token));
    }
    if (item.subject_type() == "campaign") {
      v1::GetCampaignRequest get;
      get.set_id(item.subject_id());
      return actions(Inventory<v1::InventoryCampaign>("GetCampaign", get, token));
    }
    if (item.subject_type() == "monthly_reports") {
      v1::ListMissingReportsRequest missing;
      missing.set_region_code(item.region_path());
      missing.set_period(item.slot());
      auto list = Call<v1::ListMissingReportsResponse>("OperationReportService",
                                                       "ListMissingReports", missing, token);
      EXPECT_OK(list);
      if (!list.ok() || list->missing_size() == 0) return {};
      v1::GetProjectRequest get;
      get.set_id(list->missing(0).project_id());
      return actions(Call<v1::Project>("ProjectService", "GetProject", get, token));
    }
    if (item.subject_type() == "import") {
      iv1::GetImportRequest get;
      get.set_id(item.subject_id());
      return actions(
          server_.Call<iv1::Import>("bangfu.intake.v1.ImportService.GetImport", get, token));
    }
    ADD_FAILURE() << item.kind() << " is done on " << item.subject_type();
    return {};
  }

  // Everything that waits for anybody now.
  void LookRound() {
    for (const std::string& token :
         {Village(), Village(kVillage2), Village(kVillage3), Village(kVillage4), Township(),
          Township(kOtherTownship), County(), Sector(), City(), Province(),
          Token(options::v1::ROLE_PROV_OFFICE, "36", "office")}) {
      inbox::v1::ListMyWorkRequest request;
      request.set_page_size(200);
      auto page = server_.Call<inbox::v1::ListMyWorkResponse>(
          "bangfu.inbox.v1.InboxService.ListMyWork", request, token);
      ASSERT_THAT(page, IsOk());
      for (const inbox::v1::WorkItem& item : page->items()) {
        seen_.insert(item.kind());
        bool told = false;
        for (const AllowedAction& action : ToldBy(item, token)) {
          if (action.action() != item.action()) continue;
          told = true;
          EXPECT_TRUE(action.allowed())
              << item.ShortDebugString() << ": " << action.refusal_reason();
        }
        EXPECT_TRUE(told) << item.kind() << ": " << item.action() << " is no action of its "
                          << item.subject_type();
      }
    }
  }

  void Record(const v1::Sample& sample, const std::string& unit, bool issue) {
    v1::RecordSampleResultRequest result;
    result.set_request_id(RequestId());
    result.set_id(sample.id());
    result.set_unit_report_id(unit);
    result.set_issue(issue);
    result.set_note("入户核对");
    EXPECT_OK(Inventory<v1::Sample>("RecordSampleResult", result, City()));
  }
  // A file of the county's that is uploaded and checked.
  void Upload() {
    const std::string csv =
        "\xEF\xBB\xBF序号,县,乡镇,村,项目名称,产业类别,项目类型,建设性质,实施年度,建设内容及规模,"
        "总投资（万元）,中央衔接资金（万元）,实施单位,当前状态\n"
        "1,会昌县,小密乡,半迳村,2021年半迳村冷库项目,油料,种植,新建,2021,新建冷库一座,80,80,"
        "半迳村村民委员会,运营\n";
    iv1::BeginImportRequest begin;
    begin.set_request_id(RequestId());
    begin.set_kind("projects");
    begin.set_batch_id("a");
    begin.set_file_name("摸排登记表.csv");
    begin.set_format(type::v1::FILE_FORMAT_CSV);
    ASSERT_OK_AND_ASSIGN(
        const iv1::Import import,
        server_.Call<iv1::Import>("bangfu.intake.v1.ImportService.BeginImport", begin, County()));
    iv1::UploadChunkRequest chunk;
    chunk.set_id(import.id());
    chunk.set_data(csv);
    chunk.set_last(true);
    chunk.set_sha256(Sha256Hex(csv));
    ASSERT_OK(
        server_.Call<iv1::Import>("bangfu.intake.v1.ImportService.UploadChunk", chunk, County()));
    iv1::ValidateImportRequest validate;
    validate.set_request_id(RequestId());
    validate.set_id(import.id());
    ASSERT_OK(server_.Call<operation::v1::Operation>(
        "bangfu.intake.v1.ImportService.ValidateImport", validate, County()));
    import_clock_.Set(server_.clock().Now());
    while (true) {
      ASSERT_OK_AND_ASSIGN(const bool ran, import_runner_.StepOnce(server_.database().db()));
      if (!ran) return;
    }
  }

  std::set<std::string> seen_;
};

TEST_F(WorkKindsTest, R118_TheActionOfEveryItemIsOneOfItsRecord) {
  ASSERT_OK_AND_ASSIGN(const v1::InventoryCampaign planned, CreateCampaign(kCounty));
  LookRound();
  ASSERT_OK(Open(planned));
  RunOperations();
  const v1::InventoryCampaign campaign = Campaign(planned.id());
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶基地")));
  LookRound();
  v1::InventoryUnitReport unit = Unit(campaign.id(), kVillage);
  ASSERT_OK_AND_ASSIGN(unit, Submit(unit, false));
  LookRound();
  ASSERT_OK_AND_ASSIGN(unit, Return(unit, Township()));
  LookRound();
  ASSERT_OK_AND_ASSIGN(unit, Submit(unit, false));
  ASSERT_OK_AND_ASSIGN(unit, Pass(unit));
  LookRound();
  v1::VerificationTask task = Task(unit.id());
  ASSERT_EQ(task.departments_size(), 1);
  ASSERT_OK_AND_ASSIGN(task, Sign(unit.id(), task.etag(), "AGRICULTURE", County("lead")));
  LookRound();
  ASSERT_OK(Complete(unit.id(), task.etag()));
  for (const char* village : {kVillage2, kVillage3, kVillage4}) Verify(campaign.id(), village);
  LookRound();
  v1::UpdateProjectRequest amend;
  amend.set_request_id(RequestId());
  amend.set_id(project.id());
  amend.set_etag(GetProject(project.id()).etag());
  amend.mutable_project()->set_name("油茶种植基地");
  amend.mutable_update_mask()->add_paths("name");
  amend.set_reason("名称有误");
  ASSERT_OK(Call<v1::Project>("ProjectService", "UpdateProject", amend, County()));
  LookRound();
  ASSERT_OK_AND_ASSIGN(unit, Recall(Unit(campaign.id(), kVillage)));
  LookRound();
  ASSERT_OK_AND_ASSIGN(task, Sign(unit.id(), unit.etag(), "AGRICULTURE", County("lead")));
  ASSERT_OK(Complete(unit.id(), task.etag()));
  ASSERT_OK_AND_ASSIGN(const v1::Sample sample, DrawInCity(campaign));
  LookRound();
  ASSERT_EQ(sample.units_size(), 4);
  for (const v1::SampleUnit& one : sample.units()) {
    Record(sample, one.unit_report_id(), one.unit_report_id() == unit.id());
  }
  LookRound();
  ASSERT_OK_AND_ASSIGN(unit, Return(Unit(campaign.id(), kVillage), City()));
  LookRound();
  task = Task(unit.id());
  ASSERT_OK_AND_ASSIGN(task, Sign(unit.id(), task.etag(), "AGRICULTURE", County("lead")));
  ASSERT_OK(Complete(unit.id(), task.etag()));
  LookRound();
  v1::ConfirmProvinceRequest confirm;
  confirm.set_request_id(RequestId());
  confirm.set_campaign_id(campaign.id());
  confirm.set_region_code(kCounty);
  ASSERT_OK(Inventory<v1::ConfirmProvinceResponse>("ConfirmProvince", confirm, Office()));
  LookRound();
  ASSERT_OK(inbox::Recount(server_.database().db(), {MonthlyReportSource(server_.clock())},
                           server_.ids(), server_.clock().Now(), {.calendar = InboxCalendar()}));
  Upload();
  LookRound();

  std::set<std::string> kinds;
  for (const auto& list :
       {UnitReportKinds(), ReportKinds(), CampaignKinds(), ::bangfu::intake::WorkKinds()}) {
    for (const inbox::Kind& kind : list) kinds.insert(kind.code);
  }
  EXPECT_EQ(seen_, kinds);
}

}  // namespace
}  // namespace bangfu::registry
