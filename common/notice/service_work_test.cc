// Notices in the inbox, in the feed, and where regions move.
#include "common/notice/service_for_test.h"

namespace bangfu::notice {
namespace {

TEST_F(NoticeServiceTest, FollowsARegionToAnotherCode) {
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice to_county, Issue());
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice to_township,
                       Issue(NoticeTo({kTownship}), county_));
  const recode::Move move{server_.ids().Next(), kCounty, "360783", server_.clock().Now()};
  ASSERT_OK(mysql::Transact(server_.database().db(), [&](mysql::Tx& tx) -> absl::Status {
    RETURN_IF_ERROR(inbox::MoveRegion(tx, move).status());
    return recode::Apply(tx, {RegionPart(), recode::RegionPart()}, move, server_.clock()).status();
  }));
  const std::string there = server_.Token(Role::ROLE_COUNTY_APPROVER, "360783", "there");
  EXPECT_THAT(Get(to_county.id(), county_), StatusIs(StatusCode::kNotFound));
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice moved, Get(to_county.id(), there));
  EXPECT_EQ(moved.region_path(), "360783");
  EXPECT_EQ(moved.issuer_region_path(), "3607");
  EXPECT_OK(Answer(moved, there));
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice below, Get(to_township.id(), there));
  EXPECT_EQ(below.region_path(), "360783101");
  EXPECT_EQ(below.issuer_region_path(), "360783");
  EXPECT_OK(Withdraw(below, there));
}

// A township that goes to another county answers to the office of that county from then on.
TEST_F(NoticeServiceTest, FollowsATownshipToAnotherCounty) {
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice by_county,
                       Issue(NoticeTo({kTownship}), county_));
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice by_city, Issue(NoticeTo({kTownship}), city_));
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice to_county, Issue());  // no township of it
  const auto moved = [&](const std::string& from, const std::string& to) {
    const recode::Move move{server_.ids().Next(), from, to, server_.clock().Now()};
    ASSERT_OK(mysql::Transact(server_.database().db(), [&](mysql::Tx& tx) -> absl::Status {
      RETURN_IF_ERROR(inbox::MoveRegion(tx, move).status());
      return recode::Apply(tx, {RegionPart(), recode::RegionPart()}, move, server_.clock())
          .status();
    }));
    server_.clock().Advance(absl::Minutes(1));
  };
  moved(kTownship, "360734105");
  const std::string province = server_.Token(Role::ROLE_PROV_OFFICE, "36", "office");
  ASSERT_OK_AND_ASSIGN(v1::SupervisionNotice of_county, Get(by_county.id(), province));
  EXPECT_EQ(of_county.issuer_region_path(), kOtherCounty);
  ASSERT_OK_AND_ASSIGN(v1::SupervisionNotice of_city, Get(by_city.id(), province));
  EXPECT_EQ(of_city.issuer_region_path(), "3607");
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice left, Get(to_county.id(), province));
  EXPECT_EQ(left.issuer_region_path(), "3607");
  // To another city, too.
  moved("360734105", "360822105");
  ASSERT_OK_AND_ASSIGN(of_county, Get(by_county.id(), province));
  EXPECT_EQ(of_county.issuer_region_path(), "360822");
  ASSERT_OK_AND_ASSIGN(of_city, Get(by_city.id(), province));
  EXPECT_EQ(of_city.issuer_region_path(), "3608");
  ASSERT_OK(Answer(of_county, server_.Token(Role::ROLE_TOWNSHIP_APPROVER, "360822105", "there")));
  const std::string theirs = server_.Token(Role::ROLE_COUNTY_APPROVER, "360822", "their county");
  EXPECT_THAT(Work(theirs), ElementsAre("NOTICE_REVIEW"));
  ASSERT_OK_AND_ASSIGN(of_county, Get(by_county.id(), theirs));
  EXPECT_OK(Close(of_county, theirs));
}

