-- Events that are not orders: what each did to which book, who entered it, splits under way.
-- Decimals are exact text; times are microseconds since 1970-01-01 UTC.
-- depends: 0030_risk

CREATE TABLE ledger_entries (
    id          TEXT PRIMARY KEY,
    event_id    TEXT NOT NULL REFERENCES ledger_events (id),
    account     TEXT NOT NULL,
    book        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    symbol      TEXT,
    asset       TEXT NOT NULL,
    quantity    TEXT NOT NULL,
    price       TEXT,
    total       TEXT,
    cost        TEXT NOT NULL,
    profit      TEXT NOT NULL,
    market_day  TEXT NOT NULL,
    at          BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX ledger_entries_by_event ON ledger_entries (event_id);
CREATE INDEX ledger_entries_of_day ON ledger_entries (account, market_day);

CREATE TABLE ledger_keys (
    key        TEXT PRIMARY KEY,
    body_hash  BLOB NOT NULL,
    event_id   TEXT NOT NULL,
    at         BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE splits (
    id            TEXT PRIMARY KEY,
    account       TEXT NOT NULL,
    symbol        TEXT NOT NULL,
    new_units     BIGINT NOT NULL,
    old_units     BIGINT NOT NULL,
    forced        INTEGER NOT NULL,
    note          TEXT NOT NULL,
    requested_at  BIGINT NOT NULL,
    event_id      TEXT,
    applied_at    BIGINT
) WITHOUT ROWID;
CREATE UNIQUE INDEX splits_pending ON splits (account, symbol) WHERE applied_at IS NULL;
