-- The order path: requests, orders, fills, ledger, netting, notices.
-- Times are microseconds since 1970-01-01 UTC; decimals are exact text.
-- depends:

CREATE TABLE requests (
    id           TEXT PRIMARY KEY,
    strategy     TEXT NOT NULL,
    source       TEXT NOT NULL,
    dedup_key    TEXT NOT NULL,
    body_hash    BLOB NOT NULL,
    body         TEXT NOT NULL,
    cancels      INTEGER NOT NULL,
    unworked     INTEGER NOT NULL,
    refusals     TEXT NOT NULL,
    received_at  BIGINT NOT NULL,
    status       TEXT NOT NULL,
    deadline     BIGINT,
    http_status  INTEGER,
    answer       TEXT,
    finished_at  BIGINT,
    UNIQUE (strategy, dedup_key)
) WITHOUT ROWID;
CREATE INDEX requests_cancels ON requests (strategy, id) WHERE cancels = 1;
CREATE INDEX requests_unfinished ON requests (id) WHERE finished_at IS NULL;

CREATE TABLE request_targets (
    request_id  TEXT NOT NULL,
    parent_id   TEXT NOT NULL,
    role        TEXT NOT NULL,
    PRIMARY KEY (request_id, parent_id)
) WITHOUT ROWID;
CREATE INDEX request_targets_by_parent ON request_targets (parent_id);

