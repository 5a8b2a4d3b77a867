// The tables of supervision notices, as a step that the migrations of a service include which hosts
// them.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/strings.h"
#include "common/migrate/migration.h"
#include "common/mysql/session.h"
#include "common/recode/tables.h"
#include "common/status/macros.h"

namespace bangfu::notice {

inline migrate::Migrations Schema() {
  return {{"notice", 1, "create_supervision_notice", R"sql(CREATE TABLE supervision_notice (
  id BINARY(16) NOT NULL,
  version BIGINT NOT NULL,
  dispatch_id BINARY(16) NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  issuer_region_path VARCHAR(12) NOT NULL,
  kind TINYINT NOT NULL,
  matter TINYINT NOT NULL,
  title VARCHAR(100) NOT NULL,
  text VARCHAR(4000) NOT NULL,
  subject_type VARCHAR(64) NOT NULL,
  subject_id BINARY(16) NULL,
  state TINYINT NOT NULL,
  answer_due DATE NOT NULL,
  provisional TINYINT NOT NULL,
  needs_evidence TINYINT NOT NULL,
  issued_subject VARCHAR(128) NOT NULL,
  issued_name VARCHAR(128) NOT NULL,
  issued_role VARCHAR(64) NOT NULL,
  issued_region_path VARCHAR(12) NOT NULL,
  issued_delegated_by VARCHAR(128) NOT NULL,
  issued_grant_id VARCHAR(26) NOT NULL,
  issued_at DATETIME(6) NOT NULL,
  answer VARCHAR(4000) NOT NULL,
  answered_subject VARCHAR(128) NOT NULL,
  answered_name VARCHAR(128) NOT NULL,
  answered_role VARCHAR(64) NOT NULL,
  answered_region_path VARCHAR(12) NOT NULL,
  answered_delegated_by VARCHAR(128) NOT NULL,
  answered_grant_id VARCHAR(26) NOT NULL,
  answered_at DATETIME(6) NULL,
  return_reason VARCHAR(1000) NOT NULL,
  returned_subject VARCHAR(128) NOT NULL,
  returned_name VARCHAR(128) NOT NULL,
  returned_role VARCHAR(64) NOT NULL,
  returned_region_path VARCHAR(12) NOT NULL,
  returned_delegated_by VARCHAR(128) NOT NULL,
  returned_grant_id VARCHAR(26) NOT NULL,
  returned_at DATETIME(6) NULL,
  returns INT NOT NULL,
  closing_note VARCHAR(1000) NOT NULL,
  closed_subject VARCHAR(128) NOT NULL,
  closed_name VARCHAR(128) NOT NULL,
  closed_role VARCHAR(64) NOT NULL,
  closed_region_path VARCHAR(12) NOT NULL,
  closed_delegated_by VARCHAR(128) NOT NULL,
  closed_grant_id VARCHAR(26) NOT NULL,
  closed_at DATETIME(6) NULL,
  PRIMARY KEY (id),
  KEY supervision_notice_by_region (region_path, id),
  KEY supervision_notice_by_state (state, region_path, id),
  KEY supervision_notice_by_issuer (issuer_region_path, region_path, id),
  KEY supervision_notice_by_subject (subject_id, region_path, id),
  KEY supervision_notice_by_dispatch (dispatch_id, region_path, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE supervision_notice_evidence (
  notice_id BINARY(16) NOT NULL,
  position INT NOT NULL,
  blob_id BINARY(16) NOT NULL,
  evidence BLOB NOT NULL,
  PRIMARY KEY (notice_id, position),
  UNIQUE KEY supervision_notice_evidence_blob (blob_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
)sql"},
          // What was answered before has no term to be reviewed in.
          {"notice", 2, "review_due", R"sql(ALTER TABLE supervision_notice
  ADD COLUMN review_due DATE NULL;
)sql"}};
}

// A region that goes to another one above it answers, from then on, to the office of that level
// there; where the asking office itself moves, its column does.
inline absl::StatusOr<int64_t> FollowIssuers(mysql::Tx& tx, const recode::Move& move) {
  mysql::Params params = {move.to};
  const std::string where = mysql::RegionClause({move.from}, "region_path", &params);
  params.emplace_back(static_cast<int64_t>(move.from.size()));
  RETURN_IF_ERROR(tx.Execute(Cat("UPDATE supervision_notice SET issuer_region_path = LEFT(?, "
                                 "CHAR_LENGTH(issuer_region_path)) WHERE ",
                                 where, " AND CHAR_LENGTH(issuer_region_path) < ?"),
                             params)
                      .status());
  return 0;  // these rows are counted as they move
}

inline recode::Part RegionPart() {
  constexpr char kThen[] = "of the grant that acted then";
  return {.moving = {{"supervision_notice"}, {"supervision_notice", "issuer_region_path"}},
          .rekey = FollowIssuers,
          .staying = {{"supervision_notice", "issued_region_path", kThen},
                      {"supervision_notice", "answered_region_path", kThen},
                      {"supervision_notice", "returned_region_path", kThen},
                      {"supervision_notice", "closed_region_path", kThen}}};
}

}  // namespace bangfu::notice
