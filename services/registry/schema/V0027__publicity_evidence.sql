-- How many files have to show that a class was put up before its publicity can pass (待省厅确认); none, so far
-- as the policy goes.
INSERT INTO parameter (code, name_zh, value, unit, day_kind, unconfirmed, version) VALUES
  ('CLASS_PUBLICITY_EVIDENCE', '分类公示所需公示材料', 0, 'COUNT', 0, 1, 1)
  ON DUPLICATE KEY UPDATE code = VALUES(code);