// Whatever is done in whatever order: an item waits exactly for what the notice's state asks.
TEST_F(NoticeServiceTest, ItemsAreWhatTheStatesAskFor) {
  ::bangfu::testing::SeededRandom random;
  std::map<std::string, v1::SupervisionNotice> notices;
  const auto any = [&]() -> const v1::SupervisionNotice& {
    return std::next(notices.begin(), static_cast<int>(random.Below(notices.size())))->second;
  };
  for (int step = 0; step < 120; ++step) {
    absl::StatusOr<v1::SupervisionNotice> done = absl::InternalError("");
    switch (notices.size() < 3 ? 0 : random.Below(6)) {
      case 0:
        done = Issue();
        break;
      case 1:
      case 2:
        done = Answer(any(), county_);
        break;
      case 3:
        done = Return(any(), city_);
        break;
      case 4:
        done = Close(any(), city_);
        break;
      default:
        done = Withdraw(any(), city_);
        break;
    }
    if (done.ok()) notices[done->id()] = *done;
    std::map<std::string, std::string> wanted, found;
    for (const auto& [id, notice] : notices) {
      const v1::NoticeState state = notice.state();
      if (state == v1::NOTICE_STATE_OPEN || state == v1::NOTICE_STATE_RETURNED) {
        wanted[id] = Cat("NOTICE_ANSWER ", absl::FormatCivilTime(DayFrom(notice.answer_due())));
      }
      if (state == v1::NOTICE_STATE_ANSWERED) {
        wanted[id] = Cat("NOTICE_REVIEW ", absl::FormatCivilTime(DayFrom(notice.review_due())));
      }
    }
    ASSERT_OK_AND_ASSIGN(
        const mysql::Rows rows,
        server_.database().db().Query(
            "SELECT subject_id, kind, due_on FROM work_item WHERE open_mark = 1", {}));
    for (const mysql::Row& row : rows) {
      found[row.Id(0).ToString()] = Cat(row.String(1), " ", absl::FormatCivilTime(row.Day(2)));
    }
    ASSERT_EQ(found, wanted) << "step " << step;
    ASSERT_EQ(rows.size(), wanted.size());
  }
}

// What the recount finds is what the steps themselves have laid there; a new subscriber gets the
// notices as they stand.
TEST_F(NoticeServiceTest, TheRecountAndTheSnapshotAgree) {
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice a, Issue());
  ASSERT_OK_AND_ASSIGN(const v1::SupervisionNotice b, Issue(NoticeTo({kOtherCounty}), city_));
  ASSERT_OK(Answer(a, county_));
  ASSERT_OK(server_.database().db().Execute("DELETE FROM work_desk", {}));
  ASSERT_OK(server_.database().db().Execute("DELETE FROM work_item", {}));
  ASSERT_OK(inbox::Recount(server_.database().db(), {WorkSource(Facets())}, server_.ids(),
                           server_.clock().Now(), {}));
  EXPECT_THAT(Work(city_), ElementsAre("NOTICE_REVIEW"));
  EXPECT_THAT(Work(server_.Token(Role::ROLE_COUNTY_APPROVER, kOtherCounty, "other")),
              ElementsAre("NOTICE_ANSWER"));

  const auto states = NoticeStates();
  EXPECT_THAT(states->aggregate_types(), ElementsAre(kAggregate));
  ASSERT_OK_AND_ASSIGN(
      const std::vector<feed::OutboxEvent> page,
      states->Page(server_.database().db(), kAggregate, Ulid(), 10, feed::RegionPrefixes{kCounty}));
  ASSERT_EQ(page.size(), 1u);
  v1::SupervisionNoticeChanged event;
  ASSERT_TRUE(event.ParseFromString(page[0].payload));
  EXPECT_EQ(event.notice().id(), a.id());
  EXPECT_EQ(event.notice().state(), v1::NOTICE_STATE_ANSWERED);
}

}  // namespace
}  // namespace bangfu::notice
