-- What an asset is by its kind: 厂房, 大棚, 冷库 … (domain 2.3). The codes seeded before name classes
-- (经营性, 公益性, 到户类), which an asset states by themselves; they end and stay, for what was filed
-- with them. A code that the province has added by now is left as it is. The policy names no list:
-- 待省厅确认.
UPDATE code_list SET name_zh = '资产分类', version = version + 1 WHERE list = 'ASSET_CATEGORY';
UPDATE code SET valid_to = '2025-12-31',
  version = (SELECT version FROM code_list WHERE list = 'ASSET_CATEGORY')
  WHERE list = 'ASSET_CATEGORY' AND code IN ('OPERATING', 'PUBLIC_WELFARE', 'HOUSEHOLD');
INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed)
  SELECT l.list, c.code, c.name_zh, '', '', c.sort, NULL, NULL, l.version, 1
  FROM code_list l JOIN (
    SELECT 'WORKSHOP' AS code, '厂房' AS name_zh, 110 AS sort
    UNION ALL SELECT 'GREENHOUSE', '大棚', 120
    UNION ALL SELECT 'COLD_STORE', '冷库', 130
    UNION ALL SELECT 'WAREHOUSE', '仓储', 140
    UNION ALL SELECT 'DRYING', '烘干房', 150
    UNION ALL SELECT 'PV_STATION', '光伏电站', 160
    UNION ALL SELECT 'EQUIPMENT', '设备', 170
    UNION ALL SELECT 'LIVESTOCK_HOUSE', '圈舍', 180
    UNION ALL SELECT 'POND', '池塘', 190
    UNION ALL SELECT 'ORCHARD', '果园', 200
    UNION ALL SELECT 'TEA_GARDEN', '茶园', 210
    UNION ALL SELECT 'BASE', '产业基地', 220
    UNION ALL SELECT 'LODGING', '民宿旅游设施', 230
    UNION ALL SELECT 'BUILDING', '房屋', 240
    UNION ALL SELECT 'ROAD', '道路', 250
    UNION ALL SELECT 'IRRIGATION', '水利', 260
    UNION ALL SELECT 'OTHER', '其他', 270) c
  WHERE l.list = 'ASSET_CATEGORY' AND NOT EXISTS (
    SELECT 1 FROM code k WHERE k.list = l.list AND k.code = c.code);
