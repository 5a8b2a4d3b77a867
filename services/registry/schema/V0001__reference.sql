-- Reference data (基础数据). Rows are read by everyone and written by the province.

CREATE TABLE region (
  id BINARY(16) NOT NULL,
  code VARCHAR(12) NOT NULL,
  -- 0: in use. One code may stand in several spans of years (360402 庐山区, 濂溪区).
  end_year INT NOT NULL,
  start_year INT NOT NULL,
  name VARCHAR(64) NOT NULL,
  short_name VARCHAR(64) NOT NULL,
  -- What names are matched by: NFKC, simplified, without blanks.
  name_key VARCHAR(64) NOT NULL,
  short_key VARCHAR(64) NOT NULL,
  level TINYINT NOT NULL,
  parent_code VARCHAR(12) NOT NULL,
  -- Today's path; '' when a retired code went over into several.
  region_path VARCHAR(12) NOT NULL,
  is_extension TINYINT NOT NULL,
  flags VARCHAR(200) NOT NULL,
  -- code[year];code[year]
  successors VARCHAR(400) NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (code, end_year),
  UNIQUE KEY region_by_id (id),
  KEY region_by_parent (parent_code, end_year, code),
  KEY region_by_level (level, end_year, code),
  KEY region_by_name (name_key, level),
  KEY region_by_short_name (short_key, level)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE organisation (
  id BINARY(16) NOT NULL,
  org_code VARCHAR(64) NOT NULL,
  name VARCHAR(200) NOT NULL,
  org_type TINYINT NOT NULL,
  region_code VARCHAR(12) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  uscc VARCHAR(18) NOT NULL,
  -- ,四,五, with a comma on both sides of each
  clauses VARCHAR(200) NOT NULL,
  department_code VARCHAR(64) NOT NULL,
  is_active TINYINT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (org_code),
  UNIQUE KEY organisation_by_id (id),
  KEY organisation_by_region (region_path, org_type, org_code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE code_list (
  list VARCHAR(64) NOT NULL,
  name_zh VARCHAR(100) NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (list)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE code (
  list VARCHAR(64) NOT NULL,
  code VARCHAR(64) NOT NULL,
  name_zh VARCHAR(100) NOT NULL,
  description_zh VARCHAR(500) NOT NULL,
  -- name=value;name=value
  attributes VARCHAR(2000) NOT NULL,
  sort INT NOT NULL,
  valid_from DATE NULL,
  valid_to DATE NULL,
  version BIGINT NOT NULL,
  unconfirmed TINYINT NOT NULL,
  PRIMARY KEY (list, code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE parameter (
  code VARCHAR(64) NOT NULL,
  name_zh VARCHAR(100) NOT NULL,
  value BIGINT NOT NULL,
  unit VARCHAR(16) NOT NULL,
  day_kind TINYINT NOT NULL,
  unconfirmed TINYINT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE taxonomy (
  taxonomy_version VARCHAR(32) NOT NULL,
  name VARCHAR(100) NOT NULL,
  valid_from DATE NULL,
  is_current TINYINT NOT NULL,
  PRIMARY KEY (taxonomy_version)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE industry_category (
  taxonomy_version VARCHAR(32) NOT NULL,
  code VARCHAR(64) NOT NULL,
  name VARCHAR(100) NOT NULL,
  level TINYINT NOT NULL,
  parent_code VARCHAR(64) NOT NULL,
  -- comma-separated codes
  applicable_links VARCHAR(500) NOT NULL,
  cultivation_months INT NOT NULL,
  maps_from VARCHAR(500) NOT NULL,
  unconfirmed TINYINT NOT NULL,
  PRIMARY KEY (taxonomy_version, code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE work_day (
  day DATE NOT NULL,
  is_working TINYINT NOT NULL,
  source VARCHAR(200) NOT NULL,
  PRIMARY KEY (day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE fund_source_department (
  id BINARY(16) NOT NULL,
  source_code VARCHAR(64) NOT NULL,
  task_code VARCHAR(64) NOT NULL,
  department_code VARCHAR(64) NOT NULL,
  valid_from DATE NOT NULL,
  valid_to DATE NULL,
  unconfirmed TINYINT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY fund_source_department_row (source_code, task_code, department_code, valid_from)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
