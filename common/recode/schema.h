// The table of re-codes that have come here, for every service's migrations.
#pragma once

#include "common/migrate/migration.h"
#include "common/recode/tables.h"

namespace bangfu::recode {

inline migrate::Migrations Schema() {
  return {{"recode", 1, "create_region_move", R"sql(CREATE TABLE region_move (
  id BINARY(16) NOT NULL,
  from_path VARCHAR(12) NOT NULL,
  to_path VARCHAR(12) NOT NULL,
  moved_at DATETIME(6) NOT NULL,
  PRIMARY KEY (id),
  KEY region_move_by_time (moved_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql"},
          // Of the moves from before it is not known: they count as made when they were told of.
          {"recode", 2, "add_made_at", R"sql(ALTER TABLE region_move
  ADD COLUMN made_at DATETIME(6) NOT NULL DEFAULT '1970-01-01 00:00:00';
)sql"}};
}

inline Part RegionPart() {
  return {.staying = {{"region_move", "from_path", "the history of codes itself"},
                      {"region_move", "to_path", "the history of codes itself"}}};
}

}  // namespace bangfu::recode
