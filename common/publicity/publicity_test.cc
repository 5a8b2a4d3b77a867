#include "common/publicity/publicity.h"

#include <atomic>
#include <thread>

#include "common/base/clock.h"
#include "common/publicity/schema.h"
#include "common/status/error.h"
#include "common/testing/clock.h"
#include "common/testing/database.h"
#include "common/testing/status_matchers.h"
#include "common/workflow/triples.h"

namespace bangfu::publicity {
namespace {

using ::bangfu::testing::FakeClock;
using ::bangfu::testing::IsOk;
using ::bangfu::testing::StatusIs;
using ::bangfu::testing::TestDatabase;
using ::testing::IsEmpty;
using Day = absl::CivilDay;

// 2026: Spring Festival off from 15 to 23 February, 14 and 28 February (Saturdays) worked.
Calendar Year2026() {
  Calendar calendar;
  calendar.AddYear(2026);
  for (int day = 15; day <= 23; ++day) calendar.AddDay(Day(2026, 2, day), false);
  calendar.AddDay(Day(2026, 2, 14), true);
  calendar.AddDay(Day(2026, 2, 28), true);
  return calendar;
}

TEST(CalendarTest, NaturalDaysCountFromTheDayAfter) {
  EXPECT_EQ(AddDays(Day(2026, 3, 1), 7, DayKind::kNatural, {}), (Deadline{Day(2026, 3, 8), false}));
  EXPECT_EQ(AddDays(Day(2026, 3, 1), 0, DayKind::kNatural, {}), (Deadline{Day(2026, 3, 1), false}));
  EXPECT_EQ(AddDays(Day(2026, 12, 30), 5, DayKind::kNatural, {}),
            (Deadline{Day(2027, 1, 4), false}));
}

TEST(CalendarTest, WorkingDaysFollowTheNotice) {
  // Fri 13 Feb: Sat 14 (worked), then nothing until Tue 24; 24, 25, 26, 27 -> five with Fri 27.
  EXPECT_EQ(AddDays(Day(2026, 2, 13), 5, DayKind::kWorking, Year2026()),
            (Deadline{Day(2026, 2, 27), false}));
  EXPECT_EQ(AddDays(Day(2026, 2, 13), 6, DayKind::kWorking, Year2026()),
            (Deadline{Day(2026, 2, 28), false}));
}

TEST(CalendarTest, AYearNotImportedCountsMondayToFridayProvisionally) {
  EXPECT_EQ(AddDays(Day(2026, 2, 13), 5, DayKind::kWorking, {}),
            (Deadline{Day(2026, 2, 20), true}));
  // Only what is counted matters: the year's end lies in the period.
  EXPECT_EQ(AddDays(Day(2026, 12, 31), 1, DayKind::kWorking, Year2026()),
            (Deadline{Day(2027, 1, 1), true}));
  EXPECT_EQ(AddDays(Day(2026, 12, 30), 1, DayKind::kWorking, Year2026()),
            (Deadline{Day(2026, 12, 31), false}));
}

class PublicityTest : public ::testing::Test {
 protected:
  PublicityTest() : database_(Schema()), ids_(clock_) {}

