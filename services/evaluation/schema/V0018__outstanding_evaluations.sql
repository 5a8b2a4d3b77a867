-- What waits to be evaluated, and for what data are waited, is counted by county: without a walk over
-- its subjects, in the transaction of each step. is_supplied: the newest evaluation lacked data, and
-- facts of the subject have changed since. Those of before wait for data until a fact changes.
ALTER TABLE subject
  ADD COLUMN is_supplied TINYINT NOT NULL DEFAULT 0,
  ADD KEY by_outstanding (county, latest_result, is_supplied, effective_class, is_void, is_verified,
    subject_type, region_path);
