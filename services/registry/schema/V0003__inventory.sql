-- 摸排: campaigns, one report per village, joint verification, samples, lock exceptions.

CREATE TABLE campaign (
  id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  state TINYINT NOT NULL,
  village_deadline DATE NOT NULL,
  township_deadline DATE NOT NULL,
  county_deadline DATE NOT NULL,
  unit_count BIGINT NOT NULL,
  version BIGINT NOT NULL,
  record MEDIUMBLOB NOT NULL,
  PRIMARY KEY (id),
  KEY campaign_by_region (region_path, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE unit_report (
  id BINARY(16) NOT NULL,
  campaign_id BINARY(16) NOT NULL,
  -- As filed when the campaign was opened.
  region_code VARCHAR(12) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  state TINYINT NOT NULL,
  is_nil TINYINT NOT NULL,
  late TINYINT NOT NULL,
  in_city_sample TINYINT NOT NULL,
  in_province_sample TINYINT NOT NULL,
  reopened INT NOT NULL,
  -- Persons, for separation of duties.
  submitted_by VARCHAR(128) NOT NULL,
  passed_by VARCHAR(128) NOT NULL,
  submitted_at DATETIME(6) NULL,
  passed_at DATETIME(6) NULL,
  verified_at DATETIME(6) NULL,
  confirmed_at DATETIME(6) NULL,
  -- Of the return that stands: who has to act (4 township, 5 village) and until when.
  return_to_level TINYINT NOT NULL,
  return_due_on DATE NULL,
  -- Counts verifications begun: signatures belong to one round.
  verification_round INT NOT NULL,
  version BIGINT NOT NULL,
  record MEDIUMBLOB NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY unit_report_of_village (campaign_id, region_path),
  KEY unit_report_by_state (campaign_id, state, region_path)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A village stands in one open campaign at most; also finds the report of a village at once.
CREATE TABLE open_unit (
  region_path VARCHAR(12) NOT NULL,
  campaign_id BINARY(16) NOT NULL,
  unit_report_id BINARY(16) NOT NULL,
  -- Raised by whoever adds a project here and by whoever submits the report: they wait for each other,
  -- so that no nil return stands beside a project.
  touched BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (region_path),
  KEY open_unit_by_campaign (campaign_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Every step of a report, so that completeness can be shown as of any day.
CREATE TABLE unit_report_step (
  unit_report_id BINARY(16) NOT NULL,
  step_no INT NOT NULL,
  campaign_id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  action VARCHAR(32) NOT NULL,
  from_state TINYINT NOT NULL,
  to_state TINYINT NOT NULL,
  is_nil TINYINT NOT NULL,
  -- Of a return that stands after the step.
  return_to_level TINYINT NOT NULL DEFAULT 0,
  return_due_on DATE NULL,
  actor VARCHAR(128) NOT NULL,
  at DATETIME(6) NOT NULL,
  PRIMARY KEY (unit_report_id, step_no),
  KEY unit_report_step_by_campaign (campaign_id, region_path, at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE verification_signature (
  unit_report_id BINARY(16) NOT NULL,
  verification_round INT NOT NULL,
  department_code VARCHAR(64) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  signed_by VARCHAR(128) NOT NULL,
  signed_at DATETIME(6) NOT NULL,
  -- Actor and opinion as contract messages.
  record MEDIUMBLOB NOT NULL,
  PRIMARY KEY (unit_report_id, verification_round, department_code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE verification_finding (
  id BINARY(16) NOT NULL,
  unit_report_id BINARY(16) NOT NULL,
  project_id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  level TINYINT NOT NULL,
  action TINYINT NOT NULL,
  field VARCHAR(128) NOT NULL,
  record MEDIUMBLOB NOT NULL,
  PRIMARY KEY (id),
  KEY verification_finding_by_report (unit_report_id, id),
  KEY verification_finding_by_project (project_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE sample (
  id BINARY(16) NOT NULL,
  campaign_id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  level TINYINT NOT NULL,
  seed VARCHAR(64) NOT NULL,
  drawn INT NOT NULL,
  results_recorded INT NOT NULL,
  issues INT NOT NULL,
  version BIGINT NOT NULL,
  record MEDIUMBLOB NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY sample_of_region (campaign_id, region_path, level)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE sample_unit (
  sample_id BINARY(16) NOT NULL,
  unit_report_id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  stratum INT NOT NULL,
  has_result TINYINT NOT NULL,
  issue TINYINT NOT NULL,
  record MEDIUMBLOB NOT NULL,
  PRIMARY KEY (sample_id, unit_report_id),
  KEY sample_unit_by_report (unit_report_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE lock_exception (
  id BINARY(16) NOT NULL,
  campaign_id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  expires_at DATETIME(6) NOT NULL,
  record MEDIUMBLOB NOT NULL,
  PRIMARY KEY (id),
  KEY lock_exception_by_region (campaign_id, region_path, expires_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
