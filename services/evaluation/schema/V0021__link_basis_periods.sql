-- The days on which what chain links rest on operated or ran: an asset stops and starts again. A day that
-- is not there: open.
CREATE TABLE link_basis_period (
  kind TINYINT NOT NULL,
  id BINARY(16) NOT NULL,
  position INT NOT NULL,
  stands_from DATE NULL,
  stands_to DATE NULL,
  PRIMARY KEY (kind, id, position)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
-- A step that is taken up again finds its own rows.
INSERT IGNORE INTO link_basis_period (kind, id, position, stands_from, stands_to)
  SELECT kind, id, 0, stands_from, stands_to FROM link_basis WHERE stands = 1;
ALTER TABLE link_basis DROP COLUMN stands, DROP COLUMN stands_from, DROP COLUMN stands_to;
