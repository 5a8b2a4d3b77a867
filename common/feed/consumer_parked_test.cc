// Events that cannot be applied: parked, re-driven, superseded by a backfill, and too many.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "common/base/ulid.h"
#include "common/feed/consumer.h"
#include "common/feed/feed_for_test.h"
#include "common/testing/status_matchers.h"

namespace bangfu::feed {
namespace {

using ::bangfu::testing::StatusIs;

TEST_F(FeedTest, ParksWhatCannotBeAppliedAndGoesOn) {
  const Ulid bad = ids_.Next();
  for (int i = 0; i < 60; ++i) {
    ChangeNow(i % 20 == 7 ? bad : ids_.Next());
  }
  SequenceAll();
  handler_.Poison(bad);
  auto session = database_.Connect();
  Consumer consumer(*session, clock_, Following(), PullFrom(database_.db()), handler_);
  Follow(consumer);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM copy"), 57);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM feed_parked WHERE aggregate_id = ?", {bad}), 3);
  ASSERT_OK_AND_ASSIGN(ConsumerProgress progress, ReadProgress(database_.db(), "copy", "things"));
  EXPECT_EQ(progress.parked, 3);
  EXPECT_EQ(progress.sequence, 60);

  // Still broken: a re-drive changes nothing.
  ASSERT_OK_AND_ASSIGN(Redriven redriven,
                       Redrive(database_.db(), clock_, handler_, "copy", "things", bad));
  EXPECT_EQ(redriven.applied, 0);
  EXPECT_EQ(redriven.still_parked, 3);
  handler_.Heal();
  // A later event of a parked aggregate waits behind the parked ones, healed or not.
  ChangeNow(bad);
  SequenceAll();
  Follow(consumer);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM feed_parked"), 4);
  ASSERT_OK_AND_ASSIGN(redriven, Redrive(database_.db(), clock_, handler_, "copy", "things", bad));
  EXPECT_EQ(redriven.applied, 4);
  EXPECT_EQ(redriven.still_parked, 0);
  EXPECT_EQ(Differences(), 0);
  // And the running consumer knows that it is parked no more.
  ChangeNow(bad);
  SequenceAll();
  Follow(consumer);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM feed_parked"), 0);
  EXPECT_EQ(Differences(), 0);
}

TEST_F(FeedTest, StopsWhenEverythingFails) {
  for (int i = 0; i < 10; ++i) {
    const Ulid id = ids_.Next();
    handler_.Poison(id);
    ChangeNow(id);
  }
  SequenceAll();
  auto session = database_.Connect();
  ConsumerOptions options = Following();
  options.max_parked_aggregates = 3;
  Consumer consumer(*session, clock_, options, PullFrom(database_.db()), handler_);
  EXPECT_THAT(consumer.StepOnce(),
              StatusIs(absl::StatusCode::kResourceExhausted, "FEED_PARKED_LIMIT"));
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM feed_parked"), 3);
  EXPECT_EQ(database_.Int("SELECT sequence FROM feed_cursor"), 3);
}

TEST_F(FeedTest, ABackfillParksWhatCannotBeAppliedAndSupersedesWhatWaited) {
  const Ulid good = ids_.Next();
  const Ulid bad = ids_.Next();
  const Ulid thing = ids_.Next();
  for (const Ulid& id : {good, bad}) ChangeOther(id);
  SequenceAll();
  FollowTypes({"thing"});
  handler_.Poison(bad);
  handler_.Poison(thing);
  ChangeNow(thing);
  SequenceAll();
  FollowTypes({"thing"});
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM feed_parked"), 1);
  FollowTypes({"thing", "other"});
  EXPECT_EQ(Covered(), "other,thing");
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM copy"), 1);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM feed_parked WHERE aggregate_id = ?", {bad}), 1);
  ChangeOther(bad);
  SequenceAll();
  FollowTypes({"thing", "other"});
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM feed_parked WHERE aggregate_id = ?", {bad}), 2);

  // Followed anew after it was mended: its present state comes instead. What waits of a type that
  // was covered all the time goes on waiting.
  FollowTypes({"thing"});
  handler_.Heal();
  FollowTypes({"thing", "other"});
  EXPECT_EQ(database_.Int("SELECT version FROM copy WHERE id = ?", {bad}), 2);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM feed_parked"), 1);
  ASSERT_OK_AND_ASSIGN(Redriven redriven,
                       Redrive(database_.db(), clock_, handler_, "copy", "things", thing));
  EXPECT_EQ(redriven.applied, 1);
  EXPECT_EQ(Differences(), 0);
}

}  // namespace
}  // namespace bangfu::feed
