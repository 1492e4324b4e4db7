DROP TABLE loc_rungs;
DROP TABLE loc_orders;
DROP TABLE loc_ladders;
