// Snapshots of everything: for a new subscriber, after a restore of the source, and broken off.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bangfu/feed/v1/change_feed.pb.h"
#include "common/base/ulid.h"
#include "common/feed/consumer.h"
#include "common/feed/feed.h"
#include "common/feed/feed_for_test.h"
#include "common/mysql/session.h"
#include "common/status/macros.h"
#include "common/testing/status_matchers.h"

namespace bangfu::feed {
namespace {

using ::bangfu::testing::StatusIs;
using ::testing::ElementsAre;

TEST_F(FeedTest, ANewSubscriberTakesASnapshotAndGoesOn) {
  std::vector<Ulid> things;
  for (int i = 0; i < 1203; ++i) things.push_back(ids_.Next());
  ASSERT_OK(mysql::Transact(database_.db(), [&](mysql::Tx& tx) -> absl::Status {
    for (const Ulid& id : things) RETURN_IF_ERROR(Change(tx, id, clock_.Now()));
    return absl::OkStatus();
  }));
  SequenceAll();
  // A change that the snapshot shows already and the feed brings again.
  ChangeNow(things[7]);
  auto session = database_.Connect();
  Consumer consumer(*session, clock_, Following(), PullFrom(database_.db()), handler_,
                    SnapshotFrom(database_.db()));
  EXPECT_THAT(consumer.StepOnce(), testing::IsOkAndHolds(StepResult::kSnapshotTaken));
  EXPECT_EQ(consumer.sequence(), 1203);
  EXPECT_EQ(Differences(), 0);
  SequenceAll();
  ChangeNow(things[8]);
  SequenceAll();
  Follow(consumer);
  EXPECT_EQ(consumer.sequence(), 1205);
  EXPECT_EQ(Differences(), 0);
}

TEST_F(FeedTest, ASnapshotIsReadAChunkAtATimeAndHoldsNoSession) {
  std::vector<Ulid> things;
  for (int i = 0; i < 501; ++i) things.push_back(ids_.Next());
  for (const Ulid& id : {things[0], things[500]}) ChangeNow(id);
  SequenceAll();
  ASSERT_OK(mysql::Transact(database_.db(), [&](mysql::Tx& tx) -> absl::Status {
    for (int i = 1; i < 500; ++i) RETURN_IF_ERROR(Change(tx, things[i], clock_.Now()));
    return absl::OkStatus();
  }));
  ChangeOther(ids_.Next());
  ASSERT_OK_AND_ASSIGN(SnapshotReading reading,
                       SnapshotReading::Begin(*reader_, "things", states_, {}, std::nullopt));
  // What comes after the watermark may be in it; the feed brings it again.
  SequenceAll();
  ASSERT_OK_AND_ASSIGN(auto chunk, reading.Next(*reader_));
  ASSERT_TRUE(chunk.has_value());
  EXPECT_EQ(chunk->events_size(), 500);
  EXPECT_EQ(chunk->events(0).sequence(), 2);
  ChangeNow(things[0]);    // was read
  ChangeNow(things[500]);  // was not
  // Each chunk is read with the session that there is then.
  auto another = database_.Connect();
  ASSERT_OK_AND_ASSIGN(chunk, reading.Next(*another));
  ASSERT_TRUE(chunk.has_value());
  ASSERT_EQ(chunk->events_size(), 1);
  type::v1::Quantity state;
  ASSERT_TRUE(chunk->events(0).payload().UnpackTo(&state));
  EXPECT_EQ(state.value_milli(), 2);
  ASSERT_OK_AND_ASSIGN(chunk, reading.Next(*reader_));
  ASSERT_TRUE(chunk.has_value());
  EXPECT_EQ(chunk->events(0).aggregate_type(), "other");
  ASSERT_OK_AND_ASSIGN(chunk, reading.Next(*reader_));
  ASSERT_TRUE(chunk.has_value());
  EXPECT_TRUE(chunk->complete());
  EXPECT_EQ(chunk->watermark(), 2);  // of the beginning
  ASSERT_OK_AND_ASSIGN(chunk, reading.Next(*reader_));
  EXPECT_FALSE(chunk.has_value());
  EXPECT_THAT(SnapshotReading::Begin(*reader_, "things", states_, {"none"}, std::nullopt),
              StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
}

TEST_F(FeedTest, ASourceThatWasRestoredStopsTheConsumerUntilItsSnapshot) {
  std::vector<Ulid> things;
  for (int i = 0; i < 20; ++i) {
    things.push_back(ids_.Next());
    ChangeNow(things.back());
  }
  SequenceAll();
  auto session = database_.Connect();
  ConsumerOptions options = Following();
  options.resnapshot = false;
  Consumer consumer(*session, clock_, options, PullFrom(database_.db()), handler_,
                    SnapshotFrom(database_.db()));
  Follow(consumer);
  // The restore lost five records that the copy has.
  ASSERT_OK(database_.db().Execute("DELETE FROM thing ORDER BY id LIMIT 5").status());
  ASSERT_OK(database_.db().Execute("DELETE FROM feed_event WHERE sequence > 15").status());
  ASSERT_OK(database_.db().Execute("UPDATE feed_meta SET last_sequence = 15").status());
  ASSERT_OK_AND_ASSIGN(std::string epoch, StartNewEpoch(database_.db(), ids_));
  EXPECT_THAT(consumer.StepOnce(), testing::IsOkAndHolds(StepResult::kStopped));
  EXPECT_EQ(consumer.state(), ConsumerState::kEpochChanged);
  EXPECT_THAT(consumer.StepOnce(), testing::IsOkAndHolds(StepResult::kStopped));
  ASSERT_OK_AND_ASSIGN(ConsumerProgress progress, ReadProgress(database_.db(), "copy", "things"));
  EXPECT_FALSE(progress.running());
  EXPECT_THAT(progress.last_error, ::testing::HasSubstr("EPOCH_CHANGED"));

  ASSERT_OK(RequestSnapshot(database_.db(), "copy", "things"));
  EXPECT_THAT(consumer.StepOnce(), testing::IsOkAndHolds(StepResult::kSnapshotTaken));
  Follow(consumer);
  EXPECT_EQ(Differences(), 0);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM copy"), 15);
  ASSERT_OK_AND_ASSIGN(progress, ReadProgress(database_.db(), "copy", "things"));
  EXPECT_EQ(progress.epoch, epoch);
  EXPECT_TRUE(progress.running());
}

TEST_F(FeedTest, ASnapshotBrokenOffStartsAnew) {
  for (int i = 0; i < 1100; ++i) ChangeNow(ids_.Next());
  SequenceAll();
  auto session = database_.Connect();
  int messages = 0;
  SnapshotFunction broken =
      [&](const feed::v1::SnapshotRequest& request,
          const std::function<absl::Status(const feed::v1::SnapshotResponse&)>& sink) {
        return SnapshotFrom(database_.db())(
            request, [&](const feed::v1::SnapshotResponse& message) {
              if (++messages == 2) return absl::Status(absl::UnavailableError("peer is gone"));
              return sink(message);
            });
      };
  Consumer consumer(*session, clock_, Following(), PullFrom(database_.db()), handler_, broken);
  EXPECT_THAT(consumer.StepOnce(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(consumer.StepOnce(), testing::IsOkAndHolds(StepResult::kSnapshotTaken));
  EXPECT_EQ(Differences(), 0);
}

TEST_F(FeedTest, ASourceThatWasRestoredIsNotBackfilledFromButCopiedAnew) {
  ChangeNow(ids_.Next());
  ChangeOther(ids_.Next());
  SequenceAll();
  FollowTypes({"thing"});
  ASSERT_OK(StartNewEpoch(database_.db(), ids_).status());
  auto session = database_.Connect();
  Consumer consumer(*session, clock_, FollowingTypes({"thing", "other"}), PullFrom(database_.db()),
                    handler_, SnapshotFrom(*reader_));
  EXPECT_THAT(consumer.StepOnce(), testing::IsOkAndHolds(StepResult::kStopped));
  EXPECT_EQ(consumer.state(), ConsumerState::kEpochChanged);
  EXPECT_EQ(Covered(), "thing");
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM copy"), 1);
  snapshots_.clear();
  EXPECT_THAT(consumer.StepOnce(), testing::IsOkAndHolds(StepResult::kSnapshotTaken));
  EXPECT_THAT(snapshots_, ElementsAre(ElementsAre("thing", "other")));
  EXPECT_EQ(Covered(), "other,thing");
  Follow(consumer);
  EXPECT_EQ(Differences(), 0);
}

TEST_F(FeedTest, ARestoredSourceThatRefusesATypeIsCopiedWithoutIt) {
  ChangeNow(ids_.Next());
  ChangeOther(ids_.Next());
  SequenceAll();
  FollowTypes({"thing"});
  states_.offered = {"thing"};
  auto session = database_.Connect();
  Consumer consumer(*session, clock_, FollowingTypes({"thing", "other"}), PullFrom(database_.db()),
                    handler_, SnapshotFrom(*reader_));
  Follow(consumer);
  ASSERT_OK(StartNewEpoch(database_.db(), ids_).status());
  EXPECT_THAT(consumer.StepOnce(), testing::IsOkAndHolds(StepResult::kStopped));
  snapshots_.clear();
  EXPECT_THAT(consumer.StepOnce(), testing::IsOkAndHolds(StepResult::kSnapshotTaken));
  EXPECT_THAT(snapshots_, ElementsAre(ElementsAre("thing", "other"), ElementsAre("thing")));
  EXPECT_EQ(Covered(), "thing");
  Follow(consumer);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM copy"), 1);
  states_.offered = {"thing", "other"};
  clock_.Advance(absl::Minutes(10));
  Follow(consumer);
  EXPECT_EQ(Covered(), "other,thing");
  EXPECT_EQ(Differences(), 0);
}

}  // namespace
}  // namespace bangfu::feed
