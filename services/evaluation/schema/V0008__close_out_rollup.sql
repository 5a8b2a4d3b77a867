-- What 盘活率 and 销号率 are made of, by county and slot (as in class_rollup); kept in the transaction
-- of the change. Of projects, by their last entry of the class that is not void
-- (store/close_out_store.h).
CREATE TABLE close_out_rollup (
  county VARCHAR(6) NOT NULL,
  slot TINYINT NOT NULL,
  -- By the last entry of 盘活类.
  revitalize_due BIGINT NOT NULL,
  revitalized BIGINT NOT NULL,
  revitalize_value_fen BIGINT NOT NULL,
  revitalized_value_fen BIGINT NOT NULL,
  -- By the last entry of 盘活类 or 调整类.
  due BIGINT NOT NULL,
  to_consolidate BIGINT NOT NULL,
  to_upgrade BIGINT NOT NULL,
  exited BIGINT NOT NULL,
  reclassified BIGINT NOT NULL,
  PRIMARY KEY (county, slot)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The slot is that of the service: the last byte of the subject, modulo 8.
INSERT INTO close_out_rollup (county, slot, revitalize_due, revitalized, revitalize_value_fen,
    revitalized_value_fen, due, to_consolidate, to_upgrade, exited, reclassified)
  SELECT LEFT(e.region_path, 6), MOD(ASCII(RIGHT(e.subject_id, 1)), 8), 0, 0, 0, 0, COUNT(*),
    SUM(e.is_open IS NULL AND e.leave_reason = 'CLOSED_OUT' AND e.left_to = 1),
    SUM(e.is_open IS NULL AND e.leave_reason = 'CLOSED_OUT' AND e.left_to = 2),
    SUM(e.is_open IS NULL AND e.leave_reason = 'CLOSED_OUT' AND e.left_to NOT IN (1, 2)),
    SUM(e.is_open IS NULL AND e.leave_reason <> 'CLOSED_OUT' AND e.left_to IN (1, 2))
  FROM ledger_entry e JOIN (
    SELECT MAX(id) AS id FROM ledger_entry
    WHERE class IN (3, 4) AND subject_type = 1 AND leave_reason <> 'VOID'
    GROUP BY subject_id) newest ON newest.id = e.id
  GROUP BY 1, 2;

INSERT INTO close_out_rollup (county, slot, revitalize_due, revitalized, revitalize_value_fen,
    revitalized_value_fen, due, to_consolidate, to_upgrade, exited, reclassified)
  SELECT LEFT(e.region_path, 6), MOD(ASCII(RIGHT(e.subject_id, 1)), 8), COUNT(*),
    SUM(e.is_open IS NULL AND (e.left_to IN (1, 2) OR e.leave_reason = 'CLOSED_OUT')),
    SUM(e.asset_value_fen),
    SUM(IF(e.is_open IS NULL AND (e.left_to IN (1, 2) OR e.leave_reason = 'CLOSED_OUT'),
      e.asset_value_fen, 0)), 0, 0, 0, 0, 0
  FROM ledger_entry e JOIN (
    SELECT MAX(id) AS id FROM ledger_entry
    WHERE class = 3 AND subject_type = 1 AND leave_reason <> 'VOID'
    GROUP BY subject_id) newest ON newest.id = e.id
  GROUP BY 1, 2
  ON DUPLICATE KEY UPDATE revitalize_due = VALUES(revitalize_due),
    revitalized = VALUES(revitalized), revitalize_value_fen = VALUES(revitalize_value_fen),
    revitalized_value_fen = VALUES(revitalized_value_fen);
