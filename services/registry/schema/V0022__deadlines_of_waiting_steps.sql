-- Terms of steps that wait since they are in the inbox: dividends to pay, campaigns to open and to close, dispatch
-- reports of a month, long work that stopped; the policy fixes none of them (待省厅确认).
-- What is there already stays: a step that is taken up again finds its own rows.
INSERT INTO parameter (code, name_zh, value, unit, day_kind, unconfirmed, version) VALUES
  ('DIVIDEND_PAY_DAYS', '宣告分红后兑现时限', 20, 'DAY', 2, 1, 1),
  ('CAMPAIGN_OPEN_DAYS', '摸排批次建立后开放时限', 5, 'DAY', 2, 1, 1),
  ('CAMPAIGN_CLOSE_DAYS', '摸排成果确认后结束批次时限', 5, 'DAY', 2, 1, 1),
  ('DISPATCH_REPORT_DAY', '产业调度次月报送日', 10, 'DAY', 1, 1, 1),
  ('OPERATION_RESUME_DAYS', '中断任务继续办理时限', 2, 'DAY', 2, 1, 1)
  ON DUPLICATE KEY UPDATE code = VALUES(code);
