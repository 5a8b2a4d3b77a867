-- The numbers of projects in other systems stand where those of every other record do.
INSERT IGNORE INTO external_id (kind, system_name, external_id, record_id)
  SELECT 'project', system_name, external_id, project_id FROM project_external;
DROP TABLE IF EXISTS project_external;
