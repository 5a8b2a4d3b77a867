-- What the feed was last told of the reference data that migrations change too: a code list by its
-- name, a fund source's department by its id. The service compares it with the versions as they are
-- when it starts, since a migration has no event (api/reference_feed.h).
CREATE TABLE published_reference (
  kind VARCHAR(64) NOT NULL,
  name VARCHAR(64) NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (kind, name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
