#include "common/inbox/inbox.h"

#include <iostream>
#include <set>
#include <thread>

#include "absl/strings/str_split.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/inbox/escalation.h"
#include "common/inbox/query.h"
#include "common/inbox/recount.h"
#include "common/inbox/schema.h"
#include "common/migrate/migrator.h"
#include "common/status/macros.h"
#include "common/testing/clock.h"
#include "common/testing/database.h"
#include "common/testing/explain.h"
#include "common/testing/random.h"
#include "common/testing/status_matchers.h"

namespace bangfu::inbox {
namespace {

using auth::Role;
using ::bangfu::testing::FakeClock;
using ::bangfu::testing::IsOk;
using ::bangfu::testing::TestDatabase;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using Day = absl::CivilDay;

constexpr char kVillage[] = "360733101201";

auth::Caller Person(const std::string& subject, std::vector<std::pair<Role, std::string>> grants) {
  auth::Caller caller;
  caller.subject = subject;
  for (auto& [role, region] : grants) {
    auth::Grant grant;
    grant.role = role;
    grant.region_path = region;
    caller.grants.push_back(std::move(grant));
  }
  return caller;
}

Wanted Step(const std::string& action, std::vector<workflow::RoleId> roles,
            const std::string& region = kVillage) {
  Wanted w;
  w.kind = "KIND_" + action;
  w.action = action;
  w.title = "下营村";
  w.region_path = region;
  w.roles = std::move(roles);
  return w;
}

// A workflow with two steps, for what the table says of them.
struct Paper {
  int state = 0;
  std::string submitted_by;
};
const workflow::Table<int, Paper>& PaperTable() {
  static const auto* table = new workflow::Table<int, Paper>(
      [](const Paper& p) { return p.state; }, [](int) { return std::string("状态"); },
      {{{0}, "submit", "上报", {Role::ROLE_VILLAGE_REPORTER}, {}, {"PHOTO"}, 1},
       {{1},
        "pass",
        "通过",
        {Role::ROLE_TOWNSHIP_REVIEWER, Role::ROLE_COUNTY_OPERATOR, workflow::kSystem},
        {{"other_person",
          [](const Paper& p, const workflow::Actor& a) -> absl::Status {
            if (p.submitted_by != a.subject) return absl::OkStatus();
            return FailedPrecondition("SELF_APPROVAL", "本人上报的不能由本人审核");
          }}},
        {},
        2}});
  return *table;
}

class InboxTest : public ::testing::Test {
 protected:
  InboxTest() { clock_.Set(StartOfShanghaiDay(Day(2026, 3, 2)) + absl::Hours(9)); }
  Act By(const auth::Caller* caller = nullptr, const std::string& outcome = "step") {
    return {ids_, clock_.Now(), caller, outcome,
            [](mysql::Executor&, absl::civil_year_t,
               absl::civil_year_t) -> absl::StatusOr<workflow::Calendar> {
              workflow::Calendar calendar;
              calendar.AddYear(2026);
              calendar.AddDay(Day(2026, 3, 3), false);
              return calendar;
            }};
  }
  absl::Status Put(const std::vector<Subject>& subjects, const Act& act) {
    return mysql::Transact(db(), [&](mysql::Tx& tx) { return Sync(tx, subjects, act); });
  }
  std::vector<MyItem> Mine(const auth::Caller& caller, MyQuery query = {}) {
    if (query.today == Day()) query.today = ShanghaiDay(clock_.Now());
    auto items = ListMine(db(), caller, query);
    EXPECT_OK(items);
    if (!items.ok()) return {};
    // Whatever has happened to an item: its desks show it as it stands.
    for (const MyItem& mine : *items) {
      EXPECT_EQ(mine.shown.SerializeAsString(), ShownOf(Stored(mine)).SerializeAsString());
    }
    return *items;
  }
  Item Stored(const MyItem& mine) {
    const auto id = Ulid::Parse(mine.shown.id());
    EXPECT_OK(id);
    auto items = OpenItemsById(db(), {id.value_or(Ulid())}, {""});
    EXPECT_OK(items);
    if (!items.ok() || items->size() != 1) {
      ADD_FAILURE() << "no open item " << mine.shown.id();
      return {};
    }
    return items->front();
  }
  std::vector<std::string> Actions(const auth::Caller& caller, const MyQuery& query = {}) {
    std::vector<std::string> out;
    for (const MyItem& mine : Mine(caller, query)) out.push_back(mine.shown.action());
    return out;
  }
  mysql::Session& db() { return database_.db(); }

