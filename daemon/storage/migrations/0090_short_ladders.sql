-- Whether all of a ladder was at its exchange by the cut-off: 0 it was, 1 it was short of something,
-- NULL nobody has looked yet.
-- depends: 0071_rebalancing_runs

ALTER TABLE loc_ladders ADD COLUMN short INTEGER;
