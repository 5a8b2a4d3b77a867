-- Of which reports a sample could have drawn when it was last drawn: a report that the county verified later was
-- in no sample, and asks for another draw before the province confirms it.
CREATE TABLE sample_population (
  sample_id BINARY(16) NOT NULL,
  unit_report_id BINARY(16) NOT NULL,
  PRIMARY KEY (sample_id, unit_report_id),
  KEY sample_population_by_report (unit_report_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Of samples that are there: what stood verified at the sample's first draw, whose moment its id holds, and what
-- was drawn since. What else an enlargement may have looked at is not known any more, and is drawn from again.
INSERT INTO sample_population (sample_id, unit_report_id)
  SELECT s.id, step.unit_report_id
  FROM (SELECT id, campaign_id, region_path, FROM_UNIXTIME(CONV(HEX(LEFT(id, 6)), 16, 10) / 1000) AS drawn_at
        FROM sample) s
  JOIN unit_report_step step ON step.campaign_id = s.campaign_id
    AND step.region_path LIKE CONCAT(s.region_path, '%') AND step.at <= s.drawn_at
  WHERE step.to_state IN (5, 6, 7) AND NOT EXISTS (
    SELECT 1 FROM unit_report_step later
    WHERE later.unit_report_id = step.unit_report_id AND later.step_no > step.step_no AND later.at <= s.drawn_at)
  UNION
  SELECT sample_id, unit_report_id FROM sample_unit;