  TestDatabase database_{Schema()};
  FakeClock clock_;
  UlidGenerator ids_{clock_};
  const Ulid subject_ = ids_.Next();
  const auth::Caller township_ = Person("t", {{Role::ROLE_TOWNSHIP_REVIEWER, "360733101"}});
};

TEST_F(InboxTest, ReadsTheWaitingStepsOffTheTable) {
  const std::vector<workflow::Work> works = {{"submit", "SUBMIT"}, {"pass", "PASS"}};
  auto steps = workflow::WaitingSteps(PaperTable(), works, Paper{0, ""}, {"anyone"});
  ASSERT_THAT(steps, SizeIs(1));
  EXPECT_EQ(steps[0].kind, "SUBMIT");
  EXPECT_THAT(steps[0].roles, ElementsAre(Role::ROLE_VILLAGE_REPORTER));
  EXPECT_THAT(steps[0].excluded, IsEmpty());
  steps = workflow::WaitingSteps(PaperTable(), works, Paper{1, "me"}, {"", "me", "me", "other"});
  ASSERT_THAT(steps, SizeIs(1));
  EXPECT_THAT(steps[0].roles,
              ElementsAre(Role::ROLE_TOWNSHIP_REVIEWER, Role::ROLE_COUNTY_OPERATOR));
  EXPECT_THAT(steps[0].excluded, ElementsAre("me"));
  EXPECT_THAT(workflow::WaitingSteps(PaperTable(), works, Paper{2, ""}, {}), IsEmpty());
}

TEST_F(InboxTest, OpensKeepsAndClosesWhatIsWanted) {
  Wanted pass = Step("pass", {Role::ROLE_TOWNSHIP_REVIEWER});
  pass.term_days = 2;  // Tuesday the 3rd is off
  ASSERT_OK(Put({{"paper", subject_, {pass}, {}}}, By()));
  ASSERT_THAT(Mine(township_), SizeIs(1));
  const Item opened = Stored(Mine(township_)[0]);
  EXPECT_EQ(opened.due_on, Day(2026, 3, 5));
  EXPECT_FALSE(opened.provisional);
  // The same again changes nothing, days later: a term runs from the opening.
  clock_.Advance(absl::Hours(48));
  ASSERT_OK(Put({{"paper", subject_, {pass}, {}}}, By()));
  EXPECT_EQ(Stored(Mine(township_)[0]).version, 1);
  EXPECT_EQ(Stored(Mine(township_)[0]).due_on, Day(2026, 3, 5));
  // Another name, another region, another day of the record: the item follows, and its desk.
  Wanted moved = pass;
  moved.region_path = "360734102201";
  moved.due_on = Day(2026, 4, 1);
  ASSERT_OK(Put({{"paper", subject_, {moved}, {}}}, By()));
  EXPECT_THAT(Mine(township_), IsEmpty());
  const auth::Caller other = Person("o", {{Role::ROLE_TOWNSHIP_REVIEWER, "360734102"}});
  ASSERT_THAT(Mine(other), SizeIs(1));
  EXPECT_EQ(Stored(Mine(other)[0]).id, opened.id);
  EXPECT_EQ(Stored(Mine(other)[0]).due_on, Day(2026, 4, 1));
  // Closed by one of those whom it waited for: done. By somebody else: withdrawn.
  ASSERT_OK(Put({{"paper", subject_, {}, {}}}, By(&other, "pass")));
  EXPECT_THAT(Mine(other), IsEmpty());
  ASSERT_OK_AND_ASSIGN(std::vector<Item> done, ListDone(db(), other, {}, std::nullopt, 10));
  ASSERT_THAT(done, SizeIs(1));
  EXPECT_EQ(done[0].outcome, "pass");
  EXPECT_EQ(done[0].closed_by.role, "ROLE_TOWNSHIP_REVIEWER");
  ASSERT_OK(Put({{"paper", subject_, {pass}, {}}}, By()));
  ASSERT_OK(Put({{"paper", subject_, {}, {}}}, By(&other, "void")));
  ASSERT_OK_AND_ASSIGN(done, ListDone(db(), other, {}, std::nullopt, 10));
  EXPECT_THAT(done, SizeIs(1));
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM work_item WHERE state = 3 AND closed_by = 'o'"), 1);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM work_desk"), 0);
}

TEST_F(InboxTest, ComparesOnlyTheActionsThatItIsToldOf) {
  ASSERT_OK(Put({{"paper",
                  subject_,
                  {Step("pass", {Role::ROLE_TOWNSHIP_REVIEWER}),
                   Step("sign", {Role::ROLE_TOWNSHIP_REVIEWER})},
                  {}}},
                By()));
  ASSERT_OK(Put({{"paper", subject_, {}, {"sign"}}}, By()));
  EXPECT_THAT(Actions(township_), ElementsAre("pass"));
}

