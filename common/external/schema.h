// The table of numbers in other systems, as a step that a service's migrations include.
#pragma once

#include "common/migrate/migration.h"

namespace bangfu::external {

inline migrate::Migrations Schema() {
  return {{"external", 1, "create_external_ids", R"sql(CREATE TABLE external_id (
  kind VARCHAR(32) NOT NULL,
  system_name VARCHAR(64) NOT NULL,
  external_id VARCHAR(128) NOT NULL,
  record_id BINARY(16) NOT NULL,
  PRIMARY KEY (kind, system_name, external_id),
  KEY external_id_by_record (record_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql"}};
}

}  // namespace bangfu::external
