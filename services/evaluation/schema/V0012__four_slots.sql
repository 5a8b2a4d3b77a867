-- The roll-ups had eight slots and have four: what a province reads is all of its counties' rows, and
-- takes as long as they are many. Those of 4 … 7 go to the slot of the same last byte modulo 4.
INSERT INTO class_rollup (county, subject_type, class, slot, entries, overridden, invested_fen,
    asset_value_fen)
  SELECT r.county, r.subject_type, r.class, r.slot - 4, r.entries, r.overridden, r.invested_fen,
    r.asset_value_fen FROM class_rollup r WHERE r.slot >= 4
  ON DUPLICATE KEY UPDATE entries = class_rollup.entries + VALUES(entries),
    overridden = class_rollup.overridden + VALUES(overridden),
    invested_fen = class_rollup.invested_fen + VALUES(invested_fen),
    asset_value_fen = class_rollup.asset_value_fen + VALUES(asset_value_fen);
DELETE FROM class_rollup WHERE slot >= 4;

INSERT INTO result_rollup (county, subject_type, result, slot, subjects, invested_fen,
    asset_value_fen)
  SELECT r.county, r.subject_type, r.result, r.slot - 4, r.subjects, r.invested_fen,
    r.asset_value_fen FROM result_rollup r WHERE r.slot >= 4
  ON DUPLICATE KEY UPDATE subjects = result_rollup.subjects + VALUES(subjects),
    invested_fen = result_rollup.invested_fen + VALUES(invested_fen),
    asset_value_fen = result_rollup.asset_value_fen + VALUES(asset_value_fen);
DELETE FROM result_rollup WHERE slot >= 4;

INSERT INTO close_out_rollup (county, slot, revitalize_due, revitalized, revitalize_value_fen,
    revitalized_value_fen, due, to_consolidate, to_upgrade, exited, reclassified)
  SELECT r.county, r.slot - 4, r.revitalize_due, r.revitalized, r.revitalize_value_fen,
    r.revitalized_value_fen, r.due, r.to_consolidate, r.to_upgrade, r.exited, r.reclassified
  FROM close_out_rollup r WHERE r.slot >= 4
  ON DUPLICATE KEY UPDATE revitalize_due = close_out_rollup.revitalize_due + VALUES(revitalize_due),
    revitalized = close_out_rollup.revitalized + VALUES(revitalized),
    revitalize_value_fen = close_out_rollup.revitalize_value_fen + VALUES(revitalize_value_fen),
    revitalized_value_fen = close_out_rollup.revitalized_value_fen + VALUES(revitalized_value_fen),
    due = close_out_rollup.due + VALUES(due),
    to_consolidate = close_out_rollup.to_consolidate + VALUES(to_consolidate),
    to_upgrade = close_out_rollup.to_upgrade + VALUES(to_upgrade),
    exited = close_out_rollup.exited + VALUES(exited),
    reclassified = close_out_rollup.reclassified + VALUES(reclassified);
DELETE FROM close_out_rollup WHERE slot >= 4;
