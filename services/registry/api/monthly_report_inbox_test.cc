// Monthly reports in the inbox: which months wait for a village.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/civil_time.h"
#include "bangfu/inbox/v1/inbox.pb.h"
#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/inbox/recount.h"
#include "common/testing/at_once.h"
#include "services/registry/api/inbox_for_test.h"
#include "services/registry/api/report_work.h"
#include "services/registry/api/unit_report_work.h"

namespace bangfu::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(InboxTest, AMonthThatIsNotReportedWaitsForTheVillage) {
  ASSERT_OK_AND_ASSIGN(const v1::Project one, Register(NewRunning("油茶基地"), County()));
  ASSERT_OK_AND_ASSIGN(const v1::Project other, Register(NewRunning("脐橙冷库"), County()));
  mysql::Session& db = server_.database().db();
  for (const char* table : {"work_item", "work_desk"}) {
    ASSERT_OK(db.Execute(Cat("DELETE FROM ", table)));  // as of data that were there before it
  }
  const std::vector<inbox::Source> sources = {MonthlyReportSource(server_.clock())};
  ASSERT_OK(inbox::Recount(db, sources, server_.ids(), server_.clock().Now(),
                           {.calendar = InboxCalendar()}));
  ASSERT_THAT(Mine(Village()), SizeIs(1));
  EXPECT_EQ(Mine(Village())[0].kind(), "OPERATION_REPORT");
  EXPECT_EQ(Mine(Village())[0].title(), "赣州市会昌县小密乡半迳村2026年2月运营月报，2个项目未报");
  EXPECT_EQ(DayOf(Mine(Village())[0].due_on()), absl::CivilDay(2026, 3, 10));
  EXPECT_THAT(Kinds(Village(kVillage2)), IsEmpty());
  for (const std::string& project : {one.id(), other.id()}) {
    EXPECT_THAT(Mine(Village()), SizeIs(1));
    ASSERT_OK(ReportMonth(project, "2026-02"));
  }
  EXPECT_THAT(Mine(Village()), IsEmpty());
  EXPECT_THAT(Done(Village()), SizeIs(1));
}

TEST_F(InboxTest, TheMonthFollowsTheProjectsThatRun) {
  const auto title = [&] {
    const std::vector<inbox::v1::WorkItem> mine = Mine(Village());
    return mine.size() == 1 ? mine[0].title() : Cat(mine.size(), " items");
  };
  const auto of = [](std::string_view month, int missing) {
    return Cat("赣州市会昌县小密乡半迳村2026年", month, "月运营月报，", missing, "个项目未报");
  };
  const auto claims = [&] {
    return server_.database().Int("SELECT COALESCE(SUM(touched), 0) FROM work_claim");
  };
  // What does not run is not reported, and costs the inbox nothing.
  ASSERT_OK(Register(NewProject("在册项目")));
  EXPECT_THAT(Mine(Village()), IsEmpty());
  EXPECT_EQ(claims(), 0);
  ASSERT_OK_AND_ASSIGN(const v1::Project one, Register(NewRunning("油茶基地")));
  EXPECT_EQ(title(), of("2", 1));
  ASSERT_OK_AND_ASSIGN(v1::Project other, Register(NewRunning("脐橙冷库")));
  EXPECT_EQ(title(), of("2", 2));
  EXPECT_THAT(Kinds(Village(kVillage2)), IsEmpty());
  // Nor does a change of a text.
  const int64_t before = claims();
  v1::UpdateProjectRequest update;
  update.set_request_id(RequestId());
  update.set_id(other.id());
  update.set_etag(other.etag());
  update.mutable_project()->set_implementing_org("小密乡农业服务中心");
  update.mutable_update_mask()->add_paths("implementing_org");
  ASSERT_OK_AND_ASSIGN(other,
                       Call<v1::Project>("ProjectService", "UpdateProject", update, County()));
  EXPECT_EQ(claims(), before);
  // A month later both wait; the earlier one tells how many are missing still.
  On(2026, 4, 2);
  ASSERT_OK_AND_ASSIGN(const v1::Project late, Register(NewRunning("茶园")));
  const auto titles = [&] {
    std::vector<std::string> out;
    for (const auto& item : Mine(Village())) out.push_back(item.title());
    return out;
  };
  EXPECT_THAT(titles(), ElementsAre(of("2", 3), of("3", 3)));
  ASSERT_OK(ReportMonth(one.id(), "2026-02"));
  EXPECT_THAT(titles(), ElementsAre(of("2", 2), of("3", 3)));
  ASSERT_OK(Void(late));
  EXPECT_THAT(titles(), ElementsAre(of("2", 1), of("3", 2)));
  ASSERT_OK(Void(other));
  EXPECT_THAT(titles(), ElementsAre(of("3", 1)));
  ASSERT_OK(Void(one));
  EXPECT_THAT(Mine(Village()), IsEmpty());
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM work_item WHERE open_mark = 1"), 0);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM work_desk"), 0);
}

