-- Lists that forms offer: the six groups of 产业调度 as clause (十五) names them, and the bases of ownership as
-- clause (十六) does. The kinds of 产地冷链集配中心 (clause (五)) are named by no text: 待省厅确认.
-- What is there already stays: a step that is taken up again finds its own rows.
INSERT INTO code_list (list, name_zh, version) VALUES
  ('DISPATCH_GROUP', '产业调度分组', 1),
  ('OWNERSHIP_BASIS', '确权依据', 1),
  ('COLD_CHAIN_KIND', '产地冷链集配中心类型', 1)
  ON DUPLICATE KEY UPDATE list = VALUES(list);
INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('DISPATCH_GROUP', 'STRUCTURE', '产业结构', '', '', 10, NULL, NULL, 1, 0),
  ('DISPATCH_GROUP', 'MARKET', '市场销售', '', '', 20, NULL, NULL, 1, 0),
  ('DISPATCH_GROUP', 'BRAND', '品牌建设', '', '', 30, NULL, NULL, 1, 0),
  ('DISPATCH_GROUP', 'TECH', '技术服务', '', '', 40, NULL, NULL, 1, 0),
  ('DISPATCH_GROUP', 'ENTITY', '主体培育', '', '', 50, NULL, NULL, 1, 0),
  ('DISPATCH_GROUP', 'INCOME', '带农增收', '', '', 60, NULL, NULL, 1, 0),
  ('OWNERSHIP_BASIS', 'FUND_SOURCE', '资金来源', '', '', 10, NULL, NULL, 1, 0),
  ('OWNERSHIP_BASIS', 'BENEFIT_SCOPE', '受益范围', '', '', 20, NULL, NULL, 1, 0),
  ('OWNERSHIP_BASIS', 'MANAGEMENT_NEED', '管理需要', '', '', 30, NULL, NULL, 1, 0),
  ('COLD_CHAIN_KIND', 'COUNTY', '县级产地冷链集配中心', '', '', 10, NULL, NULL, 1, 1),
  ('COLD_CHAIN_KIND', 'TOWNSHIP', '乡镇产地冷链集配中心', '', '', 20, NULL, NULL, 1, 1),
  ('COLD_CHAIN_KIND', 'OTHER', '其他产地冷链集配设施', '', '', 30, NULL, NULL, 1, 1)
  ON DUPLICATE KEY UPDATE code = VALUES(code);
