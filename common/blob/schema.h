// The tables of evidence files: what was uploaded, what it serves, and the limits of uploads.
#pragma once

#include "common/migrate/migration.h"
#include "common/recode/tables.h"

namespace bangfu::blob {

// `stored`: bytes may lie in the store. `case_id` is set once, by the step that takes the file; a
// file serves one case. `blob_quota` counts each person's bytes that no case has taken, so that two
// uploads at once cannot pass the limit together. Kinds and settings are the province's reference
// data (待省厅确认), here with the values that hold until the registry's feed brings others.
inline migrate::Migrations Schema() {
  return {{"blob", 1, "create_blob", R"sql(CREATE TABLE blob_file (
  id BINARY(16) NOT NULL,
  version BIGINT NOT NULL,
  state TINYINT NOT NULL,
  region_path VARCHAR(12) NOT NULL,
  kind VARCHAR(64) NOT NULL,
  title VARCHAR(200) NOT NULL,
  content_type VARCHAR(100) NOT NULL,
  size_bytes BIGINT NOT NULL,
  sha256 CHAR(64) NOT NULL,
  received_bytes BIGINT NOT NULL,
  taken_at DATETIME(6) NULL,
  latitude_e7 INT NOT NULL,
  longitude_e7 INT NOT NULL,
  uploaded_subject VARCHAR(128) NOT NULL,
  uploaded_name VARCHAR(128) NOT NULL,
  uploaded_role VARCHAR(64) NOT NULL,
  uploaded_region_path VARCHAR(12) NOT NULL,
  created_at DATETIME(6) NOT NULL,
  completed_at DATETIME(6) NULL,
  expires_at DATETIME(6) NULL,
  refusal_reason VARCHAR(64) NOT NULL,
  stored TINYINT NOT NULL,
  case_type VARCHAR(64) NULL,
  case_id BINARY(16) NULL,
  case_step VARCHAR(64) NOT NULL,
  used_subject VARCHAR(128) NOT NULL,
  used_name VARCHAR(128) NOT NULL,
  used_role VARCHAR(64) NOT NULL,
  used_region_path VARCHAR(12) NOT NULL,
  used_at DATETIME(6) NULL,
  PRIMARY KEY (id),
  KEY blob_file_by_region (region_path, id, state),
  KEY blob_file_by_case (case_type, case_id, region_path, id),
  KEY blob_file_by_expiry (expires_at, id),
  KEY blob_file_to_remove (stored, state, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE blob_quota (
  subject VARCHAR(128) NOT NULL,
  waiting_bytes BIGINT NOT NULL,
  PRIMARY KEY (subject)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE blob_kind (
  code VARCHAR(64) NOT NULL,
  name_zh VARCHAR(100) NOT NULL,
  formats VARCHAR(500) NOT NULL,
  max_bytes BIGINT NOT NULL,
  valid TINYINT NOT NULL,
  PRIMARY KEY (code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE blob_setting (
  code VARCHAR(64) NOT NULL,
  value BIGINT NOT NULL,
  PRIMARY KEY (code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO blob_setting (code, value) VALUES
  ('EVIDENCE_KEEP_HOURS', 24),
  ('EVIDENCE_QUOTA_MIB', 1024);

INSERT INTO blob_kind (code, name_zh, formats, max_bytes, valid) VALUES
  ('PHOTO', '照片', 'jpeg,png', 20971520, 1),
  ('FUND_DOC', '资金文件', 'pdf,ofd,jpeg,png,docx,xlsx', 52428800, 1),
  ('MINUTES', '会议纪要', 'pdf,ofd,jpeg,png,docx', 52428800, 1),
  ('PUBLICITY', '公示材料', 'pdf,ofd,jpeg,png,docx,xlsx', 52428800, 1),
  ('CONTRACT', '合同', 'pdf,ofd,jpeg,png,docx', 52428800, 1),
  ('VOUCHER', '凭证', 'pdf,ofd,jpeg,png,xlsx', 52428800, 1),
  ('ACCEPTANCE', '验收单', 'pdf,ofd,jpeg,png,docx', 52428800, 1),
  ('APPROVAL', '批复文件', 'pdf,ofd,jpeg,png,docx', 52428800, 1),
  ('APPRAISAL', '评估报告', 'pdf,ofd,jpeg,png,docx', 104857600, 1),
  ('ARGUMENT', '论证意见', 'pdf,ofd,jpeg,png,docx', 52428800, 1),
  ('OVERRIDE_BASIS', '人工调整依据', 'pdf,ofd,jpeg,png,docx,xlsx', 52428800, 1),
  ('TITLE', '权属材料', 'pdf,ofd,jpeg,png,docx', 52428800, 1),
  ('HAND_OVER', '移交清单', 'pdf,ofd,jpeg,png,docx,xlsx', 52428800, 1),
  ('BOOKS', '账册报表', 'pdf,ofd,jpeg,png,xlsx,csv', 52428800, 1),
  ('OTHER', '其他', 'pdf,ofd,jpeg,png,docx,xlsx,csv,text', 104857600, 1);
)sql"},
          // What is stored is counted by the key alone; it finds what is to be removed as well.
          {"blob", 2, "stored_bytes", R"sql(ALTER TABLE blob_file
  ADD KEY blob_file_stored (stored, state, size_bytes, id),
  DROP KEY blob_file_to_remove;
)sql"},
          // On whose behalf it was uploaded and used, and by which grant.
          {"blob", 3, "add_delegation", R"sql(ALTER TABLE blob_file
  ADD COLUMN uploaded_delegated_by VARCHAR(128) NOT NULL DEFAULT '',
  ADD COLUMN uploaded_grant_id VARCHAR(26) NOT NULL DEFAULT '',
  ADD COLUMN used_delegated_by VARCHAR(128) NOT NULL DEFAULT '',
  ADD COLUMN used_grant_id VARCHAR(26) NOT NULL DEFAULT '';
)sql"}};
}

inline recode::Part RegionPart() {
  return {.moving = {{"blob_file"}},
          .staying = {{"blob_file", "uploaded_region_path", "of the grant that acted then"},
                      {"blob_file", "used_region_path", "of the grant that acted then"}}};
}

}  // namespace bangfu::blob
