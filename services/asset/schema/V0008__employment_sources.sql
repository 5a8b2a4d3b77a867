-- What the forms of links, owners and work are offered; of projects copied before, with their next
-- change or snapshot.
ALTER TABLE project_copy
  ADD COLUMN planned_owner VARCHAR(200) NOT NULL DEFAULT '',
  -- mode;mode
  ADD COLUMN linkage_modes VARCHAR(1500) NOT NULL DEFAULT '',
  -- NULL: the project does not say.
  ADD COLUMN households INT NULL,
  ADD COLUMN poor_households INT NULL,
  ADD COLUMN monitored_households INT NULL;

-- The work that the monthly reports of operation tell of; NULL: the report does not give the figure.
CREATE TABLE operation_report_copy (
  project_id BINARY(16) NOT NULL,
  month VARCHAR(7) NOT NULL,
  id BINARY(16) NOT NULL,
  workers INT NULL,
  poor_workers INT NULL,
  person_days BIGINT NULL,
  poor_person_days BIGINT NULL,
  wages_fen BIGINT NULL,
  PRIMARY KEY (project_id, month)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- asset.v1.EmploymentSource; what was recorded before was entered here.
ALTER TABLE employment
  ADD COLUMN source TINYINT NOT NULL DEFAULT 1,
  ADD COLUMN operation_report_id BINARY(16) NULL;

-- The facts are computed anew, as at the turn of a month: they tell the days on public posts apart.
UPDATE project_facts SET computed_month = '';
