-- When a rebalance is needed, and to what: thresholds; targets of accounts, and who set them.
-- Decimals are exact text; times are microseconds since 1970-01-01 UTC.
-- depends: 0021_approvals 0032_days

CREATE TABLE rebalancing_config (
    id                        INTEGER PRIMARY KEY CHECK (id = 1),
    mp_threshold_percent      TEXT NOT NULL,
    sub_mp_threshold_percent  TEXT NOT NULL,
    updated_at                BIGINT NOT NULL
);

CREATE TABLE rebalancing_targets (
    id       TEXT PRIMARY KEY,
    account  TEXT NOT NULL,
    mp       TEXT NOT NULL,
    sub_mp   TEXT NOT NULL,
    set_by   TEXT NOT NULL,
    at       BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX rebalancing_targets_of_account ON rebalancing_targets (account, id);
