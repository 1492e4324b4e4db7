DROP INDEX fills_of_day;
DROP INDEX child_orders_sent;
