// The tables of publicities, the objections to them, and the evidence of both.
#pragma once

#include "common/migrate/migration.h"
#include "common/recode/tables.h"

namespace bangfu::publicity {

inline migrate::Migrations Schema() {
  return {{"publicity", 1, "create_publicity", R"sql(CREATE TABLE publicity (
  id BINARY(16) NOT NULL,
  version BIGINT NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  subject_type VARCHAR(64) NOT NULL,
  subject_id BINARY(16) NOT NULL,
  kind VARCHAR(64) NOT NULL,
  channels TEXT NOT NULL,
  url VARCHAR(500) NOT NULL,
  content_sha256 CHAR(64) NOT NULL,
  from_day DATE NOT NULL,
  to_day DATE NOT NULL,
  days_required INT NOT NULL,
  day_kind TINYINT NOT NULL,
  provisional TINYINT NOT NULL,
  state TINYINT NOT NULL,
  active_subject_id BINARY(16) NULL,
  active_kind VARCHAR(64) NULL,
  started_subject VARCHAR(128) NOT NULL,
  started_name VARCHAR(128) NOT NULL,
  started_role VARCHAR(64) NOT NULL,
  started_region_path VARCHAR(12) NOT NULL,
  started_at DATETIME(6) NOT NULL,
  ended_at DATETIME(6) NULL,
  PRIMARY KEY (id),
  UNIQUE KEY publicity_active (active_subject_id, active_kind),
  KEY publicity_by_region (region_path, id),
  KEY publicity_by_subject (subject_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE objection (
  id BINARY(16) NOT NULL,
  publicity_id BINARY(16) NOT NULL,
  raised_at DATETIME(6) NOT NULL,
  raised_by VARCHAR(100) NOT NULL,
  recorded_subject VARCHAR(128) NOT NULL,
  text VARCHAR(2000) NOT NULL,
  state TINYINT NOT NULL,
  answer_due DATE NOT NULL,
  handled_subject VARCHAR(128) NOT NULL,
  handled_name VARCHAR(128) NOT NULL,
  handled_role VARCHAR(64) NOT NULL,
  handled_region_path VARCHAR(12) NOT NULL,
  handled_at DATETIME(6) NULL,
  reply VARCHAR(2000) NOT NULL,
  PRIMARY KEY (id),
  KEY objection_by_publicity (publicity_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql"},
          // Names are sealed where they are stored, which takes more room.
          {"publicity", 2, "widen_raised_by", R"sql(
ALTER TABLE objection MODIFY raised_by VARCHAR(1000) NOT NULL;
)sql"},
          // On whose behalf each was done, and by which grant.
          {"publicity", 3, "add_delegation", R"sql(ALTER TABLE publicity
  ADD COLUMN started_delegated_by VARCHAR(128) NOT NULL DEFAULT '',
  ADD COLUMN started_grant_id VARCHAR(26) NOT NULL DEFAULT '';

ALTER TABLE objection
  ADD COLUMN recorded_delegated_by VARCHAR(128) NOT NULL DEFAULT '',
  ADD COLUMN handled_delegated_by VARCHAR(128) NOT NULL DEFAULT '',
  ADD COLUMN handled_grant_id VARCHAR(26) NOT NULL DEFAULT '';
)sql"},
          // Files of the showing, and with an objection's id what its objector brought.
          {"publicity", 4, "add_evidence", R"sql(CREATE TABLE publicity_evidence (
  publicity_id BINARY(16) NOT NULL,
  position INT NOT NULL,
  objection_id BINARY(16) NULL,
  blob_id BINARY(16) NOT NULL,
  evidence BLOB NOT NULL,
  PRIMARY KEY (publicity_id, position),
  UNIQUE KEY publicity_evidence_blob (blob_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql"}};
}

// The hash of a publicity is of the text that was put up, which names no path.
inline recode::Part RegionPart() {
  return {.moving = {{"publicity"}},
          .staying = {{"publicity", "started_region_path", "of the grant that acted then"},
                      {"objection", "handled_region_path", "of the grant that acted then"}}};
}

}  // namespace bangfu::publicity
