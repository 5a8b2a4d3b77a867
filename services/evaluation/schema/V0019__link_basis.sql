-- What chain links of county industries may rest on in the asset service (环节依据): assets and
-- operating contracts, as its feed tells them. `stands`: it operates or runs, from a day to a day;
-- no day: open.
CREATE TABLE link_basis (
  kind TINYINT NOT NULL,
  id BINARY(16) NOT NULL,
  code VARCHAR(64) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  stands TINYINT NOT NULL,
  stands_from DATE NULL,
  stands_to DATE NULL,
  generation BIGINT NOT NULL,
  PRIMARY KEY (kind, id),
  KEY link_basis_by_code (code),
  KEY link_basis_by_generation (kind, generation)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