CREATE TABLE parent_orders (
    id                   TEXT PRIMARY KEY,
    request_id           TEXT NOT NULL,
    strategy             TEXT NOT NULL,
    account              TEXT NOT NULL,
    book                 TEXT NOT NULL,
    symbol               TEXT NOT NULL,
    side                 TEXT NOT NULL,
    kind                 TEXT NOT NULL,
    order_type           TEXT NOT NULL,
    measure              TEXT NOT NULL,
    total                TEXT NOT NULL,
    remain               TEXT NOT NULL,
    reserved             TEXT NOT NULL,
    reserve_price        TEXT,
    limit_price          TEXT,
    stop_price           TEXT,
    nets                 INTEGER NOT NULL,
    slices               INTEGER NOT NULL,
    slices_left          INTEGER NOT NULL,
    status               TEXT NOT NULL,
    reason               TEXT NOT NULL,
    created_at           BIGINT NOT NULL,
    due_at               BIGINT,
    deadline             BIGINT,
    cancel_requested_at  BIGINT,
    ended_at             BIGINT
) WITHOUT ROWID;
CREATE INDEX parent_orders_due ON parent_orders (account, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX parent_orders_live ON parent_orders (account, symbol, side) WHERE ended_at IS NULL;

CREATE TABLE child_orders (
    id                   TEXT PRIMARY KEY,
    parent_id            TEXT NOT NULL REFERENCES parent_orders (id),
    strategy             TEXT NOT NULL,
    account              TEXT NOT NULL,
    book                 TEXT NOT NULL,
    symbol               TEXT NOT NULL,
    side                 TEXT NOT NULL,
    order_type           TEXT NOT NULL,
    time_in_force        TEXT NOT NULL,
    quantity             TEXT NOT NULL,
    limit_price          TEXT,
    stop_price           TEXT,
    reserved             TEXT NOT NULL,
    reserve_price        TEXT,
    state                TEXT NOT NULL,
    reason               TEXT NOT NULL,
    filled               TEXT NOT NULL,
    filled_value         TEXT NOT NULL,
    broker_order_id      TEXT,
    fingerprint          TEXT,
    market_day           TEXT,
    created_at           BIGINT NOT NULL,
    sent_at              BIGINT,
    acknowledged_at      BIGINT,
    cancel_at            BIGINT,
    cancel_requested_at  BIGINT,
    ended_at             BIGINT,
    UNIQUE (account, market_day, symbol, broker_order_id)
) WITHOUT ROWID;
CREATE INDEX child_orders_by_parent ON child_orders (parent_id);
CREATE INDEX child_orders_live ON child_orders (account, state) WHERE ended_at IS NULL;
CREATE INDEX child_orders_by_broker_id ON child_orders (account, broker_order_id);

CREATE TABLE order_events (
    order_id     TEXT NOT NULL,
    sequence     INTEGER NOT NULL,
    at           BIGINT NOT NULL,
    from_status  TEXT NOT NULL,
    to_status    TEXT NOT NULL,
    reason       TEXT NOT NULL,
    PRIMARY KEY (order_id, sequence)
) WITHOUT ROWID;

CREATE TABLE fills (
    id          TEXT PRIMARY KEY,
    account     TEXT NOT NULL,
    trade_key   TEXT NOT NULL,
    book        TEXT NOT NULL,
    strategy    TEXT NOT NULL,
    parent_id   TEXT NOT NULL REFERENCES parent_orders (id),
    child_id    TEXT REFERENCES child_orders (id),
    pair_id     TEXT,
    symbol      TEXT NOT NULL,
    side        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    source      TEXT NOT NULL,
    quantity    TEXT NOT NULL,
    price       TEXT NOT NULL,
    fee         TEXT NOT NULL,
    fee_asset   TEXT NOT NULL,
    average_cost TEXT,
    profit      TEXT,
    market_day  TEXT NOT NULL,
    at          BIGINT NOT NULL,
    booked_at   BIGINT NOT NULL,
    UNIQUE (account, trade_key)
) WITHOUT ROWID;
CREATE INDEX fills_by_parent ON fills (parent_id);

CREATE TABLE ledger_events (
    id       TEXT PRIMARY KEY,
    account  TEXT NOT NULL,
    kind     TEXT NOT NULL,
    note     TEXT NOT NULL,
    at       BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE postings (
    event_id  TEXT NOT NULL REFERENCES ledger_events (id),
    line      INTEGER NOT NULL,
    account   TEXT NOT NULL,
    book      TEXT NOT NULL,
    asset     TEXT NOT NULL,
    amount    TEXT NOT NULL,
    PRIMARY KEY (event_id, line)
) WITHOUT ROWID;

CREATE TABLE positions (
    account   TEXT NOT NULL,
    book      TEXT NOT NULL,
    asset     TEXT NOT NULL,
    quantity  TEXT NOT NULL,
    reserved  TEXT NOT NULL,
    cost      TEXT NOT NULL,
    profit    TEXT NOT NULL,
    PRIMARY KEY (account, book, asset)
) WITHOUT ROWID;

CREATE TABLE netting_pairs (
    id           TEXT PRIMARY KEY,
    run_id       TEXT NOT NULL,
    account      TEXT NOT NULL,
    symbol       TEXT NOT NULL,
    buy_parent   TEXT NOT NULL REFERENCES parent_orders (id),
    sell_parent  TEXT NOT NULL REFERENCES parent_orders (id),
    quantity     TEXT NOT NULL,
    price        TEXT NOT NULL,
    commission_saved    TEXT NOT NULL,
    broker_orders_saved INTEGER NOT NULL,
    at           BIGINT NOT NULL,
    UNIQUE (run_id, buy_parent, sell_parent)
) WITHOUT ROWID;

CREATE TABLE orphans (
    account          TEXT NOT NULL,
    market_day       TEXT NOT NULL,
    symbol           TEXT NOT NULL,
    broker_order_id  TEXT NOT NULL,
    seen_at          BIGINT NOT NULL,
    PRIMARY KEY (account, market_day, symbol, broker_order_id)
) WITHOUT ROWID;

CREATE TABLE notices (
    id            TEXT PRIMARY KEY,
    at            BIGINT NOT NULL,
    level         TEXT NOT NULL,
    code          TEXT NOT NULL,
    account       TEXT,
    book          TEXT,
    params        TEXT NOT NULL,
    delivered_at  BIGINT
) WITHOUT ROWID;
CREATE INDEX notices_waiting ON notices (id) WHERE delivered_at IS NULL;

CREATE TABLE halts (
    scope   TEXT NOT NULL,
    name    TEXT NOT NULL,
    reason  TEXT NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (scope, name)
) WITHOUT ROWID;

CREATE TABLE facts (
    name   TEXT PRIMARY KEY,
    value  TEXT NOT NULL
) WITHOUT ROWID;
