// Short boards in the inbox through the rpcs, on a real database: what waits for whom.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "bangfu/inbox/v1/inbox.pb.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "bangfu/registry/v1/project_service.pb.h"
#include "common/inbox/recount.h"
#include "services/registry/api/inventory_fixture.h"

namespace bangfu::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ShortBoardInbox : public RegistryFixture {
 protected:
  ShortBoardInbox() { On(2026, 3, 2); }

  // Accepted, but not running: no monthly report waits beside the boards.
  v1::Project NewProject(const std::string& name) {
    v1::Project project = RegistryFixture::NewProject(name);
    project.set_state(v1::PROJECT_STATE_ACCEPTED);
    return project;
  }

  std::vector<inbox::v1::WorkItem> Mine(const std::string& token) {
    auto page = server_.Call<inbox::v1::ListMyWorkResponse>(
        "bangfu.inbox.v1.InboxService.ListMyWork", inbox::v1::ListMyWorkRequest(), token);
    EXPECT_OK(page);
    if (!page.ok()) return {};
    return {page->items().begin(), page->items().end()};
  }
  std::vector<std::string> Subjects(const std::string& token) {
    std::vector<std::string> out;
    for (const auto& item : Mine(token)) out.push_back(item.subject_id());
    return out;
  }
  v1::ShortBoard Create(type::v1::SubjectType type, const std::string& subject, int due_day = 0) {
    v1::CreateShortBoardRequest create;
    create.set_request_id(RequestId());
    v1::ShortBoard& board = *create.mutable_short_board();
    board.set_subject_type(type);
    board.set_subject_id(subject);
    board.set_kind("FACILITY");
    board.set_description("缺冷藏设施");
    if (due_day > 0) SetDay(2026, 3, due_day, board.mutable_due_on());
    auto made = Call<v1::ShortBoard>("IndustryService", "CreateShortBoard", create, County());
    EXPECT_OK(made);
    return made.ok() ? *made : v1::ShortBoard();
  }
  absl::StatusOr<v1::Project> Void(const v1::Project& project) {
    v1::VoidProjectRequest request;
    request.set_request_id(RequestId());
    request.set_id(project.id());
    request.set_etag(project.etag());
    request.set_reason("重复登记");
    return Call<v1::Project>("ProjectService", "VoidProject", request, County());
  }
  // Why a board is not completed now; empty: it may be.
  std::string Refusal(const v1::ShortBoard& board) {
    v1::GetShortBoardRequest get;
    get.set_id(board.id());
    auto seen = Call<v1::ShortBoard>("IndustryService", "GetShortBoard", get, County());
    EXPECT_OK(seen);
    if (seen.ok()) {
      for (const auto& action : seen->allowed_actions()) {
        if (action.action() == "complete") return action.refusal_reason();
      }
    }
    ADD_FAILURE() << "no step of " << board.id();
    return "";
  }
  absl::Status Recount() {
    return inbox::Recount(server_.database().db(), {ShortBoardSource()}, server_.ids(),
                          server_.clock().Now(), {});
  }
  std::set<std::string> Stored() {
    std::set<std::string> out;
    auto rows = server_.database().db().Query(
        "SELECT subject_id FROM work_item WHERE open_mark = 1 AND kind = 'SHORT_BOARD_COMPLETE'",
        {});
    EXPECT_OK(rows);
    if (!rows.ok()) return out;
    for (const mysql::Row& row : *rows) out.insert(row.Id(0).ToString());
    return out;
  }
};

TEST_F(ShortBoardInbox, R002_WaitsForThoseWhoCanCompleteIt) {
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶基地")));
  const v1::ShortBoard board = Create(type::v1::SUBJECT_TYPE_PROJECT, project.id(), 20);
  const std::vector<inbox::v1::WorkItem> township = Mine(Township());
  ASSERT_THAT(township, SizeIs(1));
  EXPECT_EQ(township[0].kind(), "SHORT_BOARD_COMPLETE");
  EXPECT_EQ(township[0].kind_zh(), "补齐短板");
  EXPECT_EQ(township[0].title(), "设施短板：缺冷藏设施");
  EXPECT_EQ(township[0].subject_type(), "short_board");
  EXPECT_EQ(township[0].subject_id(), board.id());
  EXPECT_EQ(township[0].due_on().day(), 20);
  EXPECT_THAT(Subjects(County()), ElementsAre(board.id()));
  EXPECT_THAT(Subjects(Village()), IsEmpty());
  EXPECT_THAT(Subjects(Township(kOtherTownship)), IsEmpty());
  EXPECT_THAT(Subjects(County("operator", kOtherCounty)), IsEmpty());
  // The action is one that the record tells.
  v1::GetShortBoardRequest get;
  get.set_id(board.id());
  for (const std::string& token : {Township(), County()}) {
    ASSERT_OK_AND_ASSIGN(const v1::ShortBoard seen,
                         Call<v1::ShortBoard>("IndustryService", "GetShortBoard", get, token));
    ASSERT_GE(seen.allowed_actions_size(), 1);
    EXPECT_EQ(seen.allowed_actions(0).action(), township[0].action());
    EXPECT_TRUE(seen.allowed_actions(0).allowed());
  }
  On(2026, 3, 23);
  EXPECT_EQ(Mine(Township())[0].due_state(), inbox::v1::DUE_STATE_OVERDUE);

  ASSERT_OK(CompleteBoard(board, Township()));
  EXPECT_THAT(Mine(Township()), IsEmpty());
  EXPECT_THAT(Mine(County()), IsEmpty());
  ASSERT_OK_AND_ASSIGN(const auto done, server_.Call<inbox::v1::ListMyDoneResponse>(
                                            "bangfu.inbox.v1.InboxService.ListMyDone",
                                            inbox::v1::ListMyDoneRequest(), Township()));
  ASSERT_EQ(done.items_size(), 1);
  EXPECT_EQ(done.items(0).state(), inbox::v1::WORK_STATE_DONE);
  EXPECT_EQ(done.items(0).outcome(), "complete");
}

