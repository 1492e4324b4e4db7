-- Named queries of the order path. One line each says what it is for.

-- name: position
-- What one book holds of one asset.
SELECT quantity, reserved, cost, profit FROM positions
WHERE account = :account AND book = :book AND asset = :asset;

-- name: save_position!
-- Store a position as it now is.
INSERT INTO positions (account, book, asset, quantity, reserved, cost, profit)
VALUES (:account, :book, :asset, :quantity, :reserved, :cost, :profit)
ON CONFLICT (account, book, asset) DO UPDATE SET
    quantity = excluded.quantity, reserved = excluded.reserved,
    cost = excluded.cost, profit = excluded.profit;

-- name: positions_of_account
-- Everything the books of an account hold, suspense and fees included.
SELECT * FROM positions WHERE account = :account ORDER BY book, asset;

-- name: all_positions
-- Everything every book holds.
SELECT * FROM positions ORDER BY account, book, asset;

-- name: request_by_key
-- The request that a repeated one repeats.
SELECT * FROM requests WHERE strategy = :strategy AND dedup_key = :dedup_key;

-- name: request
-- One request.
SELECT * FROM requests WHERE id = :id;

-- name: free_request_key!
-- Let a body whose time as a repeat is over be sent anew.
UPDATE requests SET dedup_key = :new_key WHERE id = :id;

-- name: begin_request!
-- Work on a stored request starts.
UPDATE requests SET status = :status, refusals = :refusals, unworked = 0
WHERE id = :id AND finished_at IS NULL;

-- name: finish_request!
-- A request has its final answer.
UPDATE requests SET status = :status, http_status = :http_status, answer = :answer,
    finished_at = :finished_at
WHERE id = :id AND finished_at IS NULL;

-- name: unfinished_request
-- A request that has no answer yet.
SELECT * FROM requests WHERE id = :id AND finished_at IS NULL;

-- name: unfinished_requests
-- Every request that has no answer yet, in order of arrival.
SELECT * FROM requests WHERE finished_at IS NULL ORDER BY id;

-- name: cancels_after
-- Cancels of a strategy that arrived after a request.
SELECT id, body FROM requests WHERE strategy = :strategy AND id > :id AND cancels = 1;

-- name: unfinished_requests_of_parent
-- The requests that wait for this order, with what they want of it.
SELECT t.request_id, t.role FROM request_targets t
JOIN requests r ON r.id = t.request_id
WHERE t.parent_id = :parent_id AND r.finished_at IS NULL;

-- name: targets_of_request
-- The orders a request is about, with what it wants of each.
SELECT p.*, t.role, t.is_open FROM request_targets t
JOIN parent_orders p ON p.id = t.parent_id
WHERE t.request_id = :request_id ORDER BY p.id;

-- name: children_of_request
-- Every child of the orders a request is about, oldest first.
SELECT c.* FROM request_targets t
JOIN child_orders c ON c.parent_id = t.parent_id
WHERE t.request_id = :request_id ORDER BY c.created_at, c.id;

-- name: close_target!
-- What a request wanted of an order is settled.
UPDATE request_targets SET is_open = 0 WHERE request_id = :request_id AND parent_id = :parent_id;

-- name: close_ended_cancels!
-- Some orders that a request cancels may have ended before the request was stored.
UPDATE request_targets SET is_open = 0
WHERE request_id = :request_id AND role = 'cancel' AND is_open = 1
AND EXISTS (SELECT 1 FROM parent_orders p WHERE p.id = parent_id AND p.ended_at IS NOT NULL);

-- name: open_target
-- An order, other than one, of which a request wants something that was not settled when last seen.
SELECT parent_id FROM request_targets
WHERE request_id = :request_id AND role = :role AND is_open = 1 AND parent_id <> :parent_id
LIMIT 1;

-- name: cancel_phases
-- When the cancels of a request were sent, account by account.
SELECT c.account, MIN(e.at) AS first_sent, MAX(e.at) AS last_sent FROM request_targets t
JOIN child_orders c ON c.parent_id = t.parent_id
JOIN order_events e ON e.order_id = c.id AND e.to_status = 'cancelling' AND e.at >= :since
WHERE t.request_id = :request_id AND t.role = 'cancel' GROUP BY c.account;

-- name: note_cancel_trouble!
-- A venue answered a cancel, and the order has not ended.
INSERT INTO cancel_troubles (child_id, attempts, said, at) VALUES (:child_id, 1, :said, :at)
ON CONFLICT (child_id) DO UPDATE SET attempts = attempts + 1, said = excluded.said,
    at = excluded.at;

-- name: cancel_troubles_of_request
-- What stood in the way of a request's cancels.
SELECT x.* FROM request_targets t
JOIN child_orders c ON c.parent_id = t.parent_id
JOIN cancel_troubles x ON x.child_id = c.id
WHERE t.request_id = :request_id AND t.role = 'cancel';

-- name: parent_order
-- One parent order.
SELECT * FROM parent_orders WHERE id = :id;

-- name: update_parent_order!
-- Store what changes in a parent order.
UPDATE parent_orders SET remain = :remain, reserved = :reserved, slices_left = :slices_left,
    status = :status, reason = :reason, due_at = :due_at,
    cancel_requested_at = :cancel_requested_at, ended_at = :ended_at
WHERE id = :id;

-- name: live_parents
-- All parent orders that have not ended, oldest first; not by way of all that ever were.
SELECT * FROM parent_orders INDEXED BY parent_orders_live WHERE ended_at IS NULL ORDER BY id;

-- name: live_parents_of_account
-- The parent orders of an account that have not ended, oldest first.
SELECT * FROM parent_orders WHERE account = :account AND ended_at IS NULL ORDER BY id;

-- name: count_live_orders
-- How many orders of an account, or of one of its books, may still trade. No book: all of them.
SELECT COUNT(*) AS count FROM (
    SELECT id FROM parent_orders
    WHERE account = :account AND ended_at IS NULL AND :book IN ('', book)
    UNION SELECT parent_id FROM child_orders
    WHERE account = :account AND ended_at IS NULL AND :book IN ('', book)
) AS live;

