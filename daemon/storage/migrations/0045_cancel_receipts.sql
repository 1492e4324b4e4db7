-- What a cancel came to: which of its orders are still open, and what a venue said that did not end one.
-- depends: 0070_rebalancing

ALTER TABLE request_targets ADD COLUMN is_open INTEGER NOT NULL DEFAULT 1;
UPDATE request_targets SET is_open = 0
WHERE parent_id IN (SELECT id FROM parent_orders WHERE ended_at IS NOT NULL);
CREATE INDEX open_cancels ON request_targets (request_id) WHERE role = 'cancel' AND is_open = 1;

CREATE TABLE cancel_troubles (
    child_id  TEXT PRIMARY KEY,
    attempts  INTEGER NOT NULL,
    said      TEXT NOT NULL,
    at        BIGINT NOT NULL
) WITHOUT ROWID;
