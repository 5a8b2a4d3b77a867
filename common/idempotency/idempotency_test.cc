#include "common/idempotency/idempotency.h"

#include <atomic>
#include <thread>

#include "bangfu/type/v1/common.pb.h"
#include "common/idempotency/schema.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/testing/clock.h"
#include "common/testing/database.h"
#include "common/testing/status_matchers.h"

namespace bangfu::idempotency {
namespace {

using ::bangfu::testing::FakeClock;
using ::bangfu::testing::HasViolation;
using ::bangfu::testing::IsOk;
using ::bangfu::testing::IsOkAndHolds;
using ::bangfu::testing::StatusIs;
using ::bangfu::testing::TestDatabase;

// Transactions that wait for a row's lock. Not from innodb_trx: a reader that polls that table
// keeps its cache from being refreshed.
absl::StatusOr<mysql::Rows> LockWaits(mysql::Session& db) {
  return db.Query(
      "SELECT variable_value FROM information_schema.global_status "
      "WHERE variable_name = 'INNODB_ROW_LOCK_CURRENT_WAITS'");
}

class IdempotencyTest : public ::testing::Test {
 protected:
  // One mutation: counts its runs, answers `answer`.
  absl::StatusOr<std::string> Run(mysql::Session& db, const Key& key, const std::string& body,
                                  const std::string& answer,
                                  const std::function<absl::Status()>& work = nullptr) {
    return mysql::Transact(db, [&](mysql::Tx& tx) -> absl::StatusOr<std::string> {
      ASSIGN_OR_RETURN(std::optional<std::string> stored, Begin(tx, key, body, clock_.Now()));
      if (stored) return *stored;
      ++runs_;
      if (work) RETURN_IF_ERROR(work());
      RETURN_IF_ERROR(Complete(tx, key, answer));
      return answer;
    });
  }

