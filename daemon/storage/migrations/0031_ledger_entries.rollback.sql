DROP TABLE splits;
DROP TABLE ledger_keys;
DROP TABLE ledger_entries;
