DROP INDEX ledger_entries_of_book;
