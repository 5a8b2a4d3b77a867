// Reading one's own feed: pulls and retention; and the whole feed, from writers to a consumer, at
// once.
#include "common/feed/feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bangfu/feed/v1/change_feed.pb.h"
#include "bangfu/type/v1/common.pb.h"
#include "common/base/loop.h"
#include "common/base/ulid.h"
#include "common/feed/consumer.h"
#include "common/feed/feed_for_test.h"
#include "common/feed/sequencer.h"
#include "common/mysql/session.h"
#include "common/testing/deep.h"
#include "common/testing/random.h"
#include "common/testing/status_matchers.h"

namespace bangfu::feed {
namespace {

using ::bangfu::testing::StatusIs;

TEST_F(FeedTest, PullsInPiecesByTypeAndRegion) {
  for (int i = 0; i < 30; ++i) ChangeNow(ids_.Next(), i % 3 == 0 ? "360733" : "360781");
  SequenceAll();
  PullQuery query{.limit = 4};
  ASSERT_OK_AND_ASSIGN(feed::v1::PullResponse page,
                       Pull(database_.db(), "things", query, clock_.Now()));
  EXPECT_EQ(page.events_size(), 4);
  EXPECT_EQ(page.next_after(), 4);
  query = {.limit = 4, .scope = RegionPrefixes{"360733"}};
  int seen = 0;
  while (true) {
    ASSERT_OK_AND_ASSIGN(page, Pull(database_.db(), "things", query, clock_.Now()));
    for (const auto& event : page.events()) {
      EXPECT_EQ(event.region_path(), "360733");
      ++seen;
    }
    if (page.next_after() == page.last_sequence()) break;
    query.after = page.next_after();
  }
  EXPECT_EQ(seen, 10);
  ASSERT_OK_AND_ASSIGN(
      page, Pull(database_.db(), "things", {.aggregate_types = {"other"}}, clock_.Now()));
  EXPECT_EQ(page.events_size(), 0);
  EXPECT_EQ(page.next_after(), 30);
  ASSERT_OK_AND_ASSIGN(page,
                       Pull(database_.db(), "things", {.scope = RegionPrefixes{}}, clock_.Now()));
  EXPECT_EQ(page.events_size(), 0);
}

TEST_F(FeedTest, PullTellsHowOldTheUnsequencedAre) {
  ChangeNow(ids_.Next());
  clock_.Advance(absl::Seconds(7));
  EXPECT_EQ(PullAll().unsequenced_age_ms(), 7000);
  SequenceAll();
  EXPECT_EQ(PullAll().unsequenced_age_ms(), 0);
}

TEST_F(FeedTest, OldEventsGoAndTheirCursorsExpire) {
  for (int i = 0; i < 123; ++i) ChangeNow(ids_.Next());
  SequenceAll();
  clock_.Advance(absl::Hours(24 * 100));
  for (int i = 0; i < 10; ++i) ChangeNow(ids_.Next());
  SequenceAll();
  clock_.Advance(absl::Hours(24 * 81));
  int64_t deleted = 0;
  while (true) {
    ASSERT_OK_AND_ASSIGN(int64_t n, SweepRetention(database_.db(), clock_.Now()));
    if (n == 0) break;
    deleted += n;
  }
  EXPECT_EQ(deleted, 123);
  EXPECT_THAT(Pull(database_.db(), "things", {.after = 5}, clock_.Now()),
              StatusIs(absl::StatusCode::kOutOfRange, "CURSOR_EXPIRED"));
  ASSERT_OK_AND_ASSIGN(auto page, Pull(database_.db(), "things", {.after = 123}, clock_.Now()));
  EXPECT_EQ(page.events_size(), 10);
}

TEST_F(FeedTest, JobsRunUntilTheyAreStoppedAndLetTheNextIn) {
  auto session = database_.Connect();
  auto pull_session = database_.Connect();
  ConsumerOptions options = Following();
  options.idle_rest = absl::Milliseconds(5);
  options.prefetch = true;
  options.limit = 10;
  Consumer consumer(*session, clock_, options, PullFrom(*pull_session), handler_);
  Loop sequencing;
  Loop consuming;
  std::thread sequencer_thread([&] { sequencer_->Run(sequencing); });
  std::thread consumer_thread([&] { consumer.Run(consuming); });
  for (int i = 0; i < 55; ++i) ChangeNow(ids_.Next());
  sequencing.Wake();
  const absl::Time give_up = absl::Now() + absl::Seconds(30);
  while (Differences() > 0 && absl::Now() < give_up) std::this_thread::yield();
  sequencing.Stop();
  consuming.Stop();
  sequencer_thread.join();
  consumer_thread.join();
  EXPECT_EQ(Differences(), 0);
  EXPECT_EQ(database_.Int("SELECT SUM(effects) FROM copy"), 55);
  // Their leases ended with them, though the clock stands still.
  auto next = database_.Connect();
  Sequencer second(*next, clock_, Options("s2"));
  ASSERT_OK_AND_ASSIGN(SequencerStep step, second.StepOnce());
  EXPECT_TRUE(step.holder);
  Consumer other(*next, clock_, Following("c2"), PullFrom(*pull_session), handler_);
  EXPECT_THAT(other.StepOnce(), testing::IsOkAndHolds(StepResult::kIdle));
}

// Writers, two sequencers that are killed at random and a consumer that is killed at random, all at
// once: the copy equals the source, no event came twice and none is missing.
TEST_F(FeedTest, EverythingAtOnce) {
  constexpr int kWriters = 4;
  const int kChanges = testing::Runs(150, 2500);
  testing::SeededRandom random(testing::PropertySeed(1));
  std::vector<Ulid> things;
  for (int i = 0; i < 12; ++i) things.push_back(ids_.Next());
  std::atomic<int> writing = kWriters;
  std::vector<std::thread> threads;
  for (int w = 0; w < kWriters; ++w) {
    threads.emplace_back([&] {
      auto session = database_.Connect();
      for (int i = 0; i < kChanges; ++i) {
        const Ulid id = things[random.Below(things.size())];
        // Clocks that disagree by up to a second.
        const absl::Time at = clock_.Now() + absl::Milliseconds(random.Between(-500, 500));
        EXPECT_OK(mysql::Transact(*session, [&](mysql::Tx& tx) { return Change(tx, id, at); }));
      }
      --writing;
    });
  }
  std::atomic<bool> sequenced = false;
  for (int s = 0; s < 2; ++s) {
    threads.emplace_back([&, s] {
      auto session = database_.Connect();
      SequencerOptions options = Options(absl::StrCat("s", s));
      options.lease = absl::ZeroDuration();  // each tries to take over all the time
      options.before_commit = [&](mysql::Tx&) {
        return random.Below(4) == 0 ? absl::InternalError("killed") : absl::OkStatus();
      };
      Sequencer sequencer(*session, clock_, options);
      while (!sequenced) {
        (void)sequencer.StepOnce();
        clock_.Advance(absl::Milliseconds(1));
        if (writing == 0 &&
            database_.Connect()->Query("SELECT id FROM feed_outbox LIMIT 1")->empty()) {
          sequenced = true;
        }
      }
    });
  }
  auto session = database_.Connect();
  auto pull_session = database_.Connect();
  handler_.after_effect = [&](mysql::Tx&) -> absl::Status {
    return random.Below(3) == 0 ? absl::UnavailableError("killed") : absl::OkStatus();
  };
  ConsumerOptions options = Following();
  options.limit = 7;
  options.prefetch = true;
  Consumer consumer(*session, clock_, options, PullFrom(*pull_session), handler_);
  while (!sequenced) (void)consumer.StepOnce();
  for (std::thread& thread : threads) thread.join();
  Follow(consumer);
  EXPECT_EQ(Differences(), 0);
  EXPECT_EQ(database_.Int("SELECT SUM(effects) FROM copy"), kWriters * kChanges);
  EXPECT_EQ(consumer.sequence(), kWriters * kChanges);
  std::map<std::string, int64_t> versions;
  int64_t sequence = 0;
  const feed::v1::PullResponse response = PullAll();
  for (const auto& event : response.events()) {
    EXPECT_EQ(event.sequence(), ++sequence);
    type::v1::Quantity state;
    ASSERT_TRUE(event.payload().UnpackTo(&state));
    EXPECT_EQ(state.value_milli(), ++versions[event.aggregate_id()]);
  }
}

}  // namespace
}  // namespace bangfu::feed
