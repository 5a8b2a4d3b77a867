-- A county stands in one campaign at most that is opening or open: the claim that the first step of opening
-- takes, before its villages get their reports in many small ones. Campaigns are of a county or more.
CREATE TABLE open_county (
  region_path VARCHAR(12) NOT NULL,
  campaign_id BINARY(16) NOT NULL,
  -- Raised by whoever acts for the county while the campaign is open: closing takes the row away, so
  -- that they wait for each other.
  touched BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (region_path),
  KEY open_county_by_campaign (campaign_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT IGNORE INTO open_county (region_path, campaign_id)
  SELECT DISTINCT LEFT(region_path, 6), campaign_id FROM open_unit;
