-- What the list of a sample's villages is ordered by, of all and of those with one result.
CREATE INDEX sample_unit_by_place ON sample_unit (sample_id, region_path, unit_report_id);
CREATE INDEX sample_unit_by_result ON sample_unit (sample_id, has_result, issue, region_path, unit_report_id);
