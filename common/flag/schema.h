// The table of flags, as a step that every service's migrations include.
#pragma once

#include "common/migrate/migration.h"
#include "common/recode/tables.h"

namespace bangfu::flag {

inline migrate::Migrations Schema() {
  return {{"flag", 1, "create_record_flag", R"sql(CREATE TABLE record_flag (
  id BINARY(16) NOT NULL,
  version BIGINT NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  subject_type VARCHAR(64) NOT NULL,
  subject_id BINARY(16) NOT NULL,
  state TINYINT NOT NULL,
  reason VARCHAR(1000) NOT NULL,
  answer_due DATE NULL,
  provisional TINYINT NOT NULL,
  flagged_subject VARCHAR(128) NOT NULL,
  flagged_name VARCHAR(128) NOT NULL,
  flagged_role VARCHAR(64) NOT NULL,
  flagged_region_path VARCHAR(12) NOT NULL,
  flagged_delegated_by VARCHAR(128) NOT NULL,
  flagged_grant_id VARCHAR(26) NOT NULL,
  flagged_at DATETIME(6) NOT NULL,
  answer VARCHAR(2000) NOT NULL,
  answered_subject VARCHAR(128) NOT NULL,
  answered_name VARCHAR(128) NOT NULL,
  answered_role VARCHAR(64) NOT NULL,
  answered_region_path VARCHAR(12) NOT NULL,
  answered_delegated_by VARCHAR(128) NOT NULL,
  answered_grant_id VARCHAR(26) NOT NULL,
  answered_at DATETIME(6) NULL,
  outcome TINYINT NOT NULL,
  outcome_note VARCHAR(1000) NOT NULL,
  closed_subject VARCHAR(128) NOT NULL,
  closed_name VARCHAR(128) NOT NULL,
  closed_role VARCHAR(64) NOT NULL,
  closed_region_path VARCHAR(12) NOT NULL,
  closed_delegated_by VARCHAR(128) NOT NULL,
  closed_grant_id VARCHAR(26) NOT NULL,
  closed_at DATETIME(6) NULL,
  PRIMARY KEY (id),
  KEY record_flag_by_region (region_path, id),
  KEY record_flag_by_state (state, region_path, id),
  KEY record_flag_by_subject (subject_id, region_path, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql"},
          // What was answered before has no term to be closed in.
          {"flag", 2, "close_due", R"sql(ALTER TABLE record_flag
  ADD COLUMN close_due DATE NULL;
)sql"}};
}

inline recode::Part RegionPart() {
  return {.moving = {{"record_flag"}},
          .staying = {{"record_flag", "flagged_region_path", "of the grant that acted then"},
                      {"record_flag", "answered_region_path", "of the grant that acted then"},
                      {"record_flag", "closed_region_path", "of the grant that acted then"}}};
}

}  // namespace bangfu::flag
