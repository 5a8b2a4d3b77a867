-- What 新建和完善配套设施设备 builds: clause (三) 盘活② names water, power and road, machinery and
-- marketing, and says 等 (and others). A measure whose attribute `parts` names a list says in a plan
-- which of its codes it means.
INSERT INTO code_list (list, name_zh, version) VALUES ('SUPPORTING_FACILITY', '配套设施设备', 1);
INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('SUPPORTING_FACILITY', 'WATER', '水', '', '', 10, NULL, NULL, 1, 0),
  ('SUPPORTING_FACILITY', 'POWER', '电', '', '', 20, NULL, NULL, 1, 0),
  ('SUPPORTING_FACILITY', 'ROAD', '路', '', '', 30, NULL, NULL, 1, 0),
  ('SUPPORTING_FACILITY', 'MACHINERY', '机械设备', '', '', 40, NULL, NULL, 1, 0),
  ('SUPPORTING_FACILITY', 'MARKETING', '市场营销', '', '', 50, NULL, NULL, 1, 0),
  ('SUPPORTING_FACILITY', 'OTHER', '其他配套', '', '', 60, NULL, NULL, 1, 0);

UPDATE code_list SET version = version + 1 WHERE list = 'MEASURE';
UPDATE code SET attributes = CONCAT(attributes, ';parts=SUPPORTING_FACILITY'),
  version = (SELECT version FROM code_list WHERE list = 'MEASURE')
  WHERE list = 'MEASURE' AND code = 'FACILITY_BUILD';
