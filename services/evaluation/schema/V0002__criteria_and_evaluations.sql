-- Criteria sets, evaluations and the runs that made them.

CREATE TABLE criteria_set (
  id BINARY(16) NOT NULL,
  region_code VARCHAR(12) NOT NULL,
  version_no INT NOT NULL,
  state TINYINT NOT NULL,
  effective_from DATE NULL,
  effective_to DATE NULL,
  content MEDIUMTEXT NOT NULL,
  content_sha256 CHAR(64) NOT NULL,
  note_zh VARCHAR(500) NOT NULL,
  created_by VARCHAR(64) NOT NULL,
  payload BLOB NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY one_version (region_code, version_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Claim row: one set in force per scope; version is bumped by every activation, so that two at once
-- cannot both see no overlap.
CREATE TABLE criteria_scope (
  region_code VARCHAR(12) NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (region_code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One evaluation. The columns are what lists, roll-ups and transitions read; details is the
-- Evaluation message as it stands (its etag is the version).
CREATE TABLE evaluation (
  id BINARY(16) NOT NULL,
  run_id BINARY(16) NULL,
  subject_type TINYINT NOT NULL,
  subject_id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  period CHAR(7) NOT NULL,
  criteria_id BINARY(16) NOT NULL,
  snapshot_sha256 CHAR(64) NOT NULL,
  result TINYINT NOT NULL,
  state TINYINT NOT NULL,
  final_class TINYINT NOT NULL DEFAULT 0,
  total_bp INT NULL,
  is_void TINYINT NOT NULL DEFAULT 0,
  details MEDIUMBLOB NOT NULL,
  computed_at DATETIME(6) NOT NULL,
  computed_by VARCHAR(64) NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (id),
  KEY by_subject (subject_id, id),
  KEY by_region (region_path, id),
  KEY by_state (state, region_path, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Input and explanation of an evaluation, as canonical bytes, packed (store/packed.h): written once,
-- never changed.
CREATE TABLE evaluation_record (
  evaluation_id BINARY(16) NOT NULL,
  snapshot MEDIUMBLOB NOT NULL,
  explanation MEDIUMBLOB NOT NULL,
  explanation_sha256 CHAR(64) NOT NULL,
  PRIMARY KEY (evaluation_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A batch: pinned watermarks and how far each county is.
CREATE TABLE evaluation_run (
  id BINARY(16) NOT NULL,
  region_code VARCHAR(12) NOT NULL,
  period CHAR(7) NOT NULL,
  criteria_id BINARY(16) NOT NULL,
  watermarks BLOB NOT NULL,
  started_by VARCHAR(64) NOT NULL,
  started_at DATETIME(6) NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE evaluation_run_county (
  run_id BINARY(16) NOT NULL,
  county VARCHAR(6) NOT NULL,
  -- 0 waiting, 1 done, 2 failed
  state TINYINT NOT NULL,
  -- Last subject committed: subject_type, then subject_id.
  cursor_type TINYINT NOT NULL DEFAULT 0,
  cursor_id BINARY(16) NULL,
  counts BLOB NULL,
  reason VARCHAR(64) NOT NULL DEFAULT '',
  PRIMARY KEY (run_id, county)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