TEST_F(InboxTest, TwoProjectsThatAreVoidAtOnceLeaveNoMonthBehind) {
  ASSERT_OK_AND_ASSIGN(const v1::Project one, Register(NewRunning("油茶基地")));
  ASSERT_OK_AND_ASSIGN(const v1::Project other, Register(NewRunning("脐橙冷库")));
  ASSERT_THAT(Mine(Village()), SizeIs(1));
  const std::vector<v1::Project> projects = {one, other};
  const auto outcomes = ::bangfu::testing::AtOnce(2, [&](int i) { return Void(projects[i]); });
  EXPECT_OK(outcomes[0]);
  EXPECT_OK(outcomes[1]);
  EXPECT_THAT(Mine(Village()), IsEmpty());
}

TEST_F(InboxTest, TheMonthMovesWithItsRegion) {
  ASSERT_OK(Register(NewRunning("油茶基地")));
  ASSERT_THAT(Mine(Village()), SizeIs(1));
  constexpr char kNewVillage[] = "360733101209";
  AddRegion(kNewVillage, "新半迳村");
  StoreRegions();
  ASSERT_OK(MergeInto(kNewVillage));
  EXPECT_THAT(Mine(Village()), IsEmpty());
  ASSERT_THAT(Mine(Village(kNewVillage)), SizeIs(1));
  EXPECT_EQ(Mine(Village(kNewVillage))[0].title(),
            "赣州市会昌县小密乡新半迳村2026年2月运营月报，1个项目未报");
}

TEST_F(InboxTest, EveryOpenMonthMovesWithItsRegion) {
  constexpr char kNewVillage[] = "360733101209";
  AddRegion(kNewVillage, "新半迳村");
  StoreRegions();
  ASSERT_OK(Register(NewRunning("油茶基地")));
  ASSERT_OK_AND_ASSIGN(const v1::Project there, Register(NewRunning("脐橙冷库", kNewVillage)));
  // The villages that are put together differ in what they have reported.
  ASSERT_OK(ReportMonth(there.id(), "2026-02", kNewVillage));
  On(2026, 4, 2);
  ASSERT_OK(Register(NewRunning("茶园")));
  ASSERT_THAT(Mine(Village()), SizeIs(2));
  ASSERT_THAT(Mine(Village(kNewVillage)), IsEmpty());
  ASSERT_OK(MergeInto(kNewVillage));
  EXPECT_THAT(Mine(Village()), IsEmpty());
  std::vector<std::string> titles;
  for (const auto& item : Mine(Village(kNewVillage))) titles.push_back(item.title());
  EXPECT_THAT(titles, ElementsAre("赣州市会昌县小密乡新半迳村2026年2月运营月报，2个项目未报",
                                  "赣州市会昌县小密乡新半迳村2026年3月运营月报，3个项目未报"));
}

}  // namespace
}  // namespace bangfu::registry
