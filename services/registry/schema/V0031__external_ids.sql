-- Numbers of records in other systems (外部编号): one system's number names one record of a kind.
CREATE TABLE external_id (
  kind VARCHAR(32) NOT NULL,
  system_name VARCHAR(64) NOT NULL,
  external_id VARCHAR(128) NOT NULL,
  record_id BINARY(16) NOT NULL,
  PRIMARY KEY (kind, system_name, external_id),
  KEY external_id_by_record (record_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
