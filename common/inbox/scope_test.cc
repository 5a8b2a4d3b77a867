// Grants narrowed to fund sources, industries or clauses of the policy: what is in whose inbox.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/inbox/escalation.h"
#include "common/inbox/inbox.h"
#include "common/inbox/item.h"
#include "common/inbox/query.h"
#include "common/inbox/schema.h"
#include "common/testing/clock.h"
#include "common/testing/database.h"
#include "common/testing/deep.h"
#include "common/testing/random.h"
#include "common/testing/status_matchers.h"

namespace bangfu::inbox {
namespace {

using auth::Role;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr char kVillage[] = "360733101201";
constexpr Role kOperator = Role::ROLE_COUNTY_OPERATOR;

auth::Grant Right(Role role, const std::string& region, const auth::Facets& scope = {},
                  const std::string& lent_by = "") {
  auth::Grant grant;
  grant.role = role;
  grant.region_path = region;
  grant.fund_sources = scope.fund_sources;
  grant.industries = scope.industries;
  grant.delegated_by = lent_by;
  return grant;
}

auth::Caller Person(const std::string& subject, std::vector<auth::Grant> grants) {
  auth::Caller caller;
  caller.subject = subject;
  caller.grants = std::move(grants);
  return caller;
}

class ScopeTest : public ::testing::Test {
 protected:
  ScopeTest() { clock_.Set(StartOfShanghaiDay(absl::CivilDay(2026, 3, 2)) + absl::Hours(9)); }

  absl::Status Put(const std::vector<Wanted>& wanted, const auth::Caller* caller = nullptr) {
    return mysql::Transact(db(), [&](mysql::Tx& tx) {
      return Sync(tx, {{"paper", subject_, wanted, {}}},
                  {ids_, clock_.Now(), caller, "step", nullptr, false});
    });
  }
  static Wanted Step(const std::string& action, const auth::Facets& facets,
                     std::vector<workflow::RoleId> roles = {kOperator},
                     std::vector<std::string> excluded = {}, const std::string& region = kVillage) {
    Wanted w;
    w.kind = "KIND";
    w.action = action;
    w.title = "下营村";
    w.region_path = region;
    w.roles = std::move(roles);
    w.facets = facets;
    w.excluded = std::move(excluded);
    return w;
  }
  MyQuery Now() const {
    MyQuery query;
    query.today = ShanghaiDay(clock_.Now());
    query.limit = 1000;
    return query;
  }
  std::vector<MyItem> Mine(const auth::Caller& caller, const MyQuery& query) {
    auto items = ListMine(db(), caller, query);
    EXPECT_OK(items);
    return items.ok() ? *items : std::vector<MyItem>();
  }
  // What the pages hold; the counts have to agree.
  std::vector<std::string> Actions(const auth::Caller& caller) { return Actions(caller, Now()); }
  std::vector<std::string> Actions(const auth::Caller& caller, const MyQuery& query) {
    std::vector<std::string> out;
    std::map<std::string, int64_t> kinds;
    for (const MyItem& item : Mine(caller, query)) {
      out.push_back(item.shown.action());
      ++kinds[item.shown.kind()];
    }
    auto counts = CountMine(db(), caller, query, query.today + 3);
    EXPECT_OK(counts);
    std::map<std::string, int64_t> counted;
    if (counts.ok()) {
      for (const KindCount& count : *counts) counted[count.kind] = count.open;
    }
    EXPECT_EQ(counted, kinds);
    return out;
  }
  mysql::Session& db() { return database_.db(); }

