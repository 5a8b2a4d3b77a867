// Notices in the inbox: those to answer, by the addressed office, and answers to look at, by the
// office that asked.
#pragma once

#include <functional>
#include <map>
#include <string_view>
#include <vector>

#include "common/inbox/inbox.h"
#include "common/inbox/recount.h"
#include "common/notice/notice.h"
#include "common/workflow/work.h"

namespace bangfu::notice {

// What the scope of a grant is asked about, of the record that each notice names, in their order;
// nothing of one that names none. The host knows it.
using FacetsOf = std::function<absl::StatusOr<std::vector<auth::Facets>>(
    mysql::Executor&, const std::vector<const v1::SupervisionNotice*>&, absl::Time now)>;

std::vector<inbox::Kind> WorkKinds();
// The actions of Transitions() that are somebody's work.
const std::vector<workflow::Work>& Works();

// Makes the open items of a notice, which is locked, what its state asks for.
absl::Status SyncWork(mysql::Tx& tx, const v1::SupervisionNotice& notice,
                      const auth::Facets& facets, const inbox::Act& act);
// Brings the items of the notices about records after them, when these got other facets.
absl::Status FollowSubjects(mysql::Tx& tx, const std::map<Ulid, auth::Facets>& subjects);

// Notices that have not ended, for the recount. `facets` may be empty.
inbox::Source WorkSource(FacetsOf facets);

}  // namespace bangfu::notice
