DROP TABLE cancel_troubles;
DROP INDEX open_cancels;
ALTER TABLE request_targets DROP COLUMN is_open;
