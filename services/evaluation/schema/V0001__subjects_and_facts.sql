-- What is evaluated, and what is known of it. Filled from the change feeds of registry and asset.

-- A project or a county industry. region_path decides who sees it; county is the unit of a batch.
CREATE TABLE subject (
  subject_id BINARY(16) NOT NULL,
  subject_type TINYINT NOT NULL,
  code VARCHAR(64) NOT NULL,
  name VARCHAR(400) NOT NULL,
  region_code VARCHAR(12) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  county VARCHAR(6) NOT NULL,
  -- County industry that a project belongs to; NULL for an industry itself.
  industry_id BINARY(16) NULL,
  industry_code VARCHAR(64) NOT NULL DEFAULT '',
  -- Chain links that a project itself is, comma separated.
  chain_links VARCHAR(400) NOT NULL DEFAULT '',
  project_type VARCHAR(64) NOT NULL DEFAULT '',
  stage VARCHAR(32) NOT NULL DEFAULT '',
  is_verified TINYINT NOT NULL DEFAULT 0,
  is_void TINYINT NOT NULL DEFAULT 0,
  is_sample TINYINT NOT NULL DEFAULT 0,
  invested_fen BIGINT NOT NULL DEFAULT 0,
  asset_value_fen BIGINT NOT NULL DEFAULT 0,
  -- Original value of the operating assets: the weight of a project in its industry.
  operating_value_fen BIGINT NOT NULL DEFAULT 0,
  -- Counts up with every change of a fact: a batch leaves out what it has judged already.
  facts_version BIGINT NOT NULL DEFAULT 0,
  latest_evaluation_id BINARY(16) NULL,
  latest_result TINYINT NOT NULL DEFAULT 0,
  effective_evaluation_id BINARY(16) NULL,
  effective_class TINYINT NOT NULL DEFAULT 0,
  updated_at DATETIME(6) NOT NULL,
  PRIMARY KEY (subject_id),
  KEY by_region (region_path, subject_id),
  KEY by_county_type (county, subject_type, subject_id),
  KEY by_industry (industry_id, subject_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The newest state of the records that facts are read from, one row a subject and kind: project,
-- industry, assets, reports, short_boards, brands. Facts are derived from the payload at the day of
-- the evaluation, so that "idle for 7 months" is right on every day.
CREATE TABLE fact_source (
  subject_id BINARY(16) NOT NULL,
  kind VARCHAR(32) NOT NULL,
  payload MEDIUMBLOB NOT NULL,
  source VARCHAR(32) NOT NULL,
  source_sequence BIGINT NOT NULL,
  -- Snapshot of the source in which the record was last seen (feed::Batch::generation).
  generation BIGINT NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  PRIMARY KEY (subject_id, kind)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Read copies of registry's reference data: taxonomy, code lists, parameters, calendar, leading
-- industries, departments by fund source, operators. ref_key is unique within its kind.
CREATE TABLE reference_copy (
  kind VARCHAR(32) NOT NULL,
  ref_key VARCHAR(128) NOT NULL,
  region_path VARCHAR(12) NOT NULL DEFAULT '',
  payload MEDIUMBLOB NOT NULL,
  source_sequence BIGINT NOT NULL,
  PRIMARY KEY (kind, ref_key),
  KEY by_region (kind, region_path)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE region_copy (
  code VARCHAR(12) NOT NULL,
  name VARCHAR(200) NOT NULL,
  level TINYINT NOT NULL,
  parent_code VARCHAR(12) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  PRIMARY KEY (code),
  KEY by_path (region_path),
  KEY by_parent (parent_code, code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Village reports of the campaigns (摸排单元), for the coverage columns of T14.
CREATE TABLE unit_report_copy (
  campaign_id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  state TINYINT NOT NULL,
  is_nil TINYINT NOT NULL,
  source_sequence BIGINT NOT NULL,
  PRIMARY KEY (campaign_id, region_path),
  KEY by_region (region_path, campaign_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- One expert's opinion of one subject; a later one replaces it.
CREATE TABLE expert_score (
  subject_id BINARY(16) NOT NULL,
  expert VARCHAR(64) NOT NULL,
  payload BLOB NOT NULL,
  scored_at DATETIME(6) NOT NULL,
  PRIMARY KEY (subject_id, expert)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE appraisal (
  id BINARY(16) NOT NULL,
  subject_id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  report_no VARCHAR(64) NOT NULL,
  payload BLOB NOT NULL,
  recorded_at DATETIME(6) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY one_report (subject_id, report_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE argument_record (
  id BINARY(16) NOT NULL,
  subject_id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  conclusion TINYINT NOT NULL,
  named_class TINYINT NOT NULL DEFAULT 0,
  cause VARCHAR(64) NOT NULL DEFAULT '',
  argued_on DATE NOT NULL,
  payload MEDIUMBLOB NOT NULL,
  recorded_at DATETIME(6) NOT NULL,
  PRIMARY KEY (id),
  KEY by_subject (subject_id, argued_on, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE dispatch_report (
  id BINARY(16) NOT NULL,
  industry_id BINARY(16) NOT NULL,
  period CHAR(7) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  payload MEDIUMBLOB NOT NULL,
  version BIGINT NOT NULL,
  reported_at DATETIME(6) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY one_per_month (industry_id, period)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
