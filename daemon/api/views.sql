-- Named queries of the lists: what is in each. Filters, order and limit are put around them.

-- name: orders
-- What books asked for: parent orders.
SELECT id, request_id, strategy, account, book, symbol, side, kind, order_type, measure, total,
    remain, limit_price, stop_price, nets, slices, slices_left, status, reason, created_at,
    due_at, deadline, cancel_requested_at, ended_at
FROM parent_orders;

-- name: open_orders
-- What is, or may be, at a broker: child orders that have not ended.
SELECT id, parent_id, strategy, account, book, symbol, side, order_type, time_in_force, quantity,
    filled, limit_price, stop_price, state, reason, broker_order_id, market_day, created_at,
    sent_at, acknowledged_at, cancel_at, cancel_requested_at, ended_at
FROM child_orders WHERE ended_at IS NULL;

-- name: fills
-- What was traded, at a broker or by crossing inside an account.
SELECT id, parent_id, child_id, pair_id, strategy, account, book, symbol, side, kind, source,
    quantity, price, fee, fee_asset, average_cost, profit, market_day, at, booked_at
FROM fills;

-- name: positions
-- What every book holds, cash included.
SELECT account, book, asset, quantity, reserved, cost, profit FROM positions;

-- name: netting
-- Pairs that were crossed, and what each saved.
SELECT id, run_id, account, symbol, buy_parent, sell_parent, quantity, price, commission_saved,
    broker_orders_saved, at
FROM netting_pairs;

-- name: webhooks
-- Requests with what was stored of them, and the answer once there is one.
SELECT id, strategy, source, status, http_status, received_at, deadline, finished_at, body, answer
FROM requests;

-- name: webhook
-- One request.
SELECT id, strategy, source, status, http_status, received_at, deadline, finished_at, body, answer
FROM requests WHERE id = :id;

-- name: events
-- What people were told.
SELECT id, at, level, code, account, book, params, delivered_at, seen_at, seen_by FROM notices;

-- name: halts
-- Where new orders are stopped, and why.
SELECT scope, name, reason, at FROM halts;

-- name: order
-- One parent order, by its id or by that of one of its children.
SELECT id, request_id, strategy, account, book, symbol, side, kind, order_type, measure, total,
    remain, limit_price, stop_price, nets, slices, slices_left, status, reason, created_at,
    due_at, deadline, cancel_requested_at, ended_at
FROM parent_orders
WHERE id = :id OR id = (SELECT parent_id FROM child_orders WHERE id = :id);

-- name: children
-- What was sent for a parent order, oldest first.
SELECT id, parent_id, strategy, account, book, symbol, side, order_type, time_in_force, quantity,
    filled, limit_price, stop_price, state, reason, broker_order_id, market_day, created_at,
    sent_at, acknowledged_at, cancel_at, cancel_requested_at, ended_at
FROM child_orders WHERE parent_id = :id ORDER BY created_at, id;

-- name: fills_of_order
-- What was traded for a parent order, oldest first.
SELECT id, parent_id, child_id, pair_id, strategy, account, book, symbol, side, kind, source,
    quantity, price, fee, fee_asset, average_cost, profit, market_day, at, booked_at
FROM fills WHERE parent_id = :id ORDER BY id;

-- name: pairs_of_order
-- Where a parent order was crossed with another, oldest first.
SELECT id, run_id, account, symbol, buy_parent, sell_parent, quantity, price, commission_saved,
    broker_orders_saved, at
FROM netting_pairs WHERE id IN (SELECT pair_id FROM fills WHERE parent_id = :id) ORDER BY id;

-- name: changes_of_order
-- Every change of a parent order and its children, oldest first.
SELECT order_id, at, from_status, to_status, reason FROM order_events
WHERE order_id = :id OR order_id IN (SELECT id FROM child_orders WHERE parent_id = :id)
ORDER BY at, order_id, sequence;

-- name: request_of_order
-- The request an order came from.
SELECT id, strategy, source, status, http_status, received_at, finished_at FROM requests
WHERE id = :id;

-- name: events_after
-- What people were told after a moment they know, oldest first.
SELECT id, at, level, code, account, book, params, delivered_at, seen_at, seen_by FROM notices
WHERE id > :id ORDER BY id LIMIT :limit;

-- name: history
-- What every book did: fills, and events that are no orders. The casts give both halves the same
-- affinities: only then does SQLite walk both by their keys instead of sorting all of history.
SELECT id, market_day AS date, at, account, book, symbol, kind, side, symbol AS asset, quantity,
    price, CAST(NULL AS TEXT) AS total, profit, fee, fee_asset, source, parent_id, pair_id,
    CAST(NULL AS TEXT) AS event_id
FROM fills
UNION ALL
SELECT id, market_day, at, account, book, symbol, kind, CAST(NULL AS TEXT), asset, quantity,
    price, total, profit, CAST(NULL AS TEXT), CAST(NULL AS TEXT), CAST('ledger' AS TEXT),
    CAST(NULL AS TEXT), CAST(NULL AS TEXT), event_id
FROM ledger_entries;
