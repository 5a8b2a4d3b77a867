-- The four-class ledger (四个一批台账), its signatures and roll-ups.

CREATE TABLE ledger_entry (
  id BINARY(16) NOT NULL,
  evaluation_id BINARY(16) NOT NULL,
  subject_type TINYINT NOT NULL,
  subject_id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  class TINYINT NOT NULL,
  state TINYINT NOT NULL,
  -- 1 while the entry is in the ledger, NULL after: a subject has one entry at a time.
  is_open TINYINT NULL,
  entered_at DATETIME(6) NOT NULL,
  left_at DATETIME(6) NULL,
  leave_reason VARCHAR(32) NOT NULL DEFAULT '',
  -- Class that the subject went to when it left; 0: none.
  left_to TINYINT NOT NULL DEFAULT 0,
  is_overridden TINYINT NOT NULL DEFAULT 0,
  invested_fen BIGINT NOT NULL,
  asset_value_fen BIGINT NOT NULL,
  -- SHA-256 of what a signature covers of this row (store/ledger_store.h).
  row_hash BINARY(32) NOT NULL,
  details MEDIUMBLOB NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY one_open (subject_id, is_open),
  KEY by_region (region_path, id),
  -- The hashes of all units of a county are one scan of this key.
  KEY by_signing (is_open, region_path, id, row_hash),
  KEY by_class (class, region_path, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Who signed which rows of a village's, township's or county's ledger; the newest stands.
CREATE TABLE ledger_signature (
  id BINARY(16) NOT NULL,
  region_code VARCHAR(12) NOT NULL,
  signature_no INT NOT NULL,
  rows_sha256 CHAR(64) NOT NULL,
  row_count BIGINT NOT NULL,
  signed_by VARCHAR(64) NOT NULL,
  payload BLOB NOT NULL,
  signed_at DATETIME(6) NOT NULL,
  PRIMARY KEY (region_code, signature_no),
  UNIQUE KEY by_id (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Counts and amounts by county, class and slot; kept in the transaction of the change. A slot is a
-- hash of the subject, so that no row is hot.
CREATE TABLE class_rollup (
  county VARCHAR(6) NOT NULL,
  subject_type TINYINT NOT NULL,
  class TINYINT NOT NULL,
  slot TINYINT NOT NULL,
  entries BIGINT NOT NULL,
  overridden BIGINT NOT NULL,
  invested_fen BIGINT NOT NULL,
  asset_value_fen BIGINT NOT NULL,
  PRIMARY KEY (county, subject_type, class, slot)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Every subject that is not void in its latest result (0: never evaluated), counted likewise
-- (数据不足, 人工研判, 暂不分类 …), with the money of the subjects.
CREATE TABLE result_rollup (
  county VARCHAR(6) NOT NULL,
  subject_type TINYINT NOT NULL,
  result TINYINT NOT NULL,
  slot TINYINT NOT NULL,
  subjects BIGINT NOT NULL,
  invested_fen BIGINT NOT NULL,
  asset_value_fen BIGINT NOT NULL,
  PRIMARY KEY (county, subject_type, result, slot)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Income of linked households by county and month, as the asset facts say; refreshed each night.
CREATE TABLE household_income (
  county VARCHAR(6) NOT NULL,
  month CHAR(7) NOT NULL,
  income_fen BIGINT NOT NULL,
  -- Households now linked, the same in every month of a county's refresh.
  households BIGINT NOT NULL,
  refreshed_at DATETIME(6) NOT NULL,
  PRIMARY KEY (county, month)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
