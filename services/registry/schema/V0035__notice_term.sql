-- The term to answer a supervision notice that names none, in working days; the policy fixes none (待省厅确认).
-- What is there already stays: a step that is taken up again finds its own rows.
INSERT INTO parameter (code, name_zh, value, unit, day_kind, unconfirmed, version) VALUES
  ('NOTICE_ANSWER_DAYS', '督办通知默认答复时限', 10, 'DAY', 2, 1, 1)
  ON DUPLICATE KEY UPDATE code = VALUES(code);
