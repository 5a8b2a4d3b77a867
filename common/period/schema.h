// The tables of report periods.
#pragma once

#include "common/migrate/migration.h"
#include "common/period/move.h"
#include "common/recode/tables.h"

namespace bangfu::period {

inline migrate::Migrations Schema() {
  return {{"period", 1, "create_period", R"sql(CREATE TABLE report_period (
  id BINARY(16) NOT NULL,
  table_no VARCHAR(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  period VARCHAR(8) NOT NULL,
  revision INT NOT NULL,
  -- 1 for the newest revision, NULL for those before it: two reissues at once cannot both win.
  newest TINYINT NULL,
  state TINYINT NOT NULL,
  cut_off DATE NOT NULL,
  needs_update TINYINT NOT NULL,
  details MEDIUMBLOB NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY period_revision (table_no, period, region_path, revision),
  UNIQUE KEY period_newest (table_no, period, region_path, newest),
  KEY period_by_region (region_path, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE period_unit (
  period_id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  row_count BIGINT NOT NULL,
  rows_sha256 CHAR(64) NOT NULL,
  -- Empty until the unit signs; frozen rows do not change, so a signature stands.
  signed_by VARCHAR(128) NOT NULL,
  signature BLOB NOT NULL,
  PRIMARY KEY (period_id, region_path)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The frozen rows, by region and key, packed in chunks.
CREATE TABLE period_rows (
  period_id BINARY(16) NOT NULL,
  chunk_no INT NOT NULL,
  first_path VARCHAR(12) NOT NULL,
  last_path VARCHAR(12) NOT NULL,
  row_count INT NOT NULL,
  body MEDIUMBLOB NOT NULL,
  PRIMARY KEY (period_id, chunk_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The tables below that a city's or province's table was made of.
CREATE TABLE period_component (
  period_id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  -- NULL: none was frozen below.
  component_id BINARY(16) NULL,
  revision INT NOT NULL,
  rows_sha256 CHAR(64) NOT NULL,
  PRIMARY KEY (period_id, region_path)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql"}};
}

inline recode::Part RegionPart() {
  constexpr char kSigned[] = "what is frozen and signed does not move (move.h)";
  return {.rekey = MoveOpenPeriods,
          .rekeyed = {{"report_period"}},
          .staying = {{"period_unit", "region_path", kSigned},
                      {"period_rows", "first_path", kSigned},
                      {"period_rows", "last_path", kSigned},
                      {"period_component", "region_path", kSigned}}};
}

}  // namespace bangfu::period