-- name: count_moving_orders
-- How many orders somebody must act on by now, or wait for an answer of the broker.
SELECT (SELECT COUNT(*) FROM parent_orders WHERE due_at <= :now AND ended_at IS NULL)
    + (SELECT COUNT(*) FROM child_orders
       WHERE state IN ('planned', 'sending', 'unknown', 'cancelling') AND ended_at IS NULL)
    AS count;

-- name: live_parents_of_symbol
-- The group that may net: live parents of an account and symbol, in order of creation.
SELECT * FROM parent_orders
WHERE account = :account AND symbol = :symbol AND ended_at IS NULL ORDER BY id;

-- name: live_symbols
-- Symbols and sides of an account with live parents that net. From symbol to symbol, not from
-- order to order: a symbol may have a hundred thousand.
WITH RECURSIVE live (symbol) AS (
    SELECT MIN(symbol) FROM parent_orders WHERE account = :account AND ended_at IS NULL
    UNION ALL
    SELECT (
        SELECT MIN(symbol) FROM parent_orders
        WHERE account = :account AND symbol > live.symbol AND ended_at IS NULL
    ) FROM live WHERE live.symbol IS NOT NULL
)
SELECT symbol, 'buy' AS side FROM live
WHERE EXISTS (
    SELECT 1 FROM parent_orders AS one WHERE one.account = :account
        AND one.symbol = live.symbol AND one.side = 'buy' AND one.ended_at IS NULL AND one.nets = 1
)
UNION ALL
SELECT symbol, 'sell' AS side FROM live
WHERE EXISTS (
    SELECT 1 FROM parent_orders AS one WHERE one.account = :account
        AND one.symbol = live.symbol AND one.side = 'sell' AND one.ended_at IS NULL AND one.nets = 1
)
ORDER BY symbol, side;

-- name: live_parents_of_strategy
-- What a cancel of this strategy may be about; not by way of all that ever was.
SELECT * FROM parent_orders INDEXED BY parent_orders_live
WHERE strategy = :strategy AND ended_at IS NULL ORDER BY id;

-- name: due_parents
-- Which parents of an account want planning now, oldest first.
SELECT id, symbol, side, order_type, nets FROM parent_orders
WHERE account = :account AND due_at IS NOT NULL AND due_at <= :now AND ended_at IS NULL
ORDER BY id;

-- name: live_parents_between
-- Live parents, of whatever account, with ids from one to another; whether a child works each.
SELECT p.*, EXISTS (
    SELECT 1 FROM child_orders c WHERE c.parent_id = p.id AND c.ended_at IS NULL
) AS alive
FROM parent_orders p
WHERE p.id BETWEEN :first AND :last AND p.ended_at IS NULL
ORDER BY p.id;

-- name: unknown_children_of_account
-- Children of unknown fate that freeze new orders of their book and symbol.
SELECT symbol, book FROM child_orders
WHERE account = :account AND state = 'unknown' AND ended_at IS NULL;

-- name: plan_parent_order!
-- Store what planning a slice changes in a parent order.
UPDATE parent_orders SET reserved = :reserved, slices_left = :slices_left, status = :status,
    due_at = :due_at
WHERE id = :id;

-- name: next_due
-- When the next parent of an account wants planning.
SELECT MIN(due_at) AS at FROM parent_orders
WHERE account = :account AND due_at IS NOT NULL AND due_at > :now;

-- name: child_order
-- One child order.
SELECT * FROM child_orders WHERE id = :id;

-- name: update_child_order!
-- Store what changes in a child order; nothing if another order has the broker's number.
UPDATE OR IGNORE child_orders SET reserved = :reserved, state = :state, reason = :reason,
    filled = :filled, filled_value = :filled_value, broker_order_id = :broker_order_id,
    fingerprint = :fingerprint, market_day = :market_day, sent_at = :sent_at,
    acknowledged_at = :acknowledged_at, cancel_at = :cancel_at,
    cancel_requested_at = :cancel_requested_at, ended_at = :ended_at
WHERE id = :id;

-- name: children_of_parent
-- Every child of a parent, oldest first.
SELECT * FROM child_orders WHERE parent_id = :parent_id ORDER BY created_at, id;

-- name: live_children_of_parent
-- The children of a parent that may still fill.
SELECT * FROM child_orders WHERE parent_id = :parent_id AND ended_at IS NULL
ORDER BY created_at, id;

-- name: live_children_of_account
-- The children of an account that have not ended, oldest first.
SELECT * FROM child_orders WHERE account = :account AND ended_at IS NULL
ORDER BY created_at, id;

-- name: live_child_symbols
-- The symbols of an account's children that have not ended.
SELECT DISTINCT symbol FROM child_orders WHERE account = :account AND ended_at IS NULL;

-- name: live_child_ids
-- The ids of an account's children that have not ended.
SELECT id FROM child_orders WHERE account = :account AND ended_at IS NULL;

-- name: live_child_states
-- The states of an account's children that have not ended, each once.
SELECT DISTINCT state FROM child_orders WHERE account = :account AND ended_at IS NULL;

-- name: sending_children
-- The children of an account that were being sent, oldest first.
SELECT id FROM child_orders
WHERE account = :account AND state = 'sending' AND ended_at IS NULL ORDER BY created_at, id;

-- name: live_sells_of_book
-- What a book's children may still sell of a symbol.
SELECT quantity, filled FROM child_orders
WHERE account = :account AND book = :book AND symbol = :symbol AND side = 'sell'
    AND ended_at IS NULL;

-- name: unknown_children_of_symbol
-- Children of unknown fate that freeze new orders of their symbol.
SELECT id, book FROM child_orders
WHERE account = :account AND symbol = :symbol AND state = 'unknown' AND ended_at IS NULL;

-- name: uncertain_children_of_symbol
-- Children whose answer is outstanding, for venues where two like orders cannot be told apart.
SELECT id, book FROM child_orders
WHERE account = :account AND symbol = :symbol AND state IN ('sending', 'unknown')
    AND ended_at IS NULL;