  testing::FakeClock clock_;
  testing::TestDatabase database_{Schema()};
  UlidGenerator ids_{clock_};
  const Ulid subject_ = ids_.Next();
};

TEST_F(ScopeTest, R002_AnItemWaitsForThoseWhoseGrantsCoverIt) {
  ASSERT_OK(Put({Step("orange", {{"BRIDGE"}, {"ORANGE", "FRUIT"}}),
                 Step("tea", {{"BRIDGE", "ETHNIC"}, {"TEA"}}), Step("any", {})}));
  const auto narrowed = [&](const auth::Facets& scope) {
    return Actions(Person("o", {Right(kOperator, "360733", scope)}));
  };
  EXPECT_THAT(narrowed({}), UnorderedElementsAre("orange", "tea", "any"));
  EXPECT_THAT(narrowed({{}, {"TEA"}}), UnorderedElementsAre("tea", "any"));
  // An industry stands for those under it, not for those above.
  EXPECT_THAT(narrowed({{}, {"FRUIT"}}), UnorderedElementsAre("orange", "any"));
  EXPECT_THAT(narrowed({{}, {"NAVEL"}}), ElementsAre("any"));
  // A code is the whole of it.
  EXPECT_THAT(narrowed({{"BRIDG"}, {}}), ElementsAre("any"));
  EXPECT_THAT(narrowed({{"ETHNIC"}, {}}), UnorderedElementsAre("tea", "any"));
  // One grant has to cover all of it.
  EXPECT_THAT(narrowed({{"ETHNIC"}, {"FRUIT"}}), ElementsAre("any"));
  EXPECT_THAT(Actions(Person("o", {Right(kOperator, "360733", {{"ETHNIC"}, {}}),
                                   Right(kOperator, "360733", {{}, {"FRUIT"}})})),
              UnorderedElementsAre("orange", "tea", "any"));
  // In a region by one, in a wider one by another.
  EXPECT_THAT(Actions(Person(
                  "o", {Right(kOperator, "3607", {{"ETHNIC"}, {}}), Right(kOperator, "360734")})),
              UnorderedElementsAre("tea", "any"));
}

TEST_F(ScopeTest, R002_ADeputyFindsWhatWasLentAndNoMore) {
  ASSERT_OK(Put({Step("orange", {{}, {"ORANGE"}}), Step("tea", {{}, {"TEA"}}),
                 Step("own_orange", {{}, {"ORANGE"}}, {kOperator}, {"principal"})}));
  const auth::Facets orange = {{}, {"ORANGE"}};
  const auth::Caller principal = Person("principal", {Right(kOperator, "360733", orange)});
  EXPECT_THAT(Actions(principal), ElementsAre("orange"));
  EXPECT_THAT(Actions(Person("deputy", {Right(kOperator, "360733", orange, "principal")})),
              ElementsAre("orange"));
  // What the deputy may do in their own right is not kept from them for the lender's sake, what
  // they may do for the lender alone is.
  EXPECT_THAT(Actions(Person("deputy", {Right(kOperator, "360733", {{}, {"TEA"}}),
                                        Right(kOperator, "360733", orange, "principal")})),
              UnorderedElementsAre("orange", "tea"));
  EXPECT_THAT(Actions(Person("deputy", {Right(kOperator, "360733", orange),
                                        Right(kOperator, "360733", {{}, {"TEA"}}, "principal")})),
              UnorderedElementsAre("orange", "tea", "own_orange"));
}

TEST_F(ScopeTest, R002_KindsOfOtherClausesAreNobodysOfThese) {
  ASSERT_OK(Put({Step("step", {})}));
  const KindClauses clauses = {{"KIND", {"十五", "十七"}}};
  MyQuery query = Now();
  query.clauses = &clauses;
  auth::Caller caller = Person("o", {Right(kOperator, "360733")});
  caller.grants[0].clauses = {"四"};
  EXPECT_THAT(Actions(caller, query), IsEmpty());
  ASSERT_OK(Put({}, &caller));
  ASSERT_OK_AND_ASSIGN(std::vector<Item> done, ListDone(db(), caller, clauses, std::nullopt, 10));
  EXPECT_THAT(done, IsEmpty());
  ASSERT_OK(Put({Step("step", {})}));
  caller.grants[0].clauses = {"四", "十七"};
  EXPECT_THAT(Actions(caller, query), ElementsAre("step"));
  ASSERT_OK_AND_ASSIGN(done, ListDone(db(), caller, clauses, std::nullopt, 10));
  EXPECT_EQ(done.size(), 1);
}

TEST_F(ScopeTest, R118_AnItemFollowsItsRecordToOtherMoney) {
  const auth::Caller orange = Person("o", {Right(kOperator, "360733", {{}, {"ORANGE"}})});
  const auth::Caller tea = Person("t", {Right(kOperator, "360733", {{}, {"TEA"}})});
  ASSERT_OK(Put({Step("step", {{}, {"ORANGE"}})}));
  ASSERT_EQ(Mine(orange, Now()).size(), 1);
  const std::string id = Mine(orange, Now())[0].shown.id();
  ASSERT_OK(Put({Step("step", {{}, {"TEA"}})}));
  EXPECT_THAT(Mine(orange, Now()), IsEmpty());
  ASSERT_EQ(Mine(tea, Now()).size(), 1);
  EXPECT_EQ(Mine(tea, Now())[0].shown.id(), id);
  // Of itself, without its steps.
  const int64_t version = database_.Int("SELECT version FROM work_item");
  const auto set = [&](const auth::Facets& facets) {
    return mysql::Transact(db(), [&](mysql::Tx& tx) {
      return SetFacets(tx, {{subject_, facets}});
    });
  };
  ASSERT_OK(set({{}, {"TEA"}}));
  EXPECT_EQ(database_.Int("SELECT version FROM work_item"), version);
  ASSERT_OK(set({{}, {"ORANGE", "FRUIT", "ORANGE"}}));
  EXPECT_THAT(Mine(tea, Now()), IsEmpty());
  EXPECT_THAT(Actions(orange), ElementsAre("step"));
  ASSERT_OK(set({}));
  EXPECT_THAT(Actions(tea), ElementsAre("step"));
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM work_desk"), 1);
}

// What is done to the whole of a unit or region is nobody's by a grant for some of it.
TEST_F(ScopeTest, R118_AnActOnTheWholeIsForGrantsThatNothingNarrows) {
  const std::vector<Wanted> both = {Step("whole", auth::Everything()), Step("any", {})};
  auth::Caller narrowed = Person("o", {Right(kOperator, "360733", {{"BRIDGE"}, {}}),
                                       Right(kOperator, "360733", {{}, {"TEA"}})});
  auth::Caller mixed = narrowed;
  mixed.grants.push_back(Right(kOperator, "3607"));
  ASSERT_OK(Put(both));
  EXPECT_THAT(Actions(narrowed), ElementsAre("any"));
  EXPECT_THAT(Actions(mixed), UnorderedElementsAre("whole", "any"));
  // Kept as it is read.
  const int64_t version = database_.Int("SELECT SUM(version) FROM work_item");
  ASSERT_OK(Put(both));
  EXPECT_EQ(database_.Int("SELECT SUM(version) FROM work_item"), version);
  // Done by those alone whose it was.
  ASSERT_OK(Put({Step("any", {})}, &narrowed));
  ASSERT_OK_AND_ASSIGN(std::vector<Item> done, ListDone(db(), mixed, {}, std::nullopt, 10));
  EXPECT_THAT(done, IsEmpty());
  ASSERT_OK(Put(both));
  ASSERT_OK(Put({Step("any", {})}, &mixed));
  ASSERT_OK_AND_ASSIGN(done, ListDone(db(), mixed, {}, std::nullopt, 10));
  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(done[0].closed_by.region_path, "3607");
  ASSERT_OK_AND_ASSIGN(done, ListDone(db(), narrowed, {}, std::nullopt, 10));
  EXPECT_THAT(done, IsEmpty());
}

// More than a row holds: better found by too many than by nobody.
TEST_F(ScopeTest, WhatDoesNotFitNarrowsNothing) {
  auth::Facets many;
  for (int i = 0; i < 100; ++i) many.industries.push_back(absl::StrCat("INDUSTRY_", i));
  const auth::Caller other = Person("o", {Right(kOperator, "360733", {{}, {"TEA"}})});
  ASSERT_OK(Put({Step("step", many)}));
  EXPECT_THAT(Actions(other), ElementsAre("step"));
  const int64_t version = database_.Int("SELECT version FROM work_item");
  ASSERT_OK(Put({Step("step", many)}));
  EXPECT_EQ(database_.Int("SELECT version FROM work_item"), version);
  many.industries.resize(50);
  ASSERT_OK(Put({Step("step", many)}));
  EXPECT_THAT(Actions(other), IsEmpty());
}

TEST_F(ScopeTest, R118_WhatWasDoneIsOfTodaysGrants) {
  const std::vector<Wanted> both = {Step("orange", {{}, {"ORANGE"}}), Step("tea", {{}, {"TEA"}})};
  auth::Caller caller = Person("o", {Right(kOperator, "360733")});
  ASSERT_OK(Put(both));
  ASSERT_OK(Put({}, &caller));
  const auto done = [&] {
    std::vector<std::string> out;
    auto items = ListDone(db(), caller, {}, std::nullopt, 10);
    EXPECT_OK(items);
    if (!items.ok()) return out;
    for (const Item& item : *items) out.push_back(item.action);
    return out;
  };
  EXPECT_THAT(done(), UnorderedElementsAre("orange", "tea"));
  caller.grants = {Right(kOperator, "360733", {{}, {"TEA"}})};
  EXPECT_THAT(done(), ElementsAre("tea"));
  caller.grants.push_back(Right(kOperator, "360734"));
  EXPECT_THAT(done(), ElementsAre("tea"));
  caller.grants.push_back(Right(Role::ROLE_CITY_SUPERVISOR, "3607"));
  EXPECT_THAT(done(), UnorderedElementsAre("orange", "tea"));
  caller.grants.clear();
  EXPECT_THAT(done(), IsEmpty());
  // Who did it by a grant that covers it has done it; by none that does, it was withdrawn.
  caller.grants = {Right(kOperator, "360733", {{}, {"TEA"}})};
  ASSERT_OK(Put(both));
  ASSERT_OK(Put({}, &caller));
  EXPECT_THAT(done(), ElementsAre("tea", "tea"));
}

TEST_F(ScopeTest, R118_WhatRisesComesToThoseAboveWhoseItIs) {
  Wanted step = Step("step", {{}, {"TEA"}}, {Role::ROLE_TOWNSHIP_REVIEWER});
  step.due_on = absl::CivilDay(2026, 2, 20);
  ASSERT_OK(Put({step}));
  ASSERT_OK(Escalate(db(), clock_.Now(), {.days = 3}).status());
  const auto above = [&](const auth::Facets& scope) {
    return Actions(Person("o", {Right(kOperator, "360733", scope)}));
  };
  EXPECT_THAT(above({}), ElementsAre("step"));
  EXPECT_THAT(above({{}, {"TEA"}}), ElementsAre("step"));
  EXPECT_THAT(above({{}, {"ORANGE"}}), IsEmpty());
}

// Pages end and begin at what the grant covers.
TEST_F(ScopeTest, PagesGoOnWhereTheyEnded) {
  std::vector<Wanted> wanted;
  for (int i = 0; i < 40; ++i) {
    wanted.push_back(Step(absl::StrCat("step", i), {{}, {i % 3 == 0 ? "TEA" : "ORANGE"}}));
    wanted.back().due_on = absl::CivilDay(2026, 3, 3) + i / 4;
  }
  ASSERT_OK(Put(wanted));
  const auth::Caller caller = Person("o", {Right(kOperator, "360733", {{}, {"TEA"}})});
  MyQuery query = Now();
  query.limit = 4;
  std::set<std::string> seen;
  size_t total = 0;
  while (true) {
    const std::vector<MyItem> page = Mine(caller, query);
    for (const MyItem& item : page) seen.insert(item.shown.action());
    total += page.size();
    if (page.size() < 4) break;
    const v1::WorkItem& last = page.back().shown;
    query.after = {absl::CivilDay(last.due_on().year(), last.due_on().month(), last.due_on().day()),
                   *Ulid::Parse(last.id())};
  }
  EXPECT_EQ(total, 14);
  EXPECT_EQ(seen.size(), 14);
}

// Whoever it is and by whatever rights: a page holds what GrantFor says is theirs.
TEST_F(ScopeTest, R118_PagesAgreeWithWhatIsMine) {
  const testing::SeededRandom random;
  const std::vector<Role> roles = {Role::ROLE_VILLAGE_REPORTER, Role::ROLE_TOWNSHIP_REVIEWER,
                                   kOperator};
  const std::vector<std::string> regions = {"3607", "360733", "360733101", kVillage, "360733102"};
  const std::vector<std::string> persons = {"a", "b", "c"};
  const std::vector<std::string> codes = {"X", "Y", "Z"};
  const auto any = [&](const auto& of) { return of[random.Below(of.size())]; };
  const auto some = [&](uint64_t below) {
    std::set<std::string> out;
    for (uint64_t n = random.Below(below); n > 0; --n) out.insert(any(codes));
    return std::vector<std::string>(out.begin(), out.end());
  };
  std::vector<Wanted> wanted;
  for (int i = 0; i < 60; ++i) {
    std::set<workflow::RoleId> of = {any(roles), any(roles)};
    std::set<std::string> excluded;
    for (uint64_t n = random.Below(3); n > 0; --n) excluded.insert(any(persons));
    const auth::Facets facets =
        random.Below(5) == 0 ? auth::Everything() : auth::Facets{some(3), some(3)};
    wanted.push_back(Step(absl::StrCat("step", i), facets, {of.begin(), of.end()},
                          {excluded.begin(), excluded.end()},
                          any(std::vector<std::string>{kVillage, "360733101", "360733102201"})));
  }
  ASSERT_OK(Put(wanted));
  BelowQuery below;
  below.scope = {"36"};
  below.limit = 1000;
  ASSERT_OK_AND_ASSIGN(const std::vector<Item> items, ListBelow(db(), below));
  ASSERT_EQ(items.size(), wanted.size());
  const int runs = testing::Runs(60, 1000);
  for (int run = 0; run < runs; ++run) {
    std::vector<auth::Grant> grants;
    for (uint64_t n = random.Below(5); n > 0; --n) {
      grants.push_back(Right(any(roles), any(regions), {some(3), some(2)},
                             random.Below(2) == 0 ? "" : any(persons)));
    }
    const auth::Caller caller = Person(any(std::vector<std::string>{"a", "d"}), grants);
    std::set<std::string> mine;
    for (const Item& item : items) {
      if (GrantFor(caller, item) != nullptr) mine.insert(item.action);
    }
    const std::vector<std::string> page = Actions(caller);
    ASSERT_EQ(std::set<std::string>(page.begin(), page.end()), mine) << "run " << run;
  }
}

}  // namespace
}  // namespace bangfu::inbox
