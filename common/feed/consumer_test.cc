// A consumer's copy equals its source, whoever dies and whoever takes over.
#include "common/feed/consumer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/ulid.h"
#include "common/feed/feed_for_test.h"
#include "common/mysql/session.h"
#include "common/status/macros.h"
#include "common/testing/clock.h"
#include "common/testing/status_matchers.h"

namespace bangfu::feed {
namespace {

using ::bangfu::testing::FakeClock;

TEST_F(FeedTest, AConsumersCopyEqualsItsSource) {
  auto session = database_.Connect();
  Consumer consumer(*session, clock_, Following(), PullFrom(database_.db()), handler_);
  std::vector<Ulid> things;
  for (int i = 0; i < 50; ++i) things.push_back(ids_.Next());
  for (int i = 0; i < 300; ++i) ChangeNow(things[i % things.size()]);
  SequenceAll();
  Follow(consumer);
  EXPECT_EQ(Differences(), 0);
  EXPECT_EQ(database_.Int("SELECT SUM(effects) FROM copy"), 300);
  ASSERT_OK_AND_ASSIGN(ConsumerProgress progress, ReadProgress(database_.db(), "copy", "things"));
  EXPECT_EQ(progress.sequence, 300);
  EXPECT_EQ(progress.source_last_sequence, 300);
  EXPECT_EQ(progress.Lag(clock_.Now()), absl::ZeroDuration());
  clock_.Advance(absl::Minutes(20));
  EXPECT_EQ(progress.Lag(clock_.Now()), absl::Minutes(20));
  // Events without a sequence count as lag too: a dead sequencer must not look level.
  ChangeNow(things[0]);
  clock_.Advance(absl::Minutes(5));
  Follow(consumer);
  ASSERT_OK_AND_ASSIGN(progress, ReadProgress(database_.db(), "copy", "things"));
  EXPECT_EQ(progress.Lag(clock_.Now()), absl::Minutes(5));
}

TEST_F(FeedTest, AConsumerKilledBetweenEffectAndCursorRepeatsNothing) {
  for (int i = 0; i < 100; ++i) ChangeNow(ids_.Next());
  SequenceAll();
  auto session = database_.Connect();
  int kills = 0;
  handler_.after_effect = [&](mysql::Tx& tx) -> absl::Status {
    if (++kills % 2 == 0) return absl::OkStatus();
    ASSIGN_OR_RETURN(mysql::Rows rows, tx.Query("SELECT CONNECTION_ID()"));
    RETURN_IF_ERROR(database_.db().ExecuteOnce(absl::StrCat("KILL ", rows[0].Int(0))).status());
    return absl::OkStatus();
  };
  ConsumerOptions options = Following();
  options.limit = 10;
  Consumer consumer(*session, clock_, options, PullFrom(database_.db()), handler_);
  Follow(consumer);
  EXPECT_GE(kills, 20);
  EXPECT_EQ(Differences(), 0);
  EXPECT_EQ(database_.Int("SELECT SUM(effects) FROM copy"), 100);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM feed_parked"), 0);
}

TEST_F(FeedTest, OfTwoReplicasOneConsumesAndTheOtherTakesOver) {
  for (int i = 0; i < 20; ++i) ChangeNow(ids_.Next());
  SequenceAll();
  auto session1 = database_.Connect();
  auto session2 = database_.Connect();
  FakeClock slow(clock_.Now());
  ConsumerOptions options = Following("c1");
  options.limit = 5;
  Consumer one(*session1, slow, options, PullFrom(database_.db()), handler_);
  options.holder = "c2";
  Consumer two(*session2, clock_, options, PullFrom(database_.db()), handler_);
  EXPECT_THAT(one.StepOnce(), testing::IsOkAndHolds(StepResult::kApplied));
  EXPECT_THAT(two.StepOnce(), testing::IsOkAndHolds(StepResult::kNotHolder));
  clock_.Advance(absl::Minutes(1));  // for the second the lease has ended; the first does not know
  EXPECT_THAT(two.StepOnce(), testing::IsOkAndHolds(StepResult::kApplied));
  EXPECT_FALSE(one.StepOnce().ok());
  EXPECT_THAT(one.StepOnce(), testing::IsOkAndHolds(StepResult::kNotHolder));
  Follow(two);
  EXPECT_EQ(Differences(), 0);
  EXPECT_EQ(database_.Int("SELECT SUM(effects) FROM copy"), 20);
}

}  // namespace
}  // namespace bangfu::feed
