-- Assets that have been disposed of (已处置), as the asset service's feed tells them, for 处置数 and 处置额 of
-- T14: few of all assets, and read as they stand. No release before this one could dispose of an asset,
-- so that none is missing here.
CREATE TABLE asset_disposal (
  asset_id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  original_value_fen BIGINT NOT NULL,
  -- Snapshot of the source in which the asset was last seen (feed::Batch::generation).
  generation BIGINT NOT NULL,
  PRIMARY KEY (asset_id),
  KEY asset_disposal_by_region (region_path, original_value_fen)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
