// The tables of the audit trail, as a step that every service's migrations include.
#pragma once

#include "common/migrate/migration.h"
#include "common/recode/tables.h"

namespace bangfu::audit {

inline migrate::Migrations Schema() {
  return {{"audit", 1, "create_audit", R"sql(CREATE TABLE audit_log (
  aggregate_type VARCHAR(64) NOT NULL,
  aggregate_id BINARY(16) NOT NULL,
  chain_no BIGINT NOT NULL,
  hash_algorithm TINYINT NOT NULL,
  prev_hash BINARY(32) NOT NULL,
  hash BINARY(32) NOT NULL,
  actor_subject VARCHAR(128) NOT NULL,
  actor_name VARCHAR(128) NOT NULL,
  actor_role VARCHAR(64) NOT NULL,
  actor_region VARCHAR(12) NOT NULL,
  action VARCHAR(160) NOT NULL,
  before_json MEDIUMTEXT NOT NULL,
  after_json MEDIUMTEXT NOT NULL,
  reason VARCHAR(1000) NOT NULL,
  request_id VARCHAR(64) NOT NULL,
  source_system VARCHAR(64) NOT NULL,
  client_ip VARCHAR(64) NOT NULL,
  occurred_at DATETIME(6) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  PRIMARY KEY (aggregate_type, aggregate_id, chain_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE audit_head (
  aggregate_type VARCHAR(64) NOT NULL,
  aggregate_id BINARY(16) NOT NULL,
  chain_no BIGINT NOT NULL,
  hash BINARY(32) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  anchored_chain_no BIGINT NOT NULL,
  PRIMARY KEY (aggregate_type, aggregate_id),
  KEY audit_head_by_region (region_path, aggregate_type, aggregate_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE audit_anchor (
  anchor_no BIGINT NOT NULL,
  sealed TINYINT NOT NULL,
  batches BIGINT NOT NULL,
  items BIGINT NOT NULL,
  hash_algorithm TINYINT NOT NULL,
  prev_hash BINARY(32) NOT NULL,
  hash BINARY(32) NOT NULL,
  taken_at DATETIME(6) NOT NULL,
  PRIMARY KEY (anchor_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE audit_anchor_item (
  anchor_no BIGINT NOT NULL,
  aggregate_type VARCHAR(64) NOT NULL,
  aggregate_id BINARY(16) NOT NULL,
  chain_no BIGINT NOT NULL,
  hash BINARY(32) NOT NULL,
  PRIMARY KEY (anchor_no, aggregate_type, aggregate_id),
  KEY audit_anchor_item_by_chain (aggregate_type, aggregate_id, chain_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql"},
          {"audit", 2, "add_delegation", R"sql(ALTER TABLE audit_log
  ADD COLUMN actor_delegated_by VARCHAR(128) NOT NULL DEFAULT '',
  ADD COLUMN actor_grant_id VARCHAR(26) NOT NULL DEFAULT '';
)sql"},
          // Searches go newest first by county, person or time, each in its own index; wider
          // regions go by time (search.h).
          {"audit", 3, "search_and_accesses", R"sql(ALTER TABLE audit_log
  ADD COLUMN county VARCHAR(6) AS (LEFT(region_path, 6)) STORED;

ALTER TABLE audit_log
  ADD KEY audit_log_by_county (county, occurred_at, aggregate_type, aggregate_id, chain_no),
  ADD KEY audit_log_by_actor (actor_subject, occurred_at, aggregate_type, aggregate_id, chain_no),
  ADD KEY audit_log_by_time (occurred_at, aggregate_type, aggregate_id, chain_no);

CREATE TABLE access_log (
  id BINARY(16) NOT NULL,
  action VARCHAR(160) NOT NULL,
  actor_subject VARCHAR(128) NOT NULL,
  actor_name VARCHAR(128) NOT NULL,
  actor_role VARCHAR(64) NOT NULL,
  actor_region VARCHAR(12) NOT NULL,
  actor_delegated_by VARCHAR(128) NOT NULL,
  actor_grant_id VARCHAR(26) NOT NULL,
  aggregate_type VARCHAR(64) NOT NULL,
  aggregate_id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  county VARCHAR(6) AS (LEFT(region_path, 6)) STORED,
  fields TEXT NOT NULL,
  reason VARCHAR(2000) NOT NULL,
  request_id VARCHAR(64) NOT NULL,
  client_ip VARCHAR(64) NOT NULL,
  occurred_at DATETIME(6) NOT NULL,
  PRIMARY KEY (id),
  KEY access_log_by_county (county, id),
  KEY access_log_by_actor (actor_subject, id),
  KEY access_log_by_record (aggregate_type, aggregate_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql"},
          // 0: of no anchor yet.
          {"audit", 4, "anchor_accesses", R"sql(ALTER TABLE access_log
  ADD COLUMN anchor_no BIGINT NOT NULL DEFAULT 0,
  ADD KEY access_log_by_anchor (anchor_no, id);
)sql"},
          // On whose behalf as the grant named it: 所代表机构.
          {"audit", 5, "add_organisation", R"sql(ALTER TABLE audit_log
  ADD COLUMN actor_org_code VARCHAR(64) NOT NULL DEFAULT '',
  ADD COLUMN actor_org_name VARCHAR(200) NOT NULL DEFAULT '';

ALTER TABLE access_log
  ADD COLUMN actor_org_code VARCHAR(64) NOT NULL DEFAULT '',
  ADD COLUMN actor_org_name VARCHAR(200) NOT NULL DEFAULT '';
)sql"},
          // Where a chain was cut because its entries were older than they are kept (retention.h);
          // rows are never changed, since the entry of their batch holds a hash over them.
          {"audit", 6, "create_cut", R"sql(CREATE TABLE audit_cut (
  aggregate_type VARCHAR(64) NOT NULL,
  aggregate_id BINARY(16) NOT NULL,
  chain_no BIGINT NOT NULL,
  hash BINARY(32) NOT NULL,
  occurred_at DATETIME(6) NOT NULL,
  batch_no BIGINT NOT NULL,
  kept_from DATETIME(6) NOT NULL,
  cut_at DATETIME(6) NOT NULL,
  PRIMARY KEY (aggregate_type, aggregate_id, chain_no),
  KEY audit_cut_by_batch (batch_no, aggregate_type, aggregate_id, chain_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql"},
          // How many years the trail was to be kept, each number with when it last was the one: a
          // lower one waits for its notice (retention.h).
          {"audit", 7, "create_keep", R"sql(CREATE TABLE audit_keep (
  keep_years BIGINT NOT NULL,
  in_force_at DATETIME(6) NOT NULL,
  PRIMARY KEY (keep_years)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql"}};
}

// The trail is append-only and chained by hashes: a search looks under the former paths, too.
inline recode::Part RegionPart() {
  return {.staying = {{"audit_log", "region_path", "append-only, in the hash of its chain"},
                      {"audit_log", "county", "of region_path"},
                      {"audit_log", "actor_region", "of the grant that acted then"},
                      {"audit_head", "region_path", "of the chain's newest entry"},
                      {"access_log", "region_path", "append-only, in the hash of its anchor"},
                      {"access_log", "county", "of region_path"},
                      {"access_log", "actor_region", "of the grant that acted then"}}};
}

}  // namespace bangfu::audit