  CalendarLookup Lookup() {
    return [this](mysql::Executor&, absl::civil_year_t first,
                  absl::civil_year_t) -> absl::StatusOr<Calendar> {
      EXPECT_EQ(first, 2026);
      return calendar_;
    };
  }
  NewPublicity New(int days = 7, DayKind kind = DayKind::kNatural) {
    NewPublicity publicity;
    publicity.id = ids_.Next();
    publicity.region_path = "360733101";
    publicity.subject_type = "evaluation";
    publicity.subject_id = subject_;
    publicity.kind = "CLASS";
    publicity.channels = {"村务公开栏", "政府网站"};
    publicity.content_sha256 = std::string(64, 'a');
    publicity.days_required = days;
    publicity.day_kind = kind;
    publicity.started_by.set_subject("starter");
    return publicity;
  }
  absl::StatusOr<v1::Publicity> StartOne(const NewPublicity& publicity) {
    return mysql::Transact(database_.db(), [&](mysql::Tx& tx) {
      return Start(tx, publicity, Lookup(), clock_.Now());
    });
  }
  template <typename F>
  absl::StatusOr<v1::Publicity> Change(const v1::Publicity& publicity, F change,
                                       mysql::Session* session = nullptr) {
    return mysql::Transact(session != nullptr ? *session : database_.db(),
                           [&](mysql::Tx& tx) -> absl::StatusOr<v1::Publicity> {
                             auto locked =
                                 GetForUpdate(tx, *Ulid::Parse(publicity.id()), {"36"}, "");
                             if (!locked.ok()) return locked.status();
                             return change(tx, *locked);
                           });
  }
  absl::StatusOr<v1::Publicity> Raise(const v1::Publicity& publicity,
                                      const workflow::Person& person = "village-1") {
    return Change(publicity, [&](mysql::Tx& tx, const v1::Publicity& locked) {
      return RaiseObjection(tx, locked, ids_.Next(), "王小明", "面积不对",
                            {person.subject, {options::v1::ROLE_VILLAGE_REPORTER}}, person,
                            Lookup(), clock_.Now());
    });
  }
  absl::StatusOr<v1::Publicity> Decide(const v1::Publicity& publicity, int objection,
                                       v1::ObjectionState decision,
                                       const workflow::Person& person = "approver-1") {
    return Change(publicity, [&](mysql::Tx& tx, const v1::Publicity& locked) {
      type::v1::Actor handled;
      handled.set_subject(person.subject);
      handled.set_name("李四");
      handled.set_delegated_by(person.delegated_by);
      workflow::Actor actor{person.subject, {options::v1::ROLE_COUNTY_APPROVER}};
      if (!person.delegated_by.empty()) {
        handled.set_grant_id("01J00000000000000000000000");
        actor.lent.push_back({options::v1::ROLE_COUNTY_APPROVER, person.delegated_by});
      }
      return DecideObjection(tx, locked, *Ulid::Parse(publicity.objections(objection).id()),
                             decision, "已核实", actor, handled, clock_.Now());
    });
  }
  absl::StatusOr<v1::Publicity> End(const v1::Publicity& publicity,
                                    mysql::Session* session = nullptr) {
    return Change(
        publicity,
        [&](mysql::Tx& tx, const v1::Publicity& locked) {
          return Conclude(tx, locked, {"operator-1", {options::v1::ROLE_COUNTY_OPERATOR}}, Lookup(),
                          clock_.Now());
        },
        session);
  }

