#include "services/evaluation/jobs/evaluator.h"

#include <set>
#include <utility>

#include "bangfu/evaluation/v1/events.pb.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/feed/consumer.h"
#include "common/feed/outbox.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/facts/parameters.h"
#include "services/evaluation/facts/work_calendar.h"
#include "services/evaluation/jobs/evaluation_work.h"
#include "services/evaluation/jobs/outstanding_work.h"
#include "services/evaluation/jobs/registry_effects.h"
#include "services/evaluation/store/criteria_store.h"
#include "services/evaluation/store/evaluation_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

namespace {

// The feed of a source; "" for what is entered here.
std::string_view FeedOf(FactSource source) {
  switch (source) {
    case FactSource::kRegistry:
      return kRegistrySource;
    case FactSource::kAsset:
      return kAssetSource;
    case FactSource::kFund:
      return "fund";
    case FactSource::kRisk:
      return "risk";
    default:
      return "";
  }
}

std::string SourceZh(std::string_view source) {
  if (source == kRegistrySource) return "项目登记";
  if (source == kAssetSource) return "资产";
  if (source == "fund") return "资金";
  if (source == "risk") return "风险";
  return std::string(source);
}

absl::Status Lagging(std::string_view source, std::string_view why_zh) {
  return Error(absl::StatusCode::kUnavailable, "SOURCE_LAGGING")
      .Zh(Cat("数据来源“", SourceZh(source), "”", why_zh, "，暂不能评估"))
      .With("source", source)
      .RetryAfter(absl::Seconds(30))
      .Build();
}

// The sources that the criteria need, each with its feed's progress here.
absl::StatusOr<std::vector<feed::ConsumerProgress>> ProgressOfSources(mysql::Executor& db,
                                                                      const CriteriaSet& criteria) {
  std::vector<feed::ConsumerProgress> out;
  for (FactSource needed : criteria.needed_sources) {
    const std::string source(FeedOf(needed));
    if (source.empty()) continue;
    absl::StatusOr<feed::ConsumerProgress> progress =
        feed::ReadProgress(db, kFactsConsumer, source);
    if (absl::IsNotFound(progress.status())) return Lagging(source, "尚未接入");
    if (!progress.ok()) return progress.status();
    out.push_back(*std::move(progress));
  }
  return out;
}

Watermarks WatermarksOf(const std::vector<feed::ConsumerProgress>& sources) {
  Watermarks out;
  for (const feed::ConsumerProgress& progress : sources) {
    type::v1::Watermark& w = out.emplace_back();
    w.set_source(progress.source);
    w.set_epoch(progress.epoch);
    w.set_sequence(progress.sequence);
  }
  return out;
}

}  // namespace

absl::StatusOr<CriteriaPtr> Evaluator::CriteriaFor(mysql::Executor& db,
                                                   const std::string& region_code,
                                                   absl::CivilDay on) {
  ASSIGN_OR_RETURN(std::optional<CriteriaRow> row, FindCriteriaInForce(db, region_code, on));
  if (!row) {
    return FailedPrecondition("NO_CRITERIA", Cat(absl::FormatCivilTime(on), "没有生效的评价标准"))
        .With("region_code", region_code)
        .Build();
  }
  {
    std::lock_guard lock(mu_);
    if (auto it = criteria_.find(row->id); it != criteria_.end()) return it->second;
  }
  ASSIGN_OR_RETURN(CriteriaSet set, ParseCriteria(row->content));
  ASSIGN_OR_RETURN(Engine engine, Engine::Create(std::move(set)));
  auto loaded = std::make_shared<const LoadedCriteria>(LoadedCriteria{row->id, std::move(engine)});
  std::lock_guard lock(mu_);
  return criteria_.try_emplace(row->id, std::move(loaded)).first->second;
}

absl::StatusOr<CriteriaPtr> Evaluator::CriteriaById(mysql::Executor& db, const Ulid& id) {
  {
    std::lock_guard lock(mu_);
    if (auto it = criteria_.find(id); it != criteria_.end()) return it->second;
  }
  ASSIGN_OR_RETURN(CriteriaRow row, GetCriteria(db, id));
  ASSIGN_OR_RETURN(CriteriaSet set, ParseCriteria(row.content));
  ASSIGN_OR_RETURN(Engine engine, Engine::Create(std::move(set)));
  auto loaded = std::make_shared<const LoadedCriteria>(LoadedCriteria{row.id, std::move(engine)});
  if (row.state == kCriteriaDraft) return loaded;
  std::lock_guard lock(mu_);
  return criteria_.try_emplace(id, std::move(loaded)).first->second;
}

