-- Report periods (报表期): days from a period's end to the day by which its tables are submitted.
INSERT INTO parameter (code, name_zh, value, unit, day_kind, unconfirmed, version) VALUES
  ('PERIOD_CUT_OFF_DAYS', '报表期上报截止（期末之后）', 10, 'DAY', 1, 1, 1);
