#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

#include "common/grants/copies.h"
#include "common/inbox/recount.h"
#include "common/inbox/stopped.h"
#include "common/operation/operation.h"
#include "services/evaluation/api/evaluation_api_for_test.h"
#include "services/evaluation/store/fact_store.h"

namespace bangfu::evaluation {
namespace {

using testing::StatusIs;

class BatchApi : public EvaluationApi {
 protected:
  static constexpr int kProjects = 4;  // of each county

  BatchApi() {
    for (const std::string county : {"360102", "360733", "361102"}) {
      const std::string industry = world_.AddIndustry(county);
      subjects_.push_back(industry);
      for (int i = 0; i < kProjects; ++i) {
        subjects_.push_back(world_.AddProject(industry, county + "101201"));
      }
    }
    world_.Sync();
    world_.Score(subjects_, 85, 85);
  }

  operation::v1::Operation Start(const std::string& region = "36") {
    v1::StartBatchEvaluationRequest request;
    request.set_request_id(world_.RequestId());
    request.set_region_code(region);
    request.set_period(sample::kPeriod);
    auto started = world_.server().Call<operation::v1::Operation>(
        Cat(kService, "StartBatchEvaluation"), request, world_.Province());
    EXPECT_OK(started);
    return started.ok() ? *started : operation::v1::Operation();
  }
  operation::v1::Operation Get(const std::string& id) {
    operation::v1::GetOperationRequest request;
    request.set_id(id);
    auto got = world_.server().Call<operation::v1::Operation>(
        "bangfu.operation.v1.OperationService.GetOperation", request, world_.Province());
    EXPECT_OK(got);
    return got.ok() ? *got : operation::v1::Operation();
  }
  // Steps a runner until the operation has ended.
  void Drive(const std::string& id, BatchOptions options = {}) {
    operation::OperationRunner runner(world_.server().clock(), {.holder = "runner"});
    RegisterBatchEvaluation(runner, world_.evaluator(), std::move(options));
    auto session = world_.database().Connect();
    for (int i = 0; i < 20; ++i) {
      ASSERT_OK(runner.StepOnce(*session));
      const operation::v1::OperationState state = Get(id).state();
      if (state != operation::v1::OPERATION_STATE_PENDING &&
          state != operation::v1::OPERATION_STATE_RUNNING) {
        return;
      }
      world_.server().clock().Advance(absl::Minutes(1));
    }
    FAIL() << "the operation does not end";
  }
  v1::BatchEvaluationResult Result(const std::string& id) {
    const operation::v1::Operation o = Get(id);
    EXPECT_EQ(o.state(), operation::v1::OPERATION_STATE_SUCCEEDED) << o.error().message();
    v1::BatchEvaluationResult result;
    EXPECT_TRUE(o.result().UnpackTo(&result));
    return result;
  }
  int64_t Evaluations() { return world_.database().Int("SELECT COUNT(*) FROM evaluation"); }

