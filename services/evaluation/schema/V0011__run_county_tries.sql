-- How often a county was taken up since its last committed chunk: one that takes its process down is
-- given up after some, whatever the others have done meanwhile.
ALTER TABLE evaluation_run_county ADD COLUMN tries INT NOT NULL DEFAULT 0;
