-- LOC ladders: one for an account, a symbol and a market day; the orders of books it stands for,
-- and its own orders at the broker. Times are microseconds since 1970-01-01 UTC; decimals are text.
-- depends: 0070_rebalancing

CREATE TABLE loc_ladders (
    id         TEXT PRIMARY KEY,
    account    TEXT NOT NULL,
    symbol     TEXT NOT NULL,
    day        TEXT NOT NULL,
    closes_at  BIGINT NOT NULL,
    revising   INTEGER NOT NULL,
    whole      INTEGER NOT NULL,
    needs      TEXT NOT NULL,
    told_late  INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    close      TEXT,
    outcome    TEXT,
    ended_at   BIGINT,
    UNIQUE (account, symbol, day)
) WITHOUT ROWID;
CREATE INDEX loc_ladders_live ON loc_ladders (account, symbol) WHERE ended_at IS NULL;

CREATE TABLE loc_orders (
    parent_id  TEXT PRIMARY KEY REFERENCES parent_orders (id),
    account    TEXT NOT NULL,
    symbol     TEXT NOT NULL,
    day        TEXT NOT NULL,
    until      BIGINT NOT NULL,
    ladder_id  TEXT REFERENCES loc_ladders (id),
    leaving    TEXT
) WITHOUT ROWID;
CREATE INDEX loc_orders_waiting ON loc_orders (account, symbol) WHERE ladder_id IS NULL;
CREATE INDEX loc_orders_of_ladder ON loc_orders (ladder_id) WHERE ladder_id IS NOT NULL;

CREATE TABLE loc_rungs (
    parent_id  TEXT PRIMARY KEY REFERENCES parent_orders (id),
    ladder_id  TEXT NOT NULL REFERENCES loc_ladders (id)
) WITHOUT ROWID;
CREATE INDEX loc_rungs_of_ladder ON loc_rungs (ladder_id);
