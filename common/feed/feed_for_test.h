// Things that change, their feed and a consumer's copy of them, on a real database.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bangfu/feed/v1/change_feed.pb.h"
#include "bangfu/type/v1/common.pb.h"
#include "common/base/ulid.h"
#include "common/feed/consumer.h"
#include "common/feed/feed.h"
#include "common/feed/outbox.h"
#include "common/feed/schema.h"
#include "common/feed/sequencer.h"
#include "common/migrate/migration.h"
#include "common/mysql/session.h"
#include "common/status/macros.h"
#include "common/testing/clock.h"
#include "common/testing/database.h"
#include "common/testing/status_matchers.h"

namespace bangfu::feed {

// A source of things with a version, each of one of two types, and a copy of them: what two
// services would have.
inline migrate::Migrations TestSchema() {
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

inline type::v1::Quantity State(int64_t version) {
  type::v1::Quantity state;
  state.set_value_milli(version);
  return state;
}

// Writes the thing's next version and its event, as a service's mutation does.
inline absl::Status Change(mysql::Tx& tx, const Ulid& id, absl::Time now,
                           const std::string& region = "36", const std::string& kind = "thing") {
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

  testing::FakeClock clock_;
  testing::TestDatabase database_;
  UlidGenerator ids_;
  std::unique_ptr<mysql::Session> sequencer_session_;
  std::unique_ptr<mysql::Session> reader_;
  std::unique_ptr<Sequencer> sequencer_;
  ThingStates states_;
  CopyHandler handler_;
  std::vector<std::vector<std::string>> snapshots_;  // the types that each was asked for
};

}  // namespace bangfu::feed
