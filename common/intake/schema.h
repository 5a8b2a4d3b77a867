// The tables of imports, for the migrations of every service that takes some; after
// inbox::Schema().
#pragma once

#include "common/migrate/migration.h"
#include "common/recode/tables.h"

namespace bangfu::intake {

// import_job keeps its row; file bytes and staged rows live 30 days (SweepExpired).
inline migrate::Migrations Schema() {
  return {
      {"intake", 1, "create_import", R"sql(
CREATE TABLE import_job (
  id BINARY(16) NOT NULL,
  version BIGINT NOT NULL,
  kind VARCHAR(64) NOT NULL,
  created_by VARCHAR(128) NOT NULL,
  batch_id VARCHAR(64) NOT NULL,
  state TINYINT NOT NULL,
  policy TINYINT NOT NULL,
  format TINYINT NOT NULL,
  file_name VARCHAR(200) NOT NULL,
  region_code VARCHAR(12) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  default_money_unit VARCHAR(8) NOT NULL,
  campaign_id BINARY(16) NULL,
  sample TINYINT NOT NULL,
  size_bytes BIGINT NOT NULL,
  upload_complete TINYINT NOT NULL,
  sha256 VARCHAR(64) NOT NULL,
  caller BLOB NOT NULL,
  step_at DATETIME(6) NOT NULL,
  operation_id BINARY(16) NULL,
  rows_total BIGINT NOT NULL,
  rows_created BIGINT NOT NULL,
  rows_updated BIGINT NOT NULL,
  rows_unchanged BIGINT NOT NULL,
  rows_warned BIGINT NOT NULL,
  rows_held BIGINT NOT NULL,
  rows_refused BIGINT NOT NULL,
  committed_through BIGINT NOT NULL,
  created_at DATETIME(6) NOT NULL,
  swept TINYINT NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY import_job_by_batch (created_by, batch_id),
  KEY import_job_by_age (swept, created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE import_chunk (
  import_id BINARY(16) NOT NULL,
  chunk_offset BIGINT NOT NULL,
  size_bytes INT NOT NULL,
  bytes MEDIUMBLOB NOT NULL,
  PRIMARY KEY (import_id, chunk_offset)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE import_row (
  import_id BINARY(16) NOT NULL,
  row_no BIGINT NOT NULL,
  outcome TINYINT NOT NULL,
  key_text VARCHAR(300) NOT NULL,
  record_id BINARY(16) NULL,
  issues MEDIUMBLOB NULL,
  payload MEDIUMBLOB NULL,
  PRIMARY KEY (import_id, row_no),
  KEY import_row_by_outcome (import_id, outcome, row_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql"},
      // The step that waits is called as the import's allowed actions call it.
      {"intake", 2, "name_the_commit", R"sql(UPDATE work_item SET action = 'commit'
  WHERE action = 'commit_import' AND open_mark = 1;
)sql"},
      // A BLOB holds no more than some 190 grants of one person, twice.
      {"intake", 3, "widen_caller", R"sql(ALTER TABLE import_job MODIFY caller MEDIUMBLOB NOT NULL;
)sql"},
      // Headers as a JSON list.
      {"intake", 4, "fill_down",
       R"sql(-- supersedes 805b1cd71bfa70308adc083b8bf371955ebf6847e6608e7d84acc20f60e0100c
ALTER TABLE import_job ADD fill_down TEXT NOT NULL;
)sql"}};
}

inline recode::Part RegionPart() {
  return {.moving = {{"import_job"}},
          .staying = {{"import_job", "region_code", "as the file was handed in"}}};
}

}  // namespace bangfu::intake
