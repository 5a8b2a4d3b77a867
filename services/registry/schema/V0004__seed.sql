-- Seed of reference data. What the policy (赣农字〔2025〕23号) states is confirmed; every default of ours is
-- marked unconfirmed (待省厅确认) and is changed through the API, never here.

INSERT INTO organisation (id, org_code, name, org_type, region_code, region_path, uscc, clauses,
  department_code, is_active, version) VALUES
  (UNHEX(MD5('organisation:PROV_DEPT_AGRICULTURE')), 'PROV_DEPT_AGRICULTURE', '江西省农业农村厅', 1, '36', '36', '', '', 'AGRICULTURE', 1, 1),
  (UNHEX(MD5('organisation:PROV_OFFICE_PLANNING')), 'PROV_OFFICE_PLANNING', '发展规划处', 2, '36', '36', '', ',四,七,十一,十二,十三,十四,十五,', 'AGRICULTURE', 1, 1),
  (UNHEX(MD5('organisation:PROV_OFFICE_FINANCE')), 'PROV_OFFICE_FINANCE', '计财处', 2, '36', '36', '', ',四,九,十二,十三,十四,十五,十七,', 'AGRICULTURE', 1, 1),
  (UNHEX(MD5('organisation:PROV_OFFICE_PLANTING')), 'PROV_OFFICE_PLANTING', '种植农垦处', 2, '36', '36', '', ',四,七,九,十,十一,十二,十三,十四,十五,十六,十七,', 'AGRICULTURE', 1, 1),
  (UNHEX(MD5('organisation:PROV_OFFICE_LIVESTOCK')), 'PROV_OFFICE_LIVESTOCK', '畜牧兽医处', 2, '36', '36', '', ',四,七,九,十,十二,十三,十四,十五,十六,十七,', 'AGRICULTURE', 1, 1),
  (UNHEX(MD5('organisation:PROV_OFFICE_FISHERY')), 'PROV_OFFICE_FISHERY', '渔业渔政处', 2, '36', '36', '', ',四,七,九,十,十二,十三,十四,十五,十六,十七,', 'AGRICULTURE', 1, 1),
  (UNHEX(MD5('organisation:PROV_OFFICE_RURAL_INDUSTRY')), 'PROV_OFFICE_RURAL_INDUSTRY', '乡村产业处', 2, '36', '36', '', ',四,五,七,八,十一,十二,十三,十四,十五,十六,十七,', 'AGRICULTURE', 1, 1),
  (UNHEX(MD5('organisation:PROV_OFFICE_ASSISTANCE')), 'PROV_OFFICE_ASSISTANCE', '帮扶处', 2, '36', '36', '', ',四,十一,十二,十三,十四,十五,十六,十七,', 'AGRICULTURE', 1, 1),
  (UNHEX(MD5('organisation:PROV_OFFICE_MARKET')), 'PROV_OFFICE_MARKET', '市场处', 2, '36', '36', '', ',四,五,六,八,十五,十七,', 'AGRICULTURE', 1, 1),
  (UNHEX(MD5('organisation:PROV_OFFICE_SCIENCE')), 'PROV_OFFICE_SCIENCE', '科技处', 2, '36', '36', '', ',四,十,十一,十五,', 'AGRICULTURE', 1, 1),
  (UNHEX(MD5('organisation:PROV_OFFICE_SEED')), 'PROV_OFFICE_SEED', '种业处', 2, '36', '36', '', ',四,', 'AGRICULTURE', 1, 1),
  (UNHEX(MD5('organisation:PROV_OFFICE_MECHANISATION')), 'PROV_OFFICE_MECHANISATION', '农机化处', 2, '36', '36', '', ',四,九,十,', 'AGRICULTURE', 1, 1),
  (UNHEX(MD5('organisation:PROV_OFFICE_COOPERATION')), 'PROV_OFFICE_COOPERATION', '合作经济处', 2, '36', '36', '', ',五,九,十一,十五,十六,十七,', 'AGRICULTURE', 1, 1),
  (UNHEX(MD5('organisation:PROV_OFFICE_SUPERVISION')), 'PROV_OFFICE_SUPERVISION', '监管处', 2, '36', '36', '', ',六,九,', 'AGRICULTURE', 1, 1),
  (UNHEX(MD5('organisation:PROV_OFFICE_RURAL_CONSTRUCTION')), 'PROV_OFFICE_RURAL_CONSTRUCTION', '乡村建设处', 2, '36', '36', '', ',八,九,十六,', 'AGRICULTURE', 1, 1),
  (UNHEX(MD5('organisation:PROV_OFFICE_RESOURCES')), 'PROV_OFFICE_RESOURCES', '资环处', 2, '36', '36', '', ',九,', 'AGRICULTURE', 1, 1),
  (UNHEX(MD5('organisation:PROV_OFFICE_FARMLAND')), 'PROV_OFFICE_FARMLAND', '农田建设处', 2, '36', '36', '', ',九,十六,', 'AGRICULTURE', 1, 1),
  (UNHEX(MD5('organisation:PROV_OFFICE_PERSONNEL')), 'PROV_OFFICE_PERSONNEL', '人事处', 2, '36', '36', '', ',十一,', 'AGRICULTURE', 1, 1),
  (UNHEX(MD5('organisation:PROV_OFFICE_REFORM')), 'PROV_OFFICE_REFORM', '政策改革处', 2, '36', '36', '', ',十一,十六,十七,', 'AGRICULTURE', 1, 1),
  (UNHEX(MD5('organisation:PROV_OFFICE_SOCIAL_AFFAIRS')), 'PROV_OFFICE_SOCIAL_AFFAIRS', '社会事业处', 2, '36', '36', '', ',十一,', 'AGRICULTURE', 1, 1);

-- 赣江新区 has no national code: an extension node with a path of its own.
INSERT INTO region (id, code, end_year, start_year, name, short_name, name_key, short_key, level, parent_code,
  region_path, is_extension, flags, successors, version) VALUES
  (UNHEX(MD5('region:3699:0')), '3699', 0, 2016, '赣江新区', '赣江', '赣江新区', '赣江', 2, '36', '3699', 1, '', '', 1);

INSERT INTO organisation (id, org_code, name, org_type, region_code, region_path, uscc, clauses,
  department_code, is_active, version) VALUES
  (UNHEX(MD5('organisation:CITY_BUREAU_3699')), 'CITY_BUREAU_3699', '赣江新区农业农村主管部门', 3, '3699', '3699', '',
   '', 'AGRICULTURE', 1, 1);

