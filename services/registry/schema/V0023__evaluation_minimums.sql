-- Minimums and terms of the evaluation that the policy does not fix (待省厅确认). What is there already
-- stays: a step that is taken up again finds its own rows.
INSERT INTO parameter (code, name_zh, value, unit, day_kind, unconfirmed, version) VALUES
  ('EXPERT_SCORES_MINIMUM', '专家评分最少人数', 3, 'PERSON', 0, 1, 1),
  ('ARGUMENT_PANEL_MINIMUM', '论证小组最少人数', 3, 'PERSON', 0, 1, 1),
  ('OVERRIDE_REASON_CHARS', '人工调整理由最少字数', 20, 'CHAR', 0, 1, 1),
  ('REPORT_MONTHS_NEEDED_BP', '年度数据所需运营月报比例', 5000, 'BP', 0, 1, 1),
  ('DISPATCH_REPORT_MONTHS', '产业调度数据有效月数', 12, 'MONTH', 0, 1, 1)
  ON DUPLICATE KEY UPDATE code = VALUES(code);
