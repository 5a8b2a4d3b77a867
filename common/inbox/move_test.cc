#include "common/inbox/move.h"

#include "common/base/clock.h"
#include "common/inbox/inbox.h"
#include "common/inbox/query.h"
#include "common/inbox/schema.h"
#include "common/testing/database.h"
#include "common/testing/status_matchers.h"

namespace bangfu::inbox {
namespace {

using auth::Role;

constexpr char kVillage[] = "360733101201";
constexpr char kMovedVillage[] = "360799101201";

class MoveTest : public ::testing::Test {
 protected:
  std::vector<MyItem> Mine(Role role, const std::string& region) {
    auth::Caller caller;
    caller.subject = "somebody";
    caller.grants.emplace_back();
    caller.grants.back().role = role;
    caller.grants.back().region_path = region;
    MyQuery query;
    query.today = ShanghaiDay(SystemClock().Now());
    query.limit = 1000;
    auto items = ListMine(database_.db(), caller, query);
    EXPECT_OK(items);
    return items.ok() ? *items : std::vector<MyItem>();
  }
  void Put(int items, const std::string& region) {
    std::vector<Subject> subjects;
    for (int i = 0; i < items; ++i) {
      Wanted w;
      w.kind = "KIND";
      w.action = "submit";
      w.title = "下营村";
      w.region_path = region;
      w.roles = {Role::ROLE_VILLAGE_REPORTER, Role::ROLE_COUNTY_OPERATOR};
      subjects.push_back({"paper", ids_.Next(), {std::move(w)}, {}});
    }
    const Act act{ids_, SystemClock().Now(), nullptr, "test", {}};
    ASSERT_OK(
        mysql::Transact(database_.db(), [&](mysql::Tx& tx) { return Sync(tx, subjects, act); }));
  }
  absl::StatusOr<int64_t> MoveTo(const std::string& from, const std::string& to) {
    return mysql::Transact(database_.db(), [&](mysql::Tx& tx) {
      return MoveRegion(tx, {ids_.Next(), from, to, SystemClock().Now()});
    });
  }

  testing::TestDatabase database_{Schema()};
  UlidGenerator ids_{SystemClock()};
};

TEST_F(MoveTest, OpenItemsTakeTheirDesksAlong) {
  Put(700, kVillage);  // more than are taken up at once
  Put(1, "360734101201");
  EXPECT_THAT(MoveTo("360733", "360799"), ::bangfu::testing::IsOkAndHolds(700));
  EXPECT_EQ(Mine(Role::ROLE_VILLAGE_REPORTER, kVillage).size(), 0u);
  EXPECT_EQ(Mine(Role::ROLE_COUNTY_OPERATOR, "360733").size(), 0u);
  const auto at_village = Mine(Role::ROLE_VILLAGE_REPORTER, kMovedVillage);
  ASSERT_GT(at_village.size(), 100u);
  EXPECT_EQ(at_village[0].shown.region_path(), kMovedVillage);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM work_desk WHERE desk_path = '360799'"), 700);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM work_desk"), 2 * 701);
  EXPECT_EQ(Mine(Role::ROLE_COUNTY_OPERATOR, "360734").size(), 1u);
  // Whoever shows an item by its version reads it again.
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM work_item WHERE version = 2"), 700);
  EXPECT_THAT(MoveTo("360733", "360799"), ::bangfu::testing::IsOkAndHolds(0));
}

}  // namespace
}  // namespace bangfu::inbox
