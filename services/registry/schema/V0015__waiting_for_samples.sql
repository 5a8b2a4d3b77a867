-- Terms of the inbox that the policy does not fix (待省厅确认): for drawing a sample, and after how many working
-- days what is overdue rises to the next level.
INSERT INTO parameter (code, name_zh, value, unit, day_kind, unconfirmed, version) VALUES
  ('SAMPLE_DRAW_DAYS', '抽取抽查样本时限', 10, 'DAY', 2, 1, 1),
  ('ESCALATION_DAYS', '逾期事项逐级上报间隔', 5, 'DAY', 2, 1, 1);
