-- On whose behalf a report was submitted; empty: in the submitter's own right. Those of before name it in
-- their record alone, which separates duties as it did.
ALTER TABLE unit_report ADD COLUMN submitted_delegated_by VARCHAR(128) NOT NULL DEFAULT '';
