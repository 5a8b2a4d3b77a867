-- What a project's verification state was until a change of it, so that completeness can be shown as of any
-- day. Without a change since then, the state of today stood.
CREATE TABLE project_verification_change (
  project_id BINARY(16) NOT NULL,
  changed_at DATETIME(6) NOT NULL,
  from_state TINYINT NOT NULL,
  PRIMARY KEY (project_id, changed_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- What is known of the time before: projects that stand verified were not, until the county verified a
-- report of a village that they lie in or cover.
INSERT INTO project_verification_change (project_id, changed_at, from_state)
  SELECT p.id, MIN(u.verified_at), 1
  FROM project p
  JOIN project_region r ON r.project_id = p.id
  JOIN unit_report u ON u.region_path = r.region_path
  WHERE p.verification_state = 2 AND u.verified_at IS NOT NULL
  GROUP BY p.id;