INSERT INTO code_list (list, name_zh, version) VALUES
  ('FUND_SOURCE', '资金来源', 1),
  ('FUND_TASK', '衔接资金任务方向', 1),
  ('DEPARTMENT', '部门', 1),
  ('PROJECT_TYPE', '项目类型', 1),
  ('PROJECT_CATEGORY', '项目类别', 1),
  ('SHORTBOARD_SORT', '补短板类型', 1),
  ('PROJECT_NATURE', '建设性质', 1),
  ('CONTENT_CATEGORY', '建设内容类别', 1),
  ('OPERATOR_KIND', '运营主体类型', 1),
  ('REGISTRATION_STATE', '登记状态', 1),
  ('RELATION', '关联关系', 1),
  ('CONTRIBUTION_KIND', '帮扶投入类型', 1),
  ('LINKAGE_MODE', '联农带农方式', 1),
  ('EVIDENCE_KIND', '佐证材料类型', 1),
  ('DIMENSION', '评估维度', 1),
  ('SHORT_BOARD_KIND', '短板类型', 1),
  ('CAUSE', '困难原因', 1),
  ('REVITALIZE_CATEGORY', '五优化', 1),
  ('MEASURE', '措施', 1),
  ('PROGRAMME', '政策项目', 1),
  ('ASSET_CATEGORY', '资产类别', 1),
  ('REGION_FLAG', '区域标记', 1),
  ('BRAND_TYPE', '品牌认证类型', 1),
  ('PAIRING_KIND', '技术结对类型', 1),
  ('TRAINING_PROGRAMME', '培训项目', 1),
  ('CLASS_SYNONYM', '四个一批别名', 1);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('FUND_SOURCE', 'BRIDGE_CENTRAL', '中央财政衔接推进乡村振兴补助资金', '', 'level=CENTRAL;is_public=1;is_bridging=1;duplicate_pool=BRIDGE', 10, NULL, NULL, 1, 0),
  ('FUND_SOURCE', 'BRIDGE_PROVINCE', '省级财政衔接推进乡村振兴补助资金', '', 'level=PROVINCE;is_public=1;is_bridging=1;duplicate_pool=BRIDGE', 20, NULL, NULL, 1, 0),
  ('FUND_SOURCE', 'BRIDGE_CITY', '市级财政衔接推进乡村振兴补助资金', '', 'level=CITY;is_public=1;is_bridging=1;duplicate_pool=BRIDGE', 30, NULL, NULL, 1, 0),
  ('FUND_SOURCE', 'BRIDGE_COUNTY', '县级财政衔接推进乡村振兴补助资金', '', 'level=COUNTY;is_public=1;is_bridging=1;duplicate_pool=BRIDGE', 40, NULL, NULL, 1, 0),
  ('FUND_SOURCE', 'LEGACY_SPECIAL', '专项扶贫资金', '', 'is_public=1;is_bridging=1;predecessor_of=BRIDGE;duplicate_pool=BRIDGE', 50, NULL, NULL, 1, 0),
  ('FUND_SOURCE', 'INTEGRATED_AGRI', '统筹整合涉农资金', '', 'is_public=1', 60, NULL, NULL, 1, 0),
  ('FUND_SOURCE', 'PAIRED_ASSIST', '定点帮扶资金', '', 'is_public=1', 70, NULL, NULL, 1, 0),
  ('FUND_SOURCE', 'EAST_WEST', '东西部协作资金', '', 'is_public=1', 80, NULL, NULL, 1, 1),
  ('FUND_SOURCE', 'LOTTERY', '彩票公益金', '', 'is_public=1', 90, NULL, NULL, 1, 1),
  ('FUND_SOURCE', 'GOV_BOND', '地方政府债券资金', '', 'is_public=1', 100, NULL, NULL, 1, 1),
  ('FUND_SOURCE', 'SOCIAL_DONATION', '社会捐赠资金', '', 'is_public=1', 110, NULL, NULL, 1, 1),
  ('FUND_SOURCE', 'DISPOSAL_PROCEEDS', '资产处置收入', '', 'is_public=1', 120, NULL, NULL, 1, 1),
  ('FUND_SOURCE', 'EQUITY_PRINCIPAL', '权益类资产收回本金', '', 'is_public=1', 130, NULL, NULL, 1, 1),
  ('FUND_SOURCE', 'SELF_RAISED', '自筹资金', '', 'is_public=0', 140, NULL, NULL, 1, 1),
  ('FUND_SOURCE', 'BANK_CREDIT', '信贷资金', '', 'is_public=0', 150, NULL, NULL, 1, 1),
  ('FUND_SOURCE', 'OTHER_PUBLIC', '其他财政资金', '', 'is_public=1', 160, NULL, NULL, 1, 1),
  ('FUND_SOURCE', 'OTHER', '其他资金', '', 'is_public=0', 170, NULL, NULL, 1, 1);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('FUND_TASK', 'CONSOLIDATE_RURAL', '巩固拓展脱贫攻坚成果和乡村振兴', '', '', 10, NULL, NULL, 1, 1),
  ('FUND_TASK', 'WORK_RELIEF', '以工代赈', '', '', 20, NULL, NULL, 1, 1),
  ('FUND_TASK', 'ETHNIC', '少数民族发展', '', '', 30, NULL, NULL, 1, 1),
  ('FUND_TASK', 'STATE_FARM', '欠发达国有农场巩固提升', '', '', 40, NULL, NULL, 1, 1),
  ('FUND_TASK', 'STATE_FOREST', '欠发达国有林场巩固提升', '', '', 50, NULL, NULL, 1, 1);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('DEPARTMENT', 'AGRICULTURE', '农业农村部门', '', 'is_lead=1', 10, NULL, NULL, 1, 0),
  ('DEPARTMENT', 'DEVELOPMENT_REFORM', '发展改革部门', '', '', 20, NULL, NULL, 1, 1),
  ('DEPARTMENT', 'ETHNIC_AFFAIRS', '民族宗教部门', '', '', 30, NULL, NULL, 1, 1),
  ('DEPARTMENT', 'FORESTRY', '林业部门', '', '', 40, NULL, NULL, 1, 1),
  ('DEPARTMENT', 'FINANCE', '财政部门', '', '', 50, NULL, NULL, 1, 1),
  ('DEPARTMENT', 'CIVIL_AFFAIRS', '民政部门', '', '', 60, NULL, NULL, 1, 1),
  ('DEPARTMENT', 'ORGANISATION', '组织部门', '', '', 70, NULL, NULL, 1, 1),
  ('DEPARTMENT', 'COOPERATION_OFFICE', '东西部协作主管部门', '', '', 80, NULL, NULL, 1, 1),
  ('DEPARTMENT', 'NATURAL_RESOURCES', '自然资源部门', '', '', 90, NULL, NULL, 1, 1),
  ('DEPARTMENT', 'COMMERCE', '商务部门', '', '', 100, NULL, NULL, 1, 1),
  ('DEPARTMENT', 'CULTURE_TOURISM', '文化和旅游部门', '', '', 110, NULL, NULL, 1, 1),
  ('DEPARTMENT', 'HELPER_UNIT', '定点帮扶单位', '', '', 120, NULL, NULL, 1, 1);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('PROJECT_TYPE', 'PLANTING', '种植', '', '', 10, NULL, NULL, 1, 1),
  ('PROJECT_TYPE', 'BREEDING', '养殖', '', '', 20, NULL, NULL, 1, 1),
  ('PROJECT_TYPE', 'PROCESSING', '加工', '', '', 30, NULL, NULL, 1, 1),
  ('PROJECT_TYPE', 'COLD_CHAIN', '冷链仓储', '', '', 40, NULL, NULL, 1, 1),
  ('PROJECT_TYPE', 'ECOMMERCE', '电商', '', '', 50, NULL, NULL, 1, 1),
  ('PROJECT_TYPE', 'TOURISM', '休闲旅游', '', '', 60, NULL, NULL, 1, 1),
  ('PROJECT_TYPE', 'PV', '光伏', '', '', 70, NULL, NULL, 1, 1),
  ('PROJECT_TYPE', 'WORKSHOP', '帮扶车间', '', '', 80, NULL, NULL, 1, 1),
  ('PROJECT_TYPE', 'SERVICE', '农事服务', '', '', 90, NULL, NULL, 1, 1),
  ('PROJECT_TYPE', 'INFRA_SUPPORT', '产业配套', '', '', 100, NULL, NULL, 1, 1),
  ('PROJECT_TYPE', 'EQUITY_INVEST', '入股分红', '', '', 110, NULL, NULL, 1, 1),
  ('PROJECT_TYPE', 'DEBT_INVEST', '债权投资', '', '', 120, NULL, NULL, 1, 1),
  ('PROJECT_TYPE', 'LOAN_SUBSIDY', '贷款贴息', '', '', 130, NULL, NULL, 1, 1),
  ('PROJECT_TYPE', 'TRAINING', '培训', '', '', 140, NULL, NULL, 1, 1),
  ('PROJECT_TYPE', 'OTHER', '其他', '', '', 150, NULL, NULL, 1, 1);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('PROJECT_CATEGORY', 'NORMAL', '一般项目', '', '', 10, NULL, NULL, 1, 1),
  ('PROJECT_CATEGORY', 'SHORTBOARD', '补短板项目', '', '', 20, NULL, NULL, 1, 0),
  ('PROJECT_CATEGORY', 'ADD_INVEST', '盘活追加投入', '', '', 30, NULL, NULL, 1, 0),
  ('PROJECT_CATEGORY', 'FULL_CHAIN', '全产业链开发项目', '', '', 40, NULL, NULL, 1, 0),
  ('PROJECT_CATEGORY', 'REDECLARED', '处置收入再申报项目', '', '', 50, NULL, NULL, 1, 0);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('SHORTBOARD_SORT', 'FACILITY', '设施', '', '', 10, NULL, NULL, 1, 0),
  ('SHORTBOARD_SORT', 'TECH', '技术', '', '', 20, NULL, NULL, 1, 0),
  ('SHORTBOARD_SORT', 'MARKETING', '营销', '', '', 30, NULL, NULL, 1, 0);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('PROJECT_NATURE', 'NEW', '新建', '', '', 10, NULL, NULL, 1, 1),
  ('PROJECT_NATURE', 'EXPAND', '扩建', '', '', 20, NULL, NULL, 1, 1),
  ('PROJECT_NATURE', 'REBUILD', '改建', '', '', 30, NULL, NULL, 1, 1),
  ('PROJECT_NATURE', 'CONTINUED', '续建', '', '', 40, NULL, NULL, 1, 1);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('CONTENT_CATEGORY', 'GREENHOUSE', '大棚', '', '', 10, NULL, NULL, 1, 1),
  ('CONTENT_CATEGORY', 'COLD_STORE', '冷库', '', '', 20, NULL, NULL, 1, 1),
  ('CONTENT_CATEGORY', 'POND', '池塘', '', '', 30, NULL, NULL, 1, 1),
  ('CONTENT_CATEGORY', 'ROAD', '产业路', '', '', 40, NULL, NULL, 1, 1),
  ('CONTENT_CATEGORY', 'WORKSHOP', '厂房', '', '', 50, NULL, NULL, 1, 1),
  ('CONTENT_CATEGORY', 'EQUIPMENT', '设备', '', '', 60, NULL, NULL, 1, 1),
  ('CONTENT_CATEGORY', 'SEEDLING', '种苗', '', '', 70, NULL, NULL, 1, 1),
  ('CONTENT_CATEGORY', 'EQUITY', '入股', '', '', 80, NULL, NULL, 1, 1),
  ('CONTENT_CATEGORY', 'LIVESTOCK_HOUSE', '圈舍', '', '', 90, NULL, NULL, 1, 1),
  ('CONTENT_CATEGORY', 'ORCHARD', '果园', '', '', 100, NULL, NULL, 1, 1),
  ('CONTENT_CATEGORY', 'TEA_GARDEN', '茶园', '', '', 110, NULL, NULL, 1, 1),
  ('CONTENT_CATEGORY', 'IRRIGATION', '水利灌溉', '', '', 120, NULL, NULL, 1, 1),
  ('CONTENT_CATEGORY', 'WAREHOUSE', '仓储', '', '', 130, NULL, NULL, 1, 1),
  ('CONTENT_CATEGORY', 'PV_STATION', '光伏电站', '', '', 140, NULL, NULL, 1, 1),
  ('CONTENT_CATEGORY', 'HOMESTAY', '民宿旅游设施', '', '', 150, NULL, NULL, 1, 1),
  ('CONTENT_CATEGORY', 'BASE', '产业基地', '', '', 160, NULL, NULL, 1, 1),
  ('CONTENT_CATEGORY', 'OTHER', '其他', '', '', 170, NULL, NULL, 1, 1);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('OPERATOR_KIND', 'LEADING_ENTERPRISE', '农业产业化龙头企业', '', '', 10, NULL, NULL, 1, 0),
  ('OPERATOR_KIND', 'COOPERATIVE', '农民合作社', '', '', 20, NULL, NULL, 1, 0),
  ('OPERATOR_KIND', 'FAMILY_FARM', '家庭农场', '', '', 30, NULL, NULL, 1, 0),
  ('OPERATOR_KIND', 'WORKSHOP', '就业帮扶车间', '', '', 40, NULL, NULL, 1, 0),
  ('OPERATOR_KIND', 'COLLECTIVE', '村集体经济组织', '', '', 50, NULL, NULL, 1, 1),
  ('OPERATOR_KIND', 'ENTERPRISE', '其他企业', '', '', 60, NULL, NULL, 1, 1),
  ('OPERATOR_KIND', 'OTHER', '其他', '', '', 70, NULL, NULL, 1, 1);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('REGISTRATION_STATE', 'ACTIVE', '存续', '', '', 10, NULL, NULL, 1, 1),
  ('REGISTRATION_STATE', 'REVOKED', '吊销', '', '', 20, NULL, NULL, 1, 1),
  ('REGISTRATION_STATE', 'CANCELLED', '注销', '', '', 30, NULL, NULL, 1, 1);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('RELATION', 'LEGAL_REPRESENTATIVE', '法定代表人', '', '', 10, NULL, NULL, 1, 1),
  ('RELATION', 'SHAREHOLDER', '股东', '', '', 20, NULL, NULL, 1, 1),
  ('RELATION', 'MANAGER', '高管', '', '', 30, NULL, NULL, 1, 1),
  ('RELATION', 'RELATIVE', '近亲属', '', '', 40, NULL, NULL, 1, 1),
  ('RELATION', 'SUBSIDIARY', '子公司', '', '', 50, NULL, NULL, 1, 1),
  ('RELATION', 'OTHER', '其他', '', '', 60, NULL, NULL, 1, 1);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('CONTRIBUTION_KIND', 'MONEY', '资金', '', '', 10, NULL, NULL, 1, 1),
  ('CONTRIBUTION_KIND', 'CONSUMPTION', '消费帮扶', '', '', 20, NULL, NULL, 1, 1),
  ('CONTRIBUTION_KIND', 'STAFF', '人员', '', '', 30, NULL, NULL, 1, 1);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('LINKAGE_MODE', 'DIVIDEND', '收益分红', '', '', 10, NULL, NULL, 1, 1),
  ('LINKAGE_MODE', 'EMPLOYMENT', '就业务工', '', '', 20, NULL, NULL, 1, 1),
  ('LINKAGE_MODE', 'ORDER', '订单收购', '', '', 30, NULL, NULL, 1, 1),
  ('LINKAGE_MODE', 'LAND_RENT', '土地流转', '', '', 40, NULL, NULL, 1, 1),
  ('LINKAGE_MODE', 'TRUSTEESHIP', '托养托管', '', '', 50, NULL, NULL, 1, 1),
  ('LINKAGE_MODE', 'SHARE', '资产入股', '', '', 60, NULL, NULL, 1, 1),
  ('LINKAGE_MODE', 'SERVICE', '生产服务', '', '', 70, NULL, NULL, 1, 1),
  ('LINKAGE_MODE', 'PUBLIC_POST', '公益性岗位', '', '', 80, NULL, NULL, 1, 1),
  ('LINKAGE_MODE', 'OTHER', '其他', '', '', 90, NULL, NULL, 1, 1);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('EVIDENCE_KIND', 'PHOTO', '照片', '', '', 10, NULL, NULL, 1, 1),
  ('EVIDENCE_KIND', 'FUND_DOC', '资金文件', '', '', 20, NULL, NULL, 1, 1),
  ('EVIDENCE_KIND', 'MINUTES', '会议纪要', '', '', 30, NULL, NULL, 1, 1),
  ('EVIDENCE_KIND', 'PUBLICITY', '公示材料', '', '', 40, NULL, NULL, 1, 1),
  ('EVIDENCE_KIND', 'CONTRACT', '合同', '', '', 50, NULL, NULL, 1, 1),
  ('EVIDENCE_KIND', 'VOUCHER', '凭证', '', '', 60, NULL, NULL, 1, 1),
  ('EVIDENCE_KIND', 'ACCEPTANCE', '验收单', '', '', 70, NULL, NULL, 1, 1),
  ('EVIDENCE_KIND', 'APPROVAL', '批复文件', '', '', 80, NULL, NULL, 1, 1),
  ('EVIDENCE_KIND', 'APPRAISAL', '评估报告', '', '', 90, NULL, NULL, 1, 1),
  ('EVIDENCE_KIND', 'ARGUMENT', '论证意见', '', '', 100, NULL, NULL, 1, 1),
  ('EVIDENCE_KIND', 'OTHER', '其他', '', '', 110, NULL, NULL, 1, 1);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('DIMENSION', 'D1', '产业发展水平', '', '', 10, NULL, NULL, 1, 0),
  ('DIMENSION', 'D2', '经营管理状况', '', '', 20, NULL, NULL, 1, 0),
  ('DIMENSION', 'D3', '项目资产收益', '', '', 30, NULL, NULL, 1, 0),
  ('DIMENSION', 'D4', '联农带农效果', '', '', 40, NULL, NULL, 1, 0),
  ('DIMENSION', 'D5', '产业发展前景', '', '', 50, NULL, NULL, 1, 0);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('SHORT_BOARD_KIND', 'TECH', '技术', '', '', 10, NULL, NULL, 1, 0),
  ('SHORT_BOARD_KIND', 'FACILITY', '设施', '', '', 20, NULL, NULL, 1, 0),
  ('SHORT_BOARD_KIND', 'MARKETING', '营销', '', '', 30, NULL, NULL, 1, 0),
  ('SHORT_BOARD_KIND', 'CHAIN', '链条', '', '', 40, NULL, NULL, 1, 0),
  ('SHORT_BOARD_KIND', 'BENEFIT', '效益', '', '', 50, NULL, NULL, 1, 0),
  ('SHORT_BOARD_KIND', 'LINKAGE', '联农带农', '', '', 60, NULL, NULL, 1, 1),
  ('SHORT_BOARD_KIND', 'RESOURCE', '资源', '', '', 70, NULL, NULL, 1, 1),
  ('SHORT_BOARD_KIND', 'PROSPECT', '前景', '', '', 80, NULL, NULL, 1, 1),
  ('SHORT_BOARD_KIND', 'RISK', '风险', '', '', 90, NULL, NULL, 1, 1);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('CAUSE', 'CASHFLOW_MARKET', '因市场行情变化导致暂时资金周转困难', '', 'category=POLICY;measures=RENT_RELIEF,CREDIT', 10, NULL, NULL, 1, 0),
  ('CAUSE', 'TECH_SUPPORT_LACK', '产业技术支撑不足', '', 'category=POLICY;measures=TECH_SERVICE,TALENT', 20, NULL, NULL, 1, 0),
  ('CAUSE', 'FACILITY_LACK', '配套设施设备不足', '', 'category=SUPPORTING;measures=FACILITY_BUILD', 30, NULL, NULL, 1, 0),
  ('CAUSE', 'MANAGEMENT_IDLE', '市场前景好、带动能力强、停产闲置', '', 'category=MANAGEMENT;measures=ENTRUST,COOPERATE,EQUITY_POOL,PACKAGE_LEASE', 40, NULL, NULL, 1, 0),
  ('CAUSE', 'REGIONAL_SIMILAR_INEFFICIENT', '区域内同类项目运行低效', '', 'category=REORGANIZE;measures=BUNDLE', 50, NULL, NULL, 1, 0),
  ('CAUSE', 'OVER_INVESTED_IDLE', '实际资金投入过大、资产闲置较多', '', 'category=REORGANIZE;measures=SPLIT', 60, NULL, NULL, 1, 0),
  ('CAUSE', 'UNDER_INVESTED', '规划规模大实际投入不足', '', 'category=REORGANIZE;measures=ADD_INVEST,REDESIGN', 70, NULL, NULL, 1, 0),
  ('CAUSE', 'POOR_PLANNING', '前期规划不科学、论证不充分', '', 'category=DIRECTION;measures=REDIRECT,CHANGE_USE', 80, NULL, NULL, 1, 0),
  ('CAUSE', 'OTHER', '其他', '', 'category=OTHER;measures=OTHER', 90, NULL, NULL, 1, 0);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('REVITALIZE_CATEGORY', 'POLICY', '优化政策支持', '', '', 10, NULL, NULL, 1, 0),
  ('REVITALIZE_CATEGORY', 'SUPPORTING', '优化补齐配套', '', '', 20, NULL, NULL, 1, 0),
  ('REVITALIZE_CATEGORY', 'MANAGEMENT', '优化管理模式', '', '', 30, NULL, NULL, 1, 0),
  ('REVITALIZE_CATEGORY', 'REORGANIZE', '优化资源重组', '', '', 40, NULL, NULL, 1, 0),
  ('REVITALIZE_CATEGORY', 'DIRECTION', '优化发展方向', '', '', 50, NULL, NULL, 1, 0),
  ('REVITALIZE_CATEGORY', 'OTHER', '因地制宜', '', '', 60, NULL, NULL, 1, 0);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('MEASURE', 'NEW_VARIETY', '研发新品种新技术新产品', '', 'class=CONSOLIDATE', 10, NULL, NULL, 1, 0),
  ('MEASURE', 'DEEP_PROCESSING', '发展精深加工', '', 'class=CONSOLIDATE', 20, NULL, NULL, 1, 0),
  ('MEASURE', 'REGIONAL_BRAND', '创响区域公用品牌', '', 'class=CONSOLIDATE', 30, NULL, NULL, 1, 0),
  ('MEASURE', 'MARKET_SCALE', '稳定并扩大市场规模', '', 'class=CONSOLIDATE', 40, NULL, NULL, 1, 0),
  ('MEASURE', 'INTEGRATION', '促进产业融合', '', 'class=CONSOLIDATE', 50, NULL, NULL, 1, 0),
  ('MEASURE', 'FILL_SHORT_BOARD', '补上技术、设施等短板', '', 'class=UPGRADE', 60, NULL, NULL, 1, 0),
  ('MEASURE', 'LOCAL_PROCESSING', '完善以当地农产品为主要原料的加工', '', 'class=UPGRADE', 70, NULL, NULL, 1, 0),
  ('MEASURE', 'COLD_STORAGE', '完善产地冷藏保鲜', '', 'class=UPGRADE', 80, NULL, NULL, 1, 0),
  ('MEASURE', 'BRAND_LINKAGE', '品牌打造和产销对接', '', 'class=UPGRADE', 90, NULL, NULL, 1, 0),
  ('MEASURE', 'SALES_CHANNEL', '拓展产品销售渠道', '', 'class=UPGRADE', 100, NULL, NULL, 1, 0),
  ('MEASURE', 'RURAL_TOURISM', '发展乡村旅游业、乡村服务业', '', 'class=UPGRADE', 110, NULL, NULL, 1, 0),
  ('MEASURE', 'CHAIN_EXTENSION', '强链补链延链', '', 'class=UPGRADE', 120, NULL, NULL, 1, 0),
  ('MEASURE', 'RENT_RELIEF', '租金减免', '', 'class=REVITALIZE;category=POLICY', 130, NULL, NULL, 1, 0),
  ('MEASURE', 'CREDIT', '金融信贷', '', 'class=REVITALIZE;category=POLICY', 140, NULL, NULL, 1, 0),
  ('MEASURE', 'TECH_SERVICE', '技术服务指导', '', 'class=REVITALIZE;category=POLICY', 150, NULL, NULL, 1, 0),
  ('MEASURE', 'TALENT', '人才培养', '', 'class=REVITALIZE;category=POLICY', 160, NULL, NULL, 1, 0),
  ('MEASURE', 'FACILITY_BUILD', '新建和完善配套设施设备', '', 'class=REVITALIZE;category=SUPPORTING', 170, NULL, NULL, 1, 0),
  ('MEASURE', 'ENTRUST', '委托经营', '', 'class=REVITALIZE;category=MANAGEMENT', 180, NULL, NULL, 1, 0),
  ('MEASURE', 'COOPERATE', '合作经营', '', 'class=REVITALIZE;category=MANAGEMENT', 190, NULL, NULL, 1, 0),
  ('MEASURE', 'EQUITY_POOL', '资产资源整合入股', '', 'class=REVITALIZE;category=MANAGEMENT', 200, NULL, NULL, 1, 0),
  ('MEASURE', 'PACKAGE_LEASE', '打包租赁', '', 'class=REVITALIZE;category=MANAGEMENT', 210, NULL, NULL, 1, 0),
  ('MEASURE', 'BUNDLE', '打捆盘活', '', 'class=REVITALIZE;category=REORGANIZE', 220, NULL, NULL, 1, 0),
  ('MEASURE', 'SPLIT', '化整为零', '', 'class=REVITALIZE;category=REORGANIZE', 230, NULL, NULL, 1, 0),
  ('MEASURE', 'ADD_INVEST', '增加投资规模', '', 'class=REVITALIZE;category=REORGANIZE', 240, NULL, NULL, 1, 0),
  ('MEASURE', 'REDESIGN', '调整优化规划设计', '', 'class=REVITALIZE;category=REORGANIZE', 250, NULL, NULL, 1, 0),
  ('MEASURE', 'REDIRECT', '优化项目方向', '', 'class=REVITALIZE;category=DIRECTION', 260, NULL, NULL, 1, 0),
  ('MEASURE', 'CHANGE_USE', '转变用途', '', 'class=REVITALIZE;category=DIRECTION', 270, NULL, NULL, 1, 0),
  ('MEASURE', 'CONVERT_MODE', '转换经营模式', '', 'class=ADJUST;path=A', 280, NULL, NULL, 1, 0),
  ('MEASURE', 'ATTRACT_INVEST', '对外招商', '', 'class=ADJUST;path=A', 290, NULL, NULL, 1, 0),
  ('MEASURE', 'LEASE_OUT', '对外招租', '', 'class=ADJUST;path=A', 300, NULL, NULL, 1, 0),
  ('MEASURE', 'TO_PUBLIC_WELFARE', '转为公益性资产', '', 'class=ADJUST;path=B', 310, NULL, NULL, 1, 0),
  ('MEASURE', 'DISPOSE', '履行手续后规范处置', '', 'class=ADJUST;path=C', 320, NULL, NULL, 1, 0),
  ('MEASURE', 'OTHER', '其他（须说明）', '', 'class=REVITALIZE;category=OTHER;description_required=1', 330, NULL, NULL, 1, 0);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('PROGRAMME', 'PROCESSING_INTEREST_COUNTY', '农产品加工贴息产业重点县', '', '', 10, NULL, NULL, 1, 0),
  ('PROGRAMME', 'MODERN_PARK', '国家现代农业产业园', '', '', 20, NULL, NULL, 1, 0),
  ('PROGRAMME', 'INDUSTRY_CLUSTER', '优势特色产业集群', '', '', 30, NULL, NULL, 1, 0),
  ('PROGRAMME', 'STRONG_TOWN', '农业产业强镇', '', '', 40, NULL, NULL, 1, 0),
  ('PROGRAMME', 'LEISURE_COUNTY', '休闲农业重点县', '', '', 50, NULL, NULL, 1, 0),
  ('PROGRAMME', 'BEAUTIFUL_VILLAGE', '美丽休闲乡村', '', '', 60, NULL, NULL, 1, 0),
  ('PROGRAMME', 'COLD_CHAIN_CENTRE', '产地冷链集配中心', '', '', 70, NULL, NULL, 1, 0),
  ('PROGRAMME', 'FARMING_SERVICE_CENTRE', '区域性农事服务中心', '', '', 80, NULL, NULL, 1, 0),
  ('PROGRAMME', 'FACILITY_AGRI_LOAN', '现代设施农业贷款贴息', '', '', 90, NULL, NULL, 1, 0),
  ('PROGRAMME', 'HIGH_STANDARD_FARMLAND', '高标准农田', '', '', 100, NULL, NULL, 1, 0),
  ('PROGRAMME', 'BEAUTIFUL_COUNTRYSIDE', '“四融一合”和美乡村', '', '', 110, NULL, NULL, 1, 0);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('ASSET_CATEGORY', 'OPERATING', '经营性资产', '', '', 10, NULL, NULL, 1, 1),
  ('ASSET_CATEGORY', 'PUBLIC_WELFARE', '公益性资产', '', '', 20, NULL, NULL, 1, 1),
  ('ASSET_CATEGORY', 'HOUSEHOLD', '到户类资产', '', '', 30, NULL, NULL, 1, 1);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('REGION_FLAG', 'HAS_CONSOLIDATION_TASK', '有巩固拓展脱贫攻坚成果任务', '', '', 10, NULL, NULL, 1, 1),
  ('REGION_FLAG', 'POVERTY_COUNTY', '脱贫县', '', '', 20, NULL, NULL, 1, 1),
  ('REGION_FLAG', 'KEY_ASSIST', '乡村振兴重点帮扶县', '', '', 30, NULL, NULL, 1, 1);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('BRAND_TYPE', 'GREEN', '绿色食品', '', '', 10, NULL, NULL, 1, 0),
  ('BRAND_TYPE', 'ORGANIC', '有机农产品', '', '', 20, NULL, NULL, 1, 0),
  ('BRAND_TYPE', 'FAMOUS_SPECIAL', '名特优新农产品', '', '', 30, NULL, NULL, 1, 0),
  ('BRAND_TYPE', 'GEO_INDICATION', '地理标志农产品', '', '', 40, NULL, NULL, 1, 1),
  ('BRAND_TYPE', 'REGIONAL_PUBLIC', '区域公用品牌', '', '', 50, NULL, NULL, 1, 0),
  ('BRAND_TYPE', 'ENTERPRISE', '企业品牌', '', '', 60, NULL, NULL, 1, 0),
  ('BRAND_TYPE', 'SHENZHEN_ZHEN', '深圳“圳品”', '', '', 70, NULL, NULL, 1, 0),
  ('BRAND_TYPE', 'OTHER', '其他', '', '', 80, NULL, NULL, 1, 1);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('PAIRING_KIND', 'INDUSTRY_SYSTEM', '省级现代农业产业技术体系', '', '', 10, NULL, NULL, 1, 0),
  ('PAIRING_KIND', 'SCIENCE_COMPLEX', '省级示范农业科技综合体', '', '', 20, NULL, NULL, 1, 0),
  ('PAIRING_KIND', 'SCIENCE_COURTYARD', '科技小院', '', '', 30, NULL, NULL, 1, 0),
  ('PAIRING_KIND', 'UNIVERSITY', '农业高等院校', '', '', 40, NULL, NULL, 1, 0),
  ('PAIRING_KIND', 'INSTITUTE', '科研院所', '', '', 50, NULL, NULL, 1, 0),
  ('PAIRING_KIND', 'EXTENSION', '基层农技推广服务', '', '', 60, NULL, NULL, 1, 0),
  ('PAIRING_KIND', 'OTHER', '其他', '', '', 70, NULL, NULL, 1, 0);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('TRAINING_PROGRAMME', 'HEAD_GOOSE', '乡村产业振兴带头人“头雁”培育项目', '', '', 10, NULL, NULL, 1, 0),
  ('TRAINING_PROGRAMME', 'PRACTICAL_TALENT', '农村实用人才带头人培训', '', '', 20, NULL, NULL, 1, 0),
  ('TRAINING_PROGRAMME', 'HIGH_QUALITY_FARMER', '高素质农民培育项目', '', '', 30, NULL, NULL, 1, 0),
  ('TRAINING_PROGRAMME', 'NEW_OPERATOR', '新型农业经营主体带头人培训', '', '', 40, NULL, NULL, 1, 0),
  ('TRAINING_PROGRAMME', 'VEGETABLE_GROWER', '职业菜农培训', '', '', 50, NULL, NULL, 1, 0),
  ('TRAINING_PROGRAMME', 'RETURN_STARTUP', '返乡就业创业', '', '', 60, NULL, NULL, 1, 0),
  ('TRAINING_PROGRAMME', 'CITY_EXPERT', '人才下乡服务', '', '', 70, NULL, NULL, 1, 0),
  ('TRAINING_PROGRAMME', 'ECOMMERCE', '直播带货培训', '', '', 80, NULL, NULL, 1, 0),
  ('TRAINING_PROGRAMME', 'HOMESTAY', '乡村民宿从业人员培训', '', '', 90, NULL, NULL, 1, 0),
  ('TRAINING_PROGRAMME', 'OTHER', '其他', '', '', 100, NULL, NULL, 1, 0);

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('CLASS_SYNONYM', 'CONSOLIDATE_BATCH', '巩固一批', '', 'class=CONSOLIDATE', 10, NULL, NULL, 1, 1),
  ('CLASS_SYNONYM', 'UPGRADE_BATCH', '升级一批', '', 'class=UPGRADE', 20, NULL, NULL, 1, 1),
  ('CLASS_SYNONYM', 'REVITALIZE_BATCH', '盘活一批', '', 'class=REVITALIZE', 30, NULL, NULL, 1, 1),
  ('CLASS_SYNONYM', 'ADJUST_BATCH', '调整一批', '', 'class=ADJUST', 40, NULL, NULL, 1, 1),
  ('CLASS_SYNONYM', 'RESTART_CLASS', '另起炉灶类', '', 'class=ADJUST', 50, NULL, NULL, 1, 1),
  ('CLASS_SYNONYM', 'RESTART_BATCH', '另起炉灶一批', '', 'class=ADJUST', 60, NULL, NULL, 1, 1);

