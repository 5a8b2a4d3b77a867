-- Who raised the dispute about a title: they do not settle it. Of disputes of before, nobody knows.
ALTER TABLE asset ADD COLUMN title_disputed_by VARBINARY(1000) NOT NULL DEFAULT '' AFTER title_cert_no;
