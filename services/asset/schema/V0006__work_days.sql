-- The registry's work calendar: the days that a notice of the State Council takes off or makes up.
CREATE TABLE work_day_copy (
  day DATE NOT NULL,
  is_working TINYINT NOT NULL,
  PRIMARY KEY (day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
