-- Runs of jobs, what rules remember, closes, daily reports.
-- depends: 0002_sessions

CREATE TABLE job_runs (
    account  TEXT NOT NULL,
    job      TEXT NOT NULL,
    book     TEXT NOT NULL,
    day      TEXT NOT NULL,
    due_at   BIGINT NOT NULL,
    status   TEXT NOT NULL,
    note     TEXT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (account, job, book, day)
) WITHOUT ROWID;
CREATE INDEX job_runs_by_time ON job_runs (account, due_at);

CREATE TABLE rule_states (
    account    TEXT NOT NULL,
    book       TEXT NOT NULL,
    symbol     TEXT NOT NULL,
    state      TEXT NOT NULL,
    seen_fill  TEXT NOT NULL,
    PRIMARY KEY (account, book, symbol)
) WITHOUT ROWID;

CREATE TABLE closes (
    account  TEXT NOT NULL,
    symbol   TEXT NOT NULL,
    day      TEXT NOT NULL,
    close    TEXT NOT NULL,
    PRIMARY KEY (account, symbol, day)
) WITHOUT ROWID;

CREATE TABLE daily_reports (
    account  TEXT NOT NULL,
    book     TEXT NOT NULL,
    day      TEXT NOT NULL,
    report   TEXT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (account, book, day)
) WITHOUT ROWID;
