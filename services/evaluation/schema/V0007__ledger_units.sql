-- What the ledger of every unit holds and hashes to, kept in the transaction of the change, so that
-- a signature, a status or a first screen reads units and no entries (store/ledger_unit_store.h).
-- supersedes a9290448af797d2dea206e4fbb397e8b9644a83edfd4da21a923e96c717e7ce6
CREATE TABLE ledger_unit (
  -- Digits of the unit: 6, 9 and 12 sign. A city or the province (4, 2) has a row for entries of its
  -- very own only, and is added up when it is read: no row is written by every county.
  digits TINYINT NOT NULL,
  unit VARCHAR(12) NOT NULL,
  -- Open entries at this very path, and SHA-256 over their row hashes by id; empty: none.
  own_rows BIGINT NOT NULL,
  own_sha256 VARBINARY(32) NOT NULL,
  -- With those of the units inside; own_sha256 itself where nothing lies inside.
  entry_rows BIGINT NOT NULL,
  sha256 VARBINARY(32) NOT NULL,
  -- What the newest signature covers, and whose it is. A signature that stood when this table was
  -- made covers the same rows in today's form of the hash.
  signed_sha256 VARBINARY(32) NOT NULL DEFAULT '',
  signed_by VARCHAR(64) NOT NULL DEFAULT '',
  -- 1 while it has entries that its newest signature does not cover.
  is_unsigned TINYINT NULL,
  -- Units with entries, itself included, and those of them that are unsigned.
  units BIGINT NOT NULL DEFAULT 0,
  units_unsigned BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (digits, unit),
  KEY by_unsigned (is_unsigned, digits, unit)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

SET SESSION group_concat_max_len = 1073741824;

INSERT INTO ledger_unit (digits, unit, own_rows, own_sha256, entry_rows, sha256)
  SELECT LENGTH(region_path), region_path, COUNT(*),
    UNHEX(SHA2(GROUP_CONCAT(row_hash ORDER BY id SEPARATOR ''), 256)), COUNT(*),
    UNHEX(SHA2(GROUP_CONCAT(row_hash ORDER BY id SEPARATOR ''), 256))
  FROM ledger_entry WHERE is_open = 1 GROUP BY region_path;

INSERT IGNORE INTO ledger_unit (digits, unit, own_rows, own_sha256, entry_rows, sha256)
  SELECT DISTINCT 9, LEFT(region_path, 9), 0, '', 0, '' FROM ledger_entry
  WHERE is_open = 1 AND LENGTH(region_path) > 9;

INSERT IGNORE INTO ledger_unit (digits, unit, own_rows, own_sha256, entry_rows, sha256)
  SELECT DISTINCT 6, LEFT(region_path, 6), 0, '', 0, '' FROM ledger_entry
  WHERE is_open = 1 AND LENGTH(region_path) > 6;

UPDATE ledger_unit u JOIN (
    SELECT LEFT(unit, 9) AS above, SUM(entry_rows) AS n,
      GROUP_CONCAT(CONCAT(unit, ' ', LOWER(HEX(sha256)), CHAR(10)) ORDER BY unit SEPARATOR '') AS inside
    FROM ledger_unit WHERE digits = 12 GROUP BY above) v ON u.digits = 9 AND u.unit = v.above
  SET u.entry_rows = u.own_rows + v.n,
    u.sha256 = UNHEX(SHA2(CONCAT('ledger-unit/1', CHAR(10), LOWER(HEX(u.own_sha256)), CHAR(10), v.inside), 256));

UPDATE ledger_unit u JOIN (
    SELECT LEFT(unit, 6) AS above, SUM(entry_rows) AS n,
      GROUP_CONCAT(CONCAT(unit, ' ', LOWER(HEX(sha256)), CHAR(10)) ORDER BY unit SEPARATOR '') AS inside
    FROM ledger_unit WHERE digits = 9 GROUP BY above) v ON u.digits = 6 AND u.unit = v.above
  SET u.entry_rows = u.own_rows + v.n,
    u.sha256 = UNHEX(SHA2(CONCAT('ledger-unit/1', CHAR(10), LOWER(HEX(u.own_sha256)), CHAR(10), v.inside), 256));

-- Until now a unit hashed all rows inside it as one text: who signed that, signed these rows.
UPDATE ledger_unit u JOIN (
    SELECT s.region_code, s.rows_sha256, s.signed_by FROM ledger_signature s JOIN (
      SELECT region_code, MAX(signature_no) AS newest FROM ledger_signature GROUP BY region_code) n
      ON n.region_code = s.region_code AND n.newest = s.signature_no) s ON s.region_code = u.unit
  JOIN (
    SELECT d.digits, LEFT(e.region_path, d.digits) AS unit,
      SHA2(GROUP_CONCAT(e.row_hash ORDER BY e.region_path, e.id SEPARATOR ''), 256) AS hash
    FROM ledger_entry e JOIN (SELECT 6 AS digits UNION SELECT 9 UNION SELECT 12) d
      ON LENGTH(e.region_path) >= d.digits
    WHERE e.is_open = 1 GROUP BY 1, 2) o ON o.digits = u.digits AND o.unit = u.unit
  SET u.signed_by = s.signed_by,
    u.signed_sha256 = IF(s.rows_sha256 = o.hash, u.sha256, UNHEX(s.rows_sha256));

UPDATE ledger_unit SET is_unsigned = IF(signed_sha256 = sha256, NULL, 1), units = 1,
    units_unsigned = IF(signed_sha256 = sha256, 0, 1)
  WHERE digits >= 6;

UPDATE ledger_unit u JOIN (
    SELECT LEFT(unit, 9) AS above, SUM(units) AS n, SUM(units_unsigned) AS m
    FROM ledger_unit WHERE digits = 12 GROUP BY above) v ON u.digits = 9 AND u.unit = v.above
  SET u.units = u.units + v.n, u.units_unsigned = u.units_unsigned + v.m;

UPDATE ledger_unit u JOIN (
    SELECT LEFT(unit, 6) AS above, SUM(units) AS n, SUM(units_unsigned) AS m
    FROM ledger_unit WHERE digits = 9 GROUP BY above) v ON u.digits = 6 AND u.unit = v.above
  SET u.units = u.units + v.n, u.units_unsigned = u.units_unsigned + v.m;
