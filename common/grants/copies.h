// The rows of access_grant: what the registry wrote, and what the others copied from its feed. A
// row's book_version is the version of all grants at its change. Whoever changes rows holds the
// version's row until the commit, so versions are in commit order and a reader that goes by them
// misses nothing.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "bangfu/type/v1/grant.pb.h"
#include "common/audit/audit.h"
#include "common/contract/time.h"
#include "common/feed/consumer.h"
#include "common/mysql/session.h"

namespace bangfu::grants {

inline constexpr char kAggregate[] = "grant";
// The service that owns the grants; whoever may call it follows them.
inline constexpr char kOwner[] = "registry";

// Writes each grant as it now is. In the transaction of its change, last: everyone else who changes
// a grant waits for the commit. Of two states of a grant the one with the higher etag stays, unless
// `replace`.
absl::Status Write(mysql::Tx& tx, const std::vector<type::v1::Grant>& grants,
                   int64_t generation = 0, bool replace = false);

// Keeps the copies by the registry's events.
std::shared_ptr<feed::EffectHandler> NewCopies();

// From when on a grant gives nothing any more, whatever happens.
absl::Time Until(const type::v1::Grant& grant);

// For long work, which goes on in the name of an actor as its row keeps them: the organisation that
// the actor's grant names, if this service knows the grant.
absl::Status NameOrganisation(mysql::Executor& db, audit::Actor* actor);

using ::bangfu::SetTime;
using ::bangfu::TimeOf;

}  // namespace bangfu::grants
