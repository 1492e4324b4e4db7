-- Named queries of the lists. Each takes its filters (null: any), the place to go on from and a
-- limit; the newest comes first unless the line says otherwise.

-- name: orders
-- What books asked for: parent orders.
SELECT id, request_id, strategy, account, book, symbol, side, kind, order_type, measure, total,
    remain, limit_price, stop_price, nets, slices, slices_left, status, reason, created_at,
    due_at, deadline, cancel_requested_at, ended_at
FROM parent_orders
WHERE (CAST(:account AS TEXT) IS NULL OR account = :account)
    AND (CAST(:book AS TEXT) IS NULL OR book = :book)
    AND (CAST(:strategy AS TEXT) IS NULL OR strategy = :strategy)
    AND (CAST(:symbol AS TEXT) IS NULL OR symbol = :symbol)
    AND id < :after_id
ORDER BY id DESC LIMIT :limit;

-- name: open_orders
-- What is, or may be, at a broker: child orders that have not ended.
SELECT id, parent_id, strategy, account, book, symbol, side, order_type, time_in_force, quantity,
    filled, limit_price, stop_price, state, reason, broker_order_id, market_day, created_at,
    sent_at, acknowledged_at, cancel_at, cancel_requested_at
FROM child_orders
WHERE ended_at IS NULL
    AND (CAST(:account AS TEXT) IS NULL OR account = :account)
    AND (CAST(:book AS TEXT) IS NULL OR book = :book)
    AND (CAST(:strategy AS TEXT) IS NULL OR strategy = :strategy)
    AND (CAST(:symbol AS TEXT) IS NULL OR symbol = :symbol)
    AND (created_at, id) < (:after_created_at, :after_id)
ORDER BY created_at DESC, id DESC LIMIT :limit;

-- name: fills
-- What was traded, at a broker or by crossing inside an account.
SELECT id, parent_id, child_id, pair_id, strategy, account, book, symbol, side, kind, source,
    quantity, price, fee, fee_asset, average_cost, profit, market_day, at, booked_at
FROM fills
WHERE (CAST(:account AS TEXT) IS NULL OR account = :account)
    AND (CAST(:book AS TEXT) IS NULL OR book = :book)
    AND (CAST(:strategy AS TEXT) IS NULL OR strategy = :strategy)
    AND (CAST(:symbol AS TEXT) IS NULL OR symbol = :symbol)
    AND id < :after_id
ORDER BY id DESC LIMIT :limit;

-- name: positions
-- What every book holds, cash included; in the order of account, book and asset.
SELECT account, book, asset, quantity, reserved, cost, profit
FROM positions
WHERE (CAST(:account AS TEXT) IS NULL OR account = :account)
    AND (CAST(:book AS TEXT) IS NULL OR book = :book)
    AND (CAST(:symbol AS TEXT) IS NULL OR asset = :symbol)
    AND (account, book, asset) > (:after_account, :after_book, :after_asset)
ORDER BY account, book, asset LIMIT :limit;

-- name: netting
-- Pairs that were crossed, and what each saved.
SELECT id, run_id, account, symbol, buy_parent, sell_parent, quantity, price, commission_saved,
    broker_orders_saved, at
FROM netting_pairs
WHERE (CAST(:account AS TEXT) IS NULL OR account = :account)
    AND (CAST(:symbol AS TEXT) IS NULL OR symbol = :symbol)
    AND id < :after_id
ORDER BY id DESC LIMIT :limit;

-- name: webhooks
-- Requests of strategies with what was stored of them, and the answer once there is one.
SELECT id, strategy, source, status, http_status, received_at, deadline, finished_at, body, answer
FROM requests
WHERE (CAST(:strategy AS TEXT) IS NULL OR strategy = :strategy)
    AND id < :after_id
ORDER BY id DESC LIMIT :limit;

-- name: events
-- What people were told.
SELECT id, at, level, code, account, book, params, delivered_at
FROM notices
WHERE (CAST(:account AS TEXT) IS NULL OR account = :account)
    AND (CAST(:book AS TEXT) IS NULL OR book = :book)
    AND id < :after_id
ORDER BY id DESC LIMIT :limit;

-- name: halts
-- Where new orders are stopped, and why.
SELECT scope, name, reason FROM halts;
