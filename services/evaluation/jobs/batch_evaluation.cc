#include "services/evaluation/jobs/batch_evaluation.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "common/audit/actor.h"
#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/grants/copies.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/facts/parameters.h"
#include "services/evaluation/facts/work_calendar.h"
#include "services/evaluation/store/reference_store.h"
#include "services/evaluation/store/run_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

namespace {

using operation::OperationContext;

// While only helpers still work: how often this is told, and a request to stop heard.
constexpr std::chrono::milliseconds kTellEvery{500};
// Times that a county is taken up without a committed chunk before it is given up: it takes its
// process down, or somebody holds its rows.
constexpr int kMaxTries = 5;

// Errors of the surroundings: the run is taken up again; it is not the county's fault.
bool IsTransient(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

void Add(int subject_type, int result, int64_t count, v1::BatchEvaluationResult& sum) {
  for (v1::ResultCount& c : *sum.mutable_counts()) {
    if (c.subject_type() == subject_type && c.result() == result) {
      c.set_count(c.count() + count);
      return;
    }
  }
  v1::ResultCount* c = sum.add_counts();
  c->set_subject_type(static_cast<type::v1::SubjectType>(subject_type));
  c->set_result(static_cast<v1::EvaluationResult>(result));
  c->set_count(count);
}

// The run itself cannot go on here, whatever county was under way.
bool EndsRun(const absl::Status& status) {
  return absl::IsUnavailable(status) || ReasonOf(status) == "OPERATION_LEASE_LOST";
}

class Batch {
 public:
  Batch(OperationContext& context, Evaluator& evaluator, const BatchOptions& options)
      : context_(context), evaluator_(evaluator), options_(options) {}

  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Run() {
    ASSIGN_OR_RETURN(std::optional<RunRow> run, FindRun(context_.db(), context_.id()));
    if (!run) return absl::InternalError("an evaluation run without its row");
    run_ = *std::move(run);
    // The day of the start counts, also when the run goes on tomorrow.
    std::optional<Moment> moment = MomentOf(run_.period, ShanghaiDay(run_.started_at));
    if (!moment) return absl::InternalError("an evaluation run without a month");
    moment_ = *std::move(moment);
    v1::BatchEvaluationResult pinned;
    if (!pinned.ParseFromString(run_.watermarks)) {
      return absl::DataLossError("watermarks of a run cannot be read");
    }
    watermarks_.assign(pinned.watermarks().begin(), pinned.watermarks().end());
    computed_by_ = context_.created_by();
    ASSIGN_OR_RETURN(counties_, ListRunCounties(context_.db(), run_.id));
    RETURN_IF_ERROR(FindWaiting());
    const int64_t before = done_;
    absl::Status ended = RunCounties();
    if (ended.ok()) ended = put_off_;
    if (ended.ok()) return Sum();
    // What helpers committed last is told too, as far as that can still be done.
    if (done_ > before && !EndsRun(ended)) {
      (void)mysql::Transact(context_.db(), [&](mysql::Tx& tx) -> absl::Status {
        return context_.SaveCursor(tx, "", done_);
      });
    }
    return ended;
  }

 private:
  // Largest first: no worker begins a long county when the others are about to end.
  absl::Status FindWaiting() {
    ASSIGN_OR_RETURN(const auto subjects, ListCounties(context_.db(), run_.region_code));
    std::map<std::string, int64_t> sizes;
    for (const auto& [county, count] : subjects) {
      sizes[county] = count;
      total_ += count;
    }
    for (RunCountyRow& county : counties_) {
      ASSIGN_OR_RETURN(const int64_t done, DoneIn(county));
      done_ += done;
      if (county.state == CountyState::kWaiting) {
        waiting_.push_back(&county);
      } else {
        ++ended_;
      }
    }
    // Those that broke off before come last, one by one when the others are through: what they do
    // to the process, they do to no other county.
    fresh_ = static_cast<size_t>(std::count_if(waiting_.begin(), waiting_.end(),
                                               [](const auto* c) { return c->tries == 0; }));
    takeable_ = fresh_;
    std::stable_sort(waiting_.begin(), waiting_.end(), [&](const auto* a, const auto* b) {
      return std::pair(-a->tries, sizes[a->county]) > std::pair(-b->tries, sizes[b->county]);
    });
    return absl::OkStatus();
  }

  // This thread takes counties like the others and alone tells of progress, which also says whether
  // to stop.
  absl::Status RunCounties() {
    const size_t helpers =
        options_.sessions ? std::min<size_t>(std::max(options_.workers, 1), fresh_) : 1;
    std::vector<std::thread> threads;
    try {
      for (size_t i = 1; i < helpers; ++i) threads.emplace_back([this] { Help(); });
    } catch (const std::system_error&) {
      // The system gives no more threads: those that there are do the work.
    }
    Work(context_.db(), [this] { return Tell(); });
    while (true) {
      {
        std::unique_lock lock(mu_);
        if (changed_.wait_for(lock, kTellEvery, [&] { return left_ == threads.size(); })) break;
      }
      if (absl::Status told = Tell(); !told.ok()) Stop(std::move(told));
    }
    for (std::thread& thread : threads) thread.join();
    takeable_ = waiting_.size();
    Work(context_.db(), [this] { return Tell(); });
    return stopped_;
  }

  // The work of a helper's thread. Without a connection it leaves the counties to the others.
  void Help() {
    const std::unique_ptr<mysql::Session> session = options_.sessions();
    if (session->Ping().ok()) Work(*session, [] { return absl::OkStatus(); });
    std::lock_guard lock(mu_);
    ++left_;
    changed_.notify_all();
  }

  // Takes one county after the other until none can be taken or the run stops.
  void Work(mysql::Session& db, const std::function<absl::Status()>& tell) {
    while (RunCountyRow* county = Take()) {
      absl::Status status = RunCounty(db, *county, tell);
      if (Stopping()) return;
      if (!status.ok() && !IsTransient(status)) status = Fail(db, *county, status);
      if (status.ok()) {
        {
          std::lock_guard lock(mu_);
          ++ended_;
        }
        if (absl::Status told = tell(); !told.ok()) Stop(std::move(told));
      } else if (EndsRun(status)) {
        Stop(std::move(status));
      } else {
        // Somebody holds what it needs: the next run of this takes it up, the others go on.
        std::lock_guard lock(mu_);
        if (put_off_.ok()) put_off_ = std::move(status);
      }
    }
  }

  RunCountyRow* Take() {
    std::lock_guard lock(mu_);
    if (!stopped_.ok() || next_ == takeable_) return nullptr;
    return waiting_[next_++];
  }

  // The first reason stands.
  void Stop(absl::Status why) {
    std::lock_guard lock(mu_);
    if (stopped_.ok()) stopped_ = std::move(why);
  }
  bool Stopping() {
    std::lock_guard lock(mu_);
    return !stopped_.ok();
  }

  absl::Status Tell() {
    int64_t ended = 0;
    {
      std::lock_guard lock(mu_);
      ended = static_cast<int64_t>(ended_);
    }
    return context_.Progress(Told(0), total_,
                             Cat("已评估", ended, "/", counties_.size(), "个县（市、区）"));
  }

  absl::Status RunCounty(mysql::Session& db, RunCountyRow& county,
                         const std::function<absl::Status()>& tell) {
    if (county.tries >= kMaxTries) {
      return Error(absl::StatusCode::kInternal, "COUNTY_BREAKS_OFF")
          .Zh("评估多次中断，未能完成")
          .Build();
    }
    // At once, not with the first chunk: it may take the process along.
    RETURN_IF_ERROR(RaiseTries(db, run_.id, county));
    ASSIGN_OR_RETURN(CriteriaPtr criteria,
                     evaluator_.CriteriaFor(db, county.county, moment_.as_of));
    // The county's industries are read once: what they are judged by does not change between
    // chunks.
    FactLoader loader(moment_);
    for (int type : {kProjectSubject, kIndustrySubject}) {
      if (county.cursor_type > type) continue;
      if (county.cursor_type < type) {
        county.cursor_type = type;
        county.cursor_id.reset();
      }
      // An industry reads the evaluations of all its projects.
      int limit = type == kProjectSubject ? options_.chunk : std::max(1, options_.chunk / 10);
      while (true) {
        ASSIGN_OR_RETURN(std::vector<SubjectRow> subjects,
                         ListCountySubjects(db, county.county, type, county.cursor_id, limit));
        if (subjects.empty()) break;
        RETURN_IF_ERROR(RunChunk(db, criteria, loader, type, subjects, county));
        if (absl::Status told = tell(); !told.ok()) Stop(std::move(told));
        if (Stopping()) return absl::AbortedError("the run stops");
        if (static_cast<int>(subjects.size()) < limit) break;
      }
    }
    RunCountyRow after = county;
    after.state = CountyState::kDone;
    after.tries = 0;
    RETURN_IF_ERROR(Save(db, after));
    county = std::move(after);
    return absl::OkStatus();
  }

  absl::Status RunChunk(mysql::Session& db, const CriteriaPtr& criteria, FactLoader& loader,
                        int type, const std::vector<SubjectRow>& subjects, RunCountyRow& county) {
    EvaluationJob job;
    job.moment = moment_;
    job.criteria = criteria;
    job.loader = &loader;
    job.run_id = run_.id;
    job.computed_by = computed_by_;
    job.audit.action = kBatchKind;
    job.audit.actor = audit::ActorOf(job.computed_by);
    RETURN_IF_ERROR(grants::NameOrganisation(db, &job.audit.actor));
    job.audit.request_id = run_.id.ToString();
    job.now = context_.now();
    std::vector<Ulid> ids;
    for (const SubjectRow& s : subjects) ids.push_back(s.id);

    const auto count = static_cast<int64_t>(ids.size());
    RunCountyRow after;
    RETURN_IF_ERROR(mysql::Transact(db, [&](mysql::Tx& tx) -> absl::Status {
      after = county;
      ASSIGN_OR_RETURN(std::vector<SubjectOutcome> outcomes,
                       evaluator_.Evaluate(tx, job, type, ids, false));
      v1::BatchEvaluationResult sum;
      if (!sum.ParseFromString(county.counts)) return absl::DataLossError("counts of a county");
      for (const SubjectOutcome& o : outcomes) {
        if (!o.refusal_reason.empty()) {
          sum.set_refused(sum.refused() + 1);
          continue;
        }
        if (o.unchanged) {
          sum.set_unchanged(sum.unchanged() + 1);
        } else {
          sum.set_evaluated(sum.evaluated() + 1);
        }
        Add(type, o.result, 1, sum);
      }
      after.cursor_type = type;
      after.cursor_id = ids.back();
      after.tries = 0;
      after.counts = sum.SerializeAsString();
      RETURN_IF_ERROR(UpdateRunCounty(tx, run_.id, after));
      const int64_t done = Told(count);
      if (options_.before_commit) RETURN_IF_ERROR(options_.before_commit(county.county, done));
      // Last: all workers wait for the operation's row.
      return context_.SaveCursor(tx, "", done);
    }));
    county = std::move(after);
    std::lock_guard lock(mu_);
    done_ += count;
    return absl::OkStatus();
  }

  // What to tell with `more` about to be committed: never less than before, though another worker
  // may commit what it told earlier only after this.
  int64_t Told(int64_t more) {
    std::lock_guard lock(mu_);
    told_ = std::max(told_, done_ + more);
    return told_;
  }
  static absl::StatusOr<int64_t> DoneIn(const RunCountyRow& county) {
    v1::BatchEvaluationResult sum;
    if (!sum.ParseFromString(county.counts)) return absl::DataLossError("counts of a county");
    return sum.evaluated() + sum.unchanged() + sum.refused();
  }

  absl::Status Save(mysql::Session& db, const RunCountyRow& county) {
    return mysql::Transact(db, [&](mysql::Tx& tx) -> absl::Status {
      RETURN_IF_ERROR(UpdateRunCounty(tx, run_.id, county));
      return context_.SaveCursor(tx, "", Told(0));
    });
  }

  absl::Status Fail(mysql::Session& db, RunCountyRow& county, const absl::Status& why) {
    county.state = CountyState::kFailed;
    const std::string reason = ReasonOf(why);
    county.reason = reason.empty() ? absl::StatusCodeToString(why.code()) : reason;
    return Save(db, county);
  }

  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Sum() {
    auto result = std::make_unique<v1::BatchEvaluationResult>();
    result->set_run_id(run_.id.ToString());
    std::map<std::pair<int, int>, int64_t> counts;
    for (const RunCountyRow& county : counties_) {
      v1::BatchEvaluationResult part;
      if (!part.ParseFromString(county.counts)) return absl::DataLossError("counts of a county");
      result->set_evaluated(result->evaluated() + part.evaluated());
      result->set_refused(result->refused() + part.refused());
      result->set_unchanged(result->unchanged() + part.unchanged());
      for (const v1::ResultCount& c : part.counts()) {
        counts[{c.subject_type(), c.result()}] += c.count();
      }
      if (county.state == CountyState::kFailed) {
        v1::CountyFailure* failure = result->add_failures();
        failure->set_region_code(county.county);
        failure->set_reason(county.reason);
        failure->set_message_zh(Cat(county.county, "评估未完成，其余县（市、区）不受影响"));
      }
    }
    for (const auto& [key, count] : counts) Add(key.first, key.second, count, *result);
    for (const type::v1::Watermark& w : watermarks_) *result->add_watermarks() = w;
    return std::unique_ptr<google::protobuf::Message>(std::move(result));
  }

  OperationContext& context_;
  Evaluator& evaluator_;
  const BatchOptions& options_;
  RunRow run_;
  type::v1::Actor computed_by_;
  Moment moment_;
  Watermarks watermarks_;               // at the start
  std::vector<RunCountyRow> counties_;  // each is one worker's while it is evaluated
  std::vector<RunCountyRow*> waiting_;  // in the order in which they are taken
  size_t fresh_ = 0;                    // of them, those that have not broken off
  int64_t total_ = 0;

  std::mutex mu_;  // of what follows
  std::condition_variable changed_;
  absl::Status stopped_;  // why nobody takes another county
  absl::Status put_off_;  // of the first county that waits for the next run
  size_t next_ = 0;       // of waiting_
  size_t takeable_ = 0;   // of waiting_; the others' turn comes when nobody else works
  size_t left_ = 0;       // helpers that have ended
  size_t ended_ = 0;      // counties
  int64_t done_ = 0;      // subjects in committed chunks
  int64_t told_ = 0;      // the largest that was
};

}  // namespace

absl::Status PinRun(mysql::Tx& tx, Evaluator& evaluator, const Ulid& operation_id,
                    const std::string& region_path, const std::string& period,
                    const std::string& started_by, absl::Time now) {
  std::optional<Moment> moment = MomentOf(period, ShanghaiDay(now));
  if (!moment) return InvalidField("period", "月份应为已开始的月份，如2026-10");
  ASSIGN_OR_RETURN(CriteriaPtr criteria, evaluator.CriteriaFor(tx, region_path, moment->as_of));
  ASSIGN_OR_RETURN(Watermarks watermarks,
                   evaluator.PinWatermarks(tx, criteria->engine.criteria(), now));
  ASSIGN_OR_RETURN(auto counties, ListCounties(tx, region_path));
  std::vector<std::string> codes;
  for (const auto& [county, subjects] : counties) codes.push_back(county);
  v1::BatchEvaluationResult pinned;
  for (const type::v1::Watermark& w : watermarks) *pinned.add_watermarks() = w;
  RunRow run;
  run.id = operation_id;
  run.region_code = region_path;
  run.period = period;
  run.criteria_id = criteria->id;
  run.watermarks = pinned.SerializeAsString();
  run.started_by = started_by;
  run.started_at = now;
  return InsertRun(tx, run, codes);
}

absl::StatusOr<int64_t> CountSubjects(mysql::Executor& db, const std::string& region_path) {
  ASSIGN_OR_RETURN(auto counties, ListCounties(db, region_path));
  int64_t total = 0;
  for (const auto& [county, subjects] : counties) total += subjects;
  return total;
}

void RegisterBatchEvaluation(operation::OperationRunner& runner, Evaluator& evaluator,
                             BatchOptions options) {
  runner.Register(
      kBatchKind,
      [&evaluator, options = std::move(options)](OperationContext& context) {
        return Batch(context, evaluator, options).Run();
      },
      inbox::StandOf(StoppedBatch(), WorkCalendar));
}

inbox::StoppedKind StoppedBatch() {
  const auto run_of =
      [](mysql::Executor& db,
         const operation::v1::Operation& batch) -> absl::StatusOr<std::optional<RunRow>> {
    ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(batch.id()));
    return FindRun(db, id);
  };
  return {.operation = kBatchKind,
          .code = "BATCH_EVALUATION_RESUME",
          .label_zh = "继续中断的批量评估",
          .title = [run_of](mysql::Executor& db,
                            const operation::v1::Operation& batch) -> absl::StatusOr<std::string> {
            ASSIGN_OR_RETURN(const std::optional<RunRow> run, run_of(db, batch));
            ASSIGN_OR_RETURN(const std::optional<RegionRow> region,
                             GetRegion(db, batch.region_path()));
            return Cat(region ? region->name : batch.region_path(), run ? run->period : "",
                       "批量评估中断");
          },
          .is_wanted = [run_of](mysql::Executor& db,
                                const operation::v1::Operation& batch) -> absl::StatusOr<bool> {
            ASSIGN_OR_RETURN(const std::optional<RunRow> run, run_of(db, batch));
            if (!run) return false;
            ASSIGN_OR_RETURN(const bool overtaken, IsOvertaken(db, *run));
            return !overtaken;
          },
          .days = [](mysql::Executor& db) { return ReadParameter(db, kResumeDays); }};
}

}  // namespace bangfu::evaluation
