// Whether the service takes writes: one row.
#pragma once

#include "common/migrate/migration.h"

namespace bangfu::identity {

inline migrate::Migrations Schema() {
  return {{"freeze", 1, "create_freeze", R"sql(CREATE TABLE service_freeze (
  id TINYINT NOT NULL,
  version BIGINT NOT NULL,
  is_frozen TINYINT NOT NULL,
  reason VARCHAR(1000) NOT NULL,
  until_at DATETIME(6) NULL,
  set_by BLOB NOT NULL,
  set_at DATETIME(6) NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO service_freeze (id, version, is_frozen, reason, until_at, set_by, set_at)
VALUES (1, 0, 0, '', NULL, '', '2000-01-01 00:00:00');
)sql"}};
}

}  // namespace bangfu::identity
