// Whatever happens to batch evaluations, those wait to be resumed that stopped and whose place no
// later one has taken.
#include <algorithm>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include "common/inbox/recount.h"
#include "common/inbox/stopped.h"
#include "common/inbox/walks_for_test.h"
#include "common/operation/operation.h"
#include "common/status/macros.h"
#include "common/testing/deep.h"
#include "common/testing/random.h"
#include "services/evaluation/api/evaluation_api_for_test.h"
#include "services/evaluation/facts/work_calendar.h"

namespace bangfu::evaluation {
namespace {

const inbox::Walk kWalk({"BATCH_EVALUATION_RESUME"});

class BatchWalk : public EvaluationApi {
 protected:
  // In the order of their starts.
  struct Run {
    std::string id, region, period, starter;
  };

  BatchWalk()
      : runner_(world_.server().clock(), {.holder = "runner"}),
        session_(world_.database().Connect()) {
    RegisterBatchEvaluation(
        runner_, world_.evaluator(),
        {.chunk = 1, .before_commit = [this](const std::string&, int64_t) { return Break(); }});
    for (const std::string county : {"360733", "360102"}) {
      world_.AddIndustry(county);
    }
    world_.Sync();
  }

  absl::StatusOr<operation::v1::Operation> Start(const std::string& region,
                                                 const std::string& period,
                                                 const std::string& token) {
    v1::StartBatchEvaluationRequest request;
    request.set_request_id(world_.RequestId());
    request.set_region_code(region);
    request.set_period(period);
    return world_.server().Call<operation::v1::Operation>(Cat(kService, "StartBatchEvaluation"),
                                                          request, token);
  }
  operation::v1::OperationState StateOf(const std::string& id) {
    operation::v1::GetOperationRequest request;
    request.set_id(id);
    auto got = world_.server().Call<operation::v1::Operation>(
        "bangfu.operation.v1.OperationService.GetOperation", request, world_.Province());
    EXPECT_OK(got);
    return got.ok() ? got->state() : operation::v1::OPERATION_STATE_UNSPECIFIED;
  }
  // As OperationService cancels and resumes it.
  absl::Status Steer(const std::string& id,
                     absl::Status (*step)(mysql::Tx&, const Ulid&, absl::Time)) {
    return mysql::Transact(world_.db(), [&](mysql::Tx& tx) -> absl::Status {
      ASSIGN_OR_RETURN(const Ulid key, Ulid::Parse(id));
      const absl::Time now = world_.server().clock().Now();
      RETURN_IF_ERROR(step(tx, key, now));
      ASSIGN_OR_RETURN(const operation::v1::Operation one, operation::Get(tx, key, {"36"}));
      return runner_.TellStand(tx, one, now);
    });
  }
  // What runs is asked to stop after some chunks.
  absl::Status Break() {
    if (chunks_left_ < 0 || --chunks_left_ >= 0) return absl::OkStatus();
    world_.server().clock().Advance(absl::Seconds(2));
    for (const Run& run : runs_) {
      if (StateOf(run.id) != operation::v1::OPERATION_STATE_RUNNING) continue;
      RETURN_IF_ERROR(Steer(run.id, operation::Cancel));
    }
    return absl::OkStatus();
  }
  // Until nothing is left; or one, that is stopped after so many chunks.
  void RunAll() {
    while (true) {
      ASSERT_OK_AND_ASSIGN(const bool ran, runner_.StepOnce(*session_));
      if (!ran) return;
    }
  }
  void RunSome(int chunks) {
    chunks_left_ = chunks;
    ASSERT_OK(runner_.StepOnce(*session_));
    chunks_left_ = -1;
  }

  std::set<std::string> Expected() {
    std::set<std::string> out;
    for (size_t i = 0; i < runs_.size(); ++i) {
      const Run& run = runs_[i];
      const operation::v1::OperationState state = StateOf(run.id);
      if (state != operation::v1::OPERATION_STATE_FAILED &&
          state != operation::v1::OPERATION_STATE_CANCELLED) {
        continue;
      }
      if (std::any_of(runs_.begin() + static_cast<int64_t>(i) + 1, runs_.end(),
                      [&](const Run& later) {
                        return later.period == run.period && run.region.starts_with(later.region);
                      })) {
        continue;
      }
      out.insert(Cat(run.id, " PROVINCE ", run.region, " "));
      out.insert(Cat(run.id, " STARTER ", run.region, " ", run.starter));
    }
    return out;
  }
  std::set<std::string> Stored() {
    std::set<std::string> out;
    auto rows = world_.db().Query(
        Cat("SELECT subject_id, slot, region_path, assignee, action FROM work_item WHERE "
            "open_mark = 1 AND kind IN (",
            kWalk.Quoted(), ")"));
    EXPECT_OK(rows);
    if (!rows.ok()) return out;
    for (const mysql::Row& row : *rows) {
      EXPECT_EQ(row.String(4), "resume");
      out.insert(
          Cat(row.Id(0).ToString(), " ", row.String(1), " ", row.String(2), " ", row.String(3)));
    }
    return out;
  }
  absl::Status Recounted() {
    return inbox::Recount(world_.db(), {inbox::StoppedSource({StoppedBatch()})},
                          world_.server().ids(), world_.server().clock().Now(),
                          {.every = absl::ZeroDuration(), .calendar = WorkCalendar});
  }

