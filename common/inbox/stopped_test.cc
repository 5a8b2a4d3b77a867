#include "common/inbox/stopped.h"

#include <algorithm>
#include <string>
#include <vector>

#include "bangfu/type/v1/common.pb.h"
#include "common/base/clock.h"
#include "common/inbox/schema.h"
#include "common/operation/schema.h"
#include "common/status/macros.h"
#include "common/testing/clock.h"
#include "common/testing/database.h"
#include "common/testing/status_matchers.h"

namespace bangfu::inbox {
namespace {

using ::bangfu::testing::FakeClock;
using ::bangfu::testing::TestDatabase;

class StoppedTest : public ::testing::Test {
 protected:
  StoppedKind Counting(const std::string& operation = "count") {
    return {.operation = operation,
            .code = "COUNT_RESUME",
            .label_zh = "继续计数",
            .title = [](mysql::Executor&, const operation::v1::Operation&)
                -> absl::StatusOr<std::string> { return std::string("计数"); },
            .is_wanted = [this](mysql::Executor&, const operation::v1::Operation&)
                -> absl::StatusOr<bool> { return wanted_; }};
  }
  // Started and cancelled before anybody took it up.
  void Stop(int many, const std::string& region, const std::string& kind = "count") {
    type::v1::Quantity request;
    type::v1::Actor actor;
    actor.set_subject("p1");
    ASSERT_OK(mysql::Transact(database_.db(), [&](mysql::Tx& tx) -> absl::Status {
      for (int i = 0; i < many; ++i) {
        const Ulid id = ids_.Next();
        RETURN_IF_ERROR(operation::Start(tx, {.id = id,
                                              .kind = kind,
                                              .region_path = region,
                                              .created_by = actor,
                                              .request = request,
                                              .now = clock_.Now()})
                            .status());
        RETURN_IF_ERROR(operation::Cancel(tx, id, clock_.Now()));
      }
      return absl::OkStatus();
    }));
  }
  Act Looking() { return {.ids = ids_, .now = clock_.Now(), .outcome = "look"}; }
  int64_t Open() { return database_.Int("SELECT COUNT(*) FROM work_item WHERE open_mark = 1"); }
  absl::Status SyncIn(const std::string& region, int page) {
    return mysql::Transact(database_.db(), [&](mysql::Tx& tx) {
      return SyncStoppedIn(tx, Counting(), region, Looking(), page);
    });
  }

  FakeClock clock_;
  TestDatabase database_{migrate::Concat(Schema(), operation::Schema())};
  UlidGenerator ids_{clock_};
  bool wanted_ = true;
};

TEST_F(StoppedTest, LooksAtAllThatStoppedInARegionHoweverManyPages) {
  Stop(5, "360733");
  Stop(2, "360102");
  Stop(1, "360733", "other");
  ASSERT_OK(SyncIn("360733", 2));
  EXPECT_EQ(Open(), 5);
  ASSERT_OK(SyncIn("36", 7));  // as many as a page holds
  EXPECT_EQ(Open(), 7);
  wanted_ = false;
  ASSERT_OK(SyncIn("360733", 2));
  EXPECT_EQ(Open(), 2);
  ASSERT_OK(SyncIn("3608", 2));
  EXPECT_EQ(Open(), 2);
}

TEST_F(StoppedTest, TheSourceGoesOnAfterEachPage) {
  Stop(3, "360733");
  Stop(3, "360102", "other");
  Stop(1, "360733");
  Stop(1, "360733", "foreign");
  const Source source = StoppedSource({Counting(), Counting("other")});
  std::vector<size_t> pages;
  std::vector<Ulid> all;
  Ulid after;
  while (true) {
    ASSERT_OK_AND_ASSIGN(const std::vector<Ulid> page, source.page(database_.db(), after, 3));
    if (page.empty()) break;
    pages.push_back(page.size());
    all.insert(all.end(), page.begin(), page.end());
    after = page.back();
    ASSERT_LE(pages.size(), 3u);
  }
  EXPECT_THAT(pages, ::testing::ElementsAre(3, 3, 1));
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
}

TEST_F(StoppedTest, TheRecountFindsMoreThanAPage) {
  Stop(501, "360733");
  ASSERT_OK(Recount(database_.db(), {StoppedSource({Counting()})}, ids_, clock_.Now(),
                    {.every = absl::ZeroDuration()}));
  EXPECT_EQ(Open(), 501);
}

}  // namespace
}  // namespace bangfu::inbox
