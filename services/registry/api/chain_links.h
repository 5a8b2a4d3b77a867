// What the chain links of a county industry rest on when they are recorded (环节依据): a project
// that operates, a brand in force. Assets and contracts are the asset service's; they are taken as
// recorded. Whether a link counts on a day is the evaluation's to tell (D1-01).
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "common/mysql/session.h"

namespace bangfu::registry {

// As it is kept and compared: ids of projects in capitals, nothing blank around a code or number.
v1::PresentLink CanonicalLink(v1::PresentLink link);

// Whether the link may be recorded of the industry. NOT_FOUND: no such project (code or id) or
// brand (certificate number) of the industry's county; FAILED_PRECONDITION LINK_NOT_OPERATING: it
// does not operate, or is not in force.
absl::Status CheckLinkReference(mysql::Executor& db, const v1::Industry& industry,
                                const v1::PresentLink& link, absl::CivilDay today);

}  // namespace bangfu::registry
