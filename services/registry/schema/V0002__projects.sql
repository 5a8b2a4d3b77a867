-- Business records. `record` is the whole record as the contract's message, in protobuf bytes: what
-- the contract shows is read and published from it, without a join. The columns beside it are what
-- queries, guards and jobs need; they are written in the same statement and win over the record
-- (a re-code changes region_path only).

CREATE TABLE project (
  id BINARY(16) NOT NULL,
  project_code VARCHAR(32) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  -- The first six digits of region_path, for orders within a county.
  county_path VARCHAR(6) NOT NULL,
  state TINYINT NOT NULL,
  verification_state TINYINT NOT NULL,
  origin TINYINT NOT NULL,
  project_type VARCHAR(64) NOT NULL,
  category VARCHAR(64) NOT NULL,
  industry_code VARCHAR(64) NOT NULL,
  industry_id BINARY(16) NULL,
  operator_id BINARY(16) NULL,
  campaign_id BINARY(16) NULL,
  year INT NOT NULL,
  declared_total_fen BIGINT NOT NULL,
  public_total_fen BIGINT NOT NULL,
  is_void TINYINT NOT NULL,
  is_sample TINYINT NOT NULL,
  version BIGINT NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  record MEDIUMBLOB NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY project_by_code (project_code),
  KEY project_by_region (region_path, id),
  KEY project_by_update (county_path, updated_at, id),
  KEY project_by_industry (industry_id, region_path, id),
  KEY project_by_operator (operator_id, region_path, id),
  KEY project_by_campaign (campaign_id, region_path, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The sequence of project codes: one row per county and year, claimed by a conditional update.
CREATE TABLE project_sequence (
  county_code VARCHAR(6) NOT NULL,
  year INT NOT NULL,
  last_no BIGINT NOT NULL,
  PRIMARY KEY (county_code, year)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE project_funding (
  project_id BINARY(16) NOT NULL,
  seq INT NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  source_code VARCHAR(64) NOT NULL,
  task_code VARCHAR(64) NOT NULL,
  year INT NOT NULL,
  -- NULL unless exact
  amount_fen BIGINT NULL,
  parse_state TINYINT NOT NULL,
  is_public TINYINT NOT NULL,
  PRIMARY KEY (project_id, seq),
  KEY project_funding_by_source (source_code, region_path, project_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Regions from which a project is seen: its lead and those it covers.
CREATE TABLE project_region (
  region_path VARCHAR(12) NOT NULL,
  project_id BINARY(16) NOT NULL,
  is_lead TINYINT NOT NULL,
  -- 0: not known
  share_bp INT NOT NULL,
  PRIMARY KEY (region_path, project_id),
  KEY project_region_by_project (project_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE content_item (
  id BINARY(16) NOT NULL,
  project_id BINARY(16) NOT NULL,
  seq INT NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  category_code VARCHAR(64) NOT NULL,
  budget_fen BIGINT NOT NULL,
  PRIMARY KEY (id),
  KEY content_item_by_project (project_id, seq),
  KEY content_item_by_region (region_path, category_code, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE project_external (
  system_name VARCHAR(64) NOT NULL,
  external_id VARCHAR(128) NOT NULL,
  project_id BINARY(16) NOT NULL,
  PRIMARY KEY (system_name, external_id),
  KEY project_external_by_project (project_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The natural key of what tables call a project: its place, year and name.
CREATE TABLE project_name (
  -- First half of SHA-256 over the year and the name as it is matched (NFKC, simplified, without
  -- blanks).
  name_hash BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  project_id BINARY(16) NOT NULL,
  PRIMARY KEY (name_hash, region_path, project_id),
  KEY project_name_by_project (project_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Chinese text search: overlapping pairs of characters (MariaDB has no n-gram parser).
CREATE TABLE project_gram (
  gram VARCHAR(8) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  project_id BINARY(16) NOT NULL,
  PRIMARY KEY (gram, region_path, project_id),
  KEY project_gram_by_project (project_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE operator (
  id BINARY(16) NOT NULL,
  uscc VARCHAR(18) NOT NULL,
  name VARCHAR(200) NOT NULL,
  kind VARCHAR(64) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  version BIGINT NOT NULL,
  record MEDIUMBLOB NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY operator_by_uscc (uscc),
  KEY operator_by_region (region_path, id),
  KEY operator_by_name (name, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE helper_organisation (
  id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  version BIGINT NOT NULL,
  record MEDIUMBLOB NOT NULL,
  PRIMARY KEY (id),
  KEY helper_organisation_by_region (region_path, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE industry (
  id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  industry_code VARCHAR(64) NOT NULL,
  version BIGINT NOT NULL,
  record MEDIUMBLOB NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY industry_of_county (region_path, industry_code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE short_board (
  id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  subject_id BINARY(16) NOT NULL,
  kind VARCHAR(64) NOT NULL,
  completed TINYINT NOT NULL,
  version BIGINT NOT NULL,
  record MEDIUMBLOB NOT NULL,
  PRIMARY KEY (id),
  KEY short_board_by_region (region_path, id),
  KEY short_board_by_subject (subject_id, completed, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE leading_industry (
  id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  plan_period VARCHAR(9) NOT NULL,
  industry_id BINARY(16) NOT NULL,
  is_active TINYINT NOT NULL,
  version BIGINT NOT NULL,
  record MEDIUMBLOB NOT NULL,
  PRIMARY KEY (id),
  KEY leading_industry_by_region (region_path, plan_period, id),
  KEY leading_industry_by_industry (industry_id, is_active)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The claim of R061: two places a county and plan period; an industry holds one of them at most.
CREATE TABLE leading_industry_place (
  region_path VARCHAR(12) NOT NULL,
  plan_period VARCHAR(9) NOT NULL,
  place TINYINT NOT NULL,
  industry_id BINARY(16) NOT NULL,
  leading_industry_id BINARY(16) NOT NULL,
  PRIMARY KEY (region_path, plan_period, place),
  UNIQUE KEY leading_industry_place_once (region_path, plan_period, industry_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE brand_certification (
  id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  industry_id BINARY(16) NULL,
  project_id BINARY(16) NULL,
  brand_type VARCHAR(64) NOT NULL,
  certificate_no VARCHAR(100) NOT NULL,
  valid_from DATE NULL,
  -- The earlier of expiry and end; NULL: open
  valid_to DATE NULL,
  version BIGINT NOT NULL,
  record MEDIUMBLOB NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY brand_certification_number (brand_type, certificate_no),
  KEY brand_certification_by_region (region_path, id),
  KEY brand_certification_by_industry (industry_id, id),
  KEY brand_certification_by_project (project_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE tech_pairing (
  id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  industry_id BINARY(16) NULL,
  team_name VARCHAR(200) NOT NULL,
  starts_on DATE NULL,
  ends_on DATE NULL,
  visits INT NOT NULL,
  version BIGINT NOT NULL,
  record MEDIUMBLOB NOT NULL,
  PRIMARY KEY (id),
  KEY tech_pairing_by_region (region_path, id),
  KEY tech_pairing_by_industry (industry_id, region_path, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE training_record (
  id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  programme VARCHAR(64) NOT NULL,
  held_on DATE NOT NULL,
  persons INT NOT NULL,
  poor_labour_persons INT NOT NULL,
  version BIGINT NOT NULL,
  record MEDIUMBLOB NOT NULL,
  PRIMARY KEY (id),
  KEY training_record_by_region (region_path, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE operation_report (
  project_id BINARY(16) NOT NULL,
  -- YYYY-MM
  period VARCHAR(7) NOT NULL,
  id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  late TINYINT NOT NULL,
  version BIGINT NOT NULL,
  record MEDIUMBLOB NOT NULL,
  PRIMARY KEY (project_id, period),
  UNIQUE KEY operation_report_by_id (id),
  KEY operation_report_by_region (region_path, project_id, period)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