  int chunks_left_ = -1;
  std::vector<Run> runs_;
  operation::OperationRunner runner_;
  std::unique_ptr<mysql::Session> session_;
};

TEST_F(BatchWalk, R002_ItemsAreEqualToStatesAfterRandomSteps) {
  const uint64_t seed = testing::TestSeed();
  std::cout << "seed " << seed << " (BANGFU_TEST_SEED)" << std::endl;
  const testing::SeededRandom random(seed);
  const int steps = testing::Runs(80, 800);
  int stopped = 0, resumed = 0;
  for (int i = 0; i < steps; ++i) {
    absl::Status status;
    world_.server().clock().Advance(absl::Seconds(1));
    // Mostly one that the step can be taken on.
    const auto any = [&](std::initializer_list<operation::v1::OperationState> states) {
      std::vector<Run> some;
      for (const Run& run : runs_) {
        const operation::v1::OperationState state = StateOf(run.id);
        if (std::find(states.begin(), states.end(), state) != states.end()) some.push_back(run);
      }
      if (some.empty() || random.Below(6) == 0) return runs_[random.Below(runs_.size())];
      return some[random.Below(some.size())];
    };
    switch (runs_.empty() ? 0 : random.Below(10)) {
      case 0:
      case 1:
      case 2: {
        static constexpr const char* kRegions[] = {"360733", "360102", "3607", "36"};
        const std::string region = kRegions[random.Below(4)];
        const std::string period = random.Below(2) == 0 ? sample::kPeriod : "2025-12";
        const bool county = region.size() == 6 && random.Below(2) == 0;
        const std::string starter = county ? Cat("starter-", region) : "starter";
        const auto role = county ? auth::Role::ROLE_COUNTY_APPROVER : auth::Role::ROLE_PROV_OFFICE;
        auto started =
            Start(region, period, world_.server().Token(role, county ? region : "36", starter));
        status = started.status();
        if (started.ok()) runs_.push_back({started->id(), region, period, starter});
        break;
      }
      case 3:
      case 4:
        status = Steer(any({operation::v1::OPERATION_STATE_PENDING}).id, operation::Cancel);
        stopped += status.ok() ? 1 : 0;
        break;
      case 5:
      case 6:
        status = Steer(
            any({operation::v1::OPERATION_STATE_CANCELLED, operation::v1::OPERATION_STATE_FAILED})
                .id,
            operation::Resume);
        resumed += status.ok() ? 1 : 0;
        break;
      case 7:
        RunSome(static_cast<int>(random.Below(2)));
        break;
      case 8:
        RunAll();
        break;
      default:
        ASSERT_OK(Recounted());
    }
    if (HasFatalFailure()) return;
    ASSERT_NE(status.code(), absl::StatusCode::kInternal) << status;
    ASSERT_EQ(Stored(), Expected()) << "step " << i << ", seed " << seed;
  }
  std::cout << steps << " steps, " << runs_.size() << " runs, " << stopped << " stopped, "
            << resumed << " resumed" << std::endl;
  EXPECT_GT(stopped, 0);
  EXPECT_GT(resumed, 0);
  kWalk.ExpectSeen(world_.db());
  // The recount agrees, and fills an empty inbox.
  const std::set<std::string> expected = Expected();
  ASSERT_OK(Recounted());
  EXPECT_EQ(Stored(), expected);
  for (const char* table : {"work_item", "work_desk"}) {
    world_.database().Run(Cat("DELETE FROM ", table, ";"));
  }
  world_.server().clock().Advance(absl::Minutes(1));
  ASSERT_OK(Recounted());
  EXPECT_EQ(Stored(), expected);
}

}  // namespace
}  // namespace bangfu::evaluation