absl::StatusOr<Watermarks> Evaluator::PinWatermarks(mysql::Executor& db,
                                                    const CriteriaSet& criteria, absl::Time now) {
  ASSIGN_OR_RETURN(int64_t minutes, ReadParameter(db, kSourceLagMinutes));
  ASSIGN_OR_RETURN(const std::vector<feed::ConsumerProgress> sources,
                   ProgressOfSources(db, criteria));
  for (const feed::ConsumerProgress& progress : sources) {
    if (!progress.running()) return Lagging(progress.source, "的接收已停止");
    if (progress.Lag(now) > absl::Minutes(minutes)) {
      return Lagging(progress.source, Cat("滞后超过", minutes, "分钟"));
    }
  }
  return WatermarksOf(sources);
}

absl::StatusOr<std::vector<SubjectOutcome>> Evaluator::Evaluate(
    mysql::Tx& tx, const EvaluationJob& job, int subject_type, const std::vector<Ulid>& subject_ids,
    bool with_unchanged) {
  std::vector<SubjectOutcome> outcomes;
  // Locked before their facts are read: a consumer that changes one waits for the end of this, and
  // the evaluation is of one state.
  ASSIGN_OR_RETURN(SubjectMap locked, LockSubjects(tx, subject_ids));
  std::vector<SubjectRow> subjects;
  std::vector<Ulid> latest_ids;
  for (const Ulid& id : subject_ids) {
    auto it = locked.find(id);
    if (it == locked.end() || it->second.type != subject_type) continue;
    if (it->second.is_void) {
      SubjectOutcome& outcome = outcomes.emplace_back();
      outcome.subject_id = id;
      outcome.subject_type = subject_type;
      outcome.refusal_reason = "SUBJECT_VOID";
      outcome.refusal_zh = "对象已作废，不再评估";
      continue;
    }
    subjects.push_back(it->second);
    if (it->second.latest_evaluation_id) latest_ids.push_back(*it->second.latest_evaluation_id);
  }
  const Engine& engine = job.criteria->engine;
  // With the subjects locked and before their facts are read: an event of theirs that is not in the
  // facts cannot be behind the watermark, since its cursor moves in the transaction that waits.
  ASSIGN_OR_RETURN(const std::vector<feed::ConsumerProgress> sources,
                   ProgressOfSources(tx, engine.criteria()));
  const Watermarks watermarks = WatermarksOf(sources);
  std::optional<FactLoader> own;
  FactLoader& loader = job.loader != nullptr ? *job.loader : own.emplace(job.moment);
  std::vector<SubjectFacts> facts;
  if (subject_type == kProjectSubject) {
    ASSIGN_OR_RETURN(facts, loader.LoadProjects(tx, subjects));
  } else {
    ASSIGN_OR_RETURN(facts, loader.LoadIndustries(tx, engine.criteria(), subjects));
  }
  ASSIGN_OR_RETURN(auto evaluated, LoadEvaluatedStates(tx, latest_ids));

  std::vector<EvaluationRow> rows;
  std::vector<EvaluationRecord> records;
  std::vector<LatestEvaluation> latest;
  std::vector<audit::Entry> trail;
  std::vector<feed::OutboxEvent> events;
  std::vector<Ulid> unchanged_ids, overtaken, hold_still;
  std::set<Ulid> industries;  // of the projects that are evaluated anew
  OutstandingChanges outstanding;
  for (const SubjectFacts& f : facts) {
    const SubjectRow& s = f.subject;
    SubjectOutcome& outcome = outcomes.emplace_back();
    outcome.subject_id = s.id;
    outcome.subject_type = subject_type;
    if (f.snapshot.is_void) {
      outcome.refusal_reason = "SUBJECT_VOID";
      outcome.refusal_zh = "对象已作废，不再评估";
      continue;
    }
    if (!f.snapshot.county_verified) {
      outcome.refusal_reason = "NOT_VERIFIED";
      outcome.refusal_zh = subject_type == kProjectSubject ? "县级尚未核实，不得分类"
                                                           : "没有经县级核实的项目，不得分类";
      continue;
    }
    if (s.latest_evaluation_id) {
      auto old = evaluated.find(*s.latest_evaluation_id);
      if (old != evaluated.end() && !old->second.is_void &&
          old->second.criteria_id == job.criteria->id &&
          old->second.snapshot_sha256 == SnapshotHash(f.snapshot)) {
        outcome.unchanged = true;
        outcome.result = s.latest_result;
        unchanged_ids.push_back(*s.latest_evaluation_id);
        if (s.supplied) {
          // Whatever came, it was not what was lacking.
          hold_still.push_back(s.id);
          SubjectRow after = s;
          after.supplied = false;
          outstanding.Add(&s, after);
        }
        continue;
      }
    }
    absl::StatusOr<Outcome> decided = engine.Evaluate(f.snapshot);
    if (!decided.ok()) {
      const ErrorDetail detail = GetErrorDetail(decided.status());
      if (detail.reason.empty()) return decided.status();
      outcome.refusal_reason = detail.reason;
      outcome.refusal_zh = detail.message_zh;
      continue;
    }
    const Explanation& e = decided->explanation;
    EvaluationRow& row = rows.emplace_back();
    row.id = ids_.Next();
    row.run_id = job.run_id;
    row.subject_type = subject_type;
    row.subject_id = s.id;
    row.region_path = s.region_path;
    row.period = job.moment.period;
    row.criteria_id = job.criteria->id;
    row.snapshot_sha256 = e.snapshot_hash;
    row.computed_at = job.now;
    row.computed_by = job.computed_by.subject();

    v1::EvaluationChanged changed;
    v1::Evaluation& m = *changed.mutable_evaluation();
    m.set_id(row.id.ToString());
    m.set_subject_type(static_cast<type::v1::SubjectType>(subject_type));
    m.set_subject_id(s.id.ToString());
    m.set_subject_code(s.code);
    m.set_subject_name(s.name);
    m.set_region_code(s.region_code);
    m.set_region_path(s.region_path);
    m.set_period(job.moment.period);
    m.set_criteria_id(job.criteria->id.ToString());
    FillFromExplanation(e, m);
    m.set_state(v1::EVALUATION_STATE_COMPUTED);
    *m.mutable_computed_by() = job.computed_by;
    SetTime(job.now, m.mutable_computed_at());
    m.mutable_watermarks()->Assign(watermarks.begin(), watermarks.end());
    m.set_invested_fen(s.invested_fen);
    StoreMessage(m, row);
    m.set_etag(Cat(row.version));
    outcome.result = row.result;

    records.push_back(
        {row.id, std::move(decided->snapshot_json), std::move(decided->explanation_json), ""});
    records.back().explanation_sha256 = Sha256Hex(records.back().explanation);
    latest.push_back({s.id, row.id, row.result});
    SubjectRow after = s;
    after.latest_evaluation_id = row.id;
    after.latest_result = row.result;
    after.supplied = false;
    outstanding.Add(&s, after);
    if (s.industry_id) industries.insert(*s.industry_id);
    if (s.latest_evaluation_id) overtaken.push_back(*s.latest_evaluation_id);
    audit::Entry& entry = trail.emplace_back(job.audit);
    entry.aggregate_type = "evaluation";
    entry.aggregate_id = row.id;
    entry.region_path = s.region_path;
    entry.after_json = audit::ToJson(m);
    entry.occurred_at = job.now;
    events.push_back(feed::MakeEvent("evaluation", row.id, s.region_path, changed, job.now));
    outcome.evaluation = std::move(m);
  }
  RETURN_IF_ERROR(InsertEvaluations(tx, rows));
  RETURN_IF_ERROR(InsertEvaluationRecords(tx, records));
  RETURN_IF_ERROR(SetLatestEvaluations(tx, latest, locked, job.now));
  RETURN_IF_ERROR(ClearSupplied(tx, hold_still));
  ASSIGN_OR_RETURN(const std::vector<SubjectRow> supplied,
                   SupplyIndustries(tx, {industries.begin(), industries.end()}));
  for (const SubjectRow& before : supplied) {
    SubjectRow after = before;
    after.supplied = true;
    outstanding.Add(&before, after);
  }
  if (!trail.empty()) RETURN_IF_ERROR(audit::AppendBatch(tx, trail));
  RETURN_IF_ERROR(feed::PublishBatch(tx, events));
  std::vector<EvaluationWork> works;
  works.reserve(rows.size());
  for (size_t i = 0, o = 0; i < rows.size(); ++o) {
    if (!outcomes[o].evaluation) continue;
    EvaluationWork& work = works.emplace_back();
    work.id = rows[i].id;
    work.subject_id = rows[i].subject_id;
    work.region_path = rows[i].region_path;
    work.message = &*outcomes[o].evaluation;
    work.is_latest = true;
    ++i;
  }
  RETURN_IF_ERROR(
      SyncComputed(tx, works, overtaken, {ids_, job.now, nullptr, "evaluate", WorkCalendar}));
  RETURN_IF_ERROR(outstanding.Sync(tx, {ids_, job.now, job.caller, "evaluate", WorkCalendar}));

  if (with_unchanged && !unchanged_ids.empty()) {
    ASSIGN_OR_RETURN(std::vector<EvaluationRow> stored,
                     GetEvaluations(tx, unchanged_ids, std::nullopt));
    for (const EvaluationRow& row : stored) {
      for (SubjectOutcome& outcome : outcomes) {
        if (outcome.subject_id != row.subject_id || !outcome.unchanged) continue;
        ASSIGN_OR_RETURN(outcome.evaluation, ToMessage(row));
      }
    }
  }
  return outcomes;
}

}  // namespace bangfu::evaluation
