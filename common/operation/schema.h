// The table of long work.
#pragma once

#include "common/migrate/migration.h"
#include "common/recode/tables.h"

namespace bangfu::operation {

inline migrate::Migrations Schema() {
  return {{"operation", 1, "create_operation", R"sql(CREATE TABLE operation (
  id BINARY(16) NOT NULL,
  kind VARCHAR(64) NOT NULL,
  state TINYINT NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  created_subject VARCHAR(128) NOT NULL,
  created_name VARCHAR(128) NOT NULL,
  created_role VARCHAR(64) NOT NULL,
  created_region_path VARCHAR(12) NOT NULL,
  created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  request_type VARCHAR(128) NOT NULL,
  request MEDIUMBLOB NOT NULL,
  resume_cursor MEDIUMBLOB NOT NULL,
  done BIGINT NOT NULL,
  total BIGINT NOT NULL,
  progress_zh VARCHAR(200) NOT NULL,
  error BLOB NOT NULL,
  result_type VARCHAR(128) NOT NULL,
  result MEDIUMBLOB NOT NULL,
  cancel_requested TINYINT NOT NULL,
  attempts INT NOT NULL,
  holder VARCHAR(64) NOT NULL,
  fence BIGINT NOT NULL,
  lease_until DATETIME(6) NOT NULL,
  PRIMARY KEY (id),
  KEY operation_by_region (region_path, id),
  KEY operation_by_lease (state, lease_until)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql"},
          // Who works on another's behalf is named so wherever the work leads.
          {"operation", 2, "add_delegation", R"sql(ALTER TABLE operation
  ADD COLUMN created_delegated_by VARCHAR(128) NOT NULL DEFAULT '',
  ADD COLUMN created_grant_id VARCHAR(26) NOT NULL DEFAULT '';
)sql"},
          // Work that stopped is looked up by its kind while others' transactions wait.
          {"operation", 3, "find_stopped", R"sql(ALTER TABLE operation
  ADD KEY operation_by_kind (kind, state, id);
)sql"}};
}

inline recode::Part RegionPart() {
  return {.moving = {{"operation"}},
          .staying = {{"operation", "created_region_path", "of the grant that acted then"}}};
}

}  // namespace bangfu::operation
