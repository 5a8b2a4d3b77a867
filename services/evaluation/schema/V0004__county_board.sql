-- What the first screen of a city or the province adds up: villages, ledgers and close-outs of each
-- county, counted every ten minutes. Classes and amounts come from class_rollup.
CREATE TABLE county_board (
  county VARCHAR(6) NOT NULL,
  -- evaluation.v1.DashboardUnit without cells and name.
  payload BLOB NOT NULL,
  counted_at DATETIME(6) NOT NULL,
  PRIMARY KEY (county)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
