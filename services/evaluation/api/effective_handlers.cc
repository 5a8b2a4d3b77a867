// A class comes into force, and the one before it gives way; or it is declared void.
#include <algorithm>
#include <optional>
#include <vector>

#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "common/publicity/service.h"
#include "common/rpc/covering.h"
#include "common/rpc/mutation.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/api/lifecycle_api.h"
#include "services/evaluation/api/lifecycle_handlers.h"
#include "services/evaluation/api/lifecycle_step.h"
#include "services/evaluation/api/trail.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/convert/evaluation_subject.h"
#include "services/evaluation/jobs/ledger_entries.h"
#include "services/evaluation/store/argument_store.h"
#include "services/evaluation/store/ledger_store.h"
#include "services/evaluation/store/lifecycle_store.h"

namespace bangfu::evaluation {

namespace {

using rpc::CallContext;
using rpc::Mutation;

absl::Status MakeEffective(Step& step, const std::vector<Item*>& asked) {
  Mutation& m = step.mutation();
  const absl::Time now = m.context().now;
  // Each rests on the argument that it names.
  std::vector<Ulid> argument_subjects;
  for (Item* item : asked) {
    if (!item->message.argument_id().empty()) argument_subjects.push_back(item->row.subject_id);
  }
  ASSIGN_OR_RETURN(std::vector<ArgumentRow> arguments, LoadArguments(m.tx(), argument_subjects));
  std::vector<Item*> done;
  std::vector<Ulid> subjects;
  for (Item* item : asked) {
    item->view.argument.reset();
    for (const ArgumentRow& a : arguments) {
      if (a.id.ToString() != item->message.argument_id()) continue;
      ASSIGN_OR_RETURN(item->view.argument, ToDomain(a));
    }
    // Of two of one subject in one call, the newer counts.
    auto twin = std::find_if(done.begin(), done.end(), [&](Item* other) {
      return other->row.subject_id == item->row.subject_id;
    });
    if (twin != done.end()) {
      item->refusal = FailedPrecondition("NEWER_EFFECTIVE", "同一批中已有该对象的评估生效");
      continue;
    }
    if (!step.May(*item, "make_effective")) continue;
    SetTime(now, item->message.mutable_effective_at());
    done.push_back(item);
    subjects.push_back(item->row.subject_id);
  }
  if (done.empty()) return absl::OkStatus();

  const rpc::Covering covering(m, done.front()->acted_on);
  EntryChanges entries(m.tx(), AuthorOf(covering.mutation()));
  RETURN_IF_ERROR(entries.Lock(subjects));
  std::vector<EffectiveChange> effective;
  for (Item* item : done) {
    if (item->subject.effective_evaluation_id) {
      Item* earlier = step.FindLocked(*item->subject.effective_evaluation_id);
      if (earlier != nullptr && earlier->row.state == v1::EVALUATION_STATE_EFFECTIVE) {
        earlier->message.set_state(v1::EVALUATION_STATE_SUPERSEDED);
        earlier->changed = true;
      }
    }
    entries.PutInForce(item->message, item->row.id, item->subject);
    effective.push_back({item->row.subject_id, item->row.id, item->message.final_class()});
    SubjectRow after = item->subject;
    after.effective_class = item->message.final_class();
    step.outstanding().Add(&item->subject, after);
  }
  RETURN_IF_ERROR(SetEffectives(m.tx(), effective, step.subjects(), now));
  return entries.Write();
}

}  // namespace

absl::StatusOr<v1::Evaluation> MakeOneEffective(CallContext& context,
                                                const v1::MakeEffectiveRequest& request) {
  return One(context, request, request.etag(), {.subjects_locked = true},
             [](Step& step, Item& item) { return MakeEffective(step, {&item}); });
}

absl::StatusOr<v1::Evaluation> VoidEvaluation(CallContext& context,
                                              const v1::VoidEvaluationRequest& request) {
  return One(
      context, request, request.etag(), {.subjects_locked = true},
      [&](Step& step, Item& item) -> absl::Status {
        Mutation& m = step.mutation();
        const bool in_force = item.row.state == v1::EVALUATION_STATE_EFFECTIVE;
        const bool public_now = item.row.state == v1::EVALUATION_STATE_PUBLICISED;
        if (!step.May(item, "void")) return absl::OkStatus();
        item.message.set_is_void(true);
        item.message.set_void_reason(request.reason());
        const rpc::Covering covering(m, item.acted_on);
        if (public_now) {
          RETURN_IF_ERROR(publicity::CancelRunning(covering.mutation(), item.row.id,
                                                   kClassPublicity, request.reason()));
        }
        SubjectMap subjects = step.subjects();
        // Nobody can decide it any more: its subject counts as one that is yet to be evaluated.
        if (item.subject.latest_evaluation_id == item.row.id) {
          RETURN_IF_ERROR(SetLatestEvaluations(m.tx(), {{item.row.subject_id, item.row.id, 0}},
                                               subjects, context.now));
          subjects[item.row.subject_id].latest_result = 0;
        }
        SubjectRow after = item.subject;
        after.latest_result = subjects[item.row.subject_id].latest_result;
        if (in_force) after.effective_class = 0;
        step.outstanding().Add(&item.subject, after);
        if (!in_force) return absl::OkStatus();
        EntryChanges entries(m.tx(), AuthorOf(covering.mutation()));
        RETURN_IF_ERROR(entries.Lock({item.row.subject_id}));
        entries.Leave(item.row.subject_id, kEntryVoid, 0);
        RETURN_IF_ERROR(
            SetEffectives(m.tx(), {{item.row.subject_id, std::nullopt, 0}}, subjects, context.now));
        return entries.Write();
      },
      request.reason());
}

}  // namespace bangfu::evaluation
