ALTER TABLE notices DROP COLUMN seen_by;
ALTER TABLE notices DROP COLUMN seen_at;
