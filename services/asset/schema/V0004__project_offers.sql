-- What the registration of an asset is offered from its project; of projects copied before, with
-- their next change or snapshot.
ALTER TABLE project_copy
  ADD COLUMN operator_id BINARY(16) NULL,
  ADD COLUMN latitude_e7 INT NOT NULL DEFAULT 0,
  ADD COLUMN longitude_e7 INT NOT NULL DEFAULT 0,
  -- source=fen;source=fen, of the exact amounts
  ADD COLUMN funding VARCHAR(10000) NOT NULL DEFAULT '';