-- name: child_by_broker_id
-- The child a broker's order belongs to.
SELECT * FROM child_orders
WHERE account = :account AND broker_order_id = :broker_order_id AND symbol = :symbol
    AND market_day = :market_day;

-- name: children_by_any_broker_id
-- Children with a broker's order number, on whatever day, latest first.
SELECT * FROM child_orders
WHERE account = :account AND broker_order_id = :broker_order_id
ORDER BY created_at DESC;

-- name: add_order_event!
-- One line of an order's history.
INSERT INTO order_events (order_id, sequence, at, from_status, to_status, reason)
SELECT :order_id, COALESCE(MAX(sequence), 0) + 1, :at, :from_status, :to_status, :reason
FROM order_events WHERE order_id = :order_id;

-- name: fill_by_key
-- Whether a fill is booked already.
SELECT id FROM fills WHERE account = :account AND trade_key = :trade_key;

-- name: fees_of_child
-- What each fill of a child order was charged.
SELECT fee, fee_asset FROM fills WHERE parent_id = :parent_id AND child_id = :child_id;

-- name: last_fill_time
-- From when on the broker must be asked for fills.
SELECT MAX(at) AS at FROM fills WHERE account = :account AND source = 'broker';

-- name: all_fills
-- Every fill, oldest first.
SELECT * FROM fills ORDER BY id;

-- name: all_postings
-- Every posting of the ledger, event by event.
SELECT p.*, e.kind, e.account AS event_account
FROM postings p JOIN ledger_events e ON e.id = p.event_id
ORDER BY p.event_id, p.line;

-- name: all_parents
-- Every parent order.
SELECT * FROM parent_orders ORDER BY id;

-- name: all_children
-- Every child order, parent by parent.
SELECT * FROM child_orders ORDER BY parent_id, id;

-- name: all_fills_by_parent
-- Every fill, parent by parent.
SELECT * FROM fills ORDER BY parent_id, id;

-- name: all_cancel_targets
-- Every order that a request wanted cancelled, with whose request it was. A rebalance cancels its
-- own orders.
SELECT t.parent_id, t.request_id, r.strategy FROM request_targets t
JOIN requests r ON r.id = t.request_id
WHERE t.role = 'cancel'
UNION ALL SELECT p.id, p.request_id, p.strategy FROM rebalancing_trades t
JOIN parent_orders p ON p.id = t.parent_id
WHERE p.cancel_requested_at IS NOT NULL ORDER BY 1, 2;

-- name: all_pair_ids
-- The id of every pair that has a row, a fill or an event in the ledger.
SELECT id FROM netting_pairs
UNION SELECT pair_id FROM fills WHERE pair_id IS NOT NULL
UNION SELECT id FROM ledger_events WHERE kind = 'netting'
ORDER BY 1;

-- name: all_pairs
-- Every netting pair.
SELECT * FROM netting_pairs ORDER BY id;

-- name: all_fills_of_pairs
-- Every fill that belongs to a pair, pair by pair.
SELECT * FROM fills WHERE pair_id IS NOT NULL ORDER BY pair_id, id;

-- name: all_netting_events
-- Every event of the ledger that crossed two books.
SELECT id FROM ledger_events WHERE kind = 'netting' ORDER BY id;

-- name: all_requests
-- Every request, without its body, and how many orders of an open one still live.
SELECT id, status, answer IS NOT NULL AS has_answer, received_at, finished_at,
    CASE WHEN finished_at IS NULL THEN
        (SELECT COUNT(*) FROM request_targets t JOIN parent_orders p ON p.id = t.parent_id
         WHERE t.request_id = requests.id AND p.ended_at IS NULL)
    ELSE 0 END AS live_orders
FROM requests ORDER BY id;

-- name: all_live_children
-- Every child order that has not ended.
SELECT * FROM child_orders WHERE ended_at IS NULL ORDER BY created_at, id;

-- name: newest_id
-- The greatest id ever given out, which later ones must follow.
SELECT MAX(id) AS id FROM (
    SELECT MAX(id) AS id FROM requests UNION ALL SELECT MAX(id) FROM parent_orders
    UNION ALL SELECT MAX(id) FROM fills UNION ALL SELECT MAX(id) FROM ledger_events
    UNION ALL SELECT MAX(id) FROM notices UNION ALL SELECT MAX(id) FROM ledger_entries
    UNION ALL SELECT MAX(id) FROM splits
) AS newest;

-- name: capital_facts
-- For which books, in which currency, capital has been posted.
SELECT name FROM facts WHERE name LIKE 'capital:%' ORDER BY name;

-- name: rows_to_check
-- How many rows a check of all books goes through.
SELECT (SELECT COUNT(*) FROM postings) + 2 * (SELECT COUNT(*) FROM fills)
    + (SELECT COUNT(*) FROM parent_orders) + (SELECT COUNT(*) FROM child_orders)
    + (SELECT COUNT(*) FROM requests) AS count;

-- name: add_orphan!
-- Remember a broker's order that is not ours, to report it once.
INSERT INTO orphans (account, market_day, symbol, broker_order_id, seen_at)
VALUES (:account, :market_day, :symbol, :broker_order_id, :seen_at)
ON CONFLICT (account, market_day, symbol, broker_order_id) DO NOTHING;

-- name: halts
-- The halts in force.
SELECT * FROM halts;

-- name: add_halt!
-- Stop new orders of a scope.
INSERT INTO halts (scope, name, reason, at) VALUES (:scope, :name, :reason, :at)
ON CONFLICT (scope, name) DO UPDATE SET reason = excluded.reason, at = excluded.at;

-- name: remove_halt!
-- Let new orders of a scope pass.
DELETE FROM halts WHERE scope = :scope AND name = :name;

-- name: fact
-- One remembered fact.
SELECT value FROM facts WHERE name = :name;

