// The columns of audit_log and their reading; inside this room only.
#pragma once

#include <cstddef>

#include "common/audit/audit.h"
#include "common/mysql/value.h"

namespace bangfu::audit {

inline constexpr char kLogColumns[] =
    "aggregate_type, aggregate_id, chain_no, hash_algorithm, prev_hash, hash, actor_subject, "
    "actor_name, "
    "actor_role, actor_region, action, before_json, after_json, reason, request_id, source_system, "
    "client_ip, occurred_at, region_path, actor_delegated_by, actor_grant_id, actor_org_code, "
    "actor_org_name";
inline constexpr char kLogColumnsOfL[] =
    "l.aggregate_type, l.aggregate_id, l.chain_no, l.hash_algorithm, l.prev_hash, l.hash, "
    "l.actor_subject, "
    "l.actor_name, l.actor_role, l.actor_region, l.action, l.before_json, l.after_json, l.reason, "
    "l.request_id, l.source_system, l.client_ip, l.occurred_at, l.region_path, "
    "l.actor_delegated_by, "
    "l.actor_grant_id, l.actor_org_code, l.actor_org_name";
inline constexpr size_t kLogColumnCount = 23;

// A row of those columns.
Record ReadRecord(const mysql::Row& row);

}  // namespace bangfu::audit
