-- What files each kind of evidence may be, how large they may be, and how long an upload waits for
-- the step that takes it. The policy names none of these: 待省厅确认.
UPDATE code SET attributes = 'formats=jpeg,png;max_mib=20' WHERE list = 'EVIDENCE_KIND' AND code = 'PHOTO';
UPDATE code SET attributes = 'formats=pdf,ofd,jpeg,png,docx,xlsx;max_mib=50' WHERE list = 'EVIDENCE_KIND' AND code IN ('FUND_DOC', 'PUBLICITY');
UPDATE code SET attributes = 'formats=pdf,ofd,jpeg,png,docx;max_mib=50' WHERE list = 'EVIDENCE_KIND' AND code IN ('MINUTES', 'CONTRACT', 'ACCEPTANCE', 'APPROVAL', 'ARGUMENT');
UPDATE code SET attributes = 'formats=pdf,ofd,jpeg,png,xlsx;max_mib=50' WHERE list = 'EVIDENCE_KIND' AND code = 'VOUCHER';
UPDATE code SET attributes = 'formats=pdf,ofd,jpeg,png,docx;max_mib=100' WHERE list = 'EVIDENCE_KIND' AND code = 'APPRAISAL';
UPDATE code SET attributes = 'formats=pdf,ofd,jpeg,png,docx,xlsx,csv,text;max_mib=100' WHERE list = 'EVIDENCE_KIND' AND code = 'OTHER';

INSERT INTO code (list, code, name_zh, description_zh, attributes, sort, valid_from, valid_to, version, unconfirmed) VALUES
  ('EVIDENCE_KIND', 'OVERRIDE_BASIS', '人工调整依据', '', 'formats=pdf,ofd,jpeg,png,docx,xlsx;max_mib=50', 102, NULL, NULL, 1, 1),
  ('EVIDENCE_KIND', 'TITLE', '权属材料', '', 'formats=pdf,ofd,jpeg,png,docx;max_mib=50', 104, NULL, NULL, 1, 1),
  ('EVIDENCE_KIND', 'HAND_OVER', '移交清单', '', 'formats=pdf,ofd,jpeg,png,docx,xlsx;max_mib=50', 106, NULL, NULL, 1, 1),
  ('EVIDENCE_KIND', 'BOOKS', '账册报表', '', 'formats=pdf,ofd,jpeg,png,xlsx,csv;max_mib=50', 108, NULL, NULL, 1, 1);

INSERT INTO parameter (code, name_zh, value, unit, day_kind, unconfirmed, version) VALUES
  ('EVIDENCE_KEEP_HOURS', '未使用的佐证材料文件保留时限', 24, 'HOUR', 0, 1, 1),
  ('EVIDENCE_QUOTA_MIB', '每人未使用的佐证材料文件总量上限', 1024, 'MIB', 0, 1, 1);
