-- Named queries of the pages. Times are microseconds, decimals exact text.

-- name: halts
-- Where new orders are stopped, and why.
SELECT scope, name, reason, at FROM halts ORDER BY at;

-- name: waiting
-- Orders that wait for a person's yes.
SELECT parent_orders.id, account, book, symbol, side, measure, total, expires_at
FROM approvals JOIN parent_orders ON parent_orders.id = order_id
WHERE decided_at IS NULL ORDER BY expires_at LIMIT :limit;

-- name: unknown
-- Child orders of which nobody knows yet whether they are at the broker.
SELECT id, parent_id, account, book, symbol, side, quantity, sent_at
FROM child_orders WHERE ended_at IS NULL AND state = 'unknown' ORDER BY id LIMIT :limit;

-- name: suspense
-- What the broker has and the books have not, or the other way.
SELECT account, asset, quantity FROM positions
WHERE book = :book AND quantity <> '0' ORDER BY account, asset LIMIT :limit;

-- name: dropped
-- Requests since a time that were too old to be worked, and were not replayed, newest first.
SELECT id, strategy, received_at FROM requests AS one
WHERE id > :since AND status = 'dropped' AND NOT EXISTS (
    SELECT 1 FROM requests
    WHERE strategy = one.strategy AND dedup_key = 'key:replay:' || one.id
) ORDER BY id DESC LIMIT :limit;

-- name: replay
-- The request by which somebody had a dropped one worked after all.
SELECT id FROM requests WHERE strategy = :strategy AND dedup_key = 'key:replay:' || :id;

-- name: alarms
-- Alarms that nobody has marked as seen, newest first, but for those whose matter is shown as long
-- as it stands.
SELECT id, at, code, account, book, params FROM notices
WHERE level = 'alarm' AND seen_at IS NULL
  AND code NOT IN ('difference', 'order_ambiguous', 'order_hidden')
ORDER BY id DESC LIMIT :limit;

-- name: notices
-- What people were told last.
SELECT id, at, level, code, account, book, params FROM notices ORDER BY id DESC LIMIT :limit;

-- name: live
-- How many orders of each account have not ended.
SELECT account, COUNT(*) AS orders FROM parent_orders WHERE ended_at IS NULL GROUP BY account;

-- name: fills_until
-- How far one trip goes: so many others after the next fill; to the newest, if there are fewer.
SELECT (SELECT id FROM fills WHERE id > :after ORDER BY id LIMIT 1 OFFSET :others) AS far,
    (SELECT MAX(id) FROM fills WHERE id > :after) AS newest;

-- name: fills_between
-- What was traded after one fill up to another, by book and day. Decimals are lined up, to be
-- summed exactly. The book comes first, because it tells most rows apart.
SELECT account, book, market_day, fee_asset, COUNT(*) AS trades,
    GROUP_CONCAT(profit, ' ') AS profits, GROUP_CONCAT(fee, ' ') AS fees
FROM fills WHERE id > :after AND id <= :until GROUP BY book, market_day, account, fee_asset;

-- name: pairs_until
-- As fills_until, of pairs.
SELECT (SELECT id FROM netting_pairs WHERE id > :after ORDER BY id LIMIT 1 OFFSET :others) AS far,
    (SELECT MAX(id) FROM netting_pairs WHERE id > :after) AS newest;

-- name: pairs_between
-- What was crossed, by account; quantities and prices are in the same order.
SELECT account, COUNT(*) AS pairs, SUM(broker_orders_saved) AS broker_orders,
    GROUP_CONCAT(quantity, ' ') AS quantities, GROUP_CONCAT(price, ' ') AS prices,
    GROUP_CONCAT(commission_saved, ' ') AS commissions
FROM netting_pairs WHERE id > :after AND id <= :until GROUP BY account;

-- name: live_orders
-- What has not ended, newest first.
SELECT id, created_at, strategy, account, book, symbol, side, order_type, measure, total, remain,
    limit_price, stop_price, status, reason
FROM parent_orders WHERE ended_at IS NULL ORDER BY id DESC LIMIT :limit;

-- name: live_of_books
-- How many orders of each book have not ended.
SELECT strategy, account, book, COUNT(*) AS orders FROM parent_orders
WHERE ended_at IS NULL GROUP BY strategy, account, book;

-- name: live_of_strategies
-- The newest orders of each strategy that have not ended, as live_orders.
SELECT id, created_at, strategy, account, book, symbol, side, order_type, measure, total, remain,
    limit_price, stop_price, status, reason
FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY strategy ORDER BY id DESC) AS place
    FROM parent_orders WHERE ended_at IS NULL
) WHERE place <= :limit;

-- name: positions
-- What every book holds, and what waits in suspense.
SELECT account, book, asset, quantity, reserved, cost, profit FROM positions
WHERE quantity <> '0' OR reserved <> '0' OR profit <> '0' ORDER BY account, book, asset;

-- name: suspense_of
-- How much of one asset stands in suspense in an account.
SELECT quantity FROM positions WHERE account = :account AND book = :book AND asset = :asset;

-- name: child
-- One child order, as it was sent.
SELECT id, account, book, symbol, side, order_type, quantity, limit_price, state, created_at, sent_at
FROM child_orders WHERE id = :id;
