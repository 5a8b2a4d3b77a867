// The table of drafts: what people have filled in of forms and not submitted yet.
#pragma once

#include "common/migrate/migration.h"

namespace bangfu::draft {

// A draft lies with its owner and nowhere else: it is read by (owner, id) alone. `title` and
// `content` are sealed, since a form holds names and telephone numbers. `draft_claim` makes one
// person's saves wait for each other, so that two at once cannot pass the limit together.
inline migrate::Migrations Schema() {
  return {{"draft", 1, "create_draft", R"sql(CREATE TABLE draft (
  owner VARCHAR(128) NOT NULL,
  id BINARY(16) NOT NULL,
  version BIGINT NOT NULL,
  form VARCHAR(200) NOT NULL,
  title VARCHAR(1500) NOT NULL,
  subject_id BINARY(16) NULL,
  content MEDIUMBLOB NOT NULL,
  size_bytes INT NOT NULL,
  created_at DATETIME(6) NOT NULL,
  updated_at DATETIME(6) NOT NULL,
  expires_at DATETIME(6) NOT NULL,
  PRIMARY KEY (owner, id),
  KEY draft_by_expiry (expires_at, owner, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE draft_claim (
  owner VARCHAR(128) NOT NULL,
  saves BIGINT NOT NULL,
  PRIMARY KEY (owner)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql"}};
}

}  // namespace bangfu::draft
