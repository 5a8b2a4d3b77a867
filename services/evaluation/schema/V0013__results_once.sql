-- The roll-up of results counts each subject once: one with a class in force no longer stands under its
-- latest result as well, but as 16, or as 16 plus the result of a later evaluation that came to none of
-- the four classes (5 … 7) and is not decided. Counted anew out of the subjects; a slot is the last byte
-- of the id modulo 4. What stands there already is written over: a step that is taken up again finds
-- its own rows, and a release of before goes on writing meanwhile.
-- supersedes 217707e8bdec7eaecab47ba666a9efa4a9e68da972d13cbd82906335b7a4ba8c
-- supersedes 8c1136affc369ffb0a7673c8bf655c8a613a533ccea80e7e8043c99fa04fa5b4
-- restarts 217707e8bdec7eaecab47ba666a9efa4a9e68da972d13cbd82906335b7a4ba8c
-- restarts 8c1136affc369ffb0a7673c8bf655c8a613a533ccea80e7e8043c99fa04fa5b4
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
