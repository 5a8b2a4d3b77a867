// Whatever is done with supervision notices, what waits is what their states ask for, for those
// whom they concern.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/inbox/recount.h"
#include "common/inbox/walks_for_test.h"
#include "common/testing/at_once.h"
#include "common/testing/deep.h"
#include "common/testing/random.h"
#include "services/registry/api/notice_for_test.h"

namespace bangfu::registry {
namespace {

using absl::StatusCode;
using ::bangfu::testing::AtOnce;
using ::bangfu::testing::Outcomes;
using ::bangfu::testing::Tally;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

const inbox::Walk kWalk({"NOTICE_ANSWER", "NOTICE_REVIEW"});

class NoticeInbox : public NoticeTest {
 protected:
  absl::Status Recounted() {
    return inbox::Recount(server_.database().db(), {NoticeSource()}, server_.ids(),
                          server_.clock().Now(),
                          {.every = absl::ZeroDuration(), .calendar = InboxCalendar()});
  }
  // "notice kind region roles not excluded due sources", of the open items.
  std::set<std::string> Stored() {
    auto rows = server_.database().db().Query(
        Cat("SELECT subject_id, kind, region_path, base_due_on, fund_sources, roles, excluded FROM "
            "work_item WHERE open_mark = 1 AND kind IN (",
            kWalk.Quoted(), ")"),
        {});
    EXPECT_OK(rows);
    std::set<std::string> out;
    if (!rows.ok()) return out;
    for (const mysql::Row& row : *rows) {
      const std::string kind = row.String(1);
      std::string excluded = row.String(6);
      std::erase(excluded, '|');
      out.insert(Cat(row.Id(0).ToString(), " ", kind, " ", row.String(2), " ", row.String(5),
                     " not ", excluded, " ", absl::FormatCivilTime(row.Day(3)), " ",
                     row.String(4).find("EAST_WEST") == std::string::npos ? "" : "EAST_WEST"));
    }
    EXPECT_EQ(out.size(), rows->size());
    return out;
  }
};

TEST_F(NoticeInbox, WaitsWithItsTermAndRisesWhenItIsOver) {
  ASSERT_OK_AND_ASSIGN(const Notice sent, Issue(kCounty, City(), "", absl::CivilDay(2026, 3, 6)));
  ASSERT_THAT(Kinds(Approver()), ElementsAre(Cat("NOTICE_ANSWER ", kCounty)));
  const inbox::v1::WorkItem item = Mine(Approver())[0];
  EXPECT_EQ(DayFrom(item.due_on()), absl::CivilDay(2026, 3, 6));
  EXPECT_EQ(Count(Approver()).overdue(), 0);
  EXPECT_THAT(Mine(City()), IsEmpty());
  // The city that waits for it may urge it as any work.
  EXPECT_OK(Urge(item.id(), City()));
  On(2026, 3, 9);
  EXPECT_EQ(Count(Approver()).overdue(), 1);
  EXPECT_OK(Answer(sent.id(), Approver()));
  EXPECT_THAT(Mine(Approver()), IsEmpty());
  EXPECT_THAT(Kinds(City()), ElementsAre(Cat("NOTICE_REVIEW ", kCounty)));
  EXPECT_OK(GiveBack(sent.id(), City(), absl::CivilDay(2026, 3, 20)));
  EXPECT_EQ(DayFrom(Mine(Approver())[0].due_on()), absl::CivilDay(2026, 3, 20));
  EXPECT_EQ(Count(Approver()).overdue(), 0);
  EXPECT_OK(Withdraw(sent.id(), City()));
  EXPECT_THAT(Mine(Approver()), IsEmpty());
}

TEST_F(NoticeInbox, IsOfThoseWhoseGrantsCoverTheProject) {
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶基地")));
  ASSERT_OK_AND_ASSIGN(const Notice about, Issue(kCounty, City(), project.id()));
  ASSERT_OK(Issue(kCounty, City()));  // about no record: everybody's
  const std::string bridge = With({OfSource("BRIDGE_CENTRAL", options::v1::ROLE_COUNTY_APPROVER)});
  const std::string other = With({OfSource("EAST_WEST", options::v1::ROLE_COUNTY_APPROVER)});
  EXPECT_EQ(Mine(bridge).size(), 2u);
  EXPECT_EQ(Mine(other).size(), 1u);
  EXPECT_THAT(Answer(about.id(), other), StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  auth::Grant city = OfSource("EAST_WEST", options::v1::ROLE_CITY_SUPERVISOR);
  city.region_path = "3607";
  EXPECT_THAT(Issue(kCounty, With({city}), project.id()),
              StatusIs(StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  // The notice follows the project to other money.
  ASSERT_OK(OtherMoney(project.id(), "EAST_WEST"));
  EXPECT_EQ(Mine(bridge).size(), 1u);
  EXPECT_EQ(Mine(other).size(), 2u);
  EXPECT_OK(Answer(about.id(), other));
}

// A notice that is sent while its project gets other money waits for those whose money it is then.
TEST_F(NoticeInbox, SentWhileTheMoneyChangesItFollowsTheProject) {
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶基地")));
  const std::string city = City();
  for (int round = 0; round < 4; ++round) {
    const std::string source = round % 2 == 0 ? "EAST_WEST" : "BRIDGE_CENTRAL";
    const auto results = AtOnce(2, [&](int i) {
      return i == 0 ? Issue(kCounty, city, project.id()).status()
                    : OtherMoney(project.id(), source);
    });
    for (const absl::Status& result : results) ASSERT_OK(result);
    const std::set<std::string> stored = Stored();
    EXPECT_EQ(stored.size(), static_cast<size_t>(round + 1));
    for (const std::string& item : stored) {
      EXPECT_EQ(item.find("EAST_WEST") != std::string::npos, source == "EAST_WEST") << item;
    }
  }
}

TEST_F(NoticeInbox, OfTwoAtOnceOneCloses) {
  for (int round = 0; round < 3; ++round) {
    ASSERT_OK_AND_ASSIGN(const Notice sent, Issue(kCounty, City()));
    ASSERT_OK(Answer(sent.id(), Approver()));
    const std::string city = City();
    const auto results = AtOnce(
        2, [&](int i) { return i == 0 ? Close(sent.id(), city) : GiveBack(sent.id(), city); });
    EXPECT_EQ(Outcomes(results), (Tally{{"OK", 1}, {"FAILED_PRECONDITION/STATE_NOT_ALLOWED", 1}}));
  }
}

TEST_F(NoticeInbox, R119_ItemsAreEqualToStatesAfterRandomSteps) {
  const uint32_t seed = ::bangfu::testing::PropertySeed(119);
  ::bangfu::testing::SeededRandom random(seed);
  struct Known {
    Notice notice;
    bool of_project = false;
  };
  std::map<std::string, Known> known;
  ASSERT_OK_AND_ASSIGN(const v1::Project project, Register(NewProject("油茶基地")));
  std::string source = "BRIDGE_CENTRAL", township = kTownship;
  // One person is of both offices, and never on both sides of a notice.
  auth::Grant city, county;
  city.role = options::v1::ROLE_CITY_SUPERVISOR;
  city.region_path = "3607";
  county.role = options::v1::ROLE_COUNTY_APPROVER;
  county.region_path = kCounty;
  const std::string both = With({city, county});
  // The role of the office of a region.
  const auto office = [](const std::string& region) {
    return Cat(static_cast<int>(region.size() == 2   ? options::v1::ROLE_PROV_OFFICE
                                : region.size() == 4 ? options::v1::ROLE_CITY_SUPERVISOR
                                : region.size() == 6 ? options::v1::ROLE_COUNTY_APPROVER
                                                     : options::v1::ROLE_TOWNSHIP_APPROVER));
  };
  const int steps = ::bangfu::testing::Runs(150, 1500);
  int done = 0;
  for (int step = 0; step < steps; ++step) {
    const auto any = [&] {
      return std::next(known.begin(), static_cast<int>(random.Below(known.size())))->first;
    };
    if (step == steps / 2) {
      ASSERT_OK(MergeTownship(kTownship, kOtherTownship));
      township = kOtherTownship;
      for (auto& [id, one] : known) {
        ASSERT_OK_AND_ASSIGN(one.notice, Get(id, Province()));
      }
    }
    // The office of each side, and sometimes one that it is not for.
    const std::vector<std::string> offices = {City(), Approver(), TownshipApprover(township),
                                              Province(), both};
    const std::string& by = offices[random.Below(offices.size())];
    absl::StatusOr<Notice> made = absl::InternalError("");
    bool of_project = false;
    switch (known.size() < 4 ? 0 : random.Below(9)) {
      case 0: {
        const std::string regions[] = {kCounty, township, "3607"};
        of_project = random.Below(2) == 0;
        const absl::CivilDay due =
            ShanghaiDay(server_.clock().Now()) + static_cast<int>(random.Below(20));
        made = Issue(regions[random.Below(3)], by, of_project ? project.id() : "", due);
        break;
      }
      case 1:
      case 2:
      case 3:
        made = Answer(any(), by);
        break;
      case 4:
        made = GiveBack(any(), by,
                        ShanghaiDay(server_.clock().Now()) + static_cast<int>(random.Below(9)));
        break;
      case 5:
        made = Close(any(), by);
        break;
      case 6:
        if (random.Below(3) == 0) made = Withdraw(any(), by);
        break;
      case 7:
        if (random.Below(4) != 0) break;
        source = source == "EAST_WEST" ? "BRIDGE_CENTRAL" : "EAST_WEST";
        ASSERT_OK(OtherMoney(project.id(), source));
        break;
      default:
        if (random.Below(4) != 0) break;
        server_.clock().Advance(absl::Hours(24));
        ASSERT_OK(Recounted());
        break;
    }
    if (made.ok()) {
      ++done;
      Known& one = known[made->id()];
      one.notice = *made;
      one.of_project = one.of_project || of_project;
    }
    std::set<std::string> expected;
    for (const auto& [id, one] : known) {
      const notice::v1::NoticeState state = one.notice.state();
      const std::string money = one.of_project && source == "EAST_WEST" ? "EAST_WEST" : "";
      const std::string& region = one.notice.region_path();
      if (state == notice::v1::NOTICE_STATE_OPEN || state == notice::v1::NOTICE_STATE_RETURNED) {
        expected.insert(Cat(id, " NOTICE_ANSWER ", region, " ", office(region), " not ",
                            one.notice.issued_by().subject(), " ",
                            absl::FormatCivilTime(DayFrom(one.notice.answer_due())), " ", money));
      } else if (state == notice::v1::NOTICE_STATE_ANSWERED) {
        expected.insert(Cat(id, " NOTICE_REVIEW ", region, " ",
                            office(one.notice.issuer_region_path()), " not ",
                            one.notice.answered_by().subject(), " ",
                            absl::FormatCivilTime(DayFrom(one.notice.review_due())), " ", money));
      }
    }
    ASSERT_EQ(Stored(), expected) << "step " << step << ", seed " << seed;
  }
  EXPECT_GT(done, steps / 8);
  kWalk.ExpectSeen(server_.database().db());
  // The recount finds the same from nothing.
  const std::set<std::string> before = Stored();
  ASSERT_OK(server_.database().db().Execute("DELETE FROM work_desk", {}));
  ASSERT_OK(server_.database().db().Execute("DELETE FROM work_item", {}));
  ASSERT_OK(Recounted());
  EXPECT_EQ(Stored(), before);
}

}  // namespace
}  // namespace bangfu::registry
