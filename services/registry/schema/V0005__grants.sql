-- Grants (授权). A grant of several regions has a row in role_grant_region for each; its own region is
-- the lowest that holds them all. grant_person has a row per person who ever held, gave or received one:
-- what changes grants of a person raises it first, so that two such changes come one after the other.
CREATE TABLE role_grant (
  id BINARY(16) NOT NULL,
  version BIGINT NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  subject VARCHAR(128) NOT NULL,
  is_client TINYINT NOT NULL,
  role SMALLINT NOT NULL,
  state TINYINT NOT NULL,
  valid_from DATETIME(6) NOT NULL,
  valid_to DATETIME(6) NULL,
  delegator VARCHAR(128) NOT NULL,
  source_id BINARY(16) NULL,
  guards BIGINT NOT NULL,
  record MEDIUMBLOB NOT NULL,
  PRIMARY KEY (id),
  KEY role_grant_by_subject (subject, id),
  KEY role_grant_by_delegator (delegator, id),
  KEY role_grant_by_source (source_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE role_grant_region (
  grant_id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  subject VARCHAR(128) NOT NULL,
  role SMALLINT NOT NULL,
  PRIMARY KEY (grant_id, region_path),
  KEY role_grant_region_by_region (region_path, grant_id),
  KEY role_grant_region_by_subject (subject, region_path, grant_id),
  KEY role_grant_region_by_role (role, region_path, grant_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE grant_person (
  subject VARCHAR(128) NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (subject)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO parameter (code, name_zh, value, unit, day_kind, unconfirmed, version) VALUES
  ('DELEGATION_MAX_DAYS', '委托代理最长天数', 30, 'DAY', 1, 1, 1);
