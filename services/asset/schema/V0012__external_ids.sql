-- The numbers of assets in other systems stand where those of every other record do.
INSERT IGNORE INTO external_id (kind, system_name, external_id, record_id)
  SELECT 'asset', external_system, external_id, asset_id FROM asset_external_id;
DROP TABLE IF EXISTS asset_external_id;
