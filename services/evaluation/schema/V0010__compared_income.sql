-- Income of linked households that can be compared year by year (R007): of those projects alone whose
-- households are known in each of the twenty-four months that end with last_month. Refreshed each night;
-- of every county that reports any, a row for each of the months.
CREATE TABLE household_income_compared (
  county VARCHAR(6) NOT NULL,
  last_month CHAR(7) NOT NULL,
  month CHAR(7) NOT NULL,
  income_fen BIGINT NOT NULL,
  households BIGINT NOT NULL,
  -- Projects whose households are not known in each month, alike in every row of the two years.
  left_out BIGINT NOT NULL,
  PRIMARY KEY (county, last_month, month)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
