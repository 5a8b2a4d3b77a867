-- How often projects came to name the record: whoever names it writes it, so that on every node one of
-- two who name it and make it void at the same moment runs again.
ALTER TABLE operator ADD COLUMN named BIGINT NOT NULL DEFAULT 0;
ALTER TABLE helper_organisation ADD COLUMN named BIGINT NOT NULL DEFAULT 0;
ALTER TABLE short_board ADD COLUMN named BIGINT NOT NULL DEFAULT 0;
