-- Read copies of the registry's records, filled from its feed; `generation` counts its snapshots.
CREATE TABLE region_copy (
  code VARCHAR(12) NOT NULL,
  name VARCHAR(100) NOT NULL,
  short_name VARCHAR(100) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  parent_code VARCHAR(12) NOT NULL,
  level TINYINT NOT NULL,
  start_year INT NOT NULL,
  end_year INT NOT NULL,
  successors VARCHAR(500) NOT NULL,
  is_extension TINYINT NOT NULL,
  PRIMARY KEY (code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE code_copy (
  list_code VARCHAR(64) NOT NULL,
  code VARCHAR(64) NOT NULL,
  name_zh VARCHAR(100) NOT NULL,
  is_public TINYINT NOT NULL,
  valid TINYINT NOT NULL,
  PRIMARY KEY (list_code, code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE project_copy (
  id BINARY(16) NOT NULL,
  project_code VARCHAR(64) NOT NULL,
  name VARCHAR(200) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  state TINYINT NOT NULL,
  is_void TINYINT NOT NULL,
  planting_date DATE NULL,
  industry_code VARCHAR(64) NOT NULL,
  generation BIGINT NOT NULL,
  PRIMARY KEY (id),
  KEY project_copy_by_code (project_code),
  KEY project_copy_by_region (region_path, name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What a table may call a project: its code, or its number in another system.
CREATE TABLE project_name_copy (
  project_key VARCHAR(128) NOT NULL,
  project_id BINARY(16) NOT NULL,
  PRIMARY KEY (project_key, project_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE operator_copy (
  uscc VARCHAR(18) NOT NULL,
  id BINARY(16) NOT NULL,
  name VARCHAR(200) NOT NULL,
  in_good_standing TINYINT NOT NULL,
  qualified TINYINT NOT NULL,
  qualification_ends DATE NULL,
  generation BIGINT NOT NULL,
  PRIMARY KEY (uscc),
  KEY operator_copy_by_id (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE industry_copy (
  taxonomy_version VARCHAR(32) NOT NULL,
  code VARCHAR(64) NOT NULL,
  cultivation_months INT NOT NULL,
  PRIMARY KEY (code, taxonomy_version)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
