-- What lists are ordered by.
CREATE INDEX organisation_by_place ON organisation (region_path, org_code);
CREATE INDEX region_by_parent_code ON region (parent_code, code, end_year);
CREATE INDEX industry_by_place ON industry (region_path, id);
CREATE INDEX leading_industry_by_place ON leading_industry (region_path, id);
CREATE INDEX sample_by_place ON sample (campaign_id, region_path, id);
CREATE INDEX lock_exception_by_place ON lock_exception (campaign_id, region_path, id);
