-- Fewer years than before cut nothing for thirty days (common/audit/retention.h).
UPDATE parameter SET name_zh = '审计记录保留年数（不少于10年；调低的30天后生效）', version = version + 1
  WHERE code = 'AUDIT_KEEP_YEARS';