INSERT INTO taxonomy (taxonomy_version, name, valid_from, is_current) VALUES
  ('2025-7', '全省农业七大产业', '2025-01-01', 1);

-- The majors are the policy's; which links apply to each is a default (待省厅确认). The 134 specialities are
-- imported, never invented.
INSERT INTO industry_category (taxonomy_version, code, name, level, parent_code, applicable_links,
  cultivation_months, maps_from, unconfirmed) VALUES
  ('2025-7', 'RICE', '稻米', 1, '', 'SEED,PLANT_BREED,PRIMARY_PROC,DEEP_PROC,COMPREHENSIVE_UTIL,LOGISTICS,BRAND,SALES,SERVICE_TOURISM', 0, '', 0),
  ('2025-7', 'OIL', '油料', 1, '', 'SEED,PLANT_BREED,PRIMARY_PROC,DEEP_PROC,COMPREHENSIVE_UTIL,LOGISTICS,BRAND,SALES,SERVICE_TOURISM', 0, '', 0),
  ('2025-7', 'FRUIT_VEG', '果蔬', 1, '', 'SEED,PLANT_BREED,PRIMARY_PROC,DEEP_PROC,COMPREHENSIVE_UTIL,COLD_STORAGE,LOGISTICS,BRAND,SALES,SERVICE_TOURISM', 0, '', 0),
  ('2025-7', 'LIVESTOCK', '畜牧', 1, '', 'SEED,PLANT_BREED,PRIMARY_PROC,DEEP_PROC,COMPREHENSIVE_UTIL,COLD_STORAGE,LOGISTICS,BRAND,SALES', 0, '', 0),
  ('2025-7', 'AQUATIC', '水产', 1, '', 'SEED,PLANT_BREED,PRIMARY_PROC,DEEP_PROC,COMPREHENSIVE_UTIL,COLD_STORAGE,LOGISTICS,BRAND,SALES,SERVICE_TOURISM', 0, '', 0),
  ('2025-7', 'TEA', '茶叶', 1, '', 'SEED,PLANT_BREED,PRIMARY_PROC,DEEP_PROC,COMPREHENSIVE_UTIL,LOGISTICS,BRAND,SALES,SERVICE_TOURISM', 0, '', 0),
  ('2025-7', 'TCM', '中药材', 1, '', 'SEED,PLANT_BREED,PRIMARY_PROC,DEEP_PROC,COMPREHENSIVE_UTIL,LOGISTICS,BRAND,SALES,SERVICE_TOURISM', 0, '', 0),
  ('2025-7', 'SEED', '育种育苗', 3, '', '', 0, '', 1),
  ('2025-7', 'PLANT_BREED', '种养', 3, '', '', 0, '', 1),
  ('2025-7', 'PRIMARY_PROC', '初加工', 3, '', '', 0, '', 1),
  ('2025-7', 'DEEP_PROC', '精深加工', 3, '', '', 0, '', 1),
  ('2025-7', 'COMPREHENSIVE_UTIL', '综合利用', 3, '', '', 0, '', 1),
  ('2025-7', 'COLD_STORAGE', '冷藏保鲜', 3, '', '', 0, '', 1),
  ('2025-7', 'LOGISTICS', '物流', 3, '', '', 0, '', 1),
  ('2025-7', 'BRAND', '品牌', 3, '', '', 0, '', 1),
  ('2025-7', 'SALES', '销售', 3, '', '', 0, '', 1),
  ('2025-7', 'SERVICE_TOURISM', '服务/乡村旅游', 3, '', '', 0, '', 1);

