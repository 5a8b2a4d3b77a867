-- Operating contracts, their due payments and what came in.
CREATE TABLE operating_contract (
  id BINARY(16) NOT NULL,
  version BIGINT NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  state TINYINT NOT NULL,
  start_date DATE NOT NULL,
  end_date DATE NOT NULL,
  ended_on DATE NULL,
  end_reason VARCHAR(500) NOT NULL,
  operator_uscc VARCHAR(18) NOT NULL,
  sample TINYINT NOT NULL,
  natural_key BINARY(32) NULL,
  terms MEDIUMBLOB NOT NULL,
  created_by VARBINARY(1000) NOT NULL,
  created_at DATETIME(6) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY operating_contract_by_natural_key (natural_key),
  KEY operating_contract_by_region (region_path, id),
  KEY operating_contract_by_end (state, end_date)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE contract_asset (
  asset_id BINARY(16) NOT NULL,
  contract_id BINARY(16) NOT NULL,
  weight_fen BIGINT NOT NULL,
  PRIMARY KEY (asset_id, contract_id),
  KEY contract_asset_by_contract (contract_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Parts of a contract's money by project: weights of its assets' value. weight_before: of the projects
-- before it in order of id, so that a sum splits without a remainder (domain/facts.h).
CREATE TABLE contract_project (
  project_id BINARY(16) NOT NULL,
  contract_id BINARY(16) NOT NULL,
  weight BIGINT NOT NULL,
  weight_before BIGINT NOT NULL,
  weight_total BIGINT NOT NULL,
  PRIMARY KEY (project_id, contract_id),
  KEY contract_project_by_contract (contract_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE income_due (
  contract_id BINARY(16) NOT NULL,
  due_no INT NOT NULL,
  period_from DATE NOT NULL,
  period_to DATE NOT NULL,
  due_date DATE NOT NULL,
  fixed_fen BIGINT NOT NULL,
  rate_bp INT NOT NULL,
  rate_base TINYINT NOT NULL,
  base_fen BIGINT NULL,
  due_fen BIGINT NULL,
  received_fen BIGINT NOT NULL,
  PRIMARY KEY (contract_id, due_no)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Append-only: a mistake is reversed by a row of the opposite sign.
CREATE TABLE income_record (
  id BINARY(16) NOT NULL,
  contract_id BINARY(16) NULL,
  due_no INT NOT NULL,
  asset_id BINARY(16) NULL,
  received_fen BIGINT NOT NULL,
  received_on DATE NOT NULL,
  voucher_no VARCHAR(100) NOT NULL,
  reverses_id BINARY(16) NULL,
  reason VARCHAR(500) NOT NULL,
  recorded_by VARBINARY(1000) NOT NULL,
  recorded_at DATETIME(6) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY income_record_by_reversed (reverses_id),
  KEY income_record_by_contract (contract_id, id),
  KEY income_record_by_asset (asset_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE dividend (
  id BINARY(16) NOT NULL,
  version BIGINT NOT NULL,
  project_id BINARY(16) NULL,
  asset_id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  dividend_use TINYINT NOT NULL,
  period VARCHAR(40) NOT NULL,
  declared_on DATE NOT NULL,
  declared_fen BIGINT NOT NULL,
  paid_fen BIGINT NOT NULL,
  last_paid_on DATE NULL,
  households INT NOT NULL,
  poor_households INT NOT NULL,
  PRIMARY KEY (id),
  KEY dividend_by_region (region_path, id),
  KEY dividend_by_project (project_id, id),
  KEY dividend_by_asset (asset_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE dividend_payment (
  dividend_id BINARY(16) NOT NULL,
  id BINARY(16) NOT NULL,
  paid_fen BIGINT NOT NULL,
  paid_on DATE NOT NULL,
  voucher_no VARCHAR(100) NOT NULL,
  PRIMARY KEY (dividend_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE linkage (
  id BINARY(16) NOT NULL,
  version BIGINT NOT NULL,
  project_id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  mode_code VARCHAR(64) NOT NULL,
  operator_uscc VARCHAR(18) NOT NULL,
  operator_name VARCHAR(200) NOT NULL,
  households INT NOT NULL,
  poor_households INT NOT NULL,
  monitored_households INT NOT NULL,
  start_date DATE NOT NULL,
  end_date DATE NULL,
  end_reason VARCHAR(500) NOT NULL,
  PRIMARY KEY (id),
  KEY linkage_by_region (region_path, id),
  KEY linkage_by_project (project_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE linkage_income (
  linkage_id BINARY(16) NOT NULL,
  month VARCHAR(7) NOT NULL,
  project_id BINARY(16) NOT NULL,
  paid_fen BIGINT NOT NULL,
  PRIMARY KEY (linkage_id, month),
  KEY linkage_income_by_project (project_id, month)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE employment (
  id BINARY(16) NOT NULL,
  version BIGINT NOT NULL,
  project_id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  month VARCHAR(7) NOT NULL,
  kind TINYINT NOT NULL,
  workers INT NOT NULL,
  poor_workers INT NOT NULL,
  monitored_workers INT NOT NULL,
  person_days INT NOT NULL,
  poor_person_days INT NOT NULL,
  wages_fen BIGINT NOT NULL,
  poor_wages_fen BIGINT NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY employment_by_month (project_id, month, kind),
  KEY employment_by_region (region_path, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
