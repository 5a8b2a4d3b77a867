// Writes wait while the copies that they go by are too old.
#include "common/feed/freshness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/feed/consumer.h"
#include "common/feed/feed_for_test.h"
#include "common/mysql/session.h"
#include "common/testing/status_matchers.h"

namespace bangfu::feed {
namespace {

using ::bangfu::testing::StatusIs;

TEST_F(FeedTest, WritesWaitWhileACopyLags) {
  int minutes = 15;
  CopyGuard guard(
      clock_, "things", {"copy", "other"},
      [&](mysql::Executor&) -> absl::StatusOr<absl::Duration> { return absl::Minutes(minutes); });
  const auto stale = StatusIs(absl::StatusCode::kUnavailable, "REFERENCE_STALE");
  const auto check = [&]() -> absl::Status {
    const absl::Status refreshed = guard.Refresh(database_.db());
    return refreshed.ok() ? guard.Check() : refreshed;
  };
  EXPECT_THAT(guard.Check(), stale);  // nothing is known yet
  EXPECT_THAT(check(), stale);        // nobody ever followed
  auto session = database_.Connect();
  Consumer consumer(*session, clock_, Following(), PullFrom(database_.db()), handler_,
                    SnapshotFrom(*reader_));
  ConsumerOptions of_other = Following();
  of_other.consumer = "other";
  auto other_session = database_.Connect();
  Consumer other(*other_session, clock_, of_other, PullFrom(database_.db()), handler_,
                 SnapshotFrom(*reader_));
  Follow(consumer);
  EXPECT_THAT(check(), stale);  // one of the two copies is still empty
  Follow(other);
  EXPECT_OK(check());
  clock_.Advance(absl::Minutes(15));
  EXPECT_OK(guard.Check());
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(guard.Check(), stale);
  // The older of the copies counts, and the limit is data.
  Follow(consumer);
  EXPECT_THAT(check(), stale);
  Follow(other);
  EXPECT_OK(check());
  clock_.Advance(absl::Minutes(40));
  EXPECT_THAT(check(), stale);
  minutes = 60;
  EXPECT_OK(check());
}

}  // namespace
}  // namespace bangfu::feed