TEST_F(InboxTest, IsMineByRoleRegionPersonAndDay) {
  Wanted w = Step("pass", {Role::ROLE_TOWNSHIP_REVIEWER, Role::ROLE_COUNTY_OPERATOR});
  w.excluded = {"me", "a"};
  Wanted later = Step("conclude", {Role::ROLE_TOWNSHIP_REVIEWER});
  later.starts_on = Day(2026, 3, 9);
  Wanted own = Step("commit", {Role::ROLE_COUNTY_OPERATOR});
  own.assignee = "lin";
  ASSERT_OK(Put({{"paper", subject_, {w, later, own}, {}}}, By()));
  EXPECT_THAT(Actions(township_), ElementsAre("pass"));
  EXPECT_THAT(Actions(Person("me", {{Role::ROLE_TOWNSHIP_REVIEWER, "360733101"}})), IsEmpty());
  EXPECT_THAT(Actions(Person("m", {{Role::ROLE_TOWNSHIP_REVIEWER, "360733101"}})),
              ElementsAre("pass"));
  EXPECT_THAT(Actions(Person("x", {{Role::ROLE_TOWNSHIP_REVIEWER, "360733102"}})), IsEmpty());
  EXPECT_THAT(Actions(Person("x", {{Role::ROLE_VILLAGE_REPORTER, "360733101201"}})), IsEmpty());
  EXPECT_THAT(Actions(Person("x", {})), IsEmpty());
  EXPECT_THAT(Actions(Person("x", {{Role::ROLE_COUNTY_OPERATOR, "360733"}})), ElementsAre("pass"));
  EXPECT_THAT(Actions(Person("lin", {{Role::ROLE_COUNTY_OPERATOR, "360733"}})),
              ElementsAre("pass", "commit"));
  // A role that is held above its own level, or only for a part below it.
  EXPECT_THAT(Actions(Person("x", {{Role::ROLE_TOWNSHIP_REVIEWER, "36"}})), ElementsAre("pass"));
  EXPECT_THAT(Actions(Person("x", {{Role::ROLE_COUNTY_OPERATOR, "360733101"}})),
              ElementsAre("pass"));
  EXPECT_THAT(Actions(Person("x", {{Role::ROLE_COUNTY_OPERATOR, "360733102"}})), IsEmpty());
  // On several desks of one person it is there once.
  EXPECT_THAT(Actions(Person("x", {{Role::ROLE_TOWNSHIP_REVIEWER, "36"},
                                   {Role::ROLE_TOWNSHIP_REVIEWER, "360733101"},
                                   {Role::ROLE_COUNTY_OPERATOR, "360733"}})),
              ElementsAre("pass"));
  clock_.Advance(absl::Hours(24 * 7));
  EXPECT_THAT(Actions(township_), ElementsAre("pass", "conclude"));
  MyQuery query;
  query.kinds = {"KIND_conclude"};
  EXPECT_THAT(Actions(township_, query), ElementsAre("conclude"));
  query.kinds.clear();
  query.region = "360733102";
  EXPECT_THAT(Actions(township_, query), IsEmpty());
  query.region = kVillage;
  EXPECT_THAT(Actions(township_, query), SizeIs(2));
}

TEST_F(InboxTest, PagesByDueDateThroughTies) {
  std::vector<Subject> subjects;
  for (int i = 0; i < 57; ++i) {
    Wanted w = Step("pass", {Role::ROLE_TOWNSHIP_REVIEWER, Role::ROLE_COUNTY_OPERATOR});
    if (i % 3 != 0) w.due_on = Day(2026, 3, 1 + i % 5);
    subjects.push_back({"paper", ids_.Next(), {w}, {}});
  }
  ASSERT_OK(Put(subjects, By()));
  const auth::Caller both = Person(
      "x", {{Role::ROLE_TOWNSHIP_REVIEWER, "360733101"}, {Role::ROLE_COUNTY_OPERATOR, "360733"}});
  MyQuery query;
  query.limit = 10;
  std::set<Ulid> seen;
  Day before(1, 1, 1);
  while (true) {
    const std::vector<MyItem> page = Mine(both, query);
    for (const MyItem& mine : page) {
      const Item item = Stored(mine);
      EXPECT_TRUE(seen.insert(item.id).second);
      EXPECT_LE(before, item.due_on);
      before = item.due_on;
    }
    if (page.size() < 10) break;
    const Item last = Stored(page.back());
    query.after = {last.due_on, last.id};
  }
  EXPECT_EQ(seen.size(), 57U);
  EXPECT_EQ(before, kNoTerm);
  query = {};
  query.overdue_only = true;
  query.limit = 100;
  const size_t overdue = Mine(both, query).size();
  EXPECT_GT(overdue, 0U);
  query.today = ShanghaiDay(clock_.Now());
  ASSERT_OK_AND_ASSIGN(const std::vector<KindCount> counts,
                       CountMine(db(), both, query, Day(2026, 3, 5)));
  ASSERT_THAT(counts, SizeIs(1));
  EXPECT_EQ(counts[0].open, static_cast<int64_t>(overdue));
  query.overdue_only = false;
  ASSERT_OK_AND_ASSIGN(const std::vector<KindCount> all,
                       CountMine(db(), both, query, Day(2026, 3, 5)));
  EXPECT_EQ(all[0].open, 57);
  EXPECT_EQ(all[0].overdue, static_cast<int64_t>(overdue));
  EXPECT_EQ(all[0].unread, 57);
  ASSERT_OK_AND_ASSIGN(const std::vector<KindCount> figures, CountAll(db(), query.today));
  EXPECT_EQ(figures[0].open, 57);
}

