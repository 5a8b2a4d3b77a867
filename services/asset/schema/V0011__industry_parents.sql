-- Of which industry it is a part, for grants that name the one above: empty, it is the highest; NULL,
-- copied before, until the next change of the taxonomy or snapshot.
ALTER TABLE industry_copy ADD COLUMN parent_code VARCHAR(64) NULL;
