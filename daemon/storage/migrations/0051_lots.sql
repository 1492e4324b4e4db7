-- What a book was given at a price, newest first, without a walk through all entries. The asset comes
-- first: an index that begins with the book would be taken for its history, and sort all of it.
-- depends: 0050_loc_ladders

CREATE INDEX ledger_entries_of_book ON ledger_entries (asset, book);
