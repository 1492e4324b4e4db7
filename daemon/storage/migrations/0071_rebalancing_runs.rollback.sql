DROP TABLE rebalancing_plans;
DROP TABLE rebalancing_trades;
DROP TABLE rebalancing_history;
