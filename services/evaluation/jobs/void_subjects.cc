#include "services/evaluation/jobs/void_subjects.h"

#include <string>
#include <utility>
#include <vector>

#include "bangfu/evaluation/v1/events.pb.h"
#include "common/base/strings.h"
#include "common/status/macros.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/jobs/ledger_entries.h"
#include "services/evaluation/store/evaluation_store.h"
#include "services/evaluation/store/lifecycle_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

namespace {

constexpr int kChunk = 200;
constexpr char kReasonZh[] = "对象已作废";

audit::Entry SystemEntry(absl::Time now) {
  audit::Entry entry;
  entry.action = "job.leave_void_subjects";
  entry.actor.subject = "system";
  entry.actor.name = "系统";
  entry.reason = kReasonZh;
  entry.occurred_at = now;
  return entry;
}

absl::Status LeaveChunk(mysql::Tx& tx, const std::vector<Ulid>& candidates, UlidGenerator& ids,
                        absl::Time now) {
  ASSIGN_OR_RETURN(SubjectMap subjects, LockSubjects(tx, candidates));
  std::vector<Ulid> leaving, evaluation_ids;
  for (const auto& [id, s] : subjects) {
    if (!s.is_void || s.effective_class == 0) continue;  // another one was here first
    leaving.push_back(id);
    if (s.effective_evaluation_id) evaluation_ids.push_back(*s.effective_evaluation_id);
  }
  if (leaving.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<EvaluationRow> rows,
                   LockEvaluations(tx, evaluation_ids, std::nullopt));
  std::vector<v1::Evaluation> before, after;
  std::vector<EvaluationRow*> changed;
  for (EvaluationRow& row : rows) {
    ASSIGN_OR_RETURN(v1::Evaluation message, ToMessage(row));
    before.push_back(message);
    message.set_state(v1::EVALUATION_STATE_VOID);
    message.set_is_void(true);
    message.set_void_reason(kReasonZh);
    StoreMessage(message, row);
    changed.push_back(&row);
    after.push_back(std::move(message));
  }
  RETURN_IF_ERROR(UpdateEvaluations(tx, changed));
  std::vector<EffectiveChange> effective;
  std::vector<LatestEvaluation> latest;
  for (const Ulid& id : leaving) {
    const SubjectRow& s = subjects.at(id);
    effective.push_back({id, std::nullopt, 0});
    // Should the subject come back, a void result is not where it stands.
    if (s.latest_evaluation_id && s.latest_evaluation_id == s.effective_evaluation_id) {
      latest.push_back({id, *s.latest_evaluation_id, 0});
    }
  }
  // No roll-up counts a void subject: the order of the two is free.
  RETURN_IF_ERROR(SetLatestEvaluations(tx, latest, subjects, now));
  RETURN_IF_ERROR(SetEffectives(tx, effective, subjects, now));
  EntryChanges entries(tx, {[now](std::string_view) { return SystemEntry(now); }, ids, now});
  RETURN_IF_ERROR(entries.Lock(leaving));
  for (const Ulid& id : leaving) entries.Leave(id, kEntryVoid, 0);
  RETURN_IF_ERROR(entries.Write());
  std::vector<audit::Entry> trail;
  std::vector<feed::OutboxEvent> events;
  for (size_t i = 0; i < rows.size(); ++i) {
    after[i].set_etag(Cat(rows[i].version));
    audit::Entry& entry = trail.emplace_back(SystemEntry(now));
    entry.aggregate_type = "evaluation";
    entry.aggregate_id = rows[i].id;
    entry.region_path = rows[i].region_path;
    entry.before_json = audit::ToJson(before[i]);
    entry.after_json = audit::ToJson(after[i]);
    v1::EvaluationChanged event;
    *event.mutable_evaluation() = after[i];
    events.push_back(feed::MakeEvent("evaluation", rows[i].id, rows[i].region_path, event, now));
  }
  if (!trail.empty()) RETURN_IF_ERROR(audit::AppendBatch(tx, trail));
  return feed::PublishBatch(tx, events);
}

}  // namespace

absl::Status LeaveVoidSubjects(mysql::Session& db, UlidGenerator& ids, absl::Time now) {
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<Ulid> candidates, ListVoidInForce(db, kChunk));
    if (candidates.empty()) return absl::OkStatus();
    RETURN_IF_ERROR(
        mysql::Transact(db, [&](mysql::Tx& tx) { return LeaveChunk(tx, candidates, ids, now); }));
  }
}

}  // namespace bangfu::evaluation
