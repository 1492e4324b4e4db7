-- Who is told of notices outside, and what each has been told already.
-- depends: 0070_rebalancing

CREATE TABLE notifiers (
    name   TEXT PRIMARY KEY,
    since  TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE deliveries (
    notifier   TEXT NOT NULL,
    notice_id  TEXT NOT NULL,
    PRIMARY KEY (notifier, notice_id)
) WITHOUT ROWID;
CREATE INDEX deliveries_of_notice ON deliveries (notice_id);
