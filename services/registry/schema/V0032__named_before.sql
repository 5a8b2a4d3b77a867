-- What was there before the count began may have been named: that a count of nothing means that no
-- project ever came to name the record holds of those that come since.
UPDATE operator SET named = 1 WHERE named = 0;
UPDATE helper_organisation SET named = 1 WHERE named = 0;
UPDATE short_board SET named = 1 WHERE named = 0;
