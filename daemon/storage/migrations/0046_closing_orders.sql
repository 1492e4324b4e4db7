-- Orders that a strategy asked for to close a position. A venue may be told to let them do only that.
-- depends: 0045_cancel_receipts

CREATE TABLE closing_orders (parent_id TEXT PRIMARY KEY) WITHOUT ROWID;
