DROP INDEX open_targets;
CREATE INDEX open_cancels ON request_targets (request_id) WHERE role = 'cancel' AND is_open = 1;
