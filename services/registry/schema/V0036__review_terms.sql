-- The terms to return or close what an office answered, in working days; the policy fixes none (待省厅确认).
-- What is there already stays: a step that is taken up again finds its own rows.
INSERT INTO parameter (code, name_zh, value, unit, day_kind, unconfirmed, version) VALUES
  ('NOTICE_REVIEW_DAYS', '督办通知答复审阅时限', 5, 'DAY', 2, 1, 1),
  ('RECORD_FLAG_CLOSE_DAYS', '审计标记答复后办结时限', 10, 'DAY', 2, 1, 1)
  ON DUPLICATE KEY UPDATE code = VALUES(code);
