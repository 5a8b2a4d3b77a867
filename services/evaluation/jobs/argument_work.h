// Arguments in the inbox: which of their panels' signatures are waited for.
#pragma once

#include <set>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/inbox/inbox.h"
#include "common/inbox/recount.h"
#include "services/evaluation/store/argument_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

// The kinds of work on arguments.
std::vector<inbox::Kind> ArgumentKinds();

// Those of arguments, newest first, whose panel is waited for: the newest about its subject, while
// the term of the signatures runs. After that another argument can be recorded in its place: one
// of the panel may never sign, be it that the account is nobody's.
absl::StatusOr<std::set<Ulid>> Awaited(mysql::Executor& db,
                                       const std::vector<ArgumentRow>& arguments, absl::Time now);

// Makes the open items of the arguments what their signatures leave to do: one for each of the
// panel who has not signed, for that person alone; none once there is a newer argument about the
// subject. Their subjects are locked.
absl::Status SyncArguments(mysql::Tx& tx, const std::vector<ArgumentRow>& arguments,
                           const SubjectMap& subjects, const inbox::Act& act);
// Those of these subjects (locked) that wait for signatures: after a subject became void, or moved.
absl::Status SyncArgumentsOf(mysql::Tx& tx, const SubjectMap& subjects, const inbox::Act& act);

// Every argument that waits for signatures, for the recount.
inbox::Source ArgumentSource();

}  // namespace bangfu::evaluation
