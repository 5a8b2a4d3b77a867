// Grants narrowed to a source, an industry or a clause: what of the registry's work is in whose
// inbox, and that it is what the records let them do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "bangfu/registry/v1/industry.pb.h"
#include "common/inbox/recount.h"
#include "services/registry/api/inbox_for_test.h"
#include "services/registry/api/short_board_work.h"
#include "services/registry/store/taxonomy_store.h"

namespace bangfu::registry {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class NarrowedInbox : public InboxTest {
 protected:
  // The kinds in the inbox; the counts have to agree.
  std::vector<std::string> KindsOf(const std::string& token) {
    std::vector<std::string> out;
    for (const auto& item : Mine(token)) out.push_back(item.kind());
    std::sort(out.begin(), out.end());
    auto counts = Inbox<inbox::v1::CountMyWorkResponse>("CountMyWork",
                                                        inbox::v1::CountMyWorkRequest(), token);
    EXPECT_OK(counts);
    if (!counts.ok()) return out;
    EXPECT_EQ(counts->total().open(), static_cast<int64_t>(out.size()));
    for (const auto& count : counts->kinds()) {
      EXPECT_EQ(count.open(), std::count(out.begin(), out.end(), count.kind())) << count.kind();
    }
    return out;
  }
  v1::ShortBoard Board(const std::string& project) {
    v1::CreateShortBoardRequest create;
    create.set_request_id(RequestId());
    v1::ShortBoard& board = *create.mutable_short_board();
    board.set_subject_type(type::v1::SUBJECT_TYPE_PROJECT);
    board.set_subject_id(project);
    board.set_kind("FACILITY");
    board.set_description("缺冷藏设施");
    auto made = Call<v1::ShortBoard>("IndustryService", "CreateShortBoard", create, County());
    EXPECT_OK(made);
    return made.ok() ? *made : v1::ShortBoard();
  }
  absl::StatusOr<v1::Project> Amend(const std::string& id, const std::string& path,
                                    const std::function<void(v1::Project*)>& change) {
    v1::UpdateProjectRequest request;
    request.set_request_id(RequestId());
    request.set_id(id);
    *request.mutable_project() = GetProject(id);
    request.set_etag(request.project().etag());
    change(request.mutable_project());
    request.mutable_update_mask()->add_paths(path);
    request.set_reason("填报有误");
    return Call<v1::Project>("ProjectService", "UpdateProject", request, County());
  }
  absl::StatusOr<v1::Project> GiveMoney(const std::string& id, const std::string& source) {
    return Amend(id, "declared_funding", [&](v1::Project* project) {
      project->mutable_declared_funding(0)->set_source_code(source);
    });
  }
  int64_t Versions() { return server_.database().Int("SELECT SUM(version) FROM work_item"); }
};

TEST_F(NarrowedInbox, R002_AShortBoardIsForThoseWhoseProjectItIs) {
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶基地")));
  const v1::ShortBoard board = Board(project.id());
  const std::string oil = With({OfIndustry("OIL")}), tea = With({OfIndustry("TEA")});
  const std::string central = With({OfSource("BRIDGE_CENTRAL")});
  const std::string lottery = With({OfSource("LOTTERY")});
  EXPECT_THAT(KindsOf(County()), ElementsAre("SHORT_BOARD_COMPLETE"));
  EXPECT_THAT(KindsOf(oil), ElementsAre("SHORT_BOARD_COMPLETE"));
  EXPECT_THAT(KindsOf(central), ElementsAre("SHORT_BOARD_COMPLETE"));
  EXPECT_THAT(KindsOf(tea), IsEmpty());
  EXPECT_THAT(KindsOf(lottery), IsEmpty());
  EXPECT_THAT(KindsOf(With({OfIndustry("TEA"), OfSource("BRIDGE_CENTRAL")})),
              ElementsAre("SHORT_BOARD_COMPLETE"));
  // Those to whom it is not shown are refused.
  EXPECT_THAT(CompleteBoard(board, tea),
              StatusIs(absl::StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  // By clauses that its rpc does not serve it is nobody's work.
  EXPECT_THAT(KindsOf(With({OfClause("十六")})), IsEmpty());
  EXPECT_THAT(KindsOf(With({OfClause("四")})), ElementsAre("SHORT_BOARD_COMPLETE"));
  ASSERT_OK(CompleteBoard(board, oil));
  EXPECT_THAT(KindsOf(County()), IsEmpty());
  EXPECT_THAT(Done(oil), SizeIs(1));  // of the same person, by today's grants
  EXPECT_THAT(Done(tea), IsEmpty());
  EXPECT_THAT(Done(With({OfClause("十六")})), IsEmpty());
  EXPECT_THAT(Done(With({OfIndustry("TEA"), Of()})), SizeIs(1));
}

TEST_F(NarrowedInbox, R002_AnIndustryStandsForThoseUnderIt) {
  ASSERT_OK_AND_ASSIGN(const std::string version, CurrentTaxonomy(server_.database().db()));
  CategoryRow camellia;
  camellia.taxonomy_version = version;
  camellia.code = "CAMELLIA";
  camellia.name = "油茶";
  camellia.level = 2;
  camellia.parent_code = "OIL";
  ASSERT_OK(mysql::Transact(server_.database().db(),
                            [&](mysql::Tx& tx) { return UpsertCategories(tx, {camellia}); }));
  v1::Project project = NewProject("油茶基地");
  project.set_industry_code("CAMELLIA");
  ASSERT_OK_AND_ASSIGN(project, Register(project));
  Board(project.id());
  EXPECT_THAT(KindsOf(With({OfIndustry("CAMELLIA")})), ElementsAre("SHORT_BOARD_COMPLETE"));
  EXPECT_THAT(KindsOf(With({OfIndustry("OIL")})), ElementsAre("SHORT_BOARD_COMPLETE"));
  EXPECT_THAT(KindsOf(With({OfIndustry("TEA")})), IsEmpty());
}

TEST_F(NarrowedInbox, R118_ItemsFollowAProjectToOtherMoneyAndAnotherIndustry) {
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewRunning("油茶基地")));
  Board(project.id());
  const std::string central = With({OfSource("BRIDGE_CENTRAL")});
  const std::string provincial = With({OfSource("BRIDGE_PROVINCE")});
  const std::string oil = With({OfIndustry("OIL")}), tea = With({OfIndustry("TEA")});
  const std::vector<std::string> both = {"OPERATION_REPORT", "SHORT_BOARD_COMPLETE"};
  EXPECT_EQ(KindsOf(central), both);
  EXPECT_THAT(KindsOf(provincial), IsEmpty());
  ASSERT_OK(GiveMoney(project.id(), "BRIDGE_PROVINCE"));
  EXPECT_THAT(KindsOf(central), IsEmpty());
  EXPECT_EQ(KindsOf(provincial), both);
  EXPECT_EQ(KindsOf(oil), both);
  ASSERT_OK(Amend(project.id(), "industry_code",
                  [](v1::Project* changed) { changed->set_industry_code("TEA"); }));
  EXPECT_THAT(KindsOf(oil), IsEmpty());
  EXPECT_EQ(KindsOf(tea), both);
  // Nothing is left to mend.
  const int64_t versions = Versions();
  ASSERT_OK(inbox::Recount(server_.database().db(),
                           {ShortBoardSource(), MonthlyReportSource(server_.clock())},
                           server_.ids(), server_.clock().Now(), {.calendar = InboxCalendar()}));
  EXPECT_EQ(Versions(), versions);
}

TEST_F(NarrowedInbox, R002_AVillagesMonthIsForThoseWhoCanReportOneOfItsProjects) {
  ASSERT_OK_AND_ASSIGN(const v1::Project oil, Register(NewRunning("油茶基地")));
  v1::Project other = NewRunning("茶园");
  other.set_industry_code("TEA");
  ASSERT_OK(Register(other));
  EXPECT_THAT(KindsOf(With({OfIndustry("OIL")})), ElementsAre("OPERATION_REPORT"));
  EXPECT_THAT(KindsOf(With({OfIndustry("TEA")})), ElementsAre("OPERATION_REPORT"));
  EXPECT_THAT(KindsOf(With({OfIndustry("RICE")})), IsEmpty());
  EXPECT_THAT(KindsOf(With({OfClause("四")})), IsEmpty());
  EXPECT_THAT(KindsOf(With({OfClause("十五")})), ElementsAre("OPERATION_REPORT"));
  // With its own project's report they have nothing to do any more.
  ASSERT_OK(ReportMonth(oil.id(), "2026-02"));
  EXPECT_THAT(KindsOf(With({OfIndustry("OIL")})), IsEmpty());
  EXPECT_THAT(KindsOf(With({OfIndustry("TEA")})), ElementsAre("OPERATION_REPORT"));
  EXPECT_THAT(KindsOf(County()), ElementsAre("OPERATION_REPORT"));
}

TEST_F(NarrowedInbox, R118_ASignatureIsForTheMoneyOfItsDepartment) {
  const v1::InventoryCampaign campaign = OpenCampaign();
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶基地")));
  v1::InventoryUnitReport unit = Unit(campaign.id(), kVillage);
  ASSERT_OK_AND_ASSIGN(unit, Submit(unit, false));
  ASSERT_OK_AND_ASSIGN(unit, Pass(unit));
  const std::string central = With({OfSource("BRIDGE_CENTRAL")});
  const std::string lottery = With({OfSource("LOTTERY")});
  EXPECT_THAT(KindsOf(central), ElementsAre("UNIT_REPORT_SIGN"));
  EXPECT_THAT(KindsOf(lottery), IsEmpty());
  const v1::VerificationTask task = Task(unit.id());
  EXPECT_THAT(Sign(unit.id(), task.etag(), "AGRICULTURE", lottery),
              StatusIs(absl::StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  // The county corrects what the money is: the signature is for that now.
  ASSERT_OK(GiveMoney(project.id(), "BRIDGE_PROVINCE"));
  EXPECT_THAT(KindsOf(central), IsEmpty());
  const std::string provincial = With({OfSource("BRIDGE_PROVINCE")});
  EXPECT_THAT(KindsOf(provincial), ElementsAre("UNIT_REPORT_SIGN"));
  ASSERT_OK(Sign(unit.id(), Task(unit.id()).etag(), "AGRICULTURE", provincial));
  EXPECT_THAT(KindsOf(provincial), Not(Contains("UNIT_REPORT_SIGN")));
  EXPECT_THAT(KindsOf(County("other")), ElementsAre("UNIT_REPORT_COMPLETE"));
}

TEST_F(NarrowedInbox, R118_ADeputyFindsWhatTheLenderWould) {
  ASSERT_OK_AND_ASSIGN(const v1::Project oil, Register(NewProject("油茶基地")));
  v1::Project other = NewProject("茶园");
  other.set_industry_code("TEA");
  ASSERT_OK_AND_ASSIGN(other, Register(other));
  const v1::ShortBoard of_oil = Board(oil.id());
  Board(other.id());
  auth::Grant lent = OfIndustry("OIL");
  lent.id = server_.ids().Next();
  lent.delegated_by = "principal";
  held_.Set("deputy", {"deputy", {lent}, {}});
  const std::string deputy = ::bangfu::testing::PersonToken(server_, "deputy");
  const std::vector<inbox::v1::WorkItem> mine = Mine(deputy);
  ASSERT_THAT(mine, SizeIs(1));
  EXPECT_EQ(mine[0].subject_id(), of_oil.id());
  EXPECT_EQ(Count(deputy).open(), 1);
  EXPECT_EQ(Count(County()).open(), 2);
}

// A kind that names no rpc of the contract would be of no clause at all.
TEST_F(NarrowedInbox, EveryKindThatNamesAnRpcNamesOneOfTheContract) {
  for (const auto& list : {UnitReportKinds(), ReportKinds(), ShortBoardKinds(), CampaignKinds()}) {
    for (const inbox::Kind& kind : list) {
      if (kind.rpc.empty()) continue;
      EXPECT_NE(google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(kind.rpc),
                nullptr)
          << kind.code;
    }
  }
}

}  // namespace
}  // namespace bangfu::registry
