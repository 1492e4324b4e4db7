ALTER TABLE loc_ladders DROP COLUMN short;
