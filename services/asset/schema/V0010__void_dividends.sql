-- Why a declared dividend is void; empty: it stands.
ALTER TABLE dividend ADD COLUMN void_reason VARCHAR(500) NOT NULL DEFAULT '';
