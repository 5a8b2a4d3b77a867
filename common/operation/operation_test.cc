#include "common/operation/operation.h"

#include <condition_variable>
#include <mutex>

#include "bangfu/type/v1/common.pb.h"
#include "common/operation/schema.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/testing/clock.h"
#include "common/testing/database.h"
#include "common/testing/status_matchers.h"

namespace bangfu::operation {
namespace {

using ::bangfu::testing::FakeClock;
using ::bangfu::testing::IsOkAndHolds;
using ::bangfu::testing::StatusIs;
using ::bangfu::testing::TestDatabase;

migrate::Migrations TestSchema() {
  return migrate::Concat(Schema(), migrate::Migrations{{"work", 1, "create", R"sql(
CREATE TABLE work (
  step BIGINT NOT NULL,
  PRIMARY KEY (step)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql"}});
}

class OperationTest : public ::testing::Test {
 protected:
  OperationTest() : database_(TestSchema()), ids_(clock_), session_(database_.Connect()) {
    runner_ = NewRunner("r1");
  }

  // Work of `total` steps, one transaction each, with its place as the cursor.
  std::unique_ptr<OperationRunner> NewRunner(std::string holder, const Clock* clock = nullptr) {
    RunnerOptions options;
    options.holder = std::move(holder);
    auto runner = std::make_unique<OperationRunner>(clock != nullptr ? *clock : clock_, options);
    runner->Register("count", [this](OperationContext& context) { return Count(context); });
    return runner;
  }
  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Count(OperationContext& context) {
    type::v1::Quantity request;
    RETURN_IF_ERROR(context.Request(&request));
    int64_t step = context.resume_cursor().empty() ? 0 : std::stoll(context.resume_cursor());
    while (step < request.value_milli()) {
      RETURN_IF_ERROR(context.Progress(step, request.value_milli(), "正在计数"));
      if (before_step) RETURN_IF_ERROR(before_step(step));
      ++step;
      RETURN_IF_ERROR(mysql::Transact(context.db(), [&](mysql::Tx& tx) -> absl::Status {
        RETURN_IF_ERROR(tx.Execute("INSERT INTO work (step) VALUES (?)", {step}).status());
        return context.SaveCursor(tx, std::to_string(step), step);
      }));
    }
    auto result = std::make_unique<type::v1::Quantity>();
    result->set_text("counted");
    return result;
  }

  Ulid StartCounting(int64_t steps, std::string kind = "count") {
    const Ulid id = ids_.Next();
    type::v1::Quantity request;
    request.set_value_milli(steps);
    type::v1::Actor actor;
    actor.set_subject("p1");
    actor.set_name("张三");
    actor.set_delegated_by("li");
    actor.set_grant_id("01ARZ3NDEKTSV4RRFFQ69G5FAV");
    EXPECT_OK(mysql::Transact(database_.db(), [&](mysql::Tx& tx) {
      return operation::Start(tx, {.id = id,
                                   .kind = kind,
                                   .region_path = "360733",
                                   .created_by = actor,
                                   .request = request,
                                   .now = clock_.Now()})
          .status();
    }));
    return id;
  }
  v1::Operation Read(const Ulid& id) {
    auto operation = Get(database_.db(), id, {"36"});
    EXPECT_OK(operation);
    return operation.ok() ? *operation : v1::Operation();
  }

  FakeClock clock_;
  TestDatabase database_;
  UlidGenerator ids_;
  std::unique_ptr<mysql::Session> session_;
  std::unique_ptr<OperationRunner> runner_;
  std::function<absl::Status(int64_t)> before_step;
};

// The service is frozen in the middle of the work, and somebody starts another one meanwhile.
TEST_F(OperationTest, RestsWhileTheServiceTakesNoWrites) {
  bool frozen = false;
  RunnerOptions options;
  options.holder = "r1";
  options.may_write = [&]() -> absl::Status {
    return frozen ? absl::FailedPreconditionError("frozen") : absl::OkStatus();
  };
  OperationRunner runner(clock_, options);
  runner.Register("count", [this](OperationContext& context) { return Count(context); });
  before_step = [&](int64_t step) {
    frozen = step == 2;
    return absl::OkStatus();
  };
  const Ulid id = StartCounting(5);
  EXPECT_THAT(runner.StepOnce(*session_), IsOkAndHolds(true));
  EXPECT_EQ(Read(id).state(), v1::OPERATION_STATE_RUNNING);
  EXPECT_EQ(Read(id).done(), 3);  // the step that was under way is committed
  EXPECT_EQ(Read(id).progress_zh(), "已冻结，解冻后接着办");
  const Ulid other = StartCounting(0);
  // However long it lasts.
  for (int look = 0; look < 10; ++look) {
    clock_.Advance(absl::Hours(1));
    EXPECT_THAT(runner.StepOnce(*session_), IsOkAndHolds(false));
  }
  EXPECT_EQ(Read(other).state(), v1::OPERATION_STATE_PENDING);
  before_step = nullptr;
  frozen = false;
  EXPECT_THAT(runner.StepOnce(*session_), IsOkAndHolds(true));
  EXPECT_THAT(runner.StepOnce(*session_), IsOkAndHolds(true));
  EXPECT_EQ(Read(id).state(), v1::OPERATION_STATE_SUCCEEDED);
  EXPECT_EQ(Read(other).state(), v1::OPERATION_STATE_SUCCEEDED);
  EXPECT_EQ(database_.db().Query("SELECT COUNT(*) FROM work")->at(0).Int(0), 5);
}

TEST_F(OperationTest, RunsToItsResult) {
  const Ulid id = StartCounting(5);
  EXPECT_EQ(Read(id).state(), v1::OPERATION_STATE_PENDING);
  EXPECT_THAT(runner_->StepOnce(*session_), IsOkAndHolds(true));
  const v1::Operation operation = Read(id);
  EXPECT_EQ(operation.state(), v1::OPERATION_STATE_SUCCEEDED);
  EXPECT_EQ(operation.done(), 5);
  EXPECT_EQ(operation.created_by().name(), "张三");
  type::v1::Quantity result;
  ASSERT_TRUE(operation.result().UnpackTo(&result));
  EXPECT_EQ(result.text(), "counted");
  EXPECT_THAT(runner_->StepOnce(*session_), IsOkAndHolds(false));
}

// What a deputy starts, the work goes on doing on the same person's behalf and by the same grant.
TEST_F(OperationTest, KnowsOnWhoseBehalfItRuns) {
  type::v1::Actor ran_for;
  runner_->Register("look", [&](OperationContext& context) {
    ran_for = context.created_by();
    return Count(context);
  });
  const Ulid id = StartCounting(1, "look");
  EXPECT_THAT(runner_->StepOnce(*session_), IsOkAndHolds(true));
  for (const type::v1::Actor& by : {ran_for, Read(id).created_by()}) {
    EXPECT_EQ(by.subject(), "p1");
    EXPECT_EQ(by.delegated_by(), "li");
    EXPECT_EQ(by.grant_id(), "01ARZ3NDEKTSV4RRFFQ69G5FAV");
  }
}

TEST_F(OperationTest, AnotherRegionDoesNotSeeIt) {
  const Ulid id = StartCounting(1);
  EXPECT_THAT(Get(database_.db(), id, {"3608"}), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Get(database_.db(), id, {}), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(OperationTest, ARolledBackStartRunsNothing) {
  type::v1::Quantity request;
  EXPECT_FALSE(mysql::Transact(database_.db(), [&](mysql::Tx& tx) -> absl::Status {
                 RETURN_IF_ERROR(operation::Start(tx, {.id = ids_.Next(),
                                                       .kind = "count",
                                                       .region_path = "36",
                                                       .request = request,
                                                       .now = clock_.Now()})
                                     .status());
                 return absl::InvalidArgumentError("no");
               }).ok());
  EXPECT_THAT(runner_->StepOnce(*session_), IsOkAndHolds(false));
}

TEST_F(OperationTest, TheNextProcessGoesOnWhereTheDeadOneStopped) {
  const Ulid id = StartCounting(10);
  // The process dies in step 4: its connection goes and nothing more is written.
  FakeClock stopped(clock_.Now());
  auto doomed = NewRunner("doomed", &stopped);
  before_step = [&](int64_t step) -> absl::Status {
    if (step < 4) return absl::OkStatus();
    ASSIGN_OR_RETURN(mysql::Rows rows, session_->Query("SELECT CONNECTION_ID()"));
    (void)database_.db().ExecuteOnce(absl::StrCat("KILL ", rows[0].Int(0)));
    // As good as dead: whoever runs on now is refused by the fence.
    clock_.Advance(absl::Minutes(1));
    before_step = nullptr;
    EXPECT_THAT(runner_->StepOnce(*database_.Connect()), IsOkAndHolds(true));
    return absl::OkStatus();
  };
  (void)doomed->StepOnce(*session_);
  const v1::Operation operation = Read(id);
  EXPECT_EQ(operation.state(), v1::OPERATION_STATE_SUCCEEDED) << operation.DebugString();
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM work"), 10);
}

TEST_F(OperationTest, CancelsAtASafePointAndResumes) {
  const Ulid id = StartCounting(10);
  before_step = [&](int64_t step) -> absl::Status {
    clock_.Advance(absl::Seconds(2));
    if (step != 3) return absl::OkStatus();
    return mysql::Transact(database_.db(),
                           [&](mysql::Tx& tx) { return Cancel(tx, id, clock_.Now()); });
  };
  EXPECT_THAT(runner_->StepOnce(*session_), IsOkAndHolds(true));
  EXPECT_EQ(Read(id).state(), v1::OPERATION_STATE_CANCELLED);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM work"), 4);
  EXPECT_THAT(runner_->StepOnce(*session_), IsOkAndHolds(false));
  EXPECT_THAT(
      mysql::Transact(database_.db(), [&](mysql::Tx& tx) { return Cancel(tx, id, clock_.Now()); }),
      StatusIs(absl::StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED"));
  before_step = nullptr;
  EXPECT_OK(
      mysql::Transact(database_.db(), [&](mysql::Tx& tx) { return Resume(tx, id, clock_.Now()); }));
  EXPECT_THAT(runner_->StepOnce(*session_), IsOkAndHolds(true));
  EXPECT_EQ(Read(id).state(), v1::OPERATION_STATE_SUCCEEDED);
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM work"), 10);
}

TEST_F(OperationTest, AWaitingOneIsCancelledAtOnce) {
  const Ulid id = StartCounting(3);
  EXPECT_OK(
      mysql::Transact(database_.db(), [&](mysql::Tx& tx) { return Cancel(tx, id, clock_.Now()); }));
  EXPECT_EQ(Read(id).state(), v1::OPERATION_STATE_CANCELLED);
  EXPECT_THAT(runner_->StepOnce(*session_), IsOkAndHolds(false));
}

TEST_F(OperationTest, FailsWithTheKindsError) {
  const Ulid id = StartCounting(3);
  before_step = [](int64_t) -> absl::Status { return FailedPrecondition("NO_LEDGER", "没有台账"); };
  EXPECT_THAT(runner_->StepOnce(*session_), IsOkAndHolds(true));
  const v1::Operation operation = Read(id);
  EXPECT_EQ(operation.state(), v1::OPERATION_STATE_FAILED);
  EXPECT_EQ(operation.error().code(), static_cast<int>(absl::StatusCode::kFailedPrecondition));
  EXPECT_GT(operation.error().details_size(), 0);
}

TEST_F(OperationTest, TriesATransientErrorAgainAndGivesUpInTheEnd) {
  const Ulid id = StartCounting(3);
  int runs = 0;
  before_step = [&](int64_t) -> absl::Status {
    ++runs;
    return absl::UnavailableError("peer");
  };
  for (int i = 0; i < 20; ++i) {
    EXPECT_OK(runner_->StepOnce(*session_).status());
    clock_.Advance(absl::Minutes(2));
  }
  EXPECT_EQ(runs, 5);
  EXPECT_EQ(Read(id).state(), v1::OPERATION_STATE_FAILED);
}

TEST_F(OperationTest, ListsNewestFirstByKeyset) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(StartCounting(1).ToString());
  ListQuery query{.scope = {"3607"}, .limit = 2};
  std::vector<std::string> seen;
  while (true) {
    ASSERT_OK_AND_ASSIGN(std::vector<v1::Operation> page, List(database_.db(), query));
    if (page.empty()) break;
    for (const v1::Operation& operation : page) seen.push_back(operation.id());
    query.after_region_path = page.back().region_path();
    query.after_id = *Ulid::Parse(page.back().id());
  }
  EXPECT_THAT(seen, ::testing::ElementsAreArray(ids.rbegin(), ids.rend()));
  query = {.scope = {"3607"}, .state = v1::OPERATION_STATE_FAILED};
  EXPECT_THAT(List(database_.db(), query), IsOkAndHolds(::testing::IsEmpty()));
}

TEST_F(OperationTest, WorkersRunWhatIsStartedAndStopInterruptsThem) {
  const Ulid id = StartCounting(3);
  const Ulid endless = StartCounting(1'000'000'000);
  std::mutex mu;
  std::condition_variable counting;
  bool started = false;
  before_step = [&](int64_t step) -> absl::Status {
    std::lock_guard lock(mu);
    if (step == 10) {
      started = true;
      counting.notify_all();
    }
    return absl::OkStatus();
  };
  RunnerOptions options;
  options.holder = "threads";
  options.workers = 1;
  OperationRunner runner(clock_, options);
  runner.Register("count",
                  [this](OperationContext& context)
                      -> absl::StatusOr<std::unique_ptr<google::protobuf::Message>> {
                    // Both count into one table: the second begins after the first.
                    return Count(context);
                  });
  EXPECT_OK(database_.db()
                .Execute("UPDATE operation SET lease_until = lease_until + INTERVAL 1 SECOND, "
                         "resume_cursor = '5' WHERE id = ?",
                         {endless})
                .status());
  runner.Run([this] { return database_.Connect(); });
  clock_.Advance(absl::Seconds(1));
  runner.Wake();
  {
    std::unique_lock lock(mu);
    ASSERT_TRUE(counting.wait_for(lock, std::chrono::seconds(20), [&] { return started; }));
  }
  runner.Stop();
  EXPECT_EQ(Read(id).state(), v1::OPERATION_STATE_SUCCEEDED);
  EXPECT_EQ(Read(endless).state(), v1::OPERATION_STATE_RUNNING);
  // The next process may have it at once.
  EXPECT_EQ(database_.Int("SELECT COUNT(*) FROM operation WHERE state = 2 AND lease_until <= ?",
                          {clock_.Now()}),
            1);
}

TEST_F(OperationTest, OldOnesAreSwept) {
  const Ulid id = StartCounting(1);
  const Ulid waiting = StartCounting(1, "unknown");
  EXPECT_THAT(runner_->StepOnce(*session_), IsOkAndHolds(true));
  EXPECT_THAT(SweepRetention(database_.db(), clock_.Now() + absl::Hours(24 * 89)), IsOkAndHolds(0));
  EXPECT_THAT(SweepRetention(database_.db(), clock_.Now() + absl::Hours(24 * 91)), IsOkAndHolds(1));
  EXPECT_THAT(Get(database_.db(), id, {"36"}), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(Read(waiting).state(), v1::OPERATION_STATE_PENDING);
}

}  // namespace
}  // namespace bangfu::operation
