// The table of answered requests, as a step that every service's migrations include.
#pragma once

#include "common/migrate/migration.h"

namespace bangfu::idempotency {

inline migrate::Migrations Schema() {
  return {{"idempotency", 1, "create_idempotency_key", R"sql(CREATE TABLE idempotency_key (
  key_hash BINARY(32) NOT NULL,
  caller VARCHAR(128) NOT NULL,
  method VARCHAR(160) NOT NULL,
  request_id VARCHAR(64) NOT NULL,
  body_hash BINARY(32) NOT NULL,
  response MEDIUMBLOB NULL,
  created_at DATETIME(6) NOT NULL,
  PRIMARY KEY (key_hash),
  KEY idempotency_key_by_age (created_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql"}};
}

}  // namespace bangfu::idempotency
