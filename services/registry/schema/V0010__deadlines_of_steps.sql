-- Deadlines by which the steps of the inbox are due, in working days; the policy fixes none of them (待省厅确认).
INSERT INTO parameter (code, name_zh, value, unit, day_kind, unconfirmed, version) VALUES
  ('EVALUATION_REVIEW_DAYS', '县级审定测算结果时限', 20, 'DAY', 2, 1, 1),
  ('EVALUATION_STEP_DAYS', '审定之后每一步时限', 5, 'DAY', 2, 1, 1),
  ('MEASURE_PLAN_DAYS', '制定帮扶措施时限', 20, 'DAY', 2, 1, 1),
  ('LEDGER_SIGN_DAYS', '台账变化后签字时限', 10, 'DAY', 2, 1, 1),
  ('SAMPLE_RESULT_DAYS', '抽查结果登记时限', 20, 'DAY', 2, 1, 1),
  ('PROVINCE_CONFIRM_DAYS', '省级确认时限', 20, 'DAY', 2, 1, 1);
