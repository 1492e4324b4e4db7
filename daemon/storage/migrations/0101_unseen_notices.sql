-- Finds the alarms nobody has seen without reading all notices. A file that was made between two
-- versions may have this index already.
-- depends: 0100_seen_notices

CREATE INDEX IF NOT EXISTS notices_unseen ON notices (id) WHERE level = 'alarm' AND seen_at IS NULL;
