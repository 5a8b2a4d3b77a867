-- Whether the households of a row are those of its month. A row of before holds those of its refresh,
-- the same in every month.
ALTER TABLE household_income ADD COLUMN households_known TINYINT NOT NULL DEFAULT 0;
