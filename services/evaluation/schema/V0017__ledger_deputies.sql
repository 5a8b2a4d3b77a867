-- On whose behalf the newest signature of a unit was given; empty: in the signer's own right. Those of
-- before name it in their payload alone and count as the signer's own until the unit signs anew.
ALTER TABLE ledger_unit ADD COLUMN signed_delegated_by VARCHAR(128) NOT NULL DEFAULT '';
