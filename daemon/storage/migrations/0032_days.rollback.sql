DROP INDEX ledger_entries_by_day;
CREATE INDEX ledger_entries_of_day ON ledger_entries (account, market_day);
DROP INDEX fills_of_book;
DROP INDEX fills_of_account;
DROP INDEX fills_by_day;
CREATE INDEX fills_of_day ON fills (account, market_day);
