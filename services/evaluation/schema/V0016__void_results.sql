-- A subject whose latest evaluation was declared void before that was kept with the subject still stood
-- under that evaluation's result, and counted as on its way to a class. It is one that is yet to be
-- evaluated; the roll-up is counted anew as in V0013; what a release
-- of before writes in that moment, the nightly comparison puts right. Each statement may run again.
UPDATE subject s JOIN evaluation e ON e.id = s.latest_evaluation_id
  SET s.latest_result = 0 WHERE e.state = 8 AND s.latest_result <> 0;
DELETE FROM result_rollup;
INSERT INTO result_rollup (county, subject_type, result, slot, subjects, invested_fen,
    asset_value_fen)
  SELECT county, subject_type,
    IF(effective_class = 0, latest_result, 16 + IF(latest_result > 4
      AND NOT (latest_evaluation_id <=> effective_evaluation_id), latest_result, 0)),
    MOD(ASCII(RIGHT(subject_id, 1)), 4), COUNT(*), SUM(invested_fen), SUM(asset_value_fen)
  FROM subject WHERE is_void = 0
  GROUP BY 1, 2, 3, 4
  ON DUPLICATE KEY UPDATE subjects = VALUES(subjects), invested_fen = VALUES(invested_fen),
    asset_value_fen = VALUES(asset_value_fen);