TEST_F(InboxTest, TwoWithoutALockOpenOneItem) {
  std::vector<std::unique_ptr<mysql::Session>> sessions;
  for (int i = 0; i < 4; ++i) sessions.push_back(database_.Connect());
  for (int round = 0; round < 20; ++round) {
    const Ulid subject = ids_.Next();
    std::vector<absl::Status> outcomes(sessions.size());
    std::vector<std::thread> threads;
    for (size_t i = 0; i < sessions.size(); ++i) {
      threads.emplace_back([&, i] {
        const Act act = By();
        outcomes[i] = mysql::Transact(*sessions[i], [&](mysql::Tx& tx) {
          return Sync(tx, {{"paper", subject, {Step("pass", {Role::ROLE_TOWNSHIP_REVIEWER})}, {}}},
                      act);
        });
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const absl::Status& status : outcomes) EXPECT_OK(status);
    EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM work_item WHERE subject_id = ?", {subject}), 1);
  }
}

TEST_F(InboxTest, ClaimsMakeThoseWaitWhoDecideTogether) {
  // Each takes one of two papers away; who finds none left opens the common step.
  auto first = database_.Connect();
  auto second = database_.Connect();
  for (int round = 0; round < 10; ++round) {
    const Ulid county = ids_.Next();
    const std::vector<Ulid> papers = {ids_.Next(), ids_.Next()};
    for (const Ulid& paper : papers) {
      ASSERT_OK(Put({{"paper", paper, {Step("pass", {Role::ROLE_TOWNSHIP_REVIEWER})}, {}}}, By()));
    }
    const auto take = [&](mysql::Session& session, const Ulid& paper) {
      return mysql::Transact(session, [&](mysql::Tx& tx) -> absl::Status {
        RETURN_IF_ERROR(Sync(tx, {{"paper", paper, {}, {}}}, By()));
        RETURN_IF_ERROR(Claim(tx, {county}));
        ASSIGN_OR_RETURN(const mysql::Rows left,
                         tx.Query("SELECT COUNT(*) FROM work_item WHERE subject_id IN (?, ?) AND "
                                  "open_mark = 1",
                                  {papers[0], papers[1]}));
        if (left[0].Int(0) > 0) return absl::OkStatus();
        return Sync(tx, {{"county", county, {Step("confirm", {Role::ROLE_PROV_OFFICE})}, {}}},
                    By());
      });
    };
    absl::Status one, other;
    std::thread a([&] { one = take(*first, papers[0]); });
    std::thread b([&] { other = take(*second, papers[1]); });
    a.join();
    b.join();
    EXPECT_OK(one);
    EXPECT_OK(other);
    EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM work_item WHERE subject_id = ? AND open_mark = 1",
                            {county}),
              1);
  }
}

TEST_F(InboxTest, RecountsFromWhereItStopped) {
  std::vector<Ulid> subjects;
  for (int i = 0; i < 1200; ++i) subjects.push_back(ids_.Next());
  int synced = 0;
  bool stop = false;
  const Source source = {
      "paper",
      [&](mysql::Executor&, const Ulid& after, int limit) -> absl::StatusOr<std::vector<Ulid>> {
        std::vector<Ulid> page;
        for (const Ulid& id : subjects) {
          if (id > after && static_cast<int>(page.size()) < limit) page.push_back(id);
        }
        return page;
      },
      [&](mysql::Tx& tx, const std::vector<Ulid>& ids, const Act& act) -> absl::Status {
        synced += static_cast<int>(ids.size());
        stop = true;
        std::vector<Subject> work;
        for (const Ulid& id : ids) {
          Subject subject{"paper", id, {}, {}};
          if (std::find(subjects.begin(), subjects.end(), id) != subjects.end()) {
            subject.wanted = {Step("pass", {Role::ROLE_TOWNSHIP_REVIEWER})};
          }
          work.push_back(std::move(subject));
        }
        return Sync(tx, work, act);
      }};
  RecountOptions options;
  options.stopped = [&] { return stop; };
  ASSERT_OK(Recount(db(), {source}, ids_, clock_.Now(), options));
  EXPECT_EQ(synced, 500);
  options.stopped = nullptr;
  ASSERT_OK(Recount(db(), {source}, ids_, clock_.Now(), options));
  // The other 700, and then every open item once.
  EXPECT_EQ(synced, 1200 + 1200);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM work_item"), 1200);
  ASSERT_OK(Recount(db(), {source}, ids_, clock_.Now(), options));
  EXPECT_EQ(synced, 1200 + 1200);  // finished today
  clock_.Advance(absl::Hours(25));
  subjects.resize(10);
  ASSERT_OK(Recount(db(), {source}, ids_, clock_.Now(), options));
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM work_item WHERE open_mark = 1"), 10);
}

