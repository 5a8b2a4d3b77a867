-- How many households a link reaches, by the day since which the number holds: the income of a year
-- is divided by the households of that year.
CREATE TABLE linkage_count (
  linkage_id BINARY(16) NOT NULL,
  since DATE NOT NULL,
  project_id BINARY(16) NOT NULL,
  households INT NOT NULL,
  PRIMARY KEY (linkage_id, since),
  KEY linkage_count_by_project (project_id, linkage_id, since)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A link keeps the number it was made with, unless it was given another one: that holds from its day
-- on, and what held before is not known.
INSERT INTO linkage_count (linkage_id, since, project_id, households)
  SELECT l.id, COALESCE(
      (SELECT DATE(MAX(a.occurred_at) + INTERVAL 8 HOUR) FROM audit_log a
        WHERE a.aggregate_type = 'linkage' AND a.aggregate_id = l.id
          AND a.action = 'ContractService.UpdateLinkageCounts'), l.start_date),
    l.project_id, l.households FROM linkage l;

-- Contracts that ended before they owed no more of later periods than what was paid ahead for them.
UPDATE income_due d JOIN operating_contract c ON c.id = d.contract_id
  SET d.fixed_fen = d.received_fen, d.due_fen = d.received_fen, d.due_date = LEAST(d.due_date, c.ended_on)
  WHERE c.ended_on IS NOT NULL AND d.period_from > c.ended_on;

-- The facts are computed anew, as at the turn of a month.
UPDATE project_facts SET computed_month = '';