  FakeClock clock_;
  TestDatabase database_{Schema()};
  const Key key_{"张三", "bangfu.registry.v1.ProjectService.CreateProject", "request-1"};
  std::atomic<int> runs_{0};
};

TEST_F(IdempotencyTest, RepeatGetsTheStoredAnswer) {
  const std::string answer("\0\xff answer", 9);
  EXPECT_THAT(Run(database_.db(), key_, "body", answer), IsOkAndHolds(answer));
  EXPECT_THAT(Run(database_.db(), key_, "body", "other"), IsOkAndHolds(answer));
  EXPECT_EQ(runs_, 1);
}

TEST_F(IdempotencyTest, AnEmptyAnswerIsAnAnswer) {
  EXPECT_THAT(Run(database_.db(), key_, "body", ""), IsOkAndHolds(std::string()));
  EXPECT_THAT(Run(database_.db(), key_, "body", "other"), IsOkAndHolds(std::string()));
}

TEST_F(IdempotencyTest, SameIdWithAnotherBodyIsRefused) {
  ASSERT_OK(Run(database_.db(), key_, "body", "answer"));
  absl::Status status = Run(database_.db(), key_, "body2", "answer").status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED"));
  EXPECT_THAT(status, HasViolation("request_id"));
}

TEST_F(IdempotencyTest, CallerAndMethodArePartOfTheKey) {
  ASSERT_OK(Run(database_.db(), key_, "body", "answer"));
  Key other = key_;
  other.caller = "李四";
  EXPECT_THAT(Run(database_.db(), other, "body", "another"), IsOkAndHolds(std::string("another")));
  other = key_;
  other.method += "2";
  EXPECT_THAT(Run(database_.db(), other, "body", "third"), IsOkAndHolds(std::string("third")));
  EXPECT_EQ(runs_, 3);
}

TEST_F(IdempotencyTest, FailuresAreNotStored) {
  EXPECT_THAT(Run(database_.db(), key_, "body", "answer",
                  [] { return FailedPrecondition("NO", "不行").Build(); }),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM idempotency_key"), 0);
  EXPECT_THAT(Run(database_.db(), key_, "another body", "answer"),
              IsOkAndHolds(std::string("answer")));
}

// The second arrives while the first is under way: it waits, then gets the first one's answer.
TEST_F(IdempotencyTest, OfTwoAtTheSameTimeOneRuns) {
  std::atomic<bool> first_inside{false};
  absl::StatusOr<std::string> second = absl::UnknownError("");
  std::thread thread([&] {
    while (!first_inside) std::this_thread::yield();
    auto session = database_.Connect();
    second = Run(*session, key_, "body", "second");
  });
  auto watcher = database_.Connect();
  absl::StatusOr<std::string> first = Run(database_.db(), key_, "body", "first", [&] {
    first_inside = true;
    // Until the other really waits for the row's lock.
    while (true) {
      absl::StatusOr<mysql::Rows> waiting = LockWaits(*watcher);
      if (!waiting.ok()) return waiting.status();
      if (waiting->front().Int(0) > 0) return absl::OkStatus();
      std::this_thread::yield();
    }
  });
  thread.join();
  EXPECT_THAT(first, IsOkAndHolds(std::string("first")));
  EXPECT_THAT(second, IsOkAndHolds(std::string("first")));
  EXPECT_EQ(runs_, 1);
}

TEST_F(IdempotencyTest, WhenTheFirstFailsTheSecondRuns) {
  std::atomic<bool> first_inside{false};
  absl::StatusOr<std::string> second = absl::UnknownError("");
  std::thread thread([&] {
    while (!first_inside) std::this_thread::yield();
    auto session = database_.Connect();
    second = Run(*session, key_, "body", "second");
  });
  auto watcher = database_.Connect();
  absl::StatusOr<std::string> first =
      Run(database_.db(), key_, "body", "first", [&]() -> absl::Status {
        first_inside = true;
        while (true) {
          absl::StatusOr<mysql::Rows> waiting = LockWaits(*watcher);
          if (!waiting.ok()) return waiting.status();
          if (waiting->front().Int(0) > 0) return absl::CancelledError("gone");
          std::this_thread::yield();
        }
      });
  thread.join();
  EXPECT_THAT(first, StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(second, IsOkAndHolds(std::string("second")));
}

// The outcome of a COMMIT is unknown when the connection dies in it: the repeat decides.
TEST_F(IdempotencyTest, ARepeatAfterAnUnknownCommitRunsOrAnswers) {
  auto session = database_.Connect();
  absl::StatusOr<std::string> unknown =
      mysql::Transact(*session, [&](mysql::Tx& tx) -> absl::StatusOr<std::string> {
        ASSIGN_OR_RETURN(std::optional<std::string> stored, Begin(tx, key_, "body", clock_.Now()));
        RETURN_IF_ERROR(Complete(tx, key_, "first"));
        ASSIGN_OR_RETURN(mysql::Rows id, tx.Query("SELECT CONNECTION_ID()"));
        RETURN_IF_ERROR(
            database_.db().ExecuteOnce(absl::StrCat("KILL CONNECTION ", id[0].Int(0))).status());
        return std::string("first");
      });
  EXPECT_THAT(unknown, StatusIs(absl::StatusCode::kUnavailable, "COMMIT_UNKNOWN"));
  EXPECT_THAT(Run(*session, key_, "body", "second"), IsOk());
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM idempotency_key"), 1);
}

TEST_F(IdempotencyTest, SweepDeletesAfterSevenDays) {
  std::vector<mysql::Params> rows;
  for (int i = 0; i < 2500; ++i) {
    std::string hash(32, '\0');
    hash[0] = static_cast<char>(i >> 8);
    hash[1] = static_cast<char>(i);
    rows.push_back(
        {hash, "c", "m", absl::StrCat(i), hash, "r", clock_.Now() - kLifetime - absl::Seconds(i)});
  }
  ASSERT_OK(mysql::BulkInsert(
      database_.db(), "idempotency_key",
      "key_hash, caller, method, request_id, body_hash, response, created_at", rows));
  ASSERT_OK(Run(database_.db(), key_, "body", "answer"));
  EXPECT_THAT(Sweep(database_.db(), clock_.Now()), IsOkAndHolds(2499));  // one is just 7 days old
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM idempotency_key"), 2);
}

TEST_F(IdempotencyTest, BodyBytesAreThoseOfTheMessage) {
  type::v1::Actor a, b;
  a.set_subject("s");
  a.set_name("n");
  b.set_name("n");
  b.set_subject("s");
  EXPECT_EQ(BodyBytes(a), BodyBytes(b));
  b.set_role("r");
  EXPECT_NE(BodyBytes(a), BodyBytes(b));
}

}  // namespace
}  // namespace bangfu::idempotency
