-- Who has seen an alarm, and when.
-- depends: 0090_short_ladders

ALTER TABLE notices ADD COLUMN seen_at BIGINT;
ALTER TABLE notices ADD COLUMN seen_by TEXT;
