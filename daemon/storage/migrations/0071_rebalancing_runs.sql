-- Runs of rebalances with every trade they planned, and previews that wait to be confirmed.
-- depends: 0065_notifiers

CREATE TABLE rebalancing_history (
    id           TEXT PRIMARY KEY,
    account      TEXT NOT NULL,
    book         TEXT NOT NULL,
    state        TEXT NOT NULL,
    reason       TEXT NOT NULL,
    started_by   TEXT NOT NULL,
    plan_id      TEXT,
    targets_id   TEXT NOT NULL,
    targets      TEXT NOT NULL,
    snapshot     TEXT NOT NULL,
    outcome      TEXT NOT NULL,
    slice        BIGINT NOT NULL,
    slices       BIGINT NOT NULL,
    due_at       BIGINT NOT NULL,
    until_at     BIGINT,
    cancelled_at BIGINT,
    alarmed_at   BIGINT,
    created_at   BIGINT NOT NULL,
    planned_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    ended_at     BIGINT
) WITHOUT ROWID;
CREATE INDEX rebalancing_history_of_account ON rebalancing_history (account, id);
CREATE UNIQUE INDEX rebalancing_history_unfinished ON rebalancing_history (account)
    WHERE ended_at IS NULL;

CREATE TABLE rebalancing_trades (
    run_id       TEXT NOT NULL,
    number       BIGINT NOT NULL,
    slice        BIGINT NOT NULL,
    side         TEXT NOT NULL,
    ticker       TEXT NOT NULL,
    quantity     TEXT NOT NULL,
    price        TEXT NOT NULL,
    limit_price  TEXT NOT NULL,
    parent_id    TEXT,
    PRIMARY KEY (run_id, number)
) WITHOUT ROWID;

CREATE TABLE rebalancing_plans (
    id          TEXT PRIMARY KEY,
    account     TEXT NOT NULL,
    targets_id  TEXT NOT NULL,
    trades      TEXT NOT NULL,
    at          BIGINT NOT NULL
) WITHOUT ROWID;
