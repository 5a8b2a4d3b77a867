#include "common/feed/feed.h"

#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "bangfu/type/v1/common.pb.h"
#include "common/base/random.h"
#include "common/feed/consumer.h"
#include "common/feed/freshness.h"
#include "common/feed/outbox.h"
#include "common/feed/schema.h"
#include "common/feed/sequencer.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/testing/clock.h"
#include "common/testing/database.h"
#include "common/testing/deep.h"
#include "common/testing/random.h"
#include "common/testing/status_matchers.h"

namespace bangfu::feed {
namespace {

using ::bangfu::testing::FakeClock;
using ::bangfu::testing::StatusIs;
using ::bangfu::testing::TestDatabase;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A source of things with a version, each of one of two types, and a copy of them: what two
// services would have.
migrate::Migrations TestSchema() {
  return migrate::Concat(Schema(), migrate::Migrations{{"things", 1, "create", R"sql(
CREATE TABLE thing (
  id BINARY(16) NOT NULL,
  kind VARCHAR(64) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE copy (
  id BINARY(16) NOT NULL,
  version BIGINT NOT NULL,
  effects BIGINT NOT NULL,
  generation BIGINT NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql"}});
}

type::v1::Quantity State(int64_t version) {
  type::v1::Quantity state;
  state.set_value_milli(version);
  return state;
}

// Writes the thing's next version and its event, as a service's mutation does.
absl::Status Change(mysql::Tx& tx, const Ulid& id, absl::Time now, const std::string& region = "36",
                    const std::string& kind = "thing") {
  RETURN_IF_ERROR(
      tx.Execute("INSERT INTO thing (id, kind, region_path, version) VALUES (?, ?, ?, 1) "
                 "ON DUPLICATE KEY UPDATE version = version + 1",
                 {id, kind, region})
          .status());
  ASSIGN_OR_RETURN(mysql::Rows rows, tx.Query("SELECT version FROM thing WHERE id = ?", {id}));
  return Publish(tx, MakeEvent(kind, id, region, State(rows[0].Int(0)), now));
}

class CopyHandler : public EffectHandler {
 public:
  absl::Status Apply(mysql::Tx& tx, const Batch& batch) override {
    if (seen) seen(batch);
    std::vector<mysql::Params> rows;
    for (const feed::v1::Event* event : batch.events) {
      type::v1::Quantity state;
      if (!event->payload().UnpackTo(&state)) return absl::InvalidArgumentError("payload");
      {
        std::lock_guard lock(mu_);
        if (poison_.contains(event->aggregate_id())) return absl::InvalidArgumentError("poison");
      }
      ASSIGN_OR_RETURN(Ulid id, Ulid::Parse(event->aggregate_id()));
      rows.push_back({id, state.value_milli(), 1, batch.generation});
    }
    RETURN_IF_ERROR(mysql::BulkInsert(tx, "copy", "(id, version, effects, generation)", rows,
                                      " ON DUPLICATE KEY UPDATE version = VALUES(version), "
                                      "effects = effects + 1, generation = VALUES(generation)")
                        .status());
    if (after_effect) return after_effect(tx);
    return absl::OkStatus();
  }
  absl::Status FinishSnapshot(mysql::Tx& tx, const std::string&, int64_t generation) override {
    return tx.Execute("DELETE FROM copy WHERE generation < ?", {generation}).status();
  }
  void Poison(const Ulid& id) {
    std::lock_guard lock(mu_);
    poison_.insert(id.ToString());
  }
  void Heal() {
    std::lock_guard lock(mu_);
    poison_.clear();
  }
  std::function<absl::Status(mysql::Tx&)> after_effect;
  std::function<void(const Batch&)> seen;

 private:
  std::mutex mu_;
  std::set<std::string> poison_;
};

class ThingStates : public SnapshotSource {
 public:
  std::vector<std::string> aggregate_types() const override { return offered; }
  std::vector<std::string> offered = {"thing", "other"};  // fewer: an older release
  absl::StatusOr<std::vector<OutboxEvent>> Page(
      mysql::Executor& db, const std::string& type, const Ulid& after, int limit,
      const std::optional<RegionPrefixes>& scope) override {
    mysql::Params params = {type, after};
    std::string where = "kind = ? AND id > ?";
    if (scope) where += " AND " + mysql::RegionClause(*scope, "region_path", &params);
    params.emplace_back(limit);
    ASSIGN_OR_RETURN(mysql::Rows rows,
                     db.Query("SELECT id, region_path, version FROM thing WHERE " + where +
                                  " ORDER BY id LIMIT ?",
                              params));
    std::vector<OutboxEvent> page;
    for (const mysql::Row& row : rows) {
      page.push_back(
          MakeEvent(type, row.Id(0), row.String(1), State(row.Int(2)), absl::UnixEpoch()));
    }
    return page;
  }
};

class FeedTest : public ::testing::Test {
 protected:
  FeedTest()
      : database_(TestSchema()),
        ids_(clock_),
        sequencer_session_(database_.Connect()),
        reader_(database_.Connect()) {
    sequencer_ = std::make_unique<Sequencer>(*sequencer_session_, clock_, Options("s1"));
  }

  static SequencerOptions Options(std::string holder) {
    SequencerOptions options;
    options.holder = std::move(holder);
    return options;
  }
  static ConsumerOptions Following(std::string holder = "c1") {
    ConsumerOptions options;
    options.consumer = "copy";
    options.source = "things";
    options.holder = std::move(holder);
    return options;
  }

  static ConsumerOptions FollowingTypes(std::vector<std::string> types, std::string holder = "c1") {
    ConsumerOptions options = Following(std::move(holder));
    options.aggregate_types = std::move(types);
    return options;
  }

  void ChangeNow(const Ulid& id, const std::string& region = "36",
                 const std::string& kind = "thing") {
    ASSERT_OK(mysql::Transact(
        database_.db(), [&](mysql::Tx& tx) { return Change(tx, id, clock_.Now(), region, kind); }));
  }
  void ChangeOther(const Ulid& id) { ChangeNow(id, "36", "other"); }
  void SequenceAll() {
    while (true) {
      ASSERT_OK_AND_ASSIGN(SequencerStep step, sequencer_->StepOnce());
      ASSERT_TRUE(step.holder);
      if (step.moved == 0) return;
    }
  }
  feed::v1::PullResponse PullAll() {
    auto pulled = Pull(*reader_, "things", {.limit = 5000}, clock_.Now());
    EXPECT_OK(pulled);
    return pulled.ok() ? *pulled : feed::v1::PullResponse();
  }
  std::vector<std::string> Aggregates() {
    std::vector<std::string> ids;
    const feed::v1::PullResponse response = PullAll();
    for (const auto& event : response.events()) ids.push_back(event.aggregate_id());
    return ids;
  }
  PullFunction PullFrom(mysql::Session& session) {
    return [this, &session](const feed::v1::PullRequest& r) {
      return Pull(session, "things",
                  {.epoch = r.epoch(),
                   .after = r.after(),
                   .limit = r.limit(),
                   .aggregate_types = {r.aggregate_types().begin(), r.aggregate_types().end()}},
                  clock_.Now());
    };
  }
  SnapshotFunction SnapshotFrom(mysql::Session& session) {
    return [this, &session](
               const feed::v1::SnapshotRequest& request,
               const std::function<absl::Status(const feed::v1::SnapshotResponse&)>& sink) {
      const std::vector<std::string> types = {request.aggregate_types().begin(),
                                              request.aggregate_types().end()};
      snapshots_.push_back(types);
      return Snapshot(session, "things", states_, types, std::nullopt, sink);
    };
  }
  // A process that follows these types: until it is level.
  void FollowTypes(const std::vector<std::string>& types) {
    auto session = database_.Connect();
    Consumer consumer(*session, clock_, FollowingTypes(types), PullFrom(database_.db()), handler_,
                      SnapshotFrom(*reader_));
    Follow(consumer);
  }
  // The types that the cursor's row names.
  std::string Covered() {
    auto rows = database_.db().Query("SELECT COALESCE(aggregate_types, 'NULL') FROM feed_cursor");
    EXPECT_OK(rows);
    return rows.ok() && rows->size() == 1 ? rows->front().String(0) : "";
  }
  // Steps until idle; transient errors are what the consumer must live with.
  void Follow(Consumer& consumer) {
    for (int i = 0; i < 10000; ++i) {
      auto step = consumer.StepOnce();
      if (step.ok() && *step == StepResult::kIdle) return;
    }
    FAIL() << "not level after 10000 steps";
  }
  int64_t Differences() {
    return database_.Int(
        "SELECT COUNT(*) FROM thing t LEFT JOIN copy c ON c.id = t.id "
        "WHERE c.id IS NULL OR c.version <> t.version");
  }

  FakeClock clock_;
  TestDatabase database_;
  UlidGenerator ids_;
  std::unique_ptr<mysql::Session> sequencer_session_;
  std::unique_ptr<mysql::Session> reader_;
  std::unique_ptr<Sequencer> sequencer_;
  ThingStates states_;
  CopyHandler handler_;
  std::vector<std::vector<std::string>> snapshots_;  // the types that each was asked for
};

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
