-- What the evaluation reads from the code lists and parameters. The lists stay the one source of
-- measures, causes and reasons of an override; their attributes say what each goes with.

-- short_boards: the short boards (kind, or kind/chain link) that a measure of 升级类 answers.
UPDATE code SET attributes = CONCAT(attributes, ';short_boards=TECH,FACILITY') WHERE list = 'MEASURE' AND code = 'FILL_SHORT_BOARD';
UPDATE code SET attributes = CONCAT(attributes, ';short_boards=CHAIN/PRIMARY_PROC,CHAIN/DEEP_PROC,CHAIN/COMPREHENSIVE_UTIL') WHERE list = 'MEASURE' AND code = 'LOCAL_PROCESSING';
UPDATE code SET attributes = CONCAT(attributes, ';short_boards=CHAIN/COLD_STORAGE') WHERE list = 'MEASURE' AND code = 'COLD_STORAGE';
UPDATE code SET attributes = CONCAT(attributes, ';short_boards=MARKETING,CHAIN/BRAND') WHERE list = 'MEASURE' AND code = 'BRAND_LINKAGE';
UPDATE code SET attributes = CONCAT(attributes, ';short_boards=BENEFIT,CHAIN/SALES') WHERE list = 'MEASURE' AND code = 'SALES_CHANNEL';
UPDATE code SET attributes = CONCAT(attributes, ';short_boards=CHAIN/SERVICE_TOURISM') WHERE list = 'MEASURE' AND code = 'RURAL_TOURISM';
UPDATE code SET attributes = CONCAT(attributes, ';short_boards=CHAIN,PROSPECT') WHERE list = 'MEASURE' AND code = 'CHAIN_EXTENSION';
-- 因地制宜: goes with every cause.
UPDATE code SET attributes = CONCAT(attributes, ';any_cause=1') WHERE list = 'MEASURE' AND code = 'OTHER';
UPDATE code SET version = 2 WHERE list = 'MEASURE' AND (attributes LIKE '%short_boards=%' OR code = 'OTHER');
UPDATE code_list SET version = 2 WHERE list = 'MEASURE' AND version < 2;

INSERT INTO code_list (list, name_zh, version) VALUES ('OVERRIDE_REASON', '人工调整理由', 1);
INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('OVERRIDE_REASON', 'DATA_OUTDATED', '数据过时', '', '', 10, NULL, NULL, 1, 1),
  ('OVERRIDE_REASON', 'SEASONAL', '季节性因素', '', '', 20, NULL, NULL, 1, 1),
  ('OVERRIDE_REASON', 'FORCE_MAJEURE', '不可抗力', '', '', 30, NULL, NULL, 1, 1),
  ('OVERRIDE_REASON', 'POLICY_SUPPORT', '政策支持', '', '', 40, NULL, NULL, 1, 1),
  ('OVERRIDE_REASON', 'EXPERT_OPINION', '专家意见', '', '', 50, NULL, NULL, 1, 1),
  ('OVERRIDE_REASON', 'MERGED_PROJECT', '项目合并', '', '', 60, NULL, NULL, 1, 1),
  ('OVERRIDE_REASON', 'OTHER', '其他', '', '', 70, NULL, NULL, 1, 1);

-- The policy gives October 2025 for the classes and "two years or so" for the rest.
INSERT INTO parameter (code, name_zh, value, unit, day_kind, unconfirmed, version) VALUES
  ('CLASSIFIED_TARGET_DATE', '分类工作基本完成时限', 20251031, 'DATE', 0, 1, 1),
  ('CLASSIFIED_TARGET_BP', '分类完成率目标', 10000, 'BP', 0, 1, 1),
  ('TWO_YEAR_TARGET_DATE', '两年目标时限', 20271031, 'DATE', 0, 1, 1),
  ('TWO_YEAR_TARGET_BP', '两年目标盘活调整完成率', 10000, 'BP', 0, 1, 1),
  ('OVERRIDE_SHARE_LIMIT_BP', '人工调整率提示上限', 1500, 'BP', 0, 1, 1),
  ('REFERENCE_LAG_MINUTES', '基础数据滞后拒绝写入上限', 15, 'MINUTE', 0, 1, 1);

-- The days of overdue construction stand in the criteria set, where a county may refine them; county
-- sets are not rebased yet. Two rows that nothing obeys would only mislead.
DELETE FROM parameter WHERE code IN ('CONSTRUCTION_OVERDUE_DAYS', 'COUNTY_REBASE_DAYS');