  std::vector<std::string> subjects_;
};

TEST_F(BatchApi, AProvinceIsEvaluatedOnceAndWhatStaysIsLeftAlone) {
  operation::v1::Operation started = Start();
  EXPECT_EQ(started.total(), 3 * (kProjects + 1));
  Drive(started.id(), {.chunk = 3});
  v1::BatchEvaluationResult result = Result(started.id());
  EXPECT_EQ(result.evaluated(), 15);
  EXPECT_EQ(result.refused(), 0);
  EXPECT_EQ(result.watermarks_size(), 2);
  EXPECT_EQ(Get(started.id()).done(), 15);
  EXPECT_EQ(Evaluations(), 15);
  // Each with its event, its audit row and its record.
  EXPECT_EQ(world_.database().Int("SELECT COUNT(*) FROM feed_outbox WHERE aggregate_type = "
                                  "'evaluation'"),
            15);
  EXPECT_EQ(world_.database().Int("SELECT COUNT(*) FROM evaluation_record"), 15);
  EXPECT_EQ(
      world_.database().Int("SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'evaluation'"),
      15);
  ExpectRollupEqualsRecount();

  operation::v1::Operation again = Start();
  Drive(again.id());
  EXPECT_EQ(Result(again.id()).evaluated(), 0);
  EXPECT_EQ(Result(again.id()).unchanged(), 15);
  EXPECT_EQ(Evaluations(), 15);
}

TEST_F(BatchApi, WhatADeputyStartsIsAuditedOnThePrincipalsBehalf) {
  const operation::v1::Operation started = Start();
  const std::string grant = world_.server().ids().Next().ToString();
  type::v1::Grant held;
  held.set_id(grant);
  held.set_org_code("COUNTY_BUREAU_360733");
  held.set_org_name("会昌县农业农村局");
  ASSERT_OK(mysql::Transact(world_.database().db(),
                            [&](mysql::Tx& tx) { return grants::Write(tx, {held}); }));
  ASSERT_OK(world_.database().db().Execute(
      "UPDATE operation SET created_subject = 'zhang', created_delegated_by = 'li', "
      "created_grant_id = ?",
      {grant}));
  Drive(started.id());
  EXPECT_EQ(Result(started.id()).evaluated(), 15);
  EXPECT_EQ(world_.database().Int(
                Cat("SELECT COUNT(*) FROM audit_log WHERE aggregate_type = 'evaluation' AND "
                    "actor_subject = 'zhang' AND actor_delegated_by = 'li' AND "
                    "actor_org_code = 'COUNTY_BUREAU_360733' AND actor_grant_id = '",
                    grant, "'")),
            15);
}

TEST_F(BatchApi, AnEvaluationNamesTheWatermarksOfItsOwnChunk) {
  operation::v1::Operation started = Start();
  bool told = false;
  // Each county is a chunk of projects and one of industries. An event comes after the very first
  // chunk has read its facts.
  Drive(started.id(), {.chunk = 100, .before_commit = [&](const std::string&, int64_t) {
                         if (!told) {
                           told = true;
                           world_.Parameter("SOME_LIMIT", 1);
                           world_.Sync();
                         }
                         return absl::OkStatus();
                       }});
  const auto registry_at = [](const auto& watermarks) -> int64_t {
    for (const type::v1::Watermark& w : watermarks) {
      if (w.source() == kRegistrySource) return w.sequence();
    }
    return -1;
  };
  const int64_t pinned = registry_at(Result(started.id()).watermarks());
  ASSERT_GT(pinned, 0);
  v1::ListEvaluationsRequest request;
  request.set_page_size(100);
  ASSERT_OK_AND_ASSIGN(const auto evaluations,
                       world_.server().Call<v1::ListEvaluationsResponse>(
                           Cat(kService, "ListEvaluations"), request, world_.Province()));
  std::map<int64_t, int> at;
  for (const v1::Evaluation& e : evaluations.evaluations()) ++at[registry_at(e.watermarks())];
  EXPECT_EQ(at, (std::map<int64_t, int>{{pinned, kProjects}, {pinned + 1, 15 - kProjects}}));
}

TEST_F(BatchApi, AKilledRunGoesOnAndDoublesNothing) {
  operation::v1::Operation started = Start();
  int chunks = 0;
  // The second chunk dies before its commit, the fourth too.
  Drive(started.id(), {.chunk = 2, .before_commit = [&](const std::string&, int64_t) {
                         ++chunks;
                         return chunks == 2 || chunks == 5 ? absl::UnavailableError("killed")
                                                           : absl::OkStatus();
                       }});
  v1::BatchEvaluationResult result = Result(started.id());
  EXPECT_EQ(result.evaluated(), 15);
  EXPECT_EQ(Evaluations(), 15);
  EXPECT_EQ(world_.database().Int("SELECT COUNT(DISTINCT subject_id) FROM evaluation"), 15);
  EXPECT_EQ(Get(started.id()).done(), 15);
  ExpectRollupEqualsRecount();
}

TEST_F(BatchApi, ACountyThatFailsStopsNobodyElse) {
  world_.database().Run(
      "UPDATE fact_source SET payload = UNHEX('FFFFFF') WHERE kind = 'project' AND subject_id IN "
      "(SELECT subject_id FROM subject WHERE county = '360733');\n");
  operation::v1::Operation started = Start();
  Drive(started.id());
  v1::BatchEvaluationResult result = Result(started.id());
  ASSERT_EQ(result.failures_size(), 1);
  EXPECT_EQ(result.failures(0).region_code(), "360733");
  EXPECT_EQ(result.failures(0).reason(), "FACT_MALFORMED");
  EXPECT_EQ(result.evaluated(), 10);
  EXPECT_EQ(
      world_.database().Int("SELECT COUNT(*) FROM evaluation WHERE region_path LIKE '360733%'"), 0);
  ExpectRollupEqualsRecount();
}

TEST_F(BatchApi, CountiesAreEvaluatedAtTheSameTime) {
  operation::v1::Operation started = Start();
  std::mutex mu;
  std::condition_variable arrived;
  std::set<std::string> at_once;
  BatchOptions options{.chunk = 3, .workers = 3};
  options.sessions = [this] { return world_.database().Connect(); };
  // No first chunk commits before every county has one.
  options.before_commit = [&](const std::string& county, int64_t) {
    std::unique_lock lock(mu);
    at_once.insert(county);
    arrived.notify_all();
    return arrived.wait_for(lock, std::chrono::seconds(60), [&] { return at_once.size() == 3; })
               ? absl::OkStatus()
               : absl::InternalError("alone");
  };
  Drive(started.id(), options);
  const v1::BatchEvaluationResult result = Result(started.id());
  EXPECT_EQ(result.failures_size(), 0);
  EXPECT_EQ(result.evaluated(), 15);
  EXPECT_EQ(Get(started.id()).done(), 15);
  EXPECT_EQ(world_.database().Int("SELECT COUNT(DISTINCT subject_id) FROM evaluation"), 15);
  EXPECT_EQ(Evaluations(), 15);
  ExpectRollupEqualsRecount();
}

// As above, with workers: one that fails, and a second run over what the first one did.
TEST_F(BatchApi, WorkersMindOnlyTheirOwnCounty) {
  world_.database().Run(
      "UPDATE fact_source SET payload = UNHEX('FFFFFF') WHERE kind = 'project' AND subject_id IN "
      "(SELECT subject_id FROM subject WHERE county = '360733');\n");
  const auto run = [&] {
    BatchOptions options{.chunk = 2, .workers = 3};
    options.sessions = [this] { return world_.database().Connect(); };
    const std::string id = Start().id();
    Drive(id, options);
    return Result(id);
  };
  v1::BatchEvaluationResult result = run();
  ASSERT_EQ(result.failures_size(), 1);
  EXPECT_EQ(result.failures(0).region_code(), "360733");
  EXPECT_EQ(result.evaluated(), 10);
  result = run();
  EXPECT_EQ(result.failures_size(), 1);
  EXPECT_EQ(result.evaluated(), 0);
  EXPECT_EQ(result.unchanged(), 10);
  ExpectRollupEqualsRecount();
}

// Rows that somebody else holds are waited for by the county whose they are.
TEST_F(BatchApi, ACountyInConflictIsPutOffAndTheOthersAreDone) {
  operation::v1::Operation started = Start();
  int conflicts = 0;
  std::map<std::string, int> chunks;
  const auto before_commit = [&](const std::string& county, int64_t) {
    ++chunks[county];
    if (county != "360733" || conflicts == 2) return absl::OkStatus();
    // Of the others each was through before this one is asked for again.
    if (++conflicts == 2) {
      EXPECT_EQ(Evaluations(), 10);
    }
    return absl::AbortedError("held");
  };
  Drive(started.id(), {.chunk = 100, .before_commit = before_commit});
  const v1::BatchEvaluationResult result = Result(started.id());
  EXPECT_EQ(conflicts, 2);
  EXPECT_EQ(result.failures_size(), 0);
  EXPECT_EQ(result.evaluated(), 15);
  EXPECT_EQ(chunks, (std::map<std::string, int>{{"360102", 2}, {"360733", 4}, {"361102", 2}}));
}

// A county that took its process down so often is given up, however much the others did meanwhile.
TEST_F(BatchApi, ACountyThatBreaksOffIsGivenUp) {
  operation::v1::Operation started = Start();
  world_.database().Run(
      "UPDATE evaluation_run_county SET tries = 5 WHERE county = '360733';\n"
      "UPDATE evaluation_run_county SET tries = 4 WHERE county = '361102';\n");
  std::vector<std::string> order;
  BatchOptions options{.chunk = 100, .workers = 3};
  options.sessions = [this] { return world_.database().Connect(); };
  // One worker only, since one county has not broken off; the other's turn comes alone.
  options.before_commit = [&](const std::string& county, int64_t) {
    order.push_back(county);
    return absl::OkStatus();
  };
  Drive(started.id(), options);
  const v1::BatchEvaluationResult result = Result(started.id());
  ASSERT_EQ(result.failures_size(), 1);
  EXPECT_EQ(result.failures(0).region_code(), "360733");
  EXPECT_EQ(result.failures(0).reason(), "COUNTY_BREAKS_OFF");
  EXPECT_EQ(result.evaluated(), 10);
  EXPECT_EQ(order, (std::vector<std::string>{"360102", "360102", "361102", "361102"}));
  EXPECT_EQ(world_.database().Int("SELECT MAX(tries) FROM evaluation_run_county WHERE state = 1"),
            0);
}

TEST_F(BatchApi, WhenOneWorkerStopsTheOthersDoAndTheRunGoesOnLater) {
  operation::v1::Operation started = Start();
  std::mutex mu;
  int chunks = 0;
  BatchOptions options{.chunk = 1, .workers = 2};
  options.sessions = [this] { return world_.database().Connect(); };
  options.before_commit = [&](const std::string&, int64_t) {
    std::lock_guard lock(mu);
    ++chunks;
    return chunks == 3 || chunks == 8 ? absl::UnavailableError("killed") : absl::OkStatus();
  };
  Drive(started.id(), options);
  const v1::BatchEvaluationResult result = Result(started.id());
  EXPECT_EQ(result.failures_size(), 0);
  EXPECT_EQ(result.evaluated(), 15);
  EXPECT_EQ(Evaluations(), 15);
  EXPECT_EQ(Get(started.id()).done(), 15);
  EXPECT_EQ(chunks, 15 + 2);  // what was committed is not done again
  ExpectRollupEqualsRecount();
}

TEST_F(BatchApi, CanBeCancelledAndResumed) {
  operation::v1::Operation started = Start();
  bool asked = false;
  Drive(started.id(), {.chunk = 2, .before_commit = [&](const std::string&, int64_t) {
                         if (asked) return absl::OkStatus();
                         asked = true;
                         world_.server().clock().Advance(absl::Seconds(2));
                         operation::v1::CancelOperationRequest cancel;
                         cancel.set_request_id(world_.RequestId());
                         cancel.set_id(started.id());
                         return world_.server()
                             .Call<operation::v1::Operation>(
                                 "bangfu.operation.v1.OperationService.CancelOperation", cancel,
                                 world_.Province())
                             .status();
                       }});
  EXPECT_EQ(Get(started.id()).state(), operation::v1::OPERATION_STATE_CANCELLED);
  EXPECT_EQ(Evaluations(), 2);  // what is committed stays
  operation::v1::ResumeOperationRequest resume;
  resume.set_request_id(world_.RequestId());
  resume.set_id(started.id());
  ASSERT_OK(world_.server().Call<operation::v1::Operation>(
      "bangfu.operation.v1.OperationService.ResumeOperation", resume, world_.Province()));
  Drive(started.id());
  EXPECT_EQ(Result(started.id()).evaluated(), 15);
  EXPECT_EQ(Evaluations(), 15);
}

TEST_F(BatchApi, R002_ARunThatStoppedWaitsToBeResumed) {
  const auto waits = [&](const std::string& id) {
    return world_.database().Int(
        "SELECT COUNT(*) FROM work_item WHERE open_mark = 1 AND kind = 'BATCH_EVALUATION_RESUME' "
        "AND subject_id = ?",
        {*Ulid::Parse(id)});
  };
  // Cancelled midway: for who started it, and for the province's administrators.
  const auto stop = [&](const std::string& id) {
    Drive(id, {.chunk = 2, .before_commit = [&, id](const std::string&, int64_t) {
                 world_.server().clock().Advance(absl::Seconds(2));
                 return mysql::Transact(world_.db(), [&](mysql::Tx& tx) {
                   return operation::Cancel(tx, *Ulid::Parse(id), world_.server().clock().Now());
                 });
               }});
    EXPECT_EQ(Get(id).state(), operation::v1::OPERATION_STATE_CANCELLED);
  };
  const std::string first = Start("360733").id();
  EXPECT_EQ(waits(first), 0);
  stop(first);
  EXPECT_EQ(waits(first), 2);
  // The comparison finds it, and leaves it.
  ASSERT_OK(world_.db().Execute("DELETE FROM work_desk"));
  ASSERT_OK(world_.db().Execute("DELETE FROM work_item"));
  const auto recount = [&] {
    return inbox::Recount(world_.db(), {inbox::StoppedSource({StoppedBatch()})},
                          world_.server().ids(), world_.server().clock().Now(),
                          {.every = absl::ZeroDuration()});
  };
  ASSERT_OK(recount());
  EXPECT_EQ(waits(first), 2);
  // Another run of the county and month takes its place; one of elsewhere does not.
  ASSERT_OK(mysql::Transact(world_.db(), [&](mysql::Tx& tx) {
    return operation::Cancel(tx, *Ulid::Parse(Start("360102").id()), world_.server().clock().Now());
  }));
  EXPECT_EQ(waits(first), 2);
  const std::string second = Start("360733").id();
  EXPECT_EQ(waits(first), 0);
  stop(second);
  EXPECT_EQ(waits(second), 2);
  ASSERT_OK(recount());
  EXPECT_EQ(waits(first), 0);
  EXPECT_EQ(waits(second), 2);
  // So does one of the province, which is the county's, too.
  Start("36");
  EXPECT_EQ(waits(second), 0);
}

TEST_F(BatchApi, OnlyOnesOwnRegionCanBeStarted) {
  v1::StartBatchEvaluationRequest request;
  request.set_request_id(world_.RequestId());
  request.set_region_code("360102");
  request.set_period(sample::kPeriod);
  EXPECT_THAT(world_.server().Call<operation::v1::Operation>(Cat(kService, "StartBatchEvaluation"),
                                                             request, world_.County("360733")),
              StatusIs(absl::StatusCode::kNotFound));
  request.set_region_code("360733101201");
  EXPECT_THAT(world_.server().Call<operation::v1::Operation>(Cat(kService, "StartBatchEvaluation"),
                                                             request, world_.County("360733")),
              StatusIs(absl::StatusCode::kInvalidArgument, "FIELD_INVALID"));
}

}  // namespace
}  // namespace bangfu::evaluation
