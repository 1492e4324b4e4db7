DROP TABLE rebalancing_targets;
DROP TABLE rebalancing_config;
