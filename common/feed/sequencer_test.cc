// The outbox and the sequencer: committed events get a gap-free sequence in the order of commits,
// whoever moves them and whoever dies meanwhile.
#include "common/feed/sequencer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "bangfu/feed/v1/change_feed.pb.h"
#include "bangfu/type/v1/common.pb.h"
#include "common/base/ulid.h"
#include "common/feed/feed.h"
#include "common/feed/feed_for_test.h"
#include "common/mysql/session.h"
#include "common/status/macros.h"
#include "common/testing/clock.h"
#include "common/testing/status_matchers.h"

namespace bangfu::feed {
namespace {

using ::bangfu::testing::FakeClock;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(FeedTest, GivesCommittedEventsAGapFreeSequence) {
  std::vector<std::string> expected;
  for (int i = 0; i < 700; ++i) {
    const Ulid id = ids_.Next();
    expected.push_back(id.ToString());
    ChangeNow(id);
  }
  SequenceAll();
  const feed::v1::PullResponse response = PullAll();
  ASSERT_EQ(response.events_size(), 700);
  for (int i = 0; i < 700; ++i) {
    EXPECT_EQ(response.events(i).sequence(), i + 1);
    EXPECT_EQ(response.events(i).aggregate_id(), expected[i]);  // the order of commits
  }
  EXPECT_EQ(response.last_sequence(), 700);
  EXPECT_EQ(response.next_after(), 700);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM feed_outbox"), 0);
  type::v1::Quantity state;
  ASSERT_TRUE(response.events(0).payload().UnpackTo(&state));
  EXPECT_EQ(state.value_milli(), 1);
  EXPECT_EQ(response.events(0).occurred_at().seconds(), absl::ToUnixSeconds(clock_.Now()));
}

TEST_F(FeedTest, BatchesOfEverySizeKeepTheOrder) {
  // Around the lengths at which the statements change their form.
  int64_t before = 0;
  for (const int size : {1, 2, 15, 16, 17, 59, 60, 61, 64, 65, 66, 200, 511, 512}) {
    std::vector<std::string> expected;
    ASSERT_OK(mysql::Transact(database_.db(), [&](mysql::Tx& tx) -> absl::Status {
      expected.clear();
      for (int i = 0; i < size; ++i) {
        const Ulid id = ids_.Next();
        expected.push_back(id.ToString());
        RETURN_IF_ERROR(Change(tx, id, clock_.Now()));
      }
      return absl::OkStatus();
    }));
    ASSERT_OK_AND_ASSIGN(const SequencerStep step, sequencer_->StepOnce());
    ASSERT_EQ(step.moved, size);
    ASSERT_OK_AND_ASSIGN(const feed::v1::PullResponse pulled,
                         Pull(*reader_, "things", {.after = before, .limit = 5000}, clock_.Now()));
    ASSERT_EQ(pulled.events_size(), size);
    for (int i = 0; i < size; ++i) {
      ASSERT_EQ(pulled.events(i).sequence(), before + i + 1) << "of " << size;
      ASSERT_EQ(pulled.events(i).aggregate_id(), expected[i]) << "of " << size;
      type::v1::Quantity state;
      ASSERT_TRUE(pulled.events(i).payload().UnpackTo(&state));
      ASSERT_EQ(state.value_milli(), 1);
    }
    before += size;
  }
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM feed_outbox"), 0);
}

TEST_F(FeedTest, WritersThatCommitInOppositeOrder) {
  const Ulid first = ids_.Next();
  const Ulid second = ids_.Next();
  auto other = database_.Connect();
  ASSERT_OK(mysql::Transact(database_.db(), [&](mysql::Tx& tx) -> absl::Status {
    RETURN_IF_ERROR(Change(tx, first, clock_.Now()));
    // The second writer begins later and commits earlier; its event goes out meanwhile.
    RETURN_IF_ERROR(mysql::Transact(
        *other, [&](mysql::Tx& inner) { return Change(inner, second, clock_.Now()); }));
    SequenceAll();
    EXPECT_THAT(Aggregates(), ElementsAre(second.ToString()));
    return absl::OkStatus();
  }));
  SequenceAll();
  EXPECT_THAT(Aggregates(), ElementsAre(second.ToString(), first.ToString()));
}

TEST_F(FeedTest, RolledBackEventsNeverShow) {
  EXPECT_FALSE(mysql::Transact(database_.db(), [&](mysql::Tx& tx) -> absl::Status {
                 RETURN_IF_ERROR(Change(tx, ids_.Next(), clock_.Now()));
                 return absl::InvalidArgumentError("no");
               }).ok());
  SequenceAll();
  EXPECT_THAT(Aggregates(), IsEmpty());
}

TEST_F(FeedTest, OneAggregatesOrderHoldsWhenClocksDisagree) {
  const Ulid id = ids_.Next();
  // One replica's clock is an hour ahead, the next one's is not.
  const absl::Time now = clock_.Now();
  for (const absl::Time at : {now + absl::Hours(1), now, now - absl::Hours(1), now}) {
    ASSERT_OK(mysql::Transact(database_.db(), [&](mysql::Tx& tx) { return Change(tx, id, at); }));
  }
  SequenceAll();
  const feed::v1::PullResponse response = PullAll();
  ASSERT_EQ(response.events_size(), 4);
  for (int i = 0; i < 4; ++i) {
    type::v1::Quantity state;
    ASSERT_TRUE(response.events(i).payload().UnpackTo(&state));
    EXPECT_EQ(state.value_milli(), i + 1);
  }
}

TEST_F(FeedTest, OfTwoSequencersOneWorks) {
  auto session = database_.Connect();
  Sequencer second(*session, clock_, Options("s2"));
  SequenceAll();
  ChangeNow(ids_.Next());
  ASSERT_OK_AND_ASSIGN(SequencerStep step, second.StepOnce());
  EXPECT_FALSE(step.holder);
  ASSERT_OK_AND_ASSIGN(step, sequencer_->StepOnce());
  EXPECT_EQ(step.moved, 1);
  // An orderly end lets the next one in at once.
  ASSERT_OK(sequencer_->Release());
  ASSERT_OK_AND_ASSIGN(step, second.StepOnce());
  EXPECT_TRUE(step.holder);
}

TEST_F(FeedTest, WhatIsCommittedWhileTheSequencerRestsGoesInOneBatch) {
  SequenceAll();
  const absl::Duration rest = SequencerOptions().rest;
  ASSERT_OK_AND_ASSIGN(SequencerStep step, sequencer_->StepOnce());
  EXPECT_EQ(step.rest, rest);
  for (int i = 0; i < 3; ++i) ChangeNow(ids_.Next());
  ASSERT_OK_AND_ASSIGN(step, sequencer_->StepOnce());
  EXPECT_EQ(step.moved, 3);
  EXPECT_EQ(step.rest, rest);
  // While more waits than one batch takes there is no rest.
  ASSERT_OK(mysql::Transact(database_.db(), [&](mysql::Tx& tx) -> absl::Status {
    for (int i = 0; i < 600; ++i) RETURN_IF_ERROR(Change(tx, ids_.Next(), clock_.Now(), "36"));
    return absl::OkStatus();
  }));
  ASSERT_OK_AND_ASSIGN(step, sequencer_->StepOnce());
  EXPECT_LT(step.moved, 600);
  EXPECT_EQ(step.rest, absl::ZeroDuration());
  ASSERT_OK_AND_ASSIGN(const SequencerStep last, sequencer_->StepOnce());
  EXPECT_EQ(step.moved + last.moved, 600);
  EXPECT_EQ(last.rest, rest);
}

TEST_F(FeedTest, ASequencerThatWasThoughtDeadMovesNothing) {
  FakeClock slow(clock_.Now());  // a process that stood still
  auto session = database_.Connect();
  Sequencer zombie(*session, slow, Options("zombie"));
  ASSERT_OK_AND_ASSIGN(SequencerStep step, zombie.StepOnce());
  ASSERT_TRUE(step.holder);
  clock_.Advance(absl::Minutes(1));
  ChangeNow(ids_.Next());
  SequenceAll();  // the other one took over
  ChangeNow(ids_.Next());
  ASSERT_OK_AND_ASSIGN(step, zombie.StepOnce());
  EXPECT_FALSE(step.holder);
  EXPECT_EQ(step.moved, 0);
  EXPECT_EQ(PullAll().last_sequence(), 1);
  SequenceAll();
  EXPECT_EQ(PullAll().last_sequence(), 2);
}

TEST_F(FeedTest, AKilledSequencerLeavesWholeBatches) {
  for (int i = 0; i < 40; ++i) ChangeNow(ids_.Next());
  auto doomed_session = database_.Connect();
  SequencerOptions options = Options("doomed");
  options.before_commit = [&](mysql::Tx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(mysql::Rows rows, tx.Query("SELECT CONNECTION_ID()"));
    RETURN_IF_ERROR(database_.db().ExecuteOnce(absl::StrCat("KILL ", rows[0].Int(0))).status());
    return absl::OkStatus();
  };
  Sequencer doomed(*doomed_session, clock_, options);
  EXPECT_FALSE(doomed.StepOnce().ok());
  EXPECT_EQ(PullAll().last_sequence(), 0);
  clock_.Advance(absl::Minutes(1));  // its lease ends
  SequenceAll();
  const feed::v1::PullResponse response = PullAll();
  ASSERT_EQ(response.events_size(), 40);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(response.events(i).sequence(), i + 1);
}

}  // namespace
}  // namespace bangfu::feed
