-- The registry's parameters that this service obeys.
CREATE TABLE parameter_copy (
  code VARCHAR(64) NOT NULL,
  value BIGINT NOT NULL,
  PRIMARY KEY (code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
