// What a grant is narrowed to is what it lets do: regions, clauses, fund sources, industries.
#include <map>

#include "bangfu/registry/v1/industry.pb.h"
#include "bangfu/registry/v1/operation_report.pb.h"
#include "services/registry/api/inventory_fixture.h"

namespace bangfu::registry {
namespace {

using absl::StatusCode;

class ScopeTest : public RegistryFixture {
 protected:
  absl::StatusOr<v1::Industry> Ensure(const std::string& code, const std::string& token) {
    v1::EnsureIndustryRequest request;
    request.set_request_id(RequestId());
    request.set_region_code(kCounty);
    request.set_industry_code(code);
    return Call<v1::Industry>("IndustryService", "EnsureIndustry", request, token);
  }
  absl::StatusOr<v1::Project> Update(const v1::Project& project, const std::string& path,
                                     const std::string& token) {
    v1::UpdateProjectRequest request;
    request.set_request_id(RequestId());
    request.set_id(project.id());
    *request.mutable_project() = project;
    request.mutable_update_mask()->add_paths(path);
    request.set_etag(project.etag());
    return Call<v1::Project>("ProjectService", "UpdateProject", request, token);
  }
  // The reason why the caller may not update; "" when they may.
  std::string RefusalOfUpdate(const std::string& id, const std::string& token) {
    v1::GetProjectRequest get;
    get.set_id(id);
    const auto project = Call<v1::Project>("ProjectService", "GetProject", get, token);
    EXPECT_OK(project);
    if (!project.ok()) return "";
    for (const type::v1::AllowedAction& action : project->allowed_actions()) {
      if (action.action() == "update") return action.refusal_reason();
    }
    return "not offered";
  }
};

TEST_F(ScopeTest, R065_AGrantOfAClauseOpensTheServicesOfThatClause) {
  const auto refused = Ensure("TEA", With({OfClause("十六")}));
  ASSERT_THAT(refused, StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  const ErrorDetail detail = GetErrorDetail(refused.status());
  EXPECT_NE(detail.message_zh.find("十六"), std::string::npos) << detail.message_zh;
  EXPECT_OK(Ensure("TEA", With({OfClause("七")})));
  // Of two grants one serves it.
  EXPECT_OK(Ensure("TEA", With({OfClause("十六"), OfClause("四")})));
  // What no clause names an office for is not narrowed by clauses.
  EXPECT_OK(Register(NewProject("油茶"), With({OfClause("十六")})));
  // Without the role it is the role that is missing.
  auth::Grant other = Of(options::v1::ROLE_AUDITOR);
  other.clauses = {"十六"};
  EXPECT_THAT(Ensure("TEA", With({other})),
              StatusIs(StatusCode::kPermissionDenied, "ROLE_REQUIRED"));
}

TEST_F(ScopeTest, TheAuditNamesTheGrantThatCoversTheProject) {
  auth::Grant lottery = OfSource("LOTTERY");
  auth::Grant central = OfSource("BRIDGE_CENTRAL");
  central.region_path = std::string(kCounty).substr(0, 4);  // tells one from the other
  ASSERT_OK_AND_ASSIGN(const v1::Project project,
                       Register(NewProject("油茶"), With({lottery, central})));
  const auto rows = server_.database().db().Query(
      "SELECT actor_region FROM audit_log WHERE aggregate_type = 'project' AND "
      "aggregate_id = ?",
      {*Ulid::Parse(project.id())});
  ASSERT_OK(rows);
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ((*rows)[0].String(0), central.region_path);
}

TEST_F(ScopeTest, AGrantOfAFundSourceWritesProjectsOfThatSource) {
  const std::string lottery = With({OfSource("LOTTERY")});
  const std::string central = With({OfSource("BRIDGE_CENTRAL")});
  EXPECT_THAT(Register(NewProject("油茶"), lottery),
              StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM project"), 0);
  ASSERT_OK_AND_ASSIGN(v1::Project project, Register(NewProject("油茶"), central));
  EXPECT_EQ(RefusalOfUpdate(project.id(), lottery), "SCOPE_EXCLUDES");
  EXPECT_EQ(RefusalOfUpdate(project.id(), central), "");
  project.set_problems("缺水");
  EXPECT_THAT(Update(project, "problems", lottery),
              StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  ASSERT_OK_AND_ASSIGN(project, Update(project, "problems", central));
  // Nor is a project moved out of the scope by those who could not write it afterwards.
  v1::Project moved = project;
  moved.mutable_declared_funding(0)->set_source_code("INTEGRATED_AGRI");
  EXPECT_THAT(Update(moved, "declared_funding", central),
              StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  EXPECT_OK(Update(moved, "declared_funding",
                   With({OfSource("BRIDGE_CENTRAL"), OfSource("INTEGRATED_AGRI")})));
}

TEST_F(ScopeTest, AGrantOfAFundSourceReportsOnProjectsOfThatSource) {
  const std::string lottery = With({OfSource("LOTTERY")});
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶")));
  v1::SubmitOperationReportRequest submit;
  submit.mutable_report()->set_project_id(project.id());
  submit.mutable_report()->set_period("2025-08");
  submit.mutable_report()->set_workers(5);
  const auto report = [&](const std::string& token) {
    submit.set_request_id(RequestId());
    return Call<v1::OperationReport>("OperationReportService", "SubmitOperationReport", submit,
                                     token);
  };
  EXPECT_THAT(report(lottery), StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  EXPECT_THAT(report(With({OfIndustry("TEA")})),
              StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM operation_report"), 0);
  // In a batch it is one line that is refused.
  v1::BatchSubmitOperationReportsRequest batch;
  batch.set_request_id(RequestId());
  *batch.add_reports() = submit.report();
  ASSERT_OK_AND_ASSIGN(const auto lines, Call<v1::BatchSubmitOperationReportsResponse>(
                                             "OperationReportService",
                                             "BatchSubmitOperationReports", batch, lottery));
  ASSERT_EQ(lines.results_size(), 1);
  EXPECT_EQ(lines.results(0).reason(), "SCOPE_EXCLUDES");
  // The audit and the report name the grant that covers the project.
  auth::Grant central = OfSource("BRIDGE_CENTRAL");
  central.region_path = std::string(kCounty).substr(0, 4);
  ASSERT_OK_AND_ASSIGN(const v1::OperationReport made,
                       report(With({OfSource("LOTTERY"), central})));
  EXPECT_EQ(made.submitted_by().region_path(), central.region_path);
  const auto rows = server_.database().db().Query(
      "SELECT actor_region FROM audit_log WHERE aggregate_type = 'operation_report'");
  ASSERT_OK(rows);
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ((*rows)[0].String(0), central.region_path);
}

TEST_F(ScopeTest, AGrantOfAnIndustryActsOnThatIndustry) {
  const std::string tea = With({OfIndustry("TEA")});
  auth::Grant covering = OfIndustry("OIL");
  covering.region_path = std::string(kCounty).substr(0, 4);  // tells one from the other
  const std::string oil = With({OfIndustry("TEA"), covering});
  EXPECT_THAT(Register(NewProject("油茶"), tea),
              StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶"), oil));
  EXPECT_THAT(Ensure("OIL", tea), StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  EXPECT_OK(Ensure("TEA", tea));

  v1::CreateShortBoardRequest create;
  create.set_request_id(RequestId());
  v1::ShortBoard& board = *create.mutable_short_board();
  board.set_subject_type(type::v1::SUBJECT_TYPE_PROJECT);
  board.set_subject_id(project.id());
  board.set_kind("TECH");
  board.set_description("缺技术");
  EXPECT_THAT(Call<v1::ShortBoard>("IndustryService", "CreateShortBoard", create, tea),
              StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  ASSERT_OK_AND_ASSIGN(const v1::ShortBoard made,
                       Call<v1::ShortBoard>("IndustryService", "CreateShortBoard", create, oil));
  const auto rows = server_.database().db().Query(
      "SELECT actor_region FROM audit_log WHERE aggregate_type = 'short_board'");
  ASSERT_OK(rows);
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ((*rows)[0].String(0), covering.region_path);
  v1::GetShortBoardRequest get;
  get.set_id(made.id());
  for (const auto& [token, reason] :
       std::map<std::string, std::string>{{tea, "SCOPE_EXCLUDES"}, {oil, ""}}) {
    ASSERT_OK_AND_ASSIGN(const v1::ShortBoard seen,
                         Call<v1::ShortBoard>("IndustryService", "GetShortBoard", get, token));
    EXPECT_EQ(ToldOf(seen, "complete").action(), "complete");
    EXPECT_EQ(ToldOf(seen, "complete").refusal_reason(), reason);
  }
  v1::CompleteShortBoardRequest complete;
  complete.set_request_id(RequestId());
  complete.set_id(made.id());
  complete.set_etag(made.etag());
  SetDay(2026, 1, 1, complete.mutable_completed_on());
  complete.set_note("已补齐");
  EXPECT_THAT(Call<v1::ShortBoard>("IndustryService", "CompleteShortBoard", complete, tea),
              StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
}

TEST_F(ScopeTest, R009_AnotherCountysCampaignIsNotThere) {
  On(2026, 3, 2);
  const std::string foreign = Approver(kOtherCounty);
  ASSERT_OK_AND_ASSIGN(const v1::InventoryCampaign planned, CreateCampaign(kCounty));
  const auto close = [&](const v1::InventoryCampaign& campaign, const std::string& token) {
    v1::CloseCampaignRequest request;
    request.set_request_id(RequestId());
    request.set_id(campaign.id());
    request.set_etag(campaign.etag());
    request.set_force(true);
    request.set_reason("提前结束");
    return Inventory<v1::InventoryCampaign>("CloseCampaign", request, token);
  };
  const auto is_not_there = [&](const v1::InventoryCampaign& campaign) {
    v1::GetCampaignRequest get;
    get.set_id(campaign.id());
    EXPECT_THAT(Inventory<v1::InventoryCampaign>("GetCampaign", get, foreign),
                StatusIs(StatusCode::kNotFound));
    v1::ListCampaignsRequest list;
    ASSERT_OK_AND_ASSIGN(const auto listed,
                         Inventory<v1::ListCampaignsResponse>("ListCampaigns", list, foreign));
    EXPECT_EQ(listed.campaigns_size(), 0);
    EXPECT_THAT(Open(campaign, foreign), StatusIs(StatusCode::kNotFound));
    EXPECT_THAT(close(campaign, foreign), StatusIs(StatusCode::kNotFound));
    EXPECT_EQ(Campaign(campaign.id()).state(), campaign.state());
    EXPECT_EQ(Campaign(campaign.id()).etag(), campaign.etag());
  };
  is_not_there(planned);
  ASSERT_OK(Open(planned));
  RunOperations();
  const v1::InventoryCampaign open = Campaign(planned.id());
  ASSERT_EQ(open.state(), v1::CAMPAIGN_STATE_OPEN);
  is_not_there(open);
  EXPECT_OK(close(open, Approver()));
}

TEST_F(ScopeTest, R009_ACountyReadsTheProvincesCampaignButDoesNotOpenOrCloseIt) {
  On(2026, 3, 2);
  const v1::InventoryCampaign open = OpenCampaign("36", Province());
  v1::GetCampaignRequest get;
  get.set_id(open.id());
  ASSERT_OK_AND_ASSIGN(const auto read,
                       Inventory<v1::InventoryCampaign>("GetCampaign", get, Approver()));
  EXPECT_EQ(read.id(), open.id());
  v1::CloseCampaignRequest request;
  request.set_request_id(RequestId());
  request.set_id(open.id());
  request.set_etag(open.etag());
  EXPECT_THAT(Inventory<v1::InventoryCampaign>("CloseCampaign", request, Approver()),
              StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(Open(open, Approver()), StatusIs(StatusCode::kNotFound));
}

}  // namespace
}  // namespace bangfu::registry