UPDATE industry_category SET unconfirmed = 1 WHERE taxonomy_version = '2025-7' AND level = 1;

INSERT INTO parameter (code, name_zh, value, unit, day_kind, unconfirmed, version) VALUES
  ('INVENTORY_SCOPE_START_YEAR', '摸排起始年份（脱贫攻坚以来）', 2012, 'YEAR', 0, 1, 1),
  ('REPORT_RETURN_DAYS', '退回整改时限', 5, 'DAY', 2, 1, 1),
  ('CITY_SAMPLE_BP', '市级抽查比例', 1000, 'BP', 0, 1, 1),
  ('PROVINCE_SAMPLE_BP', '省级抽查比例', 300, 'BP', 0, 1, 1),
  ('SAMPLE_ISSUE_LIMIT_BP', '抽查问题率上限', 500, 'BP', 0, 1, 1),
  ('LOCK_EXCEPTION_MAX_DAYS', '解锁授权最长天数', 30, 'DAY', 1, 1, 1),
  ('OPERATION_REPORT_DAY', '运营月报次月报送日', 10, 'DAY', 1, 1, 1),
  ('LIBRARY_PUBLICITY_DAYS', '入库公示', 10, 'DAY', 1, 1, 1),
  ('CLASS_PUBLICITY_DAYS', '分类公示', 7, 'DAY', 1, 1, 1),
  ('DISPOSAL_PUBLICITY_DAYS', '资产处置公示', 7, 'DAY', 2, 1, 1),
  ('OPERATOR_PUBLICITY_DAYS', '运营主体遴选公示', 5, 'DAY', 2, 1, 1),
  ('FUNDING_PUBLICITY_DAYS', '资金公示', 7, 'DAY', 1, 1, 1),
  ('OBJECTION_ANSWER_DAYS', '异议答复', 5, 'DAY', 2, 1, 1),
  ('RECTIFICATION_RETURN_DAYS', '整改退回时限', 5, 'DAY', 2, 1, 1),
  ('LIBRARY_REMOVAL_DAYS', '出库时限', 30, 'DAY', 1, 1, 1),
  ('COUNTY_REBASE_DAYS', '县级标准重定基期限', 90, 'DAY', 1, 1, 1),
  ('CONSTRUCTION_OVERDUE_DAYS', '建设逾期天数', 30, 'DAY', 1, 1, 1),
  ('TITLE_REGISTRATION_DAYS', '验收后确权登记', 60, 'DAY', 1, 1, 1),
  ('HAND_OVER_DAYS', '验收后移交', 90, 'DAY', 1, 1, 1),
  ('OVERRIDE_VALID_MONTHS', '人工调整有效期', 12, 'MONTH', 0, 1, 1),
  ('APPRAISAL_VALID_MONTHS', '评估报告有效期', 12, 'MONTH', 0, 1, 1),
  ('EVALUATION_SOURCE_LAG_MINUTES', '评估数据来源滞后上限', 15, 'MINUTE', 0, 1, 1),
  ('INVENTORY_MILESTONE', '摸清底数时限', 20251031, 'DATE', 0, 0, 1);