  FakeClock clock_;  // 2026-03-01 in Shanghai, a Sunday
  TestDatabase database_;
  UlidGenerator ids_;
  Calendar calendar_ = Year2026();
  Ulid subject_ = ids_.Next();
};

TEST_F(PublicityTest, PassesAfterItsFullPeriod) {
  ASSERT_OK_AND_ASSIGN(v1::Publicity publicity, StartOne(New()));
  EXPECT_EQ(publicity.from().day(), 1);
  EXPECT_EQ(publicity.to().day(), 8);
  EXPECT_EQ(publicity.channels_size(), 2);
  // The last second of the last day is still inside.
  clock_.Set(StartOfShanghaiDay(Day(2026, 3, 9)) - absl::Seconds(1));
  absl::StatusOr<v1::Publicity> early = End(publicity);
  EXPECT_THAT(early, StatusIs(absl::StatusCode::kFailedPrecondition, "PUBLICITY_PERIOD_RUNNING"));
  EXPECT_THAT(GetErrorDetail(early.status()).message_zh, ::testing::HasSubstr("2026年3月8日"));
  clock_.Advance(absl::Seconds(1));
  ASSERT_OK_AND_ASSIGN(publicity, End(publicity));
  EXPECT_EQ(publicity.state(), v1::PUBLICITY_STATE_PASSED);
  EXPECT_THAT(End(publicity), StatusIs(absl::StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
}

TEST_F(PublicityTest, CountsWorkingDaysAndCorrectsAProvisionalEnd) {
  calendar_ = {};
  ASSERT_OK_AND_ASSIGN(v1::Publicity publicity, StartOne(New(5, DayKind::kWorking)));
  EXPECT_EQ(publicity.to().day(), 6);
  EXPECT_TRUE(publicity.provisional());
  // The notice comes: 6 March is off, so the period is a working day longer.
  calendar_ = Year2026();
  calendar_.AddDay(Day(2026, 3, 6), false);
  clock_.Set(StartOfShanghaiDay(Day(2026, 3, 7)));
  EXPECT_THAT(End(publicity),
              StatusIs(absl::StatusCode::kFailedPrecondition, "PUBLICITY_PERIOD_RUNNING"));
  clock_.Set(StartOfShanghaiDay(Day(2026, 3, 10)));
  ASSERT_OK_AND_ASSIGN(publicity, End(publicity));
  EXPECT_EQ(publicity.to().day(), 9);
  EXPECT_FALSE(publicity.provisional());
}

TEST_F(PublicityTest, AnOpenObjectionHoldsItUp) {
  ASSERT_OK_AND_ASSIGN(v1::Publicity publicity, StartOne(New()));
  ASSERT_OK_AND_ASSIGN(publicity, Raise(publicity));
  EXPECT_EQ(publicity.state(), v1::PUBLICITY_STATE_OBJECTED);
  ASSERT_EQ(publicity.objections_size(), 1);
  EXPECT_EQ(publicity.objections(0).raised_by(), "王**");
  EXPECT_EQ(publicity.objections(0).answer_due().day(), 6);  // five working days after a Sunday
  ASSERT_OK_AND_ASSIGN(publicity, Raise(publicity, "village-2"));
  clock_.Set(StartOfShanghaiDay(Day(2026, 3, 9)));
  EXPECT_THAT(End(publicity), StatusIs(absl::StatusCode::kFailedPrecondition, "OBJECTION_OPEN"));
  ASSERT_OK_AND_ASSIGN(publicity, Decide(publicity, 0, v1::OBJECTION_STATE_REJECTED));
  EXPECT_EQ(publicity.state(), v1::PUBLICITY_STATE_ENDED);
  EXPECT_THAT(Decide(publicity, 0, v1::OBJECTION_STATE_UPHELD),
              StatusIs(absl::StatusCode::kFailedPrecondition, "OBJECTION_DECIDED"));
  ASSERT_OK_AND_ASSIGN(publicity, Decide(publicity, 1, v1::OBJECTION_STATE_WITHDRAWN));
  EXPECT_EQ(publicity.state(), v1::PUBLICITY_STATE_ENDED);
  EXPECT_EQ(publicity.objections(1).handled_by().name(), "李四");
  ASSERT_OK_AND_ASSIGN(publicity, End(publicity));
  EXPECT_EQ(publicity.state(), v1::PUBLICITY_STATE_PASSED);
}

TEST_F(PublicityTest, AnObjectionUpheldEndsItAndANewContentNeedsANewOne) {
  ASSERT_OK_AND_ASSIGN(v1::Publicity publicity, StartOne(New()));
  EXPECT_THAT(StartOne(New()), StatusIs(absl::StatusCode::kAlreadyExists, "PUBLICITY_RUNNING"));
  ASSERT_OK_AND_ASSIGN(publicity, Raise(publicity));
  ASSERT_OK_AND_ASSIGN(publicity, Decide(publicity, 0, v1::OBJECTION_STATE_UPHELD));
  EXPECT_EQ(publicity.state(), v1::PUBLICITY_STATE_UPHELD);
  EXPECT_THAT(Raise(publicity),
              StatusIs(absl::StatusCode::kFailedPrecondition, "PUBLICITY_NOT_RUNNING"));
  ASSERT_OK_AND_ASSIGN(v1::Publicity second, StartOne(New()));
  ASSERT_OK_AND_ASSIGN(auto latest, Latest(database_.db(), subject_, "CLASS"));
  EXPECT_EQ(latest->id(), second.id());
}

TEST_F(PublicityTest, WhoRecordedAnObjectionDoesNotDecideIt) {
  ASSERT_OK_AND_ASSIGN(v1::Publicity publicity, StartOne(New()));
  ASSERT_OK_AND_ASSIGN(publicity, Raise(publicity, "both"));
  EXPECT_THAT(Decide(publicity, 0, v1::OBJECTION_STATE_REJECTED, "both"),
              StatusIs(absl::StatusCode::kFailedPrecondition, "SAME_PERSON"));
  EXPECT_THAT(Decide(publicity, 0, v1::OBJECTION_STATE_REJECTED, "other"), IsOk());
}

// Of several objections one that somebody else recorded is enough for the step to be told as
// allowed.
TEST_F(PublicityTest, WhoRecordedOneOfTwoObjectionsIsToldThatTheyMayDecide) {
  ASSERT_OK_AND_ASSIGN(v1::Publicity publicity, StartOne(New()));
  const auto told = [&](const workflow::Person& person) -> std::string {
    auto recorders = OpenRecorders(database_.db(), {*Ulid::Parse(publicity.id())});
    EXPECT_THAT(recorders, IsOk());
    if (!recorders.ok()) return "";
    workflow::Actor actor{person.subject, {options::v1::ROLE_COUNTY_APPROVER}};
    if (!person.delegated_by.empty()) {
      actor.lent.push_back({options::v1::ROLE_COUNTY_APPROVER, person.delegated_by});
    }
    for (const workflow::AllowedAction& action :
         Allowed(publicity, actor, (*recorders)[*Ulid::Parse(publicity.id())], clock_.Now())) {
      if (action.action == "decide_objection") {
        return action.allowed ? "allowed" : action.refusal_reason;
      }
    }
    return "not told";
  };
  const workflow::Person both("both"), deputy_of_both("deputy", "both");
  ASSERT_OK_AND_ASSIGN(publicity, Raise(publicity, "both"));
  EXPECT_EQ(told(both), "SAME_PERSON");
  EXPECT_EQ(told(deputy_of_both), "SAME_PERSON");
  EXPECT_EQ(told(workflow::Person("other")), "allowed");
  ASSERT_OK_AND_ASSIGN(publicity, Raise(publicity, "village-2"));
  EXPECT_EQ(told(both), "allowed");
  EXPECT_EQ(told(deputy_of_both), "allowed");
  // As told, so done: their own not, the other one yes.
  EXPECT_THAT(Decide(publicity, 0, v1::OBJECTION_STATE_REJECTED, both),
              StatusIs(absl::StatusCode::kFailedPrecondition, "SAME_PERSON"));
  ASSERT_OK_AND_ASSIGN(publicity, Decide(publicity, 1, v1::OBJECTION_STATE_REJECTED, both));
  EXPECT_EQ(told(both), "SAME_PERSON");
  EXPECT_EQ(told(workflow::Person("other")), "allowed");
}

TEST_F(PublicityTest, APrincipalAndTheirDeputyAreOnePerson) {
  NewPublicity started = New();
  started.started_by.set_delegated_by("li");
  started.started_by.set_grant_id("01J00000000000000000000001");
  ASSERT_OK_AND_ASSIGN(v1::Publicity publicity, StartOne(started));
  EXPECT_EQ(publicity.started_by().delegated_by(), "li");
  EXPECT_EQ(publicity.started_by().grant_id(), "01J00000000000000000000001");
  // Recorded by a deputy: neither of the two decides it, nor a deputy of either.
  ASSERT_OK_AND_ASSIGN(publicity, Raise(publicity, workflow::Person("deputy", "principal")));
  const std::vector<workflow::Person> refused = {
      workflow::Person("deputy"), workflow::Person("principal"),
      workflow::Person("deputy", "other"), workflow::Person("another", "principal"),
      workflow::Person("another", "deputy")};
  ASSERT_OK_AND_ASSIGN(const auto recorders,
                       OpenRecorders(database_.db(), {*Ulid::Parse(publicity.id())}));
  ASSERT_EQ(recorders.size(), 1u);
  for (const workflow::Person& person : refused) {
    EXPECT_THAT(Decide(publicity, 0, v1::OBJECTION_STATE_REJECTED, person),
                StatusIs(absl::StatusCode::kFailedPrecondition, "SAME_PERSON"))
        << person.subject << " " << person.delegated_by;
    workflow::Actor actor{person.subject, {options::v1::ROLE_COUNTY_APPROVER}};
    if (!person.delegated_by.empty()) {
      actor.lent.push_back({options::v1::ROLE_COUNTY_APPROVER, person.delegated_by});
    }
    for (const workflow::AllowedAction& action :
         Allowed(publicity, actor, recorders.begin()->second, clock_.Now())) {
      if (action.action != "decide_objection") continue;
      EXPECT_EQ(action.refusal_reason, "SAME_PERSON") << person.subject;
    }
  }
  // A deputy of somebody who had no hand in it does, and it is shown on whose behalf.
  ASSERT_OK_AND_ASSIGN(publicity, Decide(publicity, 0, v1::OBJECTION_STATE_REJECTED,
                                         workflow::Person("another", "other")));
  EXPECT_EQ(publicity.objections(0).handled_by().subject(), "another");
  EXPECT_EQ(publicity.objections(0).handled_by().delegated_by(), "other");
  EXPECT_EQ(publicity.objections(0).handled_by().grant_id(), "01J00000000000000000000000");
  // Recorded by the principal: their deputy does not decide it.
  ASSERT_OK_AND_ASSIGN(publicity, Raise(publicity, "principal"));
  EXPECT_THAT(
      Decide(publicity, 1, v1::OBJECTION_STATE_REJECTED, workflow::Person("another", "principal")),
      StatusIs(absl::StatusCode::kFailedPrecondition, "SAME_PERSON"));
  ASSERT_OK_AND_ASSIGN(publicity, Decide(publicity, 1, v1::OBJECTION_STATE_REJECTED, "approver-1"));
  EXPECT_EQ(publicity.objections(1).handled_by().delegated_by(), "");
}

TEST_F(PublicityTest, NoObjectionAfterTheLastDay) {
  ASSERT_OK_AND_ASSIGN(v1::Publicity publicity, StartOne(New()));
  clock_.Set(StartOfShanghaiDay(Day(2026, 3, 9)));
  EXPECT_THAT(Raise(publicity),
              StatusIs(absl::StatusCode::kFailedPrecondition, "PUBLICITY_NOT_RUNNING"));
}

TEST_F(PublicityTest, AnswersWithinThePeriodLetItRunOn) {
  ASSERT_OK_AND_ASSIGN(v1::Publicity publicity, StartOne(New()));
  ASSERT_OK_AND_ASSIGN(publicity, Raise(publicity));
  ASSERT_OK_AND_ASSIGN(publicity, Raise(publicity, "village-2"));
  ASSERT_OK_AND_ASSIGN(publicity, Decide(publicity, 0, v1::OBJECTION_STATE_REJECTED));
  EXPECT_EQ(publicity.state(), v1::PUBLICITY_STATE_OBJECTED);
  ASSERT_OK_AND_ASSIGN(publicity, Decide(publicity, 1, v1::OBJECTION_STATE_REJECTED));
  EXPECT_EQ(publicity.state(), v1::PUBLICITY_STATE_RUNNING);
}

TEST_F(PublicityTest, TheClockEndsItOnTheDayAfterTheLast) {
  ASSERT_OK_AND_ASSIGN(v1::Publicity publicity, StartOne(New()));
  const absl::Time after = StartOfShanghaiDay(Day(2026, 3, 9));
  EXPECT_EQ(AsOf(publicity, after - absl::Seconds(1)).state(), v1::PUBLICITY_STATE_RUNNING);
  EXPECT_EQ(AsOf(publicity, after).state(), v1::PUBLICITY_STATE_ENDED);
  // It is still the one publicity of its subject, until it is concluded or cancelled.
  clock_.Set(after);
  EXPECT_THAT(StartOne(New()), StatusIs(absl::StatusCode::kAlreadyExists, "PUBLICITY_RUNNING"));
  ASSERT_OK_AND_ASSIGN(publicity, Change(publicity, [&](mysql::Tx& tx, const auto& locked) {
                         return Cancel(tx, locked, clock_.Now());
                       }));
  EXPECT_EQ(publicity.state(), v1::PUBLICITY_STATE_CANCELLED);
  EXPECT_EQ(AsOf(publicity, after).state(), v1::PUBLICITY_STATE_CANCELLED);
  EXPECT_THAT(StartOne(New()), IsOk());
}

TEST_F(PublicityTest, AProvisionalLastDayEndsNothing) {
  calendar_ = {};
  ASSERT_OK_AND_ASSIGN(v1::Publicity publicity, StartOne(New(5, DayKind::kWorking)));
  ASSERT_TRUE(publicity.provisional());
  const absl::Time later = StartOfShanghaiDay(Day(2026, 3, 20));
  EXPECT_EQ(AsOf(publicity, later).state(), v1::PUBLICITY_STATE_RUNNING);
  clock_.Set(later);
  EXPECT_THAT(Raise(publicity),
              StatusIs(absl::StatusCode::kFailedPrecondition, "PUBLICITY_NOT_RUNNING"));
  ListQuery query{.scope = {"36"}, .state = v1::PUBLICITY_STATE_ENDED, .today = Day(2026, 3, 20)};
  ASSERT_OK_AND_ASSIGN(std::vector<v1::Publicity> page, List(database_.db(), query));
  EXPECT_THAT(page, IsEmpty());
  query.state = v1::PUBLICITY_STATE_RUNNING;
  ASSERT_OK_AND_ASSIGN(page, List(database_.db(), query));
  EXPECT_EQ(page.size(), 1u);
}

TEST_F(PublicityTest, OfTwoConclusionsOneWins) {
  ASSERT_OK_AND_ASSIGN(v1::Publicity publicity, StartOne(New()));
  clock_.Set(StartOfShanghaiDay(Day(2026, 3, 9)));
  std::atomic<int> won = 0;
  std::atomic<int> refused = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      auto session = database_.Connect();
      absl::StatusOr<v1::Publicity> ended = End(publicity, session.get());
      if (ended.ok()) {
        ++won;
      } else if (ReasonOf(ended.status()) == "STATE_NOT_ALLOWED") {
        ++refused;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(refused, 3);
}

TEST_F(PublicityTest, AnotherRegionDoesNotSeeIt) {
  ASSERT_OK_AND_ASSIGN(v1::Publicity publicity, StartOne(New()));
  EXPECT_THAT(Get(database_.db(), *Ulid::Parse(publicity.id()), {"360781"}),
              StatusIs(absl::StatusCode::kNotFound));
  ListQuery query{.scope = {"360733"}};
  ASSERT_OK_AND_ASSIGN(std::vector<v1::Publicity> page, List(database_.db(), query));
  EXPECT_EQ(page.size(), 1u);
  query.region = "360781";
  ASSERT_OK_AND_ASSIGN(page, List(database_.db(), query));
  EXPECT_THAT(page, IsEmpty());
  query = {.scope = {"36"},
           .subject_id = subject_,
           .after_region_path = "360733101",
           .after_id = *Ulid::Parse(publicity.id())};
  ASSERT_OK_AND_ASSIGN(page, List(database_.db(), query));
  EXPECT_THAT(page, IsEmpty());
}

TEST_F(PublicityTest, EveryTripleAgreesWithTheTable) {
  const auto attempt = [](v1::PublicityState state, const std::string& action,
                          workflow::RoleId role) -> absl::StatusOr<v1::PublicityState> {
    Subject subject;
    subject.state = state;
    subject.today = Day(2026, 3, 5);
    const bool over = action == "conclude" || action == "end";
    subject.to = over ? Day(2026, 3, 1) : Day(2026, 3, 9);
    subject.open_objections = action == "decide_objection" ? 1 : 0;
    subject.decision = v1::OBJECTION_STATE_REJECTED;
    subject.recorders = {"someone"};
    return Transitions().Execute(subject, action, {"p1", {role}});
  };
  std::vector<v1::PublicityState> states;
  for (int i = v1::PUBLICITY_STATE_RUNNING; i <= v1::PublicityState_MAX; ++i) {
    states.push_back(static_cast<v1::PublicityState>(i));
  }
  std::vector<workflow::RoleId> roles = {workflow::kSystem};
  for (int i = options::v1::Role_MIN + 1; i <= options::v1::Role_MAX; ++i) roles.push_back(i);
  EXPECT_THAT(workflow::TryTriples<v1::PublicityState>(Transitions(), states, roles, attempt),
              IsEmpty());
}

}  // namespace
}  // namespace bangfu::publicity
