-- What a book was given at a price, newest first, without a walk through all entries.
-- depends: 0050_loc_ladders

CREATE INDEX ledger_entries_of_book ON ledger_entries (book, asset);
