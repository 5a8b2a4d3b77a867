-- Who of an argument's panel has signed, and what by it. State (number of evaluation.v1.ArgumentState):
-- what was recorded before counts on as it did, 2 signed; so does what a release of before goes on
-- recording meanwhile.
ALTER TABLE argument_record
  ADD COLUMN state TINYINT NOT NULL DEFAULT 2,
  ADD COLUMN version BIGINT NOT NULL DEFAULT 1;

-- Never changed: one signs once.
CREATE TABLE argument_signature (
  argument_id BINARY(16) NOT NULL,
  person VARCHAR(128) NOT NULL,
  opinion TINYINT NOT NULL,
  dissent VARCHAR(1000) NOT NULL,
  signed_at DATETIME(6) NOT NULL,
  PRIMARY KEY (argument_id, person)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
