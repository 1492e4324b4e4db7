"""Portfolios for tests: a few lines each, and random ones."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from algorithms.domain import Symbol
from algorithms.instruments import Instrument, TickTable, market_ticks
from algorithms.rebalancing.holdings import Asset, Portfolio
from algorithms.rebalancing.targets import CASH, Targets

if TYPE_CHECKING:
    from random import Random

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "rebalancing.json").read_text()
)["cases"]
FINE = TickTable(((Decimal(0), Decimal("0.0001")),))


def named(name: str) -> dict[str, Any]:
    """A published case."""
    return next(case for case in CASES if case["name"] == name)


def asset(
    ticker: str,
    price: str | None,
    held: str = "0",
    *,
    kind: str = "stock",
    asset_class: str = "stocks",
    lot: str = "1",
    min_notional: str | None = None,
    ticks: TickTable | None = None,
    sellable: str | None = None,
) -> Asset:
    """An asset of the Korean exchange, unless it says otherwise."""
    return Asset(
        asset_class=asset_class,
        instrument=Instrument(
            symbol=Symbol(ticker),
            lot=Decimal(lot),
            ticks=ticks or market_ticks("XKRX", kind),
            type=kind,
            currency="KRW",
            min_notional=None if min_notional is None else Decimal(min_notional),
        ),
        price=None if price is None else Decimal(price),
        held=Decimal(held),
        sellable=None if sellable is None else Decimal(sellable),
    )


def portfolio(cash: str, *assets: Asset) -> Portfolio:
    """Cash and assets."""
    return Portfolio(Decimal(cash), {each.ticker: each for each in assets})


def targets(mp: dict[str, str], sub_mp: dict[str, dict[str, str]]) -> Targets:
    """Weights as the cases write them."""
    return Targets(
        {name: Decimal(weight) for name, weight in mp.items()},
        {
            name: {Symbol(ticker): Decimal(weight) for ticker, weight in tickers.items()}
            for name, tickers in sub_mp.items()
        },
    )


def random_weights(random: Random, names: list[str]) -> dict[str, Decimal]:
    """Percents with two digits that sum to 100."""
    sizes = [random.expovariate(1) for _ in names]
    whole = sum(sizes)
    weights = [max(Decimal(int(size / whole * 10_000)) / 100, Decimal("0.01")) for size in sizes]
    most = max(range(len(names)), key=weights.__getitem__)
    weights[most] += 100 - sum(weights)
    return dict(zip(names, weights, strict=True))


def random_house(random: Random) -> tuple[Portfolio, Targets]:
    """A book with holdings, some of them no target any more, and targets for it."""
    names = [Symbol(f"T{number}") for number in range(random.randint(1, 12))]
    dropped = [Symbol(f"Z{number}") for number in range(random.randint(0, 2))]
    classes = [f"class{number}" for number in range(random.randint(1, min(3, len(names))))]
    members = {name: names[at :: len(classes)] for at, name in enumerate(classes)}
    mp = random_weights(random, [*classes, CASH] if random.random() < 0.7 else classes)
    wanted = Targets(
        mp,
        {
            name: {Symbol(t): w for t, w in random_weights(random, list(tickers)).items()}
            for name, tickers in members.items()
        },
    )
    assets = {}
    for ticker in (*names, *dropped):
        price = Decimal(int(10 ** random.uniform(1, 6))) * 1000
        held = random.choice((0, random.randint(0, 50)))
        assets[ticker] = asset(
            ticker,
            str(price),
            str(held or int(ticker in dropped)),
            min_notional=random.choice((None, "100000")),
        )
    cash = Decimal(random.randint(0, 10 ** random.randint(3, 10)))
    return Portfolio(cash, assets), wanted