// What opened before items said what they take is not left for a day.
TEST_F(InboxTest, AnUpgradeRecountsAtOnce) {
  migrate::Migrations earlier = Schema();
  earlier.resize(4);
  testing::TestDatabase older(earlier);
  ASSERT_OK(older.db().Execute(
      "INSERT INTO work_recount (source, after_id, finished_at) VALUES ('paper', ?, ?)",
      {Ulid(), clock_.Now()}));
  migrate::Migrator migrator(older.db(), clock_, {.owner = "test"});
  ASSERT_OK(migrator.Apply(Schema()));
  EXPECT_EQ(older.Int("SELECT COUNT(*) FROM work_recount WHERE finished_at IS NULL"), 1);
}

TEST_F(InboxTest, R118_RisesALevelForEachSoManyWorkingDays) {
  // Of a village, of a county, of a city, and one without a term.
  Wanted village = Step("submit", {Role::ROLE_VILLAGE_REPORTER});
  village.due_on = Day(2026, 3, 2);
  Wanted county = Step("sign", {Role::ROLE_SECTOR_VERIFIER, Role::ROLE_COUNTY_OPERATOR});
  county.due_on = Day(2026, 3, 2);
  county.excluded = {"c"};
  Wanted city = Step("check", {Role::ROLE_CITY_SUPERVISOR});
  city.due_on = Day(2026, 3, 2);
  Wanted never = Step("tidy", {Role::ROLE_VILLAGE_REPORTER});
  ASSERT_OK(Put({{"paper", subject_, {village, county, city, never}, {}}}, By()));
  const auth::Caller reporter = Person("v", {{Role::ROLE_VILLAGE_REPORTER, kVillage}});
  const auth::Caller approver = Person("c", {{Role::ROLE_COUNTY_APPROVER, "360733"}});
  const auth::Caller supervisor = Person("s", {{Role::ROLE_CITY_SUPERVISOR, "3607"}});
  const auth::Caller office = Person("p", {{Role::ROLE_PROV_OFFICE, "36"}});
  const auto escalate = [&](Day day, int64_t days = 2) -> int64_t {
    clock_.Set(StartOfShanghaiDay(day) + absl::Hours(3));
    const auto risen = Escalate(db(), clock_.Now(), {days, By().calendar, {}, {}});
    EXPECT_OK(risen);
    return risen.value_or(-1);
  };
  // Tuesday the 3rd is off: Wednesday and Thursday are two working days, Friday makes three.
  EXPECT_EQ(escalate(Day(2026, 3, 5)), 0);
  EXPECT_EQ(escalate(Day(2026, 3, 6), 0), 0);  // nothing rises where no days are given
  EXPECT_EQ(escalate(Day(2026, 3, 6)), 3);
  EXPECT_EQ(escalate(Day(2026, 3, 6)), 0);
  EXPECT_EQ(escalate(Day(2026, 3, 8)), 0);  // a Sunday
  MyQuery risen;
  risen.escalated_only = true;
  EXPECT_THAT(Actions(township_, risen), ElementsAre("submit"));
  EXPECT_THAT(Actions(approver, risen), IsEmpty());
  EXPECT_THAT(Actions(supervisor, risen), ElementsAre("sign"));
  EXPECT_THAT(Actions(supervisor), UnorderedElementsAre("sign", "check"));
  EXPECT_THAT(Actions(office), ElementsAre("check"));
  const Item item = Stored(Mine(township_, risen)[0]);
  EXPECT_EQ(item.escalated_level, 4);
  EXPECT_EQ(item.escalated_at, StartOfShanghaiDay(Day(2026, 3, 6)) + absl::Hours(3));
  EXPECT_EQ(GrantFor(township_, item), nullptr);
  EXPECT_NE(GrantOfEscalation(township_, item), nullptr);
  EXPECT_EQ(GrantOfEscalation(approver, item), nullptr);
  // It is still those people's who should act, who see nothing of it as risen.
  EXPECT_THAT(Actions(reporter), UnorderedElementsAre("submit", "tidy"));
  EXPECT_THAT(Actions(reporter, risen), IsEmpty());
  // Thursday the 12th: seven working days are three levels; no longer than the province.
  EXPECT_EQ(escalate(Day(2026, 3, 12)), 2);
  EXPECT_THAT(Actions(township_, risen), ElementsAre("submit"));
  EXPECT_THAT(Actions(approver, risen), ElementsAre("submit"));
  EXPECT_THAT(Actions(supervisor, risen), UnorderedElementsAre("submit", "sign"));
  EXPECT_THAT(Actions(office, risen), UnorderedElementsAre("sign", "check"));
  risen.today = ShanghaiDay(clock_.Now());
  const auth::Caller both =
      Person("x", {{Role::ROLE_CITY_SUPERVISOR, "3607"}, {Role::ROLE_PROV_OFFICE, "36"}});
  MyQuery all;
  all.today = risen.today;
  int64_t open = 0, escalated = 0;
  ASSERT_OK_AND_ASSIGN(const auto counts, CountMine(db(), both, all, all.today));
  for (const KindCount& count : counts) {
    open += count.open;
    escalated += count.escalated;
  }
  // What is this person's to do counts as that, though it has risen to their other desk.
  EXPECT_EQ(open, 3);
  EXPECT_EQ(escalated, 2);
  // Time anew takes it back from above; what is done is gone from every desk.
  village.due_on = Day(2026, 3, 20);
  ASSERT_OK(Put({{"paper", subject_, {village, city, never}, {}}}, By()));
  EXPECT_THAT(Actions(township_), IsEmpty());
  EXPECT_THAT(Actions(supervisor), ElementsAre("check"));
  EXPECT_THAT(Actions(office), ElementsAre("check"));
  ASSERT_OK(Put({{"paper", subject_, {}, {}}}, By()));
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM work_desk"), 0);
}