-- Agriculture leads always and stands in no row.
INSERT INTO fund_source_department (id, source_code, task_code, department_code, valid_from, valid_to, unconfirmed, version) VALUES
  (UNHEX(MD5('fsd:BRIDGE_CENTRAL:WORK_RELIEF:DEVELOPMENT_REFORM')), 'BRIDGE_CENTRAL', 'WORK_RELIEF', 'DEVELOPMENT_REFORM', '2012-01-01', NULL, 1, 1),
  (UNHEX(MD5('fsd:BRIDGE_CENTRAL:ETHNIC:ETHNIC_AFFAIRS')), 'BRIDGE_CENTRAL', 'ETHNIC', 'ETHNIC_AFFAIRS', '2012-01-01', NULL, 1, 1),
  (UNHEX(MD5('fsd:BRIDGE_CENTRAL:STATE_FOREST:FORESTRY')), 'BRIDGE_CENTRAL', 'STATE_FOREST', 'FORESTRY', '2012-01-01', NULL, 1, 1),
  (UNHEX(MD5('fsd:BRIDGE_PROVINCE:WORK_RELIEF:DEVELOPMENT_REFORM')), 'BRIDGE_PROVINCE', 'WORK_RELIEF', 'DEVELOPMENT_REFORM', '2012-01-01', NULL, 1, 1),
  (UNHEX(MD5('fsd:BRIDGE_PROVINCE:ETHNIC:ETHNIC_AFFAIRS')), 'BRIDGE_PROVINCE', 'ETHNIC', 'ETHNIC_AFFAIRS', '2012-01-01', NULL, 1, 1),
  (UNHEX(MD5('fsd:BRIDGE_PROVINCE:STATE_FOREST:FORESTRY')), 'BRIDGE_PROVINCE', 'STATE_FOREST', 'FORESTRY', '2012-01-01', NULL, 1, 1),
  (UNHEX(MD5('fsd:INTEGRATED_AGRI::FINANCE')), 'INTEGRATED_AGRI', '', 'FINANCE', '2012-01-01', NULL, 1, 1),
  (UNHEX(MD5('fsd:PAIRED_ASSIST::HELPER_UNIT')), 'PAIRED_ASSIST', '', 'HELPER_UNIT', '2012-01-01', NULL, 1, 1),
  (UNHEX(MD5('fsd:EAST_WEST::COOPERATION_OFFICE')), 'EAST_WEST', '', 'COOPERATION_OFFICE', '2012-01-01', NULL, 1, 1),
  (UNHEX(MD5('fsd:LOTTERY::CIVIL_AFFAIRS')), 'LOTTERY', '', 'CIVIL_AFFAIRS', '2012-01-01', NULL, 1, 1),
  (UNHEX(MD5('fsd:GOV_BOND::FINANCE')), 'GOV_BOND', '', 'FINANCE', '2012-01-01', NULL, 1, 1),
  (UNHEX(MD5('fsd:LEGACY_SPECIAL:WORK_RELIEF:DEVELOPMENT_REFORM')), 'LEGACY_SPECIAL', 'WORK_RELIEF', 'DEVELOPMENT_REFORM', '2012-01-01', NULL, 1, 1),
  (UNHEX(MD5('fsd:LEGACY_SPECIAL:ETHNIC:ETHNIC_AFFAIRS')), 'LEGACY_SPECIAL', 'ETHNIC', 'ETHNIC_AFFAIRS', '2012-01-01', NULL, 1, 1);
