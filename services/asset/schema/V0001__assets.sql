-- Assets (资产台账). What people enter is kept whole in `details`; columns hold what queries, guards
-- and facts look at.
CREATE TABLE asset (
  id BINARY(16) NOT NULL,
  version BIGINT NOT NULL,
  asset_code VARCHAR(40) NOT NULL,
  natural_key BINARY(32) NULL,
  import_digest BINARY(32) NULL,
  name VARCHAR(200) NOT NULL,
  asset_class TINYINT NOT NULL,
  asset_form TINYINT NOT NULL,
  region_code VARCHAR(12) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  original_value_fen BIGINT NOT NULL,
  value_exact TINYINT NOT NULL,
  formed_date DATE NULL,
  expire_date DATE NULL,
  planting_date DATE NULL,
  cultivation_ends DATE NULL,
  operate_mode TINYINT NOT NULL,
  operator_uscc VARCHAR(18) NOT NULL,
  om_parts TINYINT NOT NULL,
  owned_village_bp INT NULL,
  income_village_bp INT NULL,
  title_status TINYINT NOT NULL,
  title_cert_no VARCHAR(100) NOT NULL,
  title_date DATE NULL,
  custody_status TINYINT NOT NULL,
  custodian VARCHAR(200) NOT NULL,
  transferred_date DATE NULL,
  use_state TINYINT NOT NULL,
  use_since DATE NOT NULL,
  idle_since DATE NULL,
  in_use_share_bp INT NOT NULL,
  irreparable TINYINT NOT NULL,
  ever_used TINYINT NOT NULL,
  use_report BLOB NOT NULL,
  state TINYINT NOT NULL,
  void_reason VARCHAR(500) NOT NULL,
  adjustment_outcome TINYINT NOT NULL,
  last_inspection TINYINT NOT NULL,
  last_inspection_on DATE NULL,
  contract_id BINARY(16) NULL,
  received_fen BIGINT NOT NULL,
  declared_fen BIGINT NOT NULL,
  sample TINYINT NOT NULL,
  open_questions VARCHAR(500) NOT NULL,
  details MEDIUMBLOB NOT NULL,
  created_by VARBINARY(1000) NOT NULL,
  created_at DATETIME(6) NOT NULL,
  updated_by VARBINARY(1000) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY asset_by_code (asset_code),
  UNIQUE KEY asset_by_natural_key (natural_key),
  KEY asset_by_region (region_path, id),
  KEY asset_by_operator (operator_uscc),
  KEY asset_by_cultivation (use_state, cultivation_ends)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Which projects an asset came from, with their parts of its value. share_before_bp: of the projects
-- before it in order of id, so that a sum splits without a remainder (domain/facts.h).
CREATE TABLE asset_project (
  project_id BINARY(16) NOT NULL,
  asset_id BINARY(16) NOT NULL,
  value_share_bp INT NOT NULL,
  share_before_bp INT NOT NULL,
  value_fen BIGINT NOT NULL,
  PRIMARY KEY (project_id, asset_id),
  KEY asset_project_by_asset (asset_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Numbers of assets in other systems, unique per system.
CREATE TABLE asset_external_id (
  external_system VARCHAR(64) NOT NULL,
  external_id VARCHAR(128) NOT NULL,
  asset_id BINARY(16) NOT NULL,
  PRIMARY KEY (external_system, external_id),
  KEY asset_external_id_by_asset (asset_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The next number of an asset code: AS + region + letter of the class.
CREATE TABLE asset_code_counter (
  prefix VARCHAR(20) NOT NULL,
  next_number BIGINT NOT NULL,
  PRIMARY KEY (prefix)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Facts per project as last published; its row is the lock under which they are computed.
CREATE TABLE project_facts (
  project_id BINARY(16) NOT NULL,
  version BIGINT NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  digest VARCHAR(64) NOT NULL,
  facts MEDIUMBLOB NULL,
  computed_month VARCHAR(7) NOT NULL,
  refresh_on DATE NULL,
  PRIMARY KEY (project_id),
  KEY project_facts_by_month (computed_month, project_id),
  KEY project_facts_by_refresh (refresh_on, project_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
