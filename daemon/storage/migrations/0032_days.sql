-- Indexes for lists of years: each ends with the key, so that a page of one account or book is read
-- in its order. Market days come first: an index that begins with the account would be taken for
-- lists of an account, and sort all of it.
-- depends: 0031_ledger_entries

DROP INDEX fills_of_day;
CREATE INDEX fills_by_day ON fills (market_day, account);
CREATE INDEX fills_of_account ON fills (account);
CREATE INDEX fills_of_book ON fills (book);
DROP INDEX ledger_entries_of_day;
CREATE INDEX ledger_entries_by_day ON ledger_entries (market_day, account);
