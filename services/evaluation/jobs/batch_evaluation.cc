#include "services/evaluation/jobs/batch_evaluation.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/store/run_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

namespace {

using operation::OperationContext;

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
    ASSIGN_OR_RETURN(std::vector<RunCountyRow> counties, ListRunCounties(context_.db(), run_.id));
    ASSIGN_OR_RETURN(total_, CountSubjects(context_.db(), run_.region_code));
    done_ = context_.done();
    int64_t ended = 0;
    for (RunCountyRow& county : counties) {
      if (county.state == CountyState::kWaiting) {
        absl::Status status = RunCounty(county);
        if (!status.ok()) {
          if (IsTransient(status)) return status;
          RETURN_IF_ERROR(Fail(county, status));
        }
      }
      ++ended;
      RETURN_IF_ERROR(context_.Progress(
          done_, total_, Cat("已评估", ended, "/", counties.size(), "个县（市、区）")));
    }
    return Sum(counties);
  }

 private:
  absl::Status RunCounty(RunCountyRow& county) {
    ASSIGN_OR_RETURN(CriteriaPtr criteria,
                     evaluator_.CriteriaFor(context_.db(), county.county, moment_.as_of));
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
        ASSIGN_OR_RETURN(
            std::vector<SubjectRow> subjects,
            ListCountySubjects(context_.db(), county.county, type, county.cursor_id, limit));
        if (subjects.empty()) break;
        RETURN_IF_ERROR(RunChunk(criteria, loader, type, subjects, county));
        RETURN_IF_ERROR(context_.Progress(done_, total_, Cat("正在评估", county.county)));
        if (static_cast<int>(subjects.size()) < limit) break;
      }
    }
    RunCountyRow after = county;
    after.state = CountyState::kDone;
    RETURN_IF_ERROR(mysql::Transact(context_.db(), [&](mysql::Tx& tx) -> absl::Status {
      RETURN_IF_ERROR(context_.SaveCursor(tx, "", done_));
      return UpdateRunCounty(tx, run_.id, after);
    }));
    county = std::move(after);
    return absl::OkStatus();
  }

  absl::Status RunChunk(const CriteriaPtr& criteria, FactLoader& loader, int type,
                        const std::vector<SubjectRow>& subjects, RunCountyRow& county) {
    EvaluationJob job;
    job.moment = moment_;
    job.criteria = criteria;
    job.loader = &loader;
    job.run_id = run_.id;
    job.computed_by = context_.created_by();
    job.audit.action = kBatchKind;
    job.audit.actor = {job.computed_by.subject(), job.computed_by.name(), job.computed_by.role(),
                       job.computed_by.region_path()};
    job.audit.request_id = run_.id.ToString();
    job.now = context_.now();
    std::vector<Ulid> ids;
    for (const SubjectRow& s : subjects) ids.push_back(s.id);

    const int64_t done = done_ + static_cast<int64_t>(ids.size());
    RunCountyRow after;
    RETURN_IF_ERROR(mysql::Transact(context_.db(), [&](mysql::Tx& tx) -> absl::Status {
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
      after.counts = sum.SerializeAsString();
      RETURN_IF_ERROR(UpdateRunCounty(tx, run_.id, after));
      if (options_.before_commit) RETURN_IF_ERROR(options_.before_commit(county.county, done));
      return context_.SaveCursor(tx, "", done);
    }));
    county = std::move(after);
    done_ = done;
    return absl::OkStatus();
  }

  absl::Status Fail(RunCountyRow& county, const absl::Status& why) {
    county.state = CountyState::kFailed;
    const std::string reason = ReasonOf(why);
    county.reason = reason.empty() ? absl::StatusCodeToString(why.code()) : reason;
    return mysql::Transact(context_.db(), [&](mysql::Tx& tx) -> absl::Status {
      RETURN_IF_ERROR(context_.SaveCursor(tx, "", done_));
      return UpdateRunCounty(tx, run_.id, county);
    });
  }

  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Sum(
      const std::vector<RunCountyRow>& counties) {
    auto result = std::make_unique<v1::BatchEvaluationResult>();
    result->set_run_id(run_.id.ToString());
    std::map<std::pair<int, int>, int64_t> counts;
    for (const RunCountyRow& county : counties) {
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
  Moment moment_;
  Watermarks watermarks_;  // at the start
  int64_t total_ = 0;
  int64_t done_ = 0;
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
  runner.Register(kBatchKind,
                  [&evaluator, options = std::move(options)](OperationContext& context) {
                    return Batch(context, evaluator, options).Run();
                  });
}

}  // namespace bangfu::evaluation
