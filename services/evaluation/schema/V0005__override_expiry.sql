-- An override stands for a limited time (§4.7): when its day has passed, the entry is due for
-- re-evaluation, and stays so until another evaluation comes into force.
ALTER TABLE ledger_entry ADD COLUMN override_expires_on DATE NULL;
ALTER TABLE ledger_entry ADD COLUMN is_due TINYINT NOT NULL DEFAULT 0;
CREATE INDEX by_expiry ON ledger_entry (is_open, is_due, override_expires_on, subject_id);
CREATE INDEX by_due ON ledger_entry (is_due, region_path, id);

-- Counties whose share of overridden classes is, or has been, above the limit: the notice to the
-- city. One row a county; it is written when the share crosses the limit, either way.
CREATE TABLE override_notice (
  county VARCHAR(6) NOT NULL,
  id BINARY(16) NOT NULL,
  is_raised TINYINT NOT NULL,
  payload BLOB NOT NULL,
  changed_at DATETIME(6) NOT NULL,
  PRIMARY KEY (county),
  UNIQUE KEY by_id (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
