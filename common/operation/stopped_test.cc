#include "common/operation/stopped.h"

#include <string>
#include <string_view>
#include <vector>

#include "bangfu/operation/v1/operation_service.pb.h"
#include "common/operation/schema.h"
#include "common/testing/database.h"
#include "common/testing/explain.h"
#include "common/testing/status_matchers.h"

namespace bangfu::operation {
namespace {

using ::bangfu::testing::ExplainingSession;
using ::bangfu::testing::IsOkAndHolds;
using ::bangfu::testing::TestDatabase;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Ulid Id(int n) {
  std::string bytes(16, '\0');
  bytes[14] = static_cast<char>(n >> 8);
  bytes[15] = static_cast<char>(n);
  return Ulid::FromBytes(bytes).value_or(Ulid());
}

class ListStoppedTest : public ::testing::Test {
 protected:
  void Put(const std::vector<int>& ns, std::string_view kind, v1::OperationState state,
           std::string_view region) {
    const absl::Time now = absl::FromUnixSeconds(1'780'000'000);
    std::vector<mysql::Params> rows;
    for (const int n : ns) {
      rows.push_back({Id(n),  kind,   static_cast<int>(state),
                      region, "p",    "张三",
                      "",     region, now,
                      now,    "",     "",
                      "",     0,      0,
                      "",     "",     "",
                      "",     0,      0,
                      "",     0,      now});
    }
    EXPECT_OK(mysql::BulkInsert(
        database_.db(), "operation",
        "id, kind, state, region_path, created_subject, created_name, created_role, "
        "created_region_path, created_at, updated_at, request_type, request, resume_cursor, done, "
        "total, progress_zh, error, result_type, result, cancel_requested, attempts, holder, "
        "fence, lease_until",
        rows));
  }

  TestDatabase database_{Schema()};
};

TEST_F(ListStoppedTest, GoesUpByIdThroughBothStatesAndPages) {
  Put({1, 4, 5}, "count", v1::OPERATION_STATE_FAILED, "360733");
  Put({2, 3, 8}, "count", v1::OPERATION_STATE_CANCELLED, "360102");
  Put({6}, "count", v1::OPERATION_STATE_SUCCEEDED, "360733");
  Put({7}, "count", v1::OPERATION_STATE_RUNNING, "360733");
  Put({9}, "count", v1::OPERATION_STATE_PENDING, "360733");
  Put({10}, "other", v1::OPERATION_STATE_FAILED, "360733");
  const auto page = [&](const std::string& region, int after) {
    return ListStopped(database_.db(), "count", region, Id(after), 2);
  };
  EXPECT_THAT(page("36", 0), IsOkAndHolds(ElementsAre(Id(1), Id(2))));
  EXPECT_THAT(page("36", 2), IsOkAndHolds(ElementsAre(Id(3), Id(4))));
  EXPECT_THAT(page("36", 4), IsOkAndHolds(ElementsAre(Id(5), Id(8))));
  EXPECT_THAT(page("36", 8), IsOkAndHolds(IsEmpty()));
  // Of the region and below it only.
  EXPECT_THAT(page("360733", 0), IsOkAndHolds(ElementsAre(Id(1), Id(4))));
  EXPECT_THAT(page("360733", 4), IsOkAndHolds(ElementsAre(Id(5))));
  EXPECT_THAT(page("3608", 0), IsOkAndHolds(IsEmpty()));
}

TEST_F(ListStoppedTest, ListsByAnIndexAndReadsNothingElse) {
  std::vector<int> done;
  for (int n = 1; n <= 2000; ++n) done.push_back(n);
  Put(done, "count", v1::OPERATION_STATE_SUCCEEDED, "360733");
  Put({2001, 2003}, "count", v1::OPERATION_STATE_FAILED, "360733");
  Put({2002}, "count", v1::OPERATION_STATE_CANCELLED, "360733");
  ASSERT_OK(database_.db().Query("ANALYZE TABLE operation"));
  ::bangfu::testing::Plans plans;
  const auto session = ExplainingSession(database_.Connect(), plans);
  EXPECT_THAT(ListStopped(*session, "count", "36", {}, 500),
              IsOkAndHolds(ElementsAre(Id(2001), Id(2002), Id(2003))));
  const std::vector<::bangfu::testing::Plan> taken = plans.Take();
  ASSERT_EQ(taken.size(), 2u);
  for (const ::bangfu::testing::Plan& plan : taken) {
    ASSERT_EQ(plan.steps.size(), 1u);
    EXPECT_EQ(plan.steps[0].key, "operation_by_kind");
    EXPECT_THAT(plan.steps[0].extra, ::testing::Not(::testing::HasSubstr("filesort")));
  }
  EXPECT_LE(
      ::bangfu::testing::RowsRead(
          database_.db(), [&] { EXPECT_OK(ListStopped(database_.db(), "count", "36", {}, 500)); }),
      10);
}

}  // namespace
}  // namespace bangfu::operation