// Desks of before they showed anything: their items are looked up, and told the same.
TEST_F(InboxTest, DesksThatShowNothingAreLookedUp) {
  std::vector<Subject> subjects;
  for (int i = 0; i < 5; ++i) {
    subjects.push_back({"paper", ids_.Next(), {Step("pass", {Role::ROLE_TOWNSHIP_REVIEWER})}, {}});
  }
  ASSERT_OK(Put(subjects, By()));
  const std::vector<MyItem> before = Mine(township_);
  ASSERT_THAT(before, SizeIs(5));
  const Item third = Stored(before[2]);
  ASSERT_OK(db().Execute("UPDATE work_desk SET shown = '' WHERE item_id <> ?", {third.id}));
  const std::vector<MyItem> after = Mine(township_);
  ASSERT_THAT(after, SizeIs(5));
  for (size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].shown.id(), before[i].shown.id());
    EXPECT_TRUE(after[i].mine);
    EXPECT_TRUE(after[i].unread);
  }
}

TEST_F(InboxTest, WhatWasUrgedShowsItOnItsDesks) {
  Wanted pass = Step("pass", {Role::ROLE_TOWNSHIP_REVIEWER});
  pass.due_on = Day(2026, 3, 20);
  ASSERT_OK(Put({{"paper", subject_, {pass}, {}}}, By()));
  for (const std::optional<Day> nearer : {std::optional<Day>(), std::optional(Day(2026, 3, 9))}) {
    ASSERT_THAT(Mine(township_), SizeIs(1));
    const Item before = Stored(Mine(township_)[0]);
    Item after = before;
    after.urges += 1;
    after.urged_at = clock_.Now();
    after.urged_by.subject = "above";
    after.urged_note = "请尽快办理";
    if (nearer) after.urged_due_on = after.due_on = *nearer;
    ASSERT_OK(mysql::Transact(db(), [&](mysql::Tx& tx) { return StoreUrge(tx, before, after); }));
    ASSERT_THAT(Mine(township_), SizeIs(1));
    const v1::WorkItem shown = Mine(township_)[0].shown;
    EXPECT_EQ(shown.urge_count(), after.urges);
    EXPECT_EQ(shown.last_urge().note(), "请尽快办理");
    EXPECT_EQ(shown.due_on().day(), after.due_on.day());
  }
  // Another title leaves the urging where it is.
  pass.title = "上营村";
  pass.excluded = {"signer"};
  ASSERT_OK(Put({{"paper", subject_, {pass}, {}}}, By()));
  ASSERT_THAT(Mine(township_), SizeIs(1));
  const v1::WorkItem shown = Mine(township_)[0].shown;
  EXPECT_EQ(shown.title(), "上营村");
  EXPECT_EQ(shown.urge_count(), 2);
  EXPECT_EQ(shown.last_urge().by().subject(), "above");
  EXPECT_EQ(shown.last_urge().note(), "请尽快办理");
  EXPECT_EQ(shown.due_on().day(), 9);
}

