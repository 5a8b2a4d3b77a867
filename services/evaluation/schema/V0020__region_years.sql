-- The years in which a region bore its code: of several bearers the copy keeps the one of today.
ALTER TABLE region_copy ADD COLUMN start_year INT NOT NULL DEFAULT 0, ADD COLUMN end_year INT NOT NULL DEFAULT 0;
