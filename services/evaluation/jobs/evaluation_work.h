// Evaluations in the inbox: which of their steps wait for whom, and until when.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bangfu/evaluation/v1/evaluation.pb.h"
#include "common/inbox/inbox.h"
#include "common/inbox/recount.h"
#include "services/evaluation/store/evaluation_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

inline constexpr char kEvaluationSubject[] = "evaluation";

// The kinds of work on evaluations.
std::vector<inbox::Kind> EvaluationKinds();

// An evaluation as it stands after a change, and what stands beside it.
struct EvaluationWork {
  Ulid id;
  Ulid subject_id;
  std::string region_path;
  const v1::Evaluation* message = nullptr;
  bool subject_void = false;
  bool subject_unverified = false;
  bool newer_effective = false;
  // The subject's newest: an older one that was only computed is nobody's work any more.
  bool is_latest = false;
};
EvaluationWork WorkOf(const EvaluationRow& row, const v1::Evaluation& message,
                      const SubjectRow& subject);

// Makes the open items of the evaluations what their states ask for. They, or their subjects, are
// locked.
absl::Status SyncEvaluations(mysql::Tx& tx, const std::vector<EvaluationWork>& evaluations,
                             const inbox::Act& act);
// Those just computed, and the ones before them, whose review nobody waits for any more.
absl::Status SyncComputed(mysql::Tx& tx, const std::vector<EvaluationWork>& computed,
                          const std::vector<Ulid>& overtaken, inbox::Act act);
// The evaluations of these subjects (locked) that are under way: after something else of the
// subject changed (void, verified or not, another region, an argument).
absl::Status SyncEvaluationsOf(mysql::Tx& tx, const SubjectMap& subjects, const inbox::Act& act);

// Every evaluation, for the recount.
inbox::Source EvaluationSource();

}  // namespace bangfu::evaluation
