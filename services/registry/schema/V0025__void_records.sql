-- 作废 of a wrong entry: the row stays with its reason in the record and counts nowhere. A void
-- operator gives its USCC free (NULL) for the one that is registered anew.
ALTER TABLE operator
  MODIFY uscc VARCHAR(18) NULL,
  ADD COLUMN is_void TINYINT NOT NULL DEFAULT 0;
ALTER TABLE helper_organisation ADD COLUMN is_void TINYINT NOT NULL DEFAULT 0;
ALTER TABLE short_board ADD COLUMN is_void TINYINT NOT NULL DEFAULT 0;
ALTER TABLE tech_pairing ADD COLUMN is_void TINYINT NOT NULL DEFAULT 0;
ALTER TABLE training_record ADD COLUMN is_void TINYINT NOT NULL DEFAULT 0;

-- 技术服务记录. tech_pairing.visits holds those that were counted before, which have no day.
CREATE TABLE pairing_visit (
  id BINARY(16) NOT NULL,
  pairing_id BINARY(16) NOT NULL,
  visited_on DATE NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY (id),
  KEY pairing_visit_by_day (pairing_id, visited_on, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
