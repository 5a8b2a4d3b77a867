-- 专项扶贫资金 is the predecessor of 衔接资金 and had its tasks: state forest farms are forestry's, as
-- with the money that followed (domain 2.0). A row that the province has entered by now stays as it
-- is. 待省厅确认.
INSERT INTO fund_source_department (id, source_code, task_code, department_code, valid_from, valid_to, unconfirmed, version)
  SELECT UNHEX(MD5('fsd:LEGACY_SPECIAL:STATE_FOREST:FORESTRY')), c.code, 'STATE_FOREST', 'FORESTRY', '2012-01-01', NULL, 1, 1
  FROM code c
  WHERE c.list = 'FUND_SOURCE' AND c.code = 'LEGACY_SPECIAL' AND NOT EXISTS (
    SELECT 1 FROM fund_source_department k
    WHERE k.source_code = 'LEGACY_SPECIAL' AND k.task_code = 'STATE_FOREST' AND k.department_code = 'FORESTRY');
