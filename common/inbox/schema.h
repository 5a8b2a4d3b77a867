// The tables of the inbox: work items, the desks on which they lie, and who has read them.
#pragma once

#include "common/inbox/move.h"
#include "common/migrate/migration.h"
#include "common/recode/tables.h"

namespace bangfu::inbox {

inline migrate::Migrations Schema() {
  return {
      {"inbox", 1, "create_inbox",
       R"sql(-- A waiting step, open or closed. open_mark is 1 while it is open, else NULL: one open item per
-- subject, action and slot.
CREATE TABLE work_item (
  id BINARY(16) NOT NULL,
  version BIGINT NOT NULL,
  kind VARCHAR(64) NOT NULL,
  subject_type VARCHAR(32) NOT NULL,
  subject_id BINARY(16) NOT NULL,
  action VARCHAR(64) NOT NULL,
  slot VARCHAR(64) NOT NULL,
  open_mark TINYINT NULL,
  state TINYINT NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  title VARCHAR(300) NOT NULL,
  roles VARCHAR(64) NOT NULL,
  assignee VARCHAR(128) NOT NULL,
  excluded VARCHAR(2000) NOT NULL,
  opened_at DATETIME(6) NOT NULL,
  starts_on DATE NOT NULL,
  base_due_on DATE NOT NULL,
  due_on DATE NOT NULL,
  provisional TINYINT NOT NULL,
  closed_at DATETIME(6) NULL,
  closed_by VARCHAR(128) NULL,
  closed_name VARCHAR(128) NOT NULL,
  closed_role VARCHAR(64) NOT NULL,
  closed_region VARCHAR(12) NOT NULL,
  outcome VARCHAR(64) NOT NULL,
  urges INT NOT NULL,
  urged_at DATETIME(6) NULL,
  urged_by VARCHAR(128) NOT NULL,
  urged_name VARCHAR(128) NOT NULL,
  urged_role VARCHAR(64) NOT NULL,
  urged_region VARCHAR(12) NOT NULL,
  urged_note VARCHAR(500) NOT NULL,
  urged_due_on DATE NULL,
  PRIMARY KEY (id),
  UNIQUE KEY work_item_open (subject_id, action, slot, open_mark),
  KEY work_item_by_region (open_mark, region_path, due_on, id),
  KEY work_item_done (closed_by, closed_at, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Where an open item lies: per role the desk of that role's level, in the order in which a page
-- shows it.
CREATE TABLE work_desk (
  role TINYINT NOT NULL,
  desk_path VARCHAR(12) NOT NULL,
  due_on DATE NOT NULL,
  item_id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  kind VARCHAR(64) NOT NULL,
  starts_on DATE NOT NULL,
  assignee VARCHAR(128) NOT NULL,
  excluded VARCHAR(2000) NOT NULL,
  PRIMARY KEY (role, desk_path, due_on, item_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE work_read (
  person VARCHAR(128) NOT NULL,
  item_id BINARY(16) NOT NULL,
  read_at DATETIME(6) NOT NULL,
  PRIMARY KEY (person, item_id),
  KEY work_read_by_item (item_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Every urging as its event tells it.
CREATE TABLE work_urge (
  id BINARY(16) NOT NULL,
  item_id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  payload BLOB NOT NULL,
  urged_at DATETIME(6) NOT NULL,
  PRIMARY KEY (id),
  KEY work_urge_by_item (item_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Rows that make steps wait for each other whose work is decided over several records.
CREATE TABLE work_claim (
  subject_id BINARY(16) NOT NULL,
  touched BIGINT NOT NULL,
  PRIMARY KEY (subject_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- How far the comparison of items with states has come, per kind of subject.
CREATE TABLE work_recount (
  source VARCHAR(64) NOT NULL,
  after_id BINARY(16) NOT NULL,
  finished_at DATETIME(6) NULL,
  PRIMARY KEY (source)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql"},
      // What is overdue rises: up to which level (0: it has not), and it lies on the desks of the
      // levels in between, which have it to look after and not to do.
      {"inbox", 2, "escalations", R"sql(ALTER TABLE work_item
  ADD COLUMN escalated_level TINYINT NOT NULL DEFAULT 0,
  ADD COLUMN escalated_at DATETIME(6) NULL;

ALTER TABLE work_desk
  ADD COLUMN escalated TINYINT NOT NULL DEFAULT 0;
)sql"},
      // What a page tells of an item, as bangfu.inbox.v1.WorkItem: a page is read from the desks
      // alone. Empty on desks that were laid before; those items are looked up until they are done.
      {"inbox", 3, "desks_show", R"sql(ALTER TABLE work_desk
  ADD COLUMN shown VARBINARY(6000) NOT NULL DEFAULT '';
)sql"},
      // What the step of an item asks a grant's scope for, codes between bars. Empty on items that
      // opened before, which wait for everybody of role and region until the next step of their
      // record, or the recount, writes it.
      {"inbox", 4, "facets", R"sql(ALTER TABLE work_item
  ADD COLUMN fund_sources VARCHAR(1000) NOT NULL DEFAULT '',
  ADD COLUMN industries VARCHAR(1000) NOT NULL DEFAULT '';

ALTER TABLE work_desk
  ADD COLUMN fund_sources VARCHAR(1000) NOT NULL DEFAULT '',
  ADD COLUMN industries VARCHAR(1000) NOT NULL DEFAULT '';
)sql"},
      // What opened before is written anew at the next start, not a day after the last recount.
      {"inbox", 5, "recount_anew", R"sql(UPDATE work_recount SET finished_at = NULL;
)sql"}};
}

inline recode::Part RegionPart() {
  // Items that are done follow as rows; open ones take their desks along.
  return {.moving = {{"work_item"}, {"work_urge"}},
          .rekey = MoveRegion,
          .rekeyed = {{"work_desk"}, {"work_desk", "desk_path"}},
          .staying = {{"work_item", "closed_region", "of the grant that acted then"},
                      {"work_item", "urged_region", "of the grant that acted then"}}};
}

}  // namespace bangfu::inbox
