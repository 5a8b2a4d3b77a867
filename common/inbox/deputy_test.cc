// Principal and deputy are one person in the inbox, as they are where a step is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
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

constexpr char kVillage[] = "360733101201";

struct Right {
  Role role;
  std::string region;
  std::string lent_by;  // empty: one's own
};

auth::Caller Person(const std::string& subject, const std::vector<Right>& rights) {
  auth::Caller caller;
  caller.subject = subject;
  for (const Right& right : rights) {
    auth::Grant grant;
    grant.role = right.role;
    grant.region_path = right.region;
    grant.delegated_by = right.lent_by;
    caller.grants.push_back(std::move(grant));
  }
  return caller;
}

class DeputyTest : public ::testing::Test {
 protected:
  DeputyTest() { clock_.Set(StartOfShanghaiDay(absl::CivilDay(2026, 3, 2)) + absl::Hours(9)); }

  absl::Status Put(const std::vector<Wanted>& wanted, const auth::Caller* caller = nullptr) {
    return mysql::Transact(db(), [&](mysql::Tx& tx) {
      return Sync(tx, {{"paper", subject_, wanted, {}}},
                  {ids_, clock_.Now(), caller, "step", nullptr, false});
    });
  }
  static Wanted Step(const std::string& action, std::vector<workflow::RoleId> roles,
                     std::vector<std::string> excluded, const std::string& region = kVillage) {
    Wanted w;
    w.kind = "KIND";
    w.action = action;
    w.title = "下营村";
    w.region_path = region;
    w.roles = std::move(roles);
    w.excluded = std::move(excluded);
    return w;
  }
  MyQuery Now() const {
    MyQuery query;
    query.today = ShanghaiDay(clock_.Now());
    query.limit = 1000;
    return query;
  }
  std::vector<std::string> Actions(const auth::Caller& caller) {
    std::vector<std::string> out;
    auto items = ListMine(db(), caller, Now());
    EXPECT_OK(items);
    if (!items.ok()) return out;
    for (const MyItem& mine : *items) out.push_back(mine.shown.action());
    // The count says the same.
    auto counts = CountMine(db(), caller, Now(), Now().today);
    EXPECT_OK(counts);
    if (!counts.ok()) return out;
    int64_t counted = 0;
    for (const KindCount& count : *counts) counted += count.open;
    EXPECT_EQ(counted, static_cast<int64_t>(out.size()));
    return out;
  }
  mysql::Session& db() { return database_.db(); }

  testing::TestDatabase database_{Schema()};
  testing::FakeClock clock_;
  UlidGenerator ids_{clock_};
  const Ulid subject_ = ids_.Next();
};

TEST_F(DeputyTest, R118_ADeputyDoesNotFindWhatThePrincipalIsKeptOutOf) {
  ASSERT_OK(Put({Step("pass", {Role::ROLE_TOWNSHIP_REVIEWER}, {"principal"}),
                 Step("sign", {Role::ROLE_COUNTY_OPERATOR}, {"somebody"})}));
  const std::string township = "360733101";
  EXPECT_THAT(Actions(Person("deputy", {{Role::ROLE_TOWNSHIP_REVIEWER, township, "principal"}})),
              IsEmpty());
  // On behalf of another, or in their own right, it is theirs.
  EXPECT_THAT(Actions(Person("deputy", {{Role::ROLE_TOWNSHIP_REVIEWER, township, "another"}})),
              ElementsAre("pass"));
  EXPECT_THAT(Actions(Person("deputy", {{Role::ROLE_TOWNSHIP_REVIEWER, township, ""},
                                        {Role::ROLE_TOWNSHIP_REVIEWER, township, "principal"}})),
              ElementsAre("pass"));
  // Lent twice over: the table refuses who acts for either.
  EXPECT_THAT(Actions(Person("deputy", {{Role::ROLE_TOWNSHIP_REVIEWER, "360733", "another"},
                                        {Role::ROLE_TOWNSHIP_REVIEWER, township, "principal"}})),
              IsEmpty());
  // What was lent for elsewhere does not matter here.
  EXPECT_THAT(Actions(Person("deputy", {{Role::ROLE_TOWNSHIP_REVIEWER, "360733", "another"},
                                        {Role::ROLE_TOWNSHIP_REVIEWER, "360733102", "principal"}})),
              ElementsAre("pass"));
  EXPECT_THAT(Actions(Person("deputy", {{Role::ROLE_COUNTY_OPERATOR, "360733", "principal"}})),
              ElementsAre("sign"));
}

TEST_F(DeputyTest, R118_WhatADeputyMayNotDoIsNotTheirsWhenItGoes) {
  const auth::Caller deputy =
      Person("deputy", {{Role::ROLE_TOWNSHIP_REVIEWER, "360733101", "principal"}});
  ASSERT_OK(Put({Step("pass", {Role::ROLE_TOWNSHIP_REVIEWER}, {"principal"})}));
  ASSERT_OK(Put({}, &deputy));
  ASSERT_OK_AND_ASSIGN(const auto done, ListDone(db(), deputy, {}, std::nullopt, 10));
  EXPECT_THAT(done, IsEmpty());
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM work_item WHERE state = 3"), 1);
}

// Whoever it is and by whatever rights: a page holds what GrantFor, which compares as the tables of
// steps do, says is theirs.
TEST_F(DeputyTest, R118_PagesAgreeWithWhatIsMine) {
  const testing::SeededRandom random;
  const std::vector<Role> roles = {Role::ROLE_VILLAGE_REPORTER, Role::ROLE_TOWNSHIP_REVIEWER,
                                   Role::ROLE_COUNTY_OPERATOR};
  const std::vector<std::string> regions = {"3607", "360733", "360733101", kVillage, "360733102"};
  const std::vector<std::string> persons = {"a", "b", "c"};
  const auto any = [&](const auto& of) { return of[random.Below(of.size())]; };
  std::vector<Wanted> wanted;
  for (int i = 0; i < 60; ++i) {
    std::set<workflow::RoleId> some = {any(roles), any(roles)};
    std::set<std::string> excluded;
    for (uint64_t n = random.Below(3); n > 0; --n) excluded.insert(any(persons));
    wanted.push_back(Step(absl::StrCat("step", i), {some.begin(), some.end()},
                          {excluded.begin(), excluded.end()},
                          any(std::vector<std::string>{kVillage, "360733101", "360733102201"})));
  }
  ASSERT_OK(Put(wanted));
  ASSERT_OK_AND_ASSIGN(const std::vector<Item> items, ListBelow(db(), [] {
                         BelowQuery query;
                         query.scope = {"36"};
                         query.limit = 1000;
                         return query;
                       }()));
  ASSERT_EQ(items.size(), wanted.size());
  const int runs = testing::Runs(60, 1000);
  for (int run = 0; run < runs; ++run) {
    std::vector<Right> rights;
    for (uint64_t n = random.Below(5); n > 0; --n) {
      rights.push_back({any(roles), any(regions), random.Below(3) == 0 ? "" : any(persons)});
    }
    const auth::Caller caller = Person(any(std::vector<std::string>{"a", "d"}), rights);
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
