-- Who withdrew an argument, when and why (evaluation.v1.ArgumentWithdrawal); NULL: nobody did. Its
-- state is 4 then.
ALTER TABLE argument_record ADD COLUMN withdrawal BLOB NULL;
