// The grants that concern this service, as every schema holds them.
#pragma once

#include "common/migrate/migration.h"

namespace bangfu::grants {

inline migrate::Migrations Schema() {
  return {{"grants", 1, "create_grants", R"sql(CREATE TABLE access_grant (
  id BINARY(16) NOT NULL,
  book_version BIGINT NOT NULL,
  record_version BIGINT NOT NULL,
  generation BIGINT NOT NULL,
  until_at DATETIME(6) NOT NULL,
  record MEDIUMBLOB NOT NULL,
  PRIMARY KEY (id),
  KEY access_grant_by_version (book_version, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE access_grant_version (
  id TINYINT NOT NULL,
  version BIGINT NOT NULL,
  reloads BIGINT NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO access_grant_version (id, version, reloads) VALUES (1, 1, 0);
)sql"}};
}

}  // namespace bangfu::grants
