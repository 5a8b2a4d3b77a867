-- The term of a county's verified subjects that wait to be evaluated, in working days; the policy fixes none (待省厅确认).
-- What is there already stays: a step that is taken up again finds its own rows.
INSERT INTO parameter (code, name_zh, value, unit, day_kind, unconfirmed, version) VALUES
  ('EVALUATION_RUN_DAYS', '核定后首次测算时限', 20, 'DAY', 2, 1, 1)
  ON DUPLICATE KEY UPDATE code = VALUES(code);
