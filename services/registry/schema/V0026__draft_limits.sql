-- How long, how many and how large drafts of forms are; the policy says nothing of them (待省厅确认).
INSERT INTO parameter (code, name_zh, value, unit, day_kind, unconfirmed, version) VALUES
  ('DRAFT_KEEP_DAYS', '表单草稿保留天数', 30, 'DAY', 1, 1, 1),
  ('DRAFTS_PER_PERSON', '每人表单草稿数上限', 100, 'COUNT', 0, 1, 1),
  ('DRAFT_MAX_KIB', '单份表单草稿大小上限（不超过64）', 64, 'KIB', 0, 1, 1)
  ON DUPLICATE KEY UPDATE code = VALUES(code);
