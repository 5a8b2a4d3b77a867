-- How many years the trail of changes and looks is kept; the policy says nothing of them (待省厅确认).
INSERT INTO parameter (code, name_zh, value, unit, day_kind, unconfirmed, version) VALUES
  ('AUDIT_KEEP_YEARS', '审计记录保留年数（不少于10年）', 30, 'YEAR', 0, 1, 1)
  ON DUPLICATE KEY UPDATE code = VALUES(code);
