// Types that are added to what a consumer follows: their backfill, and what is awaited of a source
// of an older release that refuses them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "bangfu/feed/v1/change_feed.pb.h"
#include "common/base/ulid.h"
#include "common/feed/consumer.h"
#include "common/feed/feed_for_test.h"
#include "common/testing/status_matchers.h"

namespace bangfu::feed {
namespace {

using ::bangfu::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(FeedTest, TheStatesOfAnAddedTypeComeOnce) {
  const Ulid thing = ids_.Next();
  const Ulid other = ids_.Next();
  ChangeNow(thing);
  for (int i = 0; i < 3; ++i) ChangeOther(other);
  SequenceAll();
  FollowTypes({"thing"});
  EXPECT_EQ(Covered(), "thing");
  EXPECT_THAT(snapshots_, ElementsAre(ElementsAre("thing")));
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM copy"), 1);

  auto session = database_.Connect();
  Consumer consumer(*session, clock_, FollowingTypes({"thing", "other"}), PullFrom(database_.db()),
                    handler_, SnapshotFrom(*reader_));
  EXPECT_THAT(consumer.StepOnce(), testing::IsOkAndHolds(StepResult::kSnapshotTaken));
  EXPECT_THAT(snapshots_, ElementsAre(ElementsAre("thing"), ElementsAre("other")));
  EXPECT_EQ(Covered(), "other,thing");
  EXPECT_EQ(consumer.state(), ConsumerState::kRunning);
  EXPECT_EQ(consumer.sequence(), 4);
  EXPECT_EQ(Differences(), 0);
  // What was there before stays as it was.
  EXPECT_EQ(database_.Int("SELECT effects FROM copy WHERE id = ?", {thing}), 1);

  EXPECT_THAT(consumer.StepOnce(), testing::IsOkAndHolds(StepResult::kIdle));
  FollowTypes({"thing", "other"});
  EXPECT_EQ(snapshots_.size(), 2u);
  ChangeOther(other);
  SequenceAll();
  Follow(consumer);
  EXPECT_EQ(Differences(), 0);
}

TEST_F(FeedTest, ABackfillBrokenOffStartsAnewAndLosesNothing) {
  std::vector<Ulid> others;
  for (int i = 0; i < 1100; ++i) {
    others.push_back(ids_.Next());
    ChangeOther(others.back());
  }
  SequenceAll();
  FollowTypes({"thing"});
  const int64_t cursor = database_.Int("SELECT sequence FROM feed_cursor");
  // Three pages of states and the end, before which all is here but nothing is recorded. Each time
  // another process starts.
  for (int broken_at = 1; broken_at <= 4; ++broken_at) {
    int messages = 0;
    SnapshotFunction broken =
        [&](const feed::v1::SnapshotRequest& request,
            const std::function<absl::Status(const feed::v1::SnapshotResponse&)>& sink) {
          return SnapshotFrom(*reader_)(
              request, [&](const feed::v1::SnapshotResponse& message) -> absl::Status {
                if (++messages == broken_at) return absl::UnavailableError("killed");
                return sink(message);
              });
        };
    auto session = database_.Connect();
    Consumer doomed(*session, clock_, FollowingTypes({"thing", "other"}), PullFrom(database_.db()),
                    handler_, broken);
    EXPECT_THAT(doomed.StepOnce(), StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_EQ(messages, broken_at);
    EXPECT_EQ(Covered(), "thing");
    EXPECT_EQ(database_.Int("SELECT sequence FROM feed_cursor"), cursor);
    EXPECT_EQ(database_.Int("SELECT state FROM feed_cursor"),
              static_cast<int>(ConsumerState::kRunning));
    // The source goes on meanwhile, with what was copied already and with what was not.
    ChangeOther(others.front());
    ChangeOther(others.back());
    ChangeOther(ids_.Next());
    SequenceAll();
  }
  FollowTypes({"thing", "other"});
  EXPECT_EQ(Covered(), "other,thing");
  EXPECT_EQ(Differences(), 0);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM copy"), 1104);
}

TEST_F(FeedTest, AChangeDuringABackfillIsNeitherLostNorUndone) {
  const Ulid thing = ids_.Next();
  std::vector<Ulid> others;
  for (int i = 0; i < 600; ++i) {
    others.push_back(ids_.Next());
    ChangeOther(others.back());
  }
  SequenceAll();
  FollowTypes({"thing"});
  const int64_t cursor = database_.Int("SELECT sequence FROM feed_cursor");
  // Not pulled yet when the snapshot is taken, so its watermark is past the cursor.
  ChangeNow(thing);
  ChangeOther(others[3]);
  SequenceAll();
  bool changed = false;
  SnapshotFunction during =
      [&](const feed::v1::SnapshotRequest& request,
          const std::function<absl::Status(const feed::v1::SnapshotResponse&)>& sink) {
        return SnapshotFrom(*reader_)(request, [&](const feed::v1::SnapshotResponse& message) {
          if (!changed) {
            changed = true;
            ChangeOther(others.front());  // read before, and takes effect here after
            ChangeOther(others.back());   // not read yet: the state is newer than the watermark
            ChangeOther(ids_.Next());
            SequenceAll();
          }
          return sink(message);
        });
      };
  // To a handler the states are as old as the cursor: what it goes by never steps back.
  int64_t last = 0;
  handler_.seen = [&](const Batch& batch) {
    for (const feed::v1::Event* event : batch.events) {
      EXPECT_GE(event->sequence(), last);
      last = event->sequence();
    }
  };
  auto session = database_.Connect();
  Consumer consumer(*session, clock_, FollowingTypes({"thing", "other"}), PullFrom(database_.db()),
                    handler_, during);
  EXPECT_THAT(consumer.StepOnce(), testing::IsOkAndHolds(StepResult::kSnapshotTaken));
  EXPECT_EQ(consumer.sequence(), cursor);
  EXPECT_EQ(last, cursor);
  EXPECT_EQ(database_.Int("SELECT version FROM copy WHERE id = ?", {others.front()}), 1);
  Follow(consumer);
  EXPECT_EQ(last, cursor + 5);
  EXPECT_EQ(Differences(), 0);
}

TEST_F(FeedTest, AnUnchangedListIsNotBackfilled) {
  ChangeNow(ids_.Next());
  ChangeOther(ids_.Next());
  SequenceAll();
  FollowTypes({"thing", "other"});
  EXPECT_EQ(snapshots_.size(), 1u);
  FollowTypes({"other", "thing", "other"});
  EXPECT_EQ(snapshots_.size(), 1u);
  EXPECT_EQ(Covered(), "other,thing");
  EXPECT_EQ(database_.Int("SELECT SUM(effects) FROM copy"), 2);
}

TEST_F(FeedTest, ACursorThatDoesNotSayCoversWhatIsFollowed) {
  ChangeOther(ids_.Next());
  SequenceAll();
  FollowTypes({"thing"});
  // As a release wrote it that did not keep the types.
  ASSERT_OK(database_.db().Execute("UPDATE feed_cursor SET aggregate_types = NULL").status());
  snapshots_.clear();
  FollowTypes({"thing", "other"});
  EXPECT_THAT(snapshots_, IsEmpty());
  EXPECT_EQ(Covered(), "other,thing");
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM copy"), 0);
}

TEST_F(FeedTest, ATypeThatIsFollowedAgainIsBackfilledAgain) {
  const Ulid other = ids_.Next();
  ChangeNow(ids_.Next());
  ChangeOther(other);
  SequenceAll();
  FollowTypes({"thing", "other"});
  FollowTypes({"thing"});
  EXPECT_EQ(Covered(), "thing");
  ChangeOther(other);
  ChangeNow(ids_.Next());
  SequenceAll();
  FollowTypes({"thing"});
  EXPECT_EQ(Differences(), 1);
  snapshots_.clear();
  FollowTypes({"thing", "other"});
  EXPECT_THAT(snapshots_, ElementsAre(ElementsAre("other")));
  EXPECT_EQ(Covered(), "other,thing");
  EXPECT_EQ(Differences(), 0);
}

// An upgrade that makes a copy hold more: what the older release left out comes by a backfill.
TEST_F(FeedTest, ACopyOfAnOlderVersionIsTakenAnewOnce) {
  const Ulid thing = ids_.Next();
  ChangeNow(thing);
  ChangeOther(ids_.Next());
  SequenceAll();
  FollowTypes({"thing", "other"});
  const auto upgraded = [&](int version) {
    ConsumerOptions options = FollowingTypes({"thing", "other"});
    options.copy_versions = {{"other", version}};
    return options;
  };
  const auto follow = [&](const ConsumerOptions& options) {
    auto session = database_.Connect();
    Consumer consumer(*session, clock_, options, PullFrom(database_.db()), handler_,
                      SnapshotFrom(*reader_));
    Follow(consumer);
  };
  ASSERT_OK(database_.db().Execute("DELETE FROM copy WHERE id <> ?", {thing}).status());
  snapshots_.clear();
  for (int starts = 0; starts < 2; ++starts) {
    follow(upgraded(2));
    EXPECT_THAT(snapshots_, ElementsAre(ElementsAre("other")));
    EXPECT_EQ(Covered(), "other#2,thing");
    EXPECT_EQ(Differences(), 0);
  }
  EXPECT_EQ(database_.Int("SELECT effects FROM copy WHERE id = ?", {thing}), 1);
  // What changes comes as it always did.
  ChangeOther(ids_.Next());
  SequenceAll();
  follow(upgraded(2));
  EXPECT_EQ(Differences(), 0);
  EXPECT_EQ(snapshots_.size(), 1u);
  // A process of the older release leaves out again what it does not know, so it is made up again.
  FollowTypes({"thing", "other"});
  EXPECT_EQ(Covered(), "other,thing");
  follow(upgraded(2));
  EXPECT_EQ(Covered(), "other#2,thing");
  follow(upgraded(3));
  EXPECT_EQ(Covered(), "other#3,thing");
  EXPECT_EQ(snapshots_.size(), 4u);
  // Nor is a cursor believed that does not say what its copies hold.
  ASSERT_OK(database_.db().Execute("UPDATE feed_cursor SET aggregate_types = NULL").status());
  snapshots_.clear();
  follow(upgraded(3));
  EXPECT_THAT(snapshots_, ElementsAre(ElementsAre("other")));
  EXPECT_EQ(Covered(), "other#3,thing");
}

TEST_F(FeedTest, ANewCursorCoversTheVersionOfItsCopies) {
  ChangeOther(ids_.Next());
  SequenceAll();
  ConsumerOptions options = FollowingTypes({"thing", "other"});
  options.copy_versions = {{"other", 2}};
  auto session = database_.Connect();
  Consumer consumer(*session, clock_, options, PullFrom(database_.db()), handler_,
                    SnapshotFrom(*reader_));
  Follow(consumer);
  EXPECT_EQ(Covered(), "other#2,thing");
  EXPECT_EQ(snapshots_.size(), 1u);
}

TEST_F(FeedTest, AllTypesAreMoreThanSomeAndSomeAreNotMoreThanAll) {
  ChangeNow(ids_.Next());
  ChangeOther(ids_.Next());
  SequenceAll();
  FollowTypes({"other"});
  FollowTypes({});
  EXPECT_EQ(Covered(), "*");
  EXPECT_EQ(Differences(), 0);
  EXPECT_EQ(snapshots_.size(), 2u);
  FollowTypes({"thing"});
  EXPECT_EQ(Covered(), "thing");
  EXPECT_EQ(snapshots_.size(), 2u);
}

// Of two replicas of two releases, the one that follows less does not move the cursor past what the
// other has made it cover.
TEST_F(FeedTest, ReplicasOfTwoReleasesTakeTurns) {
  const Ulid other = ids_.Next();
  ChangeOther(other);
  SequenceAll();
  auto session1 = database_.Connect();
  auto session2 = database_.Connect();
  Consumer before(*session1, clock_, FollowingTypes({"thing"}, "c1"), PullFrom(database_.db()),
                  handler_, SnapshotFrom(*reader_));
  Consumer after(*session2, clock_, FollowingTypes({"thing", "other"}, "c2"),
                 PullFrom(database_.db()), handler_, SnapshotFrom(*reader_));
  Follow(before);
  clock_.Advance(absl::Minutes(1));  // its lease ends
  Follow(after);
  EXPECT_EQ(Covered(), "other,thing");
  EXPECT_EQ(Differences(), 0);
  ChangeOther(other);
  SequenceAll();
  clock_.Advance(absl::Minutes(1));
  Follow(before);
  EXPECT_EQ(Covered(), "thing");
  EXPECT_EQ(Differences(), 1);
  clock_.Advance(absl::Minutes(1));
  Follow(after);
  EXPECT_EQ(Covered(), "other,thing");
  EXPECT_EQ(Differences(), 0);
}

TEST_F(FeedTest, StatesOlderThanTheCursorAreNotTaken) {
  ChangeNow(ids_.Next());
  ChangeOther(ids_.Next());
  SequenceAll();
  FollowTypes({"thing"});
  // A replica of the source that has not seen the last event yet.
  SnapshotFunction behind =
      [&](const feed::v1::SnapshotRequest& request,
          const std::function<absl::Status(const feed::v1::SnapshotResponse&)>& sink) {
        return SnapshotFrom(*reader_)(request, [&](const feed::v1::SnapshotResponse& message) {
          feed::v1::SnapshotResponse older = message;
          for (feed::v1::Event& event : *older.mutable_events()) event.set_sequence(1);
          if (older.complete()) older.set_watermark(1);
          return sink(older);
        });
      };
  auto session = database_.Connect();
  Consumer consumer(*session, clock_, FollowingTypes({"thing", "other"}), PullFrom(database_.db()),
                    handler_, behind);
  EXPECT_THAT(consumer.StepOnce(), StatusIs(absl::StatusCode::kUnavailable, "FEED_BEHIND"));
  EXPECT_EQ(Covered(), "thing");
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM copy"), 1);
  FollowTypes({"thing", "other"});
  EXPECT_EQ(Differences(), 0);
}

// A rolling upgrade that reaches the consumer before its source.
TEST_F(FeedTest, ASourceThatRefusesAnAddedTypeStopsNothingAndMissesNothing) {
  const Ulid thing = ids_.Next();
  const Ulid other = ids_.Next();
  ChangeNow(thing);
  SequenceAll();
  FollowTypes({"thing"});
  states_.offered = {"thing"};
  snapshots_.clear();
  ConsumerOptions options = FollowingTypes({"thing", "other"});
  options.ask_again = {.initial = absl::Seconds(5), .max = absl::Minutes(5)};
  options.random = [] { return uint64_t{0}; };  // the shortest rest
  auto session = database_.Connect();
  Consumer consumer(*session, clock_, options, PullFrom(database_.db()), handler_,
                    SnapshotFrom(*reader_));
  ChangeNow(thing);
  ChangeOther(other);
  SequenceAll();
  Follow(consumer);
  EXPECT_THAT(snapshots_, ElementsAre(ElementsAre("other")));
  EXPECT_EQ(database_.Int("SELECT version FROM copy WHERE id = ?", {thing}), 2);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM copy"), 1);
  EXPECT_EQ(Covered(), "thing");
  EXPECT_EQ(consumer.state(), ConsumerState::kRunning);
  ASSERT_OK_AND_ASSIGN(ConsumerProgress progress, ReadProgress(database_.db(), "copy", "things"));
  EXPECT_THAT(progress.awaited_types, ElementsAre("other"));
  EXPECT_EQ(progress.sequence, 3);
  EXPECT_EQ(progress.Lag(clock_.Now()), absl::ZeroDuration());
  // Told once.
  EXPECT_THAT(consumer.TakeRefusal(), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_OK(consumer.TakeRefusal());

  // It is not asked again at every step, nor never again.
  clock_.Advance(absl::Milliseconds(4999));
  Follow(consumer);
  EXPECT_EQ(snapshots_.size(), 1u);
  clock_.Advance(absl::Milliseconds(1));
  Follow(consumer);
  EXPECT_EQ(snapshots_.size(), 2u);
  EXPECT_FALSE(consumer.TakeRefusal().ok());

  // Upgraded. What the cursor has passed by comes with the states, what it has not after them; to a
  // handler nothing steps back.
  states_.offered = {"thing", "other"};
  ChangeOther(other);
  SequenceAll();
  Follow(consumer);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM copy"), 1);
  int64_t last = 0;
  handler_.seen = [&](const Batch& batch) {
    for (const feed::v1::Event* event : batch.events) {
      EXPECT_GE(event->sequence(), last);
      last = event->sequence();
    }
  };
  ChangeNow(thing);
  ChangeOther(other);
  ChangeOther(ids_.Next());
  SequenceAll();
  clock_.Advance(absl::Seconds(5));
  EXPECT_THAT(consumer.StepOnce(), testing::IsOkAndHolds(StepResult::kSnapshotTaken));
  EXPECT_EQ(consumer.sequence(), 4);
  Follow(consumer);
  EXPECT_EQ(last, 7);
  EXPECT_EQ(Differences(), 0);
  EXPECT_EQ(Covered(), "other,thing");
  ASSERT_OK_AND_ASSIGN(progress, ReadProgress(database_.db(), "copy", "things"));
  EXPECT_THAT(progress.awaited_types, IsEmpty());
  EXPECT_OK(consumer.TakeRefusal());
}

// Of a type that was followed before it is not what is refused.
TEST_F(FeedTest, WithARefusedTypeAnOlderCopyIsFollowedOn) {
  const Ulid other = ids_.Next();
  ChangeOther(other);
  SequenceAll();
  FollowTypes({"thing", "other"});
  ConsumerOptions options = FollowingTypes({"thing", "other", "third"});
  options.copy_versions = {{"other", 2}};
  options.ask_again = {.initial = absl::Seconds(5), .max = absl::Minutes(5)};
  auto session = database_.Connect();
  Consumer consumer(*session, clock_, options, PullFrom(database_.db()), handler_,
                    SnapshotFrom(*reader_));
  snapshots_.clear();
  for (int changes = 0; changes < 2; ++changes) {
    ChangeOther(other);
    SequenceAll();
    Follow(consumer);
    EXPECT_EQ(Differences(), 0);
    EXPECT_EQ(Covered(), "other,thing");
    EXPECT_THAT(snapshots_, ElementsAre(ElementsAre("other", "third")));
  }
  ASSERT_OK_AND_ASSIGN(const ConsumerProgress progress,
                       ReadProgress(database_.db(), "copy", "things"));
  EXPECT_THAT(progress.awaited_types, ElementsAre("other", "third"));
  states_.offered.push_back("third");
  clock_.Advance(absl::Minutes(10));
  Follow(consumer);
  EXPECT_EQ(Covered(), "other#2,thing,third");
}

// Nor is what is parked of it lost before its states come, nor ever that of another type.
TEST_F(FeedTest, OnlyTheStatesOfATypeSupersedeWhatIsParkedOfIt) {
  const Ulid thing = ids_.Next();
  const Ulid other = ids_.Next();
  FollowTypes({"thing", "other"});
  ConsumerOptions options = FollowingTypes({"thing", "other"});
  options.ask_again = {.initial = absl::Seconds(5), .max = absl::Minutes(5)};
  for (const int version : {2, 3}) {
    handler_.Poison(thing);
    handler_.Poison(other);
    ChangeNow(thing);
    ChangeOther(other);
    SequenceAll();
    auto session = database_.Connect();
    Consumer parking(*session, clock_, options, PullFrom(database_.db()), handler_,
                     SnapshotFrom(*reader_));
    Follow(parking);
    ASSERT_EQ(database_.Int("SELECT COUNT(*) FROM feed_parked"), 2);
    handler_.Heal();
    if (version == 3) {  // a cursor that does not say what it covers
      ASSERT_OK(database_.db().Execute("UPDATE feed_cursor SET aggregate_types = NULL").status());
    }
    states_.offered = {"thing"};
    options.copy_versions = {{"other", version}};
    Consumer consumer(*session, clock_, options, PullFrom(database_.db()), handler_,
                      SnapshotFrom(*reader_));
    Follow(consumer);
    EXPECT_FALSE(consumer.TakeRefusal().ok());
    EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM feed_parked"), 2);
    states_.offered = {"thing", "other"};
    clock_.Advance(absl::Minutes(10));
    Follow(consumer);
    EXPECT_EQ(Covered(), absl::StrCat("other#", version, ",thing"));
    EXPECT_EQ(Differences(), 1);
    ASSERT_OK_AND_ASSIGN(const Redriven redriven,
                         Redrive(database_.db(), clock_, handler_, "copy", "things", thing));
    EXPECT_EQ(redriven.applied, 1);
    EXPECT_EQ(Differences(), 0);
    EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM feed_parked"), 0);
  }
}

// What waits is in the row: a process that starts anew, and one that follows less, know it too.
TEST_F(FeedTest, WhatIsAwaitedOutlivesTheProcess) {
  ChangeNow(ids_.Next());
  ChangeOther(ids_.Next());
  SequenceAll();
  FollowTypes({"thing"});
  states_.offered = {"thing"};
  FollowTypes({"thing", "other"});
  snapshots_.clear();
  FollowTypes({"thing", "other"});  // a start asks at once
  EXPECT_THAT(snapshots_, ElementsAre(ElementsAre("other")));
  FollowTypes({"thing"});
  ASSERT_OK_AND_ASSIGN(const ConsumerProgress progress,
                       ReadProgress(database_.db(), "copy", "things"));
  EXPECT_THAT(progress.awaited_types, IsEmpty());
  states_.offered = {"thing", "other"};
  FollowTypes({"thing", "other"});
  EXPECT_EQ(Covered(), "other,thing");
  EXPECT_EQ(Differences(), 0);
}

// No type at all would be a pull of every type.
TEST_F(FeedTest, AConsumerThatCoversNothingWaitsForItsSource) {
  ChangeNow(ids_.Next());
  ChangeOther(ids_.Next());
  SequenceAll();
  FollowTypes({"thing"});
  states_.offered = {"thing"};
  auto session = database_.Connect();
  Consumer consumer(*session, clock_, FollowingTypes({"other"}), PullFrom(database_.db()), handler_,
                    SnapshotFrom(*reader_));
  ChangeNow(ids_.Next());
  SequenceAll();
  EXPECT_THAT(consumer.StepOnce(), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(Covered(), "thing");
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM copy"), 1);
  EXPECT_EQ(database_.Int("SELECT sequence FROM feed_cursor"), 2);
}

}  // namespace
}  // namespace bangfu::feed