TEST_F(InboxTest, ManyItemsChangeInAFewStatements) {
  std::vector<Subject> subjects;
  for (int i = 0; i < 300; ++i) {
    subjects.push_back({"paper", ids_.Next(), {Step("pass", {Role::ROLE_TOWNSHIP_REVIEWER})}, {}});
  }
  ASSERT_OK(Put(subjects, By()));
  for (Subject& subject : subjects) subject.wanted[0].title = "上营村";
  const auto questions = [&] {
    const absl::StatusOr<mysql::Rows> rows = db().Query("SHOW SESSION STATUS LIKE 'Questions'");
    int64_t value = -1;
    EXPECT_TRUE(rows.ok() && rows->size() == 1 && ParseInt(rows->front().String(1), &value));
    return value;
  };
  const int64_t start = questions();
  ASSERT_OK(Put(subjects, By()));
  EXPECT_LE(questions() - start, 16);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM work_item WHERE open_mark = 1 AND version = 2 AND "
                          "title = '上营村'"),
            300);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM work_item"), 300);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM work_desk"), 300);
  MyQuery all;
  all.limit = 300;
  for (const MyItem& mine : Mine(township_, all)) EXPECT_EQ(mine.shown.title(), "上营村");
}

TEST_F(InboxTest, TellsWhichSubjectsWaitInARegion) {
  const Ulid other = ids_.Next(), done = ids_.Next(), below = ids_.Next();
  const Wanted step = Step("pass", {Role::ROLE_TOWNSHIP_REVIEWER});
  ASSERT_OK(Put({{"paper", subject_, {step}, {}},
                 {"letter", other, {step}, {}},
                 {"paper", done, {step}, {}},
                 {"paper", below, {Step("pass", {Role::ROLE_TOWNSHIP_REVIEWER}, "360733101")}, {}}},
                By()));
  ASSERT_OK(Put({{"paper", done, {}, {}}}, By()));
  ASSERT_OK_AND_ASSIGN(const std::set<Ulid> open, OpenSubjects(db(), "paper", {kVillage}));
  EXPECT_THAT(open, ElementsAre(subject_));
  ASSERT_OK_AND_ASSIGN(const std::set<Ulid> none, OpenSubjects(db(), "paper", {}));
  EXPECT_THAT(none, IsEmpty());
}

TEST_F(InboxTest, R118_OneCountyThatFailsKeepsNoOtherFromRising) {
  std::vector<Subject> subjects;
  for (const char* village : {"360732101201", "360733101201", "360734101201"}) {
    for (int i = 0; i < 3; ++i) {
      Wanted w = Step("submit", {Role::ROLE_VILLAGE_REPORTER}, village);
      w.due_on = Day(2026, 3, 2);
      subjects.push_back({"paper", ids_.Next(), {w}, {}});
    }
  }
  ASSERT_OK(Put(subjects, By()));
  clock_.Set(StartOfShanghaiDay(Day(2026, 3, 20)));
  EscalationOptions options;
  options.days = 5;
  options.before_commit = [](const std::string& county) {
    return county == "360733" ? absl::InternalError("torn") : absl::OkStatus();
  };
  EXPECT_THAT(Escalate(db(), clock_.Now(), options).status(),
              ::bangfu::testing::StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM work_item WHERE escalated_level <> 0"), 6);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM work_item WHERE escalated_level <> 0 AND "
                          "region_path LIKE '360733%'"),
            0);
  options.before_commit = nullptr;
  ASSERT_OK_AND_ASSIGN(const int64_t rest, Escalate(db(), clock_.Now(), options));
  EXPECT_EQ(rest, 3);
}

// Runs each query and asks the server how.
class Explaining final : public mysql::Executor {
 public:
  explicit Explaining(mysql::Session& db) : db_(db) {}
  absl::StatusOr<mysql::Rows> Query(std::string_view sql, const mysql::Params& params) override {
    Explain(sql, params);
    return db_.Query(sql, params);
  }
  absl::StatusOr<mysql::Rows> QuerySome(
      std::string_view sql, const mysql::Params& params,
      const std::function<bool(const std::string&)>& wanted) override {
    Explain(sql, params);
    return db_.QuerySome(sql, params, wanted);
  }
  absl::StatusOr<int64_t> Execute(std::string_view sql, const mysql::Params& params) override {
    return db_.Execute(sql, params);
  }
  absl::Status Stream(std::string_view sql, const mysql::Params& params,
                      const std::function<absl::Status(const mysql::Row&)>& row) override {
    return db_.Stream(sql, params, row);
  }
  absl::StatusOr<int64_t> ExecuteOnce(std::string_view sql, const mysql::Params& params) override {
    return db_.ExecuteOnce(sql, params);
  }
  size_t max_statement_bytes() const override { return db_.max_statement_bytes(); }

