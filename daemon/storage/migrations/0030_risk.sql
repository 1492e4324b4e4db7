-- What the limits of [risk] look up: what was sent lately, and what a market day traded.
-- depends: 0002_sessions

CREATE INDEX child_orders_sent ON child_orders (account, sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX fills_of_day ON fills (account, market_day);
