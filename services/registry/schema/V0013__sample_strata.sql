-- The strata by which samples are drawn (待省厅确认): a village that holds public money below the first is in the lowest.
INSERT INTO parameter (code, name_zh, value, unit, day_kind, unconfirmed, version) VALUES
  ('SAMPLE_STRATUM_LOW', '抽查分层资金界限（低）', 50, 'WAN_YUAN', 0, 1, 1),
  ('SAMPLE_STRATUM_MIDDLE', '抽查分层资金界限（中）', 200, 'WAN_YUAN', 0, 1, 1),
  ('SAMPLE_STRATUM_HIGH', '抽查分层资金界限（高）', 1000, 'WAN_YUAN', 0, 1, 1);

-- A word for 升级类 that tables use and that the import knew by itself so far.
INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('CLASS_SYNONYM', 'IMPROVE_CLASS', '提升类', '', 'class=UPGRADE', 25, NULL, NULL, 1, 1);