  std::string plan;

 private:
  void Explain(std::string_view sql, const mysql::Params& params) {
    plan.clear();
    const auto rows = db_.Query(Cat("EXPLAIN ", sql), params);
    EXPECT_OK(rows) << std::string(sql);
    if (!rows.ok()) return;
    for (const mysql::Row& row : *rows) {
      plan += Cat(row.OptString(2).value_or("-"), ":", row.OptString(3).value_or("-"), ":",
                  row.OptString(5).value_or("-"), ":", row.OptString(9).value_or("-"), "\n");
    }
  }

  mysql::Session& db_;
};

TEST_F(InboxTest, PagesAreServedByTheirIndexAndCostNoMoreWithMoreItems) {
  // Ten counties of 2,000 items each, one of them ours.
  for (int county = 0; county < 10; ++county) {
    std::vector<Subject> subjects;
    for (int i = 0; i < 2000; ++i) {
      Wanted w = Step("pass", {Role::ROLE_COUNTY_OPERATOR, Role::ROLE_COUNTY_APPROVER},
                      Cat("36073", county, "1012", 10 + i % 90));
      w.due_on = Day(2026, 3, 1) + i % 60;
      subjects.push_back({"paper", ids_.Next(), {w}, {}});
    }
    Act act = By();
    act.fresh = true;
    ASSERT_OK(Put(subjects, act));
  }
  ASSERT_OK(db().Query("ANALYZE TABLE work_item, work_desk"));
  // Rows that a page touches: its own, each with its mark, however many wait.
  Explaining explain(db());
  const auth::Caller operator_ = Person("o", {{Role::ROLE_COUNTY_OPERATOR, "360733"}});
  MyQuery query;
  query.today = Day(2026, 3, 10);
  query.limit = 51;
  ASSERT_OK(ListMine(explain, operator_, query));
  EXPECT_THAT(explain.plan, HasSubstr("d:ref:PRIMARY"));
  EXPECT_THAT(explain.plan, HasSubstr("r:eq_ref:PRIMARY"));
  EXPECT_THAT(explain.plan, Not(HasSubstr("filesort")));
  // By a narrowed grant the same rows are looked at, of which some are left out.
  auth::Caller narrowed = operator_;
  narrowed.grants[0].industries = {"TEA"};
  narrowed.grants[0].fund_sources = {"BRIDGE"};
  ASSERT_OK(ListMine(explain, narrowed, query));
  EXPECT_THAT(explain.plan, HasSubstr("d:ref:PRIMARY"));
  EXPECT_THAT(explain.plan, Not(HasSubstr("filesort")));
  // On several desks, only the first of each are sorted together.
  const auth::Caller both =
      Person("o", {{Role::ROLE_COUNTY_OPERATOR, "360733"}, {Role::ROLE_COUNTY_APPROVER, "360733"}});
  ASSERT_OK(ListMine(explain, both, query));
  for (absl::string_view line : absl::StrSplit(explain.plan, '\n')) {
    if (StdView(line).starts_with("d:")) {
      EXPECT_THAT(std::string(line), HasSubstr("ref:PRIMARY"));
      EXPECT_THAT(std::string(line), Not(HasSubstr("filesort")));
    }
  }
  query.limit = 21;
  EXPECT_LE(bangfu::testing::RowsRead(db(), [&] { EXPECT_OK(ListMine(db(), operator_, query)); }),
            2 * 21 + 10);
  query.after = {Day(2026, 4, 1), ids_.Next()};
  ASSERT_OK(ListMine(explain, operator_, query));
  EXPECT_THAT(explain.plan, AnyOf(HasSubstr("d:range:PRIMARY"), HasSubstr("d:ref:PRIMARY")));
  BelowQuery below;
  below.scope = {"360733"};
  ASSERT_OK(ListBelow(explain, below));
  EXPECT_THAT(explain.plan, HasSubstr("w:range:work_item_by_region"));
  EXPECT_THAT(explain.plan, Not(HasSubstr("filesort")));
  ASSERT_OK(ListDone(explain, operator_, {}, std::nullopt, 51));
  EXPECT_THAT(explain.plan, HasSubstr(":work_item_done:"));
  EXPECT_THAT(explain.plan, Not(HasSubstr("filesort")));
}

}  // namespace
}  // namespace bangfu::inbox
