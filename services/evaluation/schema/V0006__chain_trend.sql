-- Chain coverage and short boards of every county industry by month (R006): the night writes the
-- present month, so a month stands as its last night saw it.
CREATE TABLE chain_trend (
  industry_id BINARY(16) NOT NULL,
  month CHAR(7) NOT NULL,
  county VARCHAR(6) NOT NULL,
  links_applicable INT NOT NULL,
  links_present INT NOT NULL,
  -- Of the industry and its projects.
  short_boards_open INT NOT NULL,
  short_boards_completed INT NOT NULL,
  refreshed_at DATETIME(6) NOT NULL,
  PRIMARY KEY (industry_id, month),
  KEY by_county (county, month)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
