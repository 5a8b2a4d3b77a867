// The tables of the change feed, as one step that every service's migrations include.
#pragma once

#include "common/migrate/migration.h"
#include "common/recode/tables.h"

namespace bangfu::feed {

inline migrate::Migrations Schema() {
  return {{"feed", 1, "create_feed", R"sql(CREATE TABLE feed_outbox (
  id BINARY(16) NOT NULL,
  aggregate_type VARCHAR(64) NOT NULL,
  aggregate_id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  payload_type VARCHAR(128) NOT NULL,
  payload MEDIUMBLOB NOT NULL,
  occurred_at DATETIME(6) NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE feed_event (
  sequence BIGINT NOT NULL,
  aggregate_type VARCHAR(64) NOT NULL,
  aggregate_id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  payload_type VARCHAR(128) NOT NULL,
  payload MEDIUMBLOB NOT NULL,
  occurred_at DATETIME(6) NOT NULL,
  sequenced_at DATETIME(6) NOT NULL,
  PRIMARY KEY (sequence)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE feed_meta (
  id TINYINT NOT NULL,
  epoch VARCHAR(32) NOT NULL,
  first_sequence BIGINT NOT NULL,
  last_sequence BIGINT NOT NULL,
  holder VARCHAR(64) NOT NULL,
  fence BIGINT NOT NULL,
  lease_until DATETIME(6) NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO feed_meta (id, epoch, first_sequence, last_sequence, holder, fence, lease_until)
VALUES (1, REPLACE(UUID(), '-', ''), 1, 0, '', 0, '2000-01-01 00:00:00');

CREATE TABLE feed_cursor (
  consumer VARCHAR(64) NOT NULL,
  source VARCHAR(64) NOT NULL,
  state TINYINT NOT NULL,
  epoch VARCHAR(32) NOT NULL,
  sequence BIGINT NOT NULL,
  source_last_sequence BIGINT NOT NULL,
  level_at DATETIME(6) NULL,
  generation BIGINT NOT NULL,
  parked_version BIGINT NOT NULL,
  holder VARCHAR(64) NOT NULL,
  lease_until DATETIME(6) NOT NULL,
  last_error VARCHAR(500) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  PRIMARY KEY (consumer, source)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE feed_parked (
  consumer VARCHAR(64) NOT NULL,
  source VARCHAR(64) NOT NULL,
  aggregate_id BINARY(16) NOT NULL,
  sequence BIGINT NOT NULL,
  epoch VARCHAR(32) NOT NULL,
  aggregate_type VARCHAR(64) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  payload_type VARCHAR(128) NOT NULL,
  payload MEDIUMBLOB NOT NULL,
  occurred_at DATETIME(6) NOT NULL,
  error VARCHAR(500) NOT NULL,
  parked_at DATETIME(6) NOT NULL,
  PRIMARY KEY (consumer, source, aggregate_id, sequence),
  KEY feed_parked_by_region (region_path, consumer, source, aggregate_id, sequence)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql"},
          // The aggregate types whose states and changes up to the cursor are here, sorted and
          // joined by commas; "*": all. NULL on rows of consumers that did not keep them: taken to
          // be what the consumer follows when it first does.
          {"feed", 2, "cursor_types", R"sql(ALTER TABLE feed_cursor
  ADD COLUMN aggregate_types VARCHAR(4000) NULL;
)sql"},
          // The types that are followed and that the source, of an older release, refused to give;
          // as aggregate_types.
          {"feed", 3, "cursor_awaited", R"sql(ALTER TABLE feed_cursor
  ADD COLUMN awaited_types VARCHAR(4000) NOT NULL DEFAULT '';
)sql"}};
}

inline recode::Part RegionPart() {
  return {.staying = {{"feed_outbox", "region_path", "what was told, as it was told"},
                      {"feed_event", "region_path", "what was told, as it was told"},
                      {"feed_parked", "region_path", "what was told, as it was told"}}};
}

}  // namespace bangfu::feed
