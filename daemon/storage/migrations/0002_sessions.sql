-- Sessions of exchanges, computed once by another process and kept.
-- depends: 0001_order_path

CREATE TABLE sessions (
    market     TEXT NOT NULL,
    day        TEXT NOT NULL,
    opens_at   BIGINT NOT NULL,
    closes_at  BIGINT NOT NULL,
    PRIMARY KEY (market, day)
) WITHOUT ROWID;

CREATE TABLE calendars (
    market     TEXT PRIMARY KEY,
    version    TEXT NOT NULL,
    first_day  TEXT NOT NULL,
    last_day   TEXT NOT NULL
) WITHOUT ROWID;
