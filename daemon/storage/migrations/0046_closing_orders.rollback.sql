DROP TABLE closing_orders;
