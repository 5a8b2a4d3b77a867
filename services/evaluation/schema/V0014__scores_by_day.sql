-- Scores of experts by their day: an expert's earlier ones stay, so that an evaluation of a past period
-- takes what was said by its end. Those of before count from the day on which they were entered; so does
-- one that a release of before, which knows no day, enters meanwhile (it stands under the first day).
ALTER TABLE expert_score ADD COLUMN scored_on DATE NOT NULL DEFAULT '1970-01-01' AFTER expert;

UPDATE expert_score SET scored_on = DATE(scored_at + INTERVAL 8 HOUR);

ALTER TABLE expert_score DROP PRIMARY KEY, ADD PRIMARY KEY (subject_id, expert, scored_on);