TEST_F(ShortBoardInbox, R002_OfAnIndustryIsTheCountysAndHasNoTermOfItsOwn) {
  v1::EnsureIndustryRequest ensure;
  ensure.set_request_id(RequestId());
  ensure.set_region_code(kCounty);
  ensure.set_industry_code("OIL");
  ASSERT_OK_AND_ASSIGN(const v1::Industry industry,
                       Call<v1::Industry>("IndustryService", "EnsureIndustry", ensure, County()));
  const v1::ShortBoard board = Create(type::v1::SUBJECT_TYPE_INDUSTRY, industry.id());
  const std::vector<inbox::v1::WorkItem> county = Mine(County());
  ASSERT_THAT(county, SizeIs(1));
  EXPECT_EQ(county[0].subject_id(), board.id());
  EXPECT_FALSE(county[0].has_due_on());
  EXPECT_THAT(Mine(Township()), IsEmpty());
}

TEST_F(ShortBoardInbox, R002_TheRecountFillsAndMends) {
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶基地")));
  const v1::ShortBoard open = Create(type::v1::SUBJECT_TYPE_PROJECT, project.id(), 20);
  const v1::ShortBoard closed = Create(type::v1::SUBJECT_TYPE_PROJECT, project.id());
  ASSERT_OK(CompleteBoard(closed, County()));
  mysql::Session& db = server_.database().db();
  const auto versions = [&] {
    return server_.database().Int("SELECT SUM(version) FROM work_item");
  };
  const int64_t before = versions();
  ASSERT_OK(Recount());
  EXPECT_EQ(versions(), before);
  // Of data that were there before their inbox.
  ASSERT_OK(db.Execute("DELETE FROM work_desk", {}));
  ASSERT_OK(db.Execute("DELETE FROM work_item WHERE open_mark = 1", {}));
  On(2026, 3, 4);
  ASSERT_OK(Recount());
  EXPECT_THAT(Subjects(Township()), ElementsAre(open.id()));
  // And where a step was forgotten.
  ASSERT_OK(
      db.Execute("UPDATE work_item SET open_mark = 1, state = 1 WHERE open_mark IS NULL", {}));
  EXPECT_EQ(Stored().size(), 2u);
  On(2026, 3, 6);
  ASSERT_OK(Recount());
  EXPECT_EQ(Stored(), (std::set<std::string>{open.id()}));
}

TEST_F(ShortBoardInbox, R002_OfAVoidProjectWaitsForNobody) {
  ASSERT_OK_AND_ASSIGN(const v1::Project gone, Register(NewProject("重复的油茶基地")));
  ASSERT_OK_AND_ASSIGN(const v1::Project stays, Register(NewProject("油茶基地")));
  const v1::ShortBoard open = Create(type::v1::SUBJECT_TYPE_PROJECT, gone.id(), 20);
  const v1::ShortBoard closed = Create(type::v1::SUBJECT_TYPE_PROJECT, gone.id(), 20);
  ASSERT_OK(CompleteBoard(closed, Township()));
  const v1::ShortBoard other = Create(type::v1::SUBJECT_TYPE_PROJECT, stays.id(), 20);
  EXPECT_EQ(Refusal(open), "");
  EXPECT_EQ(Stored(), (std::set<std::string>{open.id(), other.id()}));

  ASSERT_OK(Void(gone));
  EXPECT_EQ(Stored(), (std::set<std::string>{other.id()}));
  EXPECT_THAT(Subjects(Township()), ElementsAre(other.id()));
  EXPECT_THAT(Subjects(County()), ElementsAre(other.id()));
  EXPECT_EQ(Refusal(open), "PROJECT_VOID");
  EXPECT_EQ(Refusal(closed), "SHORT_BOARD_CLOSED");
  EXPECT_EQ(Refusal(other), "");
  EXPECT_THAT(CompleteBoard(open, County()),
              StatusIs(absl::StatusCode::kFailedPrecondition, "PROJECT_VOID"));

  // The recount says the same, and takes away what waited since before.
  ASSERT_OK(server_.database().db().Execute(
      "UPDATE work_item SET open_mark = 1, state = 1 WHERE open_mark IS NULL", {}));
  EXPECT_EQ(Stored(), (std::set<std::string>{open.id(), closed.id(), other.id()}));
  ASSERT_OK(Recount());
  EXPECT_EQ(Stored(), (std::set<std::string>{other.id()}));
  ASSERT_OK(CompleteBoard(other, County()));
}

}  // namespace
}  // namespace bangfu::registry
