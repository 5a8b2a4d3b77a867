-- Terms of the steps of assets, contracts and report periods; the policy fixes none of them (待省厅确认).
INSERT INTO parameter (code, name_zh, value, unit, day_kind, unconfirmed, version) VALUES
  ('TITLE_SETTLE_DAYS', '化解权属争议时限', 30, 'DAY', 1, 1, 1),
  ('INCOME_SHOWN_DAYS', '应收收益到期前提示天数', 7, 'DAY', 1, 1, 1),
  ('PERIOD_STEP_DAYS', '报表期接收、重报时限', 5, 'DAY', 2, 1, 1);