-- name: remember_fact!
-- Remember a fact.
INSERT INTO facts (name, value) VALUES (:name, :value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: add_closing_order!
-- An order was asked for to close a position.
INSERT INTO closing_orders (parent_id) VALUES (:parent_id);

-- name: closing_order
-- Whether an order was asked for to close a position.
SELECT 1 FROM closing_orders WHERE parent_id = :parent_id;

-- name: facts_of_kind
-- Facts whose names begin alike.
SELECT name, value FROM facts WHERE substr(name, 1, length(:prefix)) = :prefix ORDER BY name;

-- name: forget_fact!
-- A fact that is true no more.
DELETE FROM facts WHERE name = :name;

-- name: probe_write!
-- Show that the database can be written.
INSERT INTO facts (name, value) VALUES ('probe', :value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: note_clock!
-- How late it was when the daemon lived; the latest, whatever the clock says now.
INSERT INTO facts (name, value) VALUES ('clock', :now)
ON CONFLICT (name) DO UPDATE
SET value = MAX(CAST(value AS INTEGER), CAST(excluded.value AS INTEGER));

-- name: set_cancel_at!
-- A child that has not ended by then is cancelled.
UPDATE child_orders SET cancel_at = :cancel_at WHERE id = :id AND ended_at IS NULL;

-- name: children_to_work
-- Children of an account that somebody must act on now. A planned one waits while an order of
-- unknown fate freezes its book and symbol; at venues without client ids (:one_by_one), while
-- any order of its symbol has no answer yet.
SELECT * FROM child_orders c
WHERE c.account = :account AND c.ended_at IS NULL
    AND (c.state IN ('unknown', 'sending', 'cancelling')
        OR c.cancel_requested_at IS NOT NULL OR c.cancel_at <= :now
        OR (c.state = 'planned' AND NOT EXISTS (
            SELECT 1 FROM child_orders u
            WHERE u.account = c.account AND u.state = 'unknown' AND u.ended_at IS NULL
                AND u.symbol = c.symbol AND (:one_by_one = 1 OR u.book = c.book))
            AND NOT (:one_by_one = 1 AND EXISTS (
            SELECT 1 FROM child_orders s
            WHERE s.account = c.account AND s.state = 'sending' AND s.ended_at IS NULL
                AND s.symbol = c.symbol))))
ORDER BY c.created_at, c.id;

-- name: next_cancel
-- When the next child of an account must be cancelled.
SELECT MIN(cancel_at) AS at FROM child_orders
WHERE account = :account AND ended_at IS NULL AND cancel_at > :now;

-- name: any_live_side
-- Whether an account has a live order that nets on one side of a symbol.
SELECT 1 AS found FROM parent_orders
WHERE account = :account AND symbol = :symbol AND side = :side AND ended_at IS NULL AND nets = 1
LIMIT 1;

-- name: child_by_client_id
-- The child a client id belongs to.
SELECT * FROM child_orders WHERE account = :account AND id = :id;

-- name: oldest_live_child
-- From when on fills may be missing.
SELECT MIN(created_at) AS at FROM child_orders WHERE account = :account AND ended_at IS NULL;

-- name: count_fills_of_account
-- How many fills an account has had.
SELECT COUNT(*) AS count FROM fills WHERE account = :account;

-- name: inside_totals
-- What all books of an account hold together, suspense and fees included.
SELECT asset, quantity FROM positions WHERE account = :account AND book <> '@external';

-- name: calendar
-- Which days of a market are known, and what computed them.
SELECT version, first_day, last_day FROM calendars WHERE market = :market;

-- name: save_calendar!
-- Remember which days of a market are known.
INSERT INTO calendars (market, version, first_day, last_day)
VALUES (:market, :version, :first_day, :last_day)
ON CONFLICT (market) DO UPDATE SET version = excluded.version,
    first_day = excluded.first_day, last_day = excluded.last_day;

-- name: sessions_of_market
-- The known sessions of a market, oldest first.
SELECT day, opens_at, closes_at FROM sessions WHERE market = :market ORDER BY day;

-- name: forget_sessions!
-- Make room for sessions computed anew.
DELETE FROM sessions WHERE market = :market;

-- name: count_sent_since
-- How many orders an account has sent since a time.
SELECT COUNT(*) AS count FROM child_orders
WHERE account = :account AND sent_at IS NOT NULL AND sent_at > :since;

-- name: fills_of_day
-- What an account traded on a market day.
SELECT book, symbol, side, quantity, price, fee, fee_asset, booked_at FROM fills
WHERE account = :account AND market_day = :market_day ORDER BY id;

-- name: job_run
-- How a job went for a book on a market day.
SELECT status, due_at FROM job_runs
WHERE account = :account AND job = :job AND book = :book AND day = :day;

-- name: save_job_run!
-- Store a run; one that was missed or failed gives way.
INSERT INTO job_runs (account, job, book, day, due_at, status, note, at)
VALUES (:account, :job, :book, :day, :due_at, :status, :note, :at)
ON CONFLICT (account, job, book, day) DO UPDATE SET due_at = excluded.due_at,
    status = excluded.status, note = excluded.note, at = excluded.at;

-- name: last_job_run
-- Until when the jobs of an account are accounted for.
SELECT MAX(due_at) AS due_at FROM job_runs WHERE account = :account AND book = '';

-- name: begin_slices!
-- The next slice of every TWAP of an account that waits for the twap job.
UPDATE parent_orders SET due_at = :now,
    slices_left = CASE WHEN slices_left < :left THEN slices_left ELSE :left END
WHERE account = :account AND order_type = 'TWAP' AND deadline IS NULL AND ended_at IS NULL
    AND cancel_requested_at IS NULL AND slices_left > 0 AND created_at >= :since;

-- name: symbols_due
-- Symbols of an account with an order that wants planning.
SELECT DISTINCT symbol FROM parent_orders
WHERE account = :account AND due_at IS NOT NULL AND due_at <= :now;

-- name: parents_before
-- Live orders of an account from before a time, oldest first.
SELECT * FROM parent_orders
WHERE account = :account AND ended_at IS NULL AND created_at < :before ORDER BY id;

-- name: rule_states
-- What the rules of an account's books remember.
SELECT book, symbol, state, seen_fill FROM rule_states WHERE account = :account;

-- name: save_rule_state!
-- Store what a rule remembers of a symbol.
INSERT INTO rule_states (account, book, symbol, state, seen_fill)
VALUES (:account, :book, :symbol, :state, :seen_fill)
ON CONFLICT (account, book, symbol) DO UPDATE SET
    state = excluded.state, seen_fill = excluded.seen_fill;

-- name: sales_after
-- Sales of an account that were booked after a fill, oldest first.
SELECT id, book, symbol, profit, average_cost, market_day FROM fills
WHERE id > :after AND account = :account AND side = 'sell' ORDER BY id;

-- name: last_fill
-- The fill that was booked last.
SELECT MAX(id) AS id FROM fills;

-- name: close_of_day
-- The close of a symbol on a market day.
SELECT close FROM closes WHERE account = :account AND symbol = :symbol AND day = :day;

-- name: save_close!
-- Remember a close.
INSERT INTO closes (account, symbol, day, close) VALUES (:account, :symbol, :day, :close)
ON CONFLICT (account, symbol, day) DO UPDATE SET close = excluded.close;

-- name: forget_closes!
-- Forget closes of an account that no rule asks for any more.
DELETE FROM closes WHERE account = :account AND day < :before;

-- name: mark_partly_sold!
-- A full sell that ended with part of its shares sold.
UPDATE parent_orders SET kind = 'SELL_PART' WHERE id = :id AND kind = 'SELL';

-- name: report_of_day
-- What the books of an account traded on a market day, with profit.
SELECT book, side, source, quantity, price, fee, fee_asset, profit FROM fills
WHERE account = :account AND market_day = :day;

-- name: save_daily_report!
-- Store a book's report of a day; a later one of the same day replaces it.
INSERT INTO daily_reports (account, book, day, report, at)
VALUES (:account, :book, :day, :report, :at)
ON CONFLICT (account, book, day) DO UPDATE SET report = excluded.report, at = excluded.at;

-- name: rescale_parent_order!
-- Store an order in the units of after a split.
UPDATE parent_orders SET total = :total, limit_price = :limit_price, stop_price = :stop_price,
    reserve_price = :reserve_price
WHERE id = :id;

-- name: holders_of_asset
-- What each book of an account holds of an asset.
SELECT book, quantity, cost FROM positions
WHERE account = :account AND asset = :asset ORDER BY book;

-- name: moved_after
-- What books got (or gave) of an asset by what was executed after a moment.
SELECT p.book, p.amount FROM postings p JOIN ledger_events e ON e.id = p.event_id
WHERE p.event_id > :booked_after AND p.account = :account AND p.asset = :asset AND e.at > :moment;

-- name: ledger_key
-- The entry that a repeated one repeats.
SELECT * FROM ledger_keys WHERE key = :key;

-- name: add_split!
-- A split waits for the orders of its symbol to end.
INSERT INTO splits (id, account, symbol, new_units, old_units, forced, note, requested_at)
VALUES (:id, :account, :symbol, :new_units, :old_units, :forced, :note, :requested_at);

-- name: force_split!
-- A split that waits is to be carried out whatever the broker shows.
UPDATE splits SET forced = 1 WHERE id = :id;

-- name: pending_split
-- The split that a symbol waits for.
SELECT * FROM splits WHERE account = :account AND symbol = :symbol AND applied_at IS NULL;

-- name: last_split
-- The split of a symbol that was carried out last.
SELECT * FROM splits WHERE account = :account AND symbol = :symbol AND applied_at IS NOT NULL
ORDER BY applied_at DESC LIMIT 1;

-- name: pending_splits
-- Every split that is not carried out yet.
SELECT * FROM splits WHERE applied_at IS NULL ORDER BY id;

-- name: finish_split!
-- A split is carried out.
UPDATE splits SET event_id = :event_id, applied_at = :applied_at WHERE id = :id;

-- name: splits_since
-- The splits of an account that were carried out after a time.
SELECT symbol, new_units, old_units, applied_at FROM splits
WHERE account = :account AND applied_at > :since ORDER BY applied_at;

-- name: all_splits
-- Which symbols of which accounts were ever to be split.
SELECT DISTINCT account, symbol FROM splits;

-- name: split
-- One split.
SELECT * FROM splits WHERE id = :id;

-- name: entries_of_event
-- What an event did to each book.
SELECT * FROM ledger_entries WHERE event_id = :event_id ORDER BY id;

-- name: all_entries
-- What every event did to each book, event by event.
SELECT event_id, book, asset, quantity, cost, profit FROM ledger_entries ORDER BY event_id, id;

-- name: newest_pair
-- Where the netting pairs end now.
SELECT MAX(id) AS id FROM netting_pairs;

-- name: pairs_after
-- The netting pairs that came after one.
SELECT id, run_id, account, symbol, buy_parent, sell_parent, quantity, price, commission_saved,
    broker_orders_saved, at
FROM netting_pairs WHERE id > :id ORDER BY id;

-- name: approval
-- What an order waits for, or what came of it.
SELECT nets, due_at, expires_at, decision FROM approvals WHERE order_id = :order_id;

-- name: decide_approval!
-- A person, or time, has decided on an order.
UPDATE approvals SET decision = :decision, decided_at = :now
WHERE order_id = :order_id AND decided_at IS NULL;

-- name: release_order!
-- Let an approved order be worked.
UPDATE parent_orders SET nets = :nets, due_at = :due_at, slices_left = :slices_left, reason = ''
WHERE id = :id AND ended_at IS NULL;

-- name: waiting_approvals
-- Orders that wait for a yes, oldest first.
SELECT p.* FROM approvals a INDEXED BY approvals_waiting
CROSS JOIN parent_orders p ON p.id = a.order_id
WHERE a.decided_at IS NULL AND p.ended_at IS NULL ORDER BY p.id;

-- name: approvals_due
-- Orders whose time to be approved is over.
SELECT p.* FROM approvals a JOIN parent_orders p ON p.id = a.order_id
WHERE a.decided_at IS NULL AND a.expires_at <= :now ORDER BY p.id;

-- name: entries_of_day
-- What events did to the books of an account on a market day.
SELECT book, kind, asset, quantity FROM ledger_entries
WHERE account = :account AND market_day = :market_day ORDER BY id;

-- name: forget_closes_of_symbol!
-- Forget closes in the units of before a split.
DELETE FROM closes WHERE account = :account AND symbol = :symbol;

-- name: rebalancing_config
-- From which drift on a rebalance is needed.
SELECT mp_threshold_percent, sub_mp_threshold_percent, updated_at
FROM rebalancing_config WHERE id = 1;

-- name: save_rebalancing_config!
-- Change it.
INSERT INTO rebalancing_config (id, mp_threshold_percent, sub_mp_threshold_percent, updated_at)
VALUES (1, :mp, :sub_mp, :now)
ON CONFLICT (id) DO UPDATE SET mp_threshold_percent = excluded.mp_threshold_percent,
    sub_mp_threshold_percent = excluded.sub_mp_threshold_percent, updated_at = excluded.updated_at;

-- name: add_rebalancing_targets!
-- New targets of an account; the earlier ones stay for history.
INSERT INTO rebalancing_targets (id, account, mp, sub_mp, set_by, at)
VALUES (:id, :account, :mp, :sub_mp, :set_by, :now);

-- name: rebalancing_targets
-- Targets of an account, newest first.
SELECT id, mp, sub_mp, set_by, at FROM rebalancing_targets
WHERE account = :account ORDER BY id DESC LIMIT :limit;

-- name: open_order_counts
-- How many orders have not ended, asked for, at brokers and unknown; and the halts in force.
SELECT (SELECT COUNT(*) FROM parent_orders WHERE ended_at IS NULL) AS parents,
       (SELECT COUNT(*) FROM child_orders WHERE ended_at IS NULL) AS children,
       (SELECT COUNT(*) FROM child_orders WHERE ended_at IS NULL AND state = 'unknown') AS unknown,
       (SELECT COUNT(*) FROM halts) AS halts;

-- name: notifiers
-- Who is told of notices outside.
SELECT name FROM notifiers;

-- name: add_notifier!
-- Tell somebody new, of everything from now on.
INSERT INTO notifiers (name, since) VALUES (:name, (SELECT COALESCE(MAX(id), '') FROM notices));

-- name: remove_notifier!
-- Tell somebody no more.
DELETE FROM notifiers WHERE name = :name;

-- name: remove_deliveries!
-- Forget what somebody was told who is told no more.
DELETE FROM deliveries WHERE notifier = :name;

-- name: delivered_notices
-- Notices that somebody was told and others were not yet.
SELECT DISTINCT notice_id FROM deliveries;

-- name: waiting_notices
-- What one notifier has not been told yet, oldest first, alarms alone if so wished.
SELECT id, at, level, code, account, book, params FROM notices
WHERE delivered_at IS NULL
  AND id > :after AND id > (SELECT since FROM notifiers WHERE name = :notifier)
  AND id NOT IN (SELECT notice_id FROM deliveries WHERE notifier = :notifier)
  AND (:alarms_only = 0 OR level = 'alarm')
ORDER BY id LIMIT :limit;

-- name: finish_notice!
-- End the waiting of a notice that every notifier is done with.
UPDATE notices SET delivered_at = :at
WHERE id = :id AND delivered_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM notifiers WHERE since < :id AND name NOT IN (
        SELECT notifier FROM deliveries WHERE notice_id = :id));

-- name: forget_deliveries!
-- Forget who was told a notice that no longer waits.
DELETE FROM deliveries WHERE notice_id = :id
  AND EXISTS (SELECT 1 FROM notices WHERE id = :id AND delivered_at IS NOT NULL);

-- name: see_notice!
-- Mark an alarm as seen; the first mark stays.
UPDATE notices SET seen_at = :at, seen_by = :by
WHERE id = :id AND level = 'alarm' AND seen_at IS NULL;

-- name: seen_notice
-- Who has seen an alarm, and when.
SELECT id, seen_at, seen_by FROM notices WHERE id = :id AND seen_at IS NOT NULL;

-- name: unseen_alarms
-- Alarms that nobody has marked as seen, newest first.
SELECT id, at, level, code, account, book, params FROM notices
WHERE level = 'alarm' AND seen_at IS NULL ORDER BY id DESC LIMIT :limit;

-- name: notice
-- One notice.
SELECT id, at, level, code, account, book, params FROM notices WHERE id = :id;

-- name: symbols_at_close
-- Symbols of an account whose orders for the close wait for a ladder, or are in one.
SELECT symbol FROM loc_orders WHERE account = :account AND ladder_id IS NULL
UNION SELECT symbol FROM loc_ladders WHERE account = :account AND ended_at IS NULL
ORDER BY symbol;

-- name: symbols_to_leave
-- Symbols of an account in whose ladders an order is that was cancelled.
SELECT DISTINCT l.symbol FROM loc_ladders l JOIN loc_orders o ON o.ladder_id = l.id
WHERE l.account = :account AND l.ended_at IS NULL AND o.leaving IS NOT NULL ORDER BY l.symbol;

-- name: open_ladders
-- The ladders of an account and symbol that are not settled, oldest first.
SELECT * FROM loc_ladders
WHERE account = :account AND symbol = :symbol AND ended_at IS NULL ORDER BY day;

-- name: ladder
-- One ladder.
SELECT * FROM loc_ladders WHERE id = :id;

-- name: revise_ladder!
-- Store how far a ladder has come, and the cash that its worst close may take.
UPDATE loc_ladders SET revising = :revising, whole = :whole, needs = :needs WHERE id = :id;

-- name: withdraw_ladder!
-- Store how far a ladder has come that lets orders go; what it may take stays as it was reckoned.
UPDATE loc_ladders SET revising = :revising, whole = :whole WHERE id = :id;

-- name: ladder_was_short!
-- At the cut-off a ladder was at its exchange, or was short of something.
UPDATE loc_ladders SET short = :short WHERE id = :id;

-- name: told_late!
-- People were told that a ladder is not settled yet.
UPDATE loc_ladders SET told_late = 1 WHERE id = :id;

-- name: end_ladder!
-- A ladder is settled, or given up.
UPDATE loc_ladders SET close = :close, outcome = :outcome, ended_at = :ended_at, revising = 0
WHERE id = :id;

-- name: needs_of_other_ladders
-- Cash that the other ladders of an account may take.
SELECT needs FROM loc_ladders WHERE account = :account AND symbol <> :symbol AND ended_at IS NULL;

-- name: waiting_for_ladder
-- Orders of a symbol that no ladder has yet, in order of creation.
SELECT p.*, o.day, o.until, o.leaving FROM loc_orders o
JOIN parent_orders p ON p.id = o.parent_id
WHERE o.account = :account AND o.symbol = :symbol AND o.ladder_id IS NULL ORDER BY p.id;

-- name: orders_of_ladder
-- The orders of books that a ladder stands for, in order of creation.
SELECT p.*, o.leaving FROM loc_orders o
JOIN parent_orders p ON p.id = o.parent_id
WHERE o.ladder_id = :ladder_id ORDER BY p.id;

-- name: rungs_of_ladder
-- A ladder's own orders, oldest first.
SELECT p.* FROM loc_rungs r JOIN parent_orders p ON p.id = r.parent_id
WHERE r.ladder_id = :ladder_id ORDER BY p.id;

-- name: standing_rungs_of_ladder
-- A ladder's own orders that were sent and not taken back or refused.
SELECT p.* FROM loc_rungs r JOIN parent_orders p ON p.id = r.parent_id
WHERE r.ladder_id = :ladder_id AND EXISTS (
    SELECT 1 FROM child_orders c WHERE c.parent_id = p.id AND c.sent_at IS NOT NULL
        AND c.state NOT IN ('planned', 'cancelled', 'rejected')
) ORDER BY p.id;

-- name: expired_rungs_of_ladder
-- A ladder's own orders that waited at the broker until the auction was over.
SELECT p.* FROM loc_rungs r JOIN parent_orders p ON p.id = r.parent_id
WHERE r.ladder_id = :ladder_id AND EXISTS (
    SELECT 1 FROM child_orders c
    WHERE c.parent_id = p.id AND c.sent_at IS NOT NULL AND c.state = 'expired'
);

-- name: live_children_of_ladder
-- What of a ladder may still fill at the broker.
SELECT c.id FROM loc_rungs r JOIN child_orders c ON c.parent_id = r.parent_id
WHERE r.ladder_id = :ladder_id AND c.ended_at IS NULL;

-- name: undecided_children_of_ladder
-- Of what nobody knows yet whether it is, or stays, at the broker.
SELECT c.id FROM loc_rungs r JOIN child_orders c ON c.parent_id = r.parent_id
WHERE r.ladder_id = :ladder_id AND c.state IN ('planned', 'sending', 'unknown', 'cancelling')
LIMIT 1;

-- name: fills_of_ladder
-- What the broker gave a ladder, oldest first.
SELECT f.side, f.quantity, f.price, f.fee, f.fee_asset FROM loc_rungs r
JOIN fills f ON f.parent_id = r.parent_id
WHERE r.ladder_id = :ladder_id AND f.source = 'broker' ORDER BY f.id;

-- name: join_ladder!
-- An order is in a ladder from now on.
UPDATE loc_orders SET ladder_id = :ladder_id WHERE parent_id = :parent_id;

-- name: leave_ladder!
-- An order is to leave its ladder, if it is in one that is not settled.
UPDATE loc_orders SET leaving = COALESCE(leaving, :reason)
WHERE parent_id = :parent_id
    AND ladder_id IN (SELECT id FROM loc_ladders WHERE ended_at IS NULL);

-- name: place_at_close
-- Whether an order waits for a ladder or stands in one.
SELECT day FROM loc_orders WHERE parent_id = :parent_id;

-- name: forget_loc_order!
-- An order waits for no ladder any more, or has left it.
DELETE FROM loc_orders WHERE parent_id = :parent_id;

-- name: all_ladders
-- Every ladder but those that were given up: what these got is in suspense.
SELECT id, whole, ended_at FROM loc_ladders
WHERE outcome IS NULL OR outcome = 'settled' ORDER BY id;

-- name: all_orders_of_ladders
-- The orders of every ladder, ladder by ladder.
SELECT p.*, o.ladder_id FROM loc_orders o JOIN parent_orders p ON p.id = o.parent_id
WHERE o.ladder_id IS NOT NULL ORDER BY o.ladder_id, p.id;

-- name: all_rungs_of_ladders
-- The rungs of every ladder, ladder by ladder.
SELECT p.*, r.ladder_id FROM loc_rungs r JOIN parent_orders p ON p.id = r.parent_id
ORDER BY r.ladder_id, p.id;

-- name: all_fills_of_ladders
-- What every ladder got from the broker, and what it handed on, ladder by ladder.
SELECT r.ladder_id, f.side, f.quantity, f.source FROM loc_rungs r
JOIN fills f ON f.parent_id = r.parent_id WHERE f.source = 'broker'
UNION ALL
SELECT o.ladder_id, f.side, f.quantity, f.source FROM loc_orders o
JOIN fills f ON f.parent_id = o.parent_id WHERE f.source = 'ladder'
ORDER BY 1;

-- name: ladders_at_work
-- The ladders of an account that are not settled.
SELECT id FROM loc_ladders WHERE account = :account AND ended_at IS NULL;

-- name: left_with_ladder
-- Whether settled ladders of an account left something behind.
SELECT 1 AS found FROM positions
WHERE account = :account AND book = '@loc' AND quantity <> '0'
    AND NOT EXISTS (SELECT 1 FROM loc_ladders l
        WHERE l.account = :account AND l.ended_at IS NULL)
LIMIT 1;

-- name: purchases
-- What a book bought of a symbol, or was given at a price, newest first.
SELECT id, quantity, price, market_day FROM fills
WHERE account = :account AND book = :book AND symbol = :symbol AND side = 'buy'
UNION ALL
SELECT id, quantity, price, market_day FROM ledger_entries
WHERE account = :account AND book = :book AND asset = :symbol AND kind <> 'split'
    AND price IS NOT NULL AND quantity NOT LIKE '-%'
ORDER BY 1 DESC;

-- name: splits_of_symbol
-- The splits of a symbol that were carried out, with the event that booked each.
SELECT new_units, old_units, event_id FROM splits
WHERE account = :account AND symbol = :symbol AND event_id IS NOT NULL;
-- name: save_rebalancing_run!
-- Store where a run stands.
UPDATE rebalancing_history SET state = :state, reason = :reason, snapshot = :snapshot,
    outcome = :outcome, slice = :slice, due_at = :due_at, until_at = :until_at,
    cancelled_at = :cancelled_at, alarmed_at = :alarmed_at, planned_at = :planned_at,
    updated_at = :updated_at, ended_at = :ended_at
WHERE id = :id;

-- name: rebalancing_run
-- One run.
SELECT * FROM rebalancing_history WHERE id = :id;

-- name: unfinished_rebalancing_run
-- The run of an account that is under way or stopped.
SELECT * FROM rebalancing_history WHERE account = :account AND ended_at IS NULL;

-- name: unfinished_rebalancing_runs
-- Runs that are under way or stopped.
SELECT * FROM rebalancing_history WHERE ended_at IS NULL ORDER BY account;

-- name: rebalancing_run_of_plan
-- The run that a confirmed plan has begun.
SELECT * FROM rebalancing_history WHERE account = :account AND plan_id = :plan_id;

-- name: rebalancing_runs
-- Runs of an account, newest first.
SELECT * FROM rebalancing_history WHERE account = :account ORDER BY id DESC LIMIT :limit;

-- name: rebalancing_trades
-- What a run planned to trade, in order.
SELECT * FROM rebalancing_trades WHERE run_id = :run_id ORDER BY number;

-- name: forget_rebalancing_trades!
-- Drop what a run planned and did not order.
DELETE FROM rebalancing_trades WHERE run_id = :run_id AND parent_id IS NULL;

-- name: order_rebalancing_trade!
-- Remember the order that works a trade, and how many units of it were ordered.
UPDATE rebalancing_trades SET parent_id = :parent_id, quantity = :quantity
WHERE run_id = :run_id AND number = :number;

-- name: fills_of_rebalancing_run
-- What the orders of a run traded.
SELECT t.number, f.quantity, f.price, f.fee, f.fee_asset FROM rebalancing_trades t
JOIN fills f ON f.parent_id = t.parent_id WHERE t.run_id = :run_id ORDER BY t.number, f.id;

-- name: rebalancing_plan
-- A previewed plan that may be confirmed.
SELECT * FROM rebalancing_plans WHERE id = :id AND account = :account;

-- name: add_rebalancing_plan!
-- Keep a previewed plan.
INSERT INTO rebalancing_plans (id, account, targets_id, trades, at)
VALUES (:id, :account, :targets_id, :trades, :at);

-- name: forget_rebalancing_plans!
-- Drop previews that nobody may confirm any more.
DELETE FROM rebalancing_plans WHERE at < :before;

-- name: all_rebalances
-- Every run, with what the orders of its last day did.
SELECT h.id, h.state, h.alarmed_at IS NOT NULL AS alarmed,
    EXISTS (SELECT 1 FROM rebalancing_trades t JOIN fills f ON f.parent_id = t.parent_id
        WHERE t.run_id = h.id AND t.slice = h.slice AND t.side = 'sell') AS sold,
    EXISTS (SELECT 1 FROM rebalancing_trades t JOIN fills f ON f.parent_id = t.parent_id
        WHERE t.run_id = h.id AND t.slice = h.slice AND t.side = 'buy') AS bought,
    EXISTS (SELECT 1 FROM rebalancing_trades t WHERE t.run_id = h.id AND t.slice = h.slice
        AND t.side = 'buy' AND t.parent_id IS NOT NULL) AS wanted
FROM rebalancing_history h ORDER BY h.id;

-- name: put_back_clock!
-- The clock was set back, and what it had stored with it.
UPDATE facts SET value = :now WHERE name = 'clock';

-- name: put_back_parents!
-- The clock was set back: orders that it stored ahead of now. Without a deadline of its own an
-- order is never planned for later, so such a time was once now.
UPDATE parent_orders SET
    created_at = CASE WHEN created_at > :now THEN created_at - :by ELSE created_at END,
    due_at = CASE WHEN due_at > :now AND (deadline IS NULL OR created_at > :now)
        THEN due_at - :by ELSE due_at END,
    deadline = CASE WHEN created_at > :now THEN deadline - :by ELSE deadline END,
    cancel_requested_at = CASE WHEN cancel_requested_at > :now
        THEN cancel_requested_at - :by ELSE cancel_requested_at END
WHERE id IN (SELECT id FROM parent_orders INDEXED BY parent_orders_live WHERE ended_at IS NULL);

-- name: put_back_children!
-- The same for what is, or may be, at a broker; rather cancelled too early than too late.
UPDATE child_orders SET
    created_at = CASE WHEN created_at > :now THEN created_at - :by ELSE created_at END,
    sent_at = CASE WHEN sent_at > :now THEN sent_at - :by ELSE sent_at END,
    cancel_at = CASE WHEN cancel_at > :now THEN cancel_at - :by ELSE cancel_at END
WHERE id IN (SELECT id FROM child_orders INDEXED BY child_orders_live WHERE ended_at IS NULL);

-- name: put_back_requests!
-- The same for requests that have no answer yet.
UPDATE requests SET received_at = received_at - :by, deadline = deadline - :by
WHERE finished_at IS NULL AND received_at > :now;

-- name: put_back_rebalances!
-- The same for rebalances under way; the next day of one is a time of its market and stays.
UPDATE rebalancing_history SET
    until_at = CASE WHEN until_at > :now THEN until_at - :by ELSE until_at END,
    due_at = CASE WHEN due_at > :now AND due_at <= updated_at THEN due_at - :by ELSE due_at END,
    planned_at = CASE WHEN planned_at > :now THEN planned_at - :by ELSE planned_at END,
    updated_at = updated_at - :by
WHERE ended_at IS NULL AND updated_at > :now;
