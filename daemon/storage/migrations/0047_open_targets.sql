-- Which orders of a request are not settled yet, whatever it wants of them.
-- depends: 0046_closing_orders

DROP INDEX open_cancels;
CREATE INDEX open_targets ON request_targets (request_id, role) WHERE is_open = 1;
