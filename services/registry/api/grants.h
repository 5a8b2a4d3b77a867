// Grants between the contract, the rules and the store; what writes them beside the rpcs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bangfu/type/v1/grant.pb.h"
#include "common/audit/audit.h"
#include "common/base/ulid.h"
#include "common/mysql/session.h"
#include "services/registry/store/grant_store.h"

namespace bangfu::registry {

// The record as it is stored and carried: ACTIVE or REVOKED.
type::v1::Grant GrantMessage(const GrantRow& row);

// The first administrator of a new installation: ORG_ADMIN of the province, when there is no grant
// at all. Does nothing otherwise; several processes at once make one.
absl::Status EnsureFirstAdmin(mysql::Session& session, absl::Time now, const std::string& subject,
                              const std::string& name);

// Grants of a region that got another code: their regions' paths, the copy that calls are judged
// by, and the feed. `audited`: an entry like this for each, with its record before and after.
absl::Status RecodeGrants(mysql::Tx& tx, const std::string& from, const std::string& to,
                          absl::Time now, const audit::Entry* audited = nullptr);

}  // namespace bangfu::registry
