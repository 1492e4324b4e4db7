"""Play hours: ``python -m tests.binance_faults --seed 1 --seeds 1000``. Prints what was wrong."""

from __future__ import annotations

import argparse
import logging
import sys
from time import perf_counter

import pytest

from adapters.binance.hosts import MarketKind
from tests.binance_faults.hour import play
from tests.binance_faults.matrix import cells, play_cell
from tests.binance_faults.mutants import MUTANTS


def main() -> int:
    options = _options()
    logging.getLogger().addHandler(logging.NullHandler())
    if options.matrix:
        return matrix()
    if options.mutants:
        return mutants(options.seeds)
    began = perf_counter()
    orders = faults = kills = 0
    failed: list[int] = []
    for seed in range(options.seed, options.seed + options.seeds):
        outcome = play(seed, kind=MarketKind(options.kind), hostile=not options.friendly)
        orders += outcome.orders
        faults += outcome.faults
        kills += outcome.kills
        if outcome.wrong:
            failed.append(seed)
        if outcome.wrong or options.story:
            lines = [f"seed {seed}", *outcome.story, *(f"WRONG {what}" for what in outcome.wrong)]
            sys.stdout.write("\n".join([*lines, ""]))
            sys.stdout.flush()
    seconds = perf_counter() - began
    sys.stdout.write(
        f"{options.seeds} hours, {orders} orders, {faults} faults, {kills} kills in "
        f"{seconds:.0f} s: "
        + (f"wrong: seeds {', '.join(map(str, failed))}\n" if failed else "nothing wrong\n")
    )
    return 1 if failed else 0


def matrix() -> int:
    """Play every cell; print those in which something was wrong."""
    began, failed = perf_counter(), 0
    every = list(cells())
    for cell in every:
        wrong = play_cell(cell)
        failed += bool(wrong)
        sys.stdout.writelines(f"{cell}: WRONG {what}\n" for what in wrong)
        sys.stdout.flush()
    sys.stdout.write(f"{len(every)} cells in {perf_counter() - began:.0f} s, {failed} wrong\n")
    return 1 if failed else 0


def mutants(most: int) -> int:
    """Break one rule after the other; print how many hours it takes to notice."""
    unnoticed = 0
    for mutant in MUTANTS:
        with pytest.MonkeyPatch.context() as patch:
            mutant(patch)
            noticed = next((seed for seed in range(1, most + 1) if play(seed).wrong), None)
        unnoticed += noticed is None
        words = "not noticed" if noticed is None else f"noticed in hour {noticed}"
        sys.stdout.write(f"{mutant.__name__}: {words}\n")
        sys.stdout.flush()
    return 1 if unnoticed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.binance_faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the first hour (default 1)")
    parser.add_argument("--seeds", type=int, default=100, help="how many (default 100)")
    parser.add_argument("--matrix", action="store_true", help="every fault at every request once")
    parser.add_argument("--mutants", action="store_true", help="whether mistakes are noticed")
    parser.add_argument("--kind", choices=[*MarketKind], default="spot", help="which venue")
    parser.add_argument("--friendly", action="store_true", help="nothing fails, bots only hammer")
    parser.add_argument("--story", action="store_true", help="tell every hour")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
