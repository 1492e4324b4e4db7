-- The paper exchange's own book. Decimals are text; times are UTC text with microseconds, so that
-- the order of text is the order of time.

CREATE TABLE account (
    account    TEXT NOT NULL PRIMARY KEY,
    currency   TEXT NOT NULL,
    cash       TEXT NOT NULL,
    played_to  TEXT NOT NULL,    -- the market has been played up to here
    serial     INTEGER NOT NULL, -- one more with every commit
    sequence   INTEGER NOT NULL, -- of the newest order
    trade      INTEGER NOT NULL, -- of the newest fill
    number_day TEXT,             -- market day of the newest order
    number     INTEGER NOT NULL  -- its order number
) STRICT, WITHOUT ROWID;

CREATE TABLE position (
    account  TEXT NOT NULL,
    symbol   TEXT NOT NULL,
    quantity TEXT NOT NULL,
    PRIMARY KEY (account, symbol)
) STRICT, WITHOUT ROWID;

CREATE TABLE price (
    account        TEXT NOT NULL,
    symbol         TEXT NOT NULL,
    base           TEXT NOT NULL, -- the configured price it began with
    last           TEXT NOT NULL,
    previous_close TEXT NOT NULL,
    moved_to       TEXT NOT NULL,
    PRIMARY KEY (account, symbol)
) STRICT, WITHOUT ROWID;

CREATE TABLE close (
    account TEXT NOT NULL,
    symbol  TEXT NOT NULL,
    day     TEXT NOT NULL, -- the market's
    price   TEXT NOT NULL,
    PRIMARY KEY (account, symbol, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
    account       TEXT NOT NULL,
    sequence      INTEGER NOT NULL,
    number        TEXT NOT NULL,
    client_id     TEXT NOT NULL,
    symbol        TEXT NOT NULL,
    side          TEXT NOT NULL,
    order_type    TEXT NOT NULL,
    time_in_force TEXT NOT NULL,
    quantity      TEXT NOT NULL,
    limit_price   TEXT,
    stop_price    TEXT,
    reserve_price TEXT NOT NULL,
    state         TEXT NOT NULL,
    filled        TEXT NOT NULL,
    triggered     INTEGER NOT NULL,
    resting       INTEGER NOT NULL,
    fills_from    TEXT,
    ends_at       TEXT,
    market_day    TEXT NOT NULL,
    placed_at     TEXT NOT NULL,
    reason        TEXT NOT NULL,
    PRIMARY KEY (account, sequence)
) STRICT, WITHOUT ROWID;

CREATE INDEX orders_of_client ON orders (account, client_id);
CREATE INDEX orders_by_number ON orders (account, number);
CREATE INDEX orders_by_time ON orders (account, symbol, placed_at);
CREATE INDEX orders_alive ON orders (account) WHERE state IN ('open', 'partially_filled');

CREATE TABLE fills (
    account    TEXT NOT NULL,
    trade      INTEGER NOT NULL,
    sequence   INTEGER NOT NULL,
    quantity   TEXT NOT NULL,
    cumulative TEXT NOT NULL,
    price      TEXT NOT NULL,
    fee        TEXT NOT NULL,
    at         TEXT NOT NULL,
    PRIMARY KEY (account, trade),
    FOREIGN KEY (account, sequence) REFERENCES orders
) STRICT, WITHOUT ROWID;

CREATE INDEX fills_of_order ON fills (account, sequence);
CREATE INDEX fills_by_time ON fills (account, at);

CREATE TABLE operations (
    account TEXT NOT NULL,
    key     TEXT NOT NULL, -- given by whoever wanted it
    done_at TEXT NOT NULL,
    what    TEXT NOT NULL,
    PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;
