"""Where a simulated day takes place: two accounts, four books, and how much goes wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

ACCOUNTS = ("main", "bare")
BOOKS = {
    "a1": ("alpha", "main"),
    "a2": ("alpha", "bare"),
    "b1": ("beta", "main"),
    "c2": ("gamma", "bare"),
}
STRATEGIES = ("alpha", "beta", "gamma")
SYMBOLS = {"TQQQ": 100, "SOXL": 50}

CALM, ROUGH = 0.0, 0.15
"""The least and the most that any one kind of fault strikes."""

TEMPLATE = """
[webhook]
wait_seconds = 2
max_age_seconds = {max_age}
dedup_seconds = 10

[cancel]
timeout_seconds = 20

[twap]
price_offset_percent = "{offset}"
fill_timeout_seconds = 15

[reconcile]
seconds = 60

[risk]
{risk}

{accounts}

{strategies}

{books}

[instruments.TQQQ]
lot = "1"
[instruments.SOXL]
lot = "1"
"""

ACCOUNT = """
[accounts.{name}]
broker = "paper"
market = "24/7"
currency = "USD"
commission_percent = "{commission}"
sell_tax_percent = "{tax}"
[accounts.{name}.paper]
seed = {seed}
prices = {{ TQQQ = "100", SOXL = "50" }}
walk_percent = "{walk}"
spread_percent = "{spread}"
latency_ms = {latency}
fill = "{fill}"
client_order_ids = {client_ids}
[accounts.{name}.paper.faults]
{faults}
"""

LIMITS = (
    'max_order_value = "900"',
    "max_orders_per_minute = 6",
    "price_collar_percent = 3",
    'max_daily_loss = "150"',
)

FAULTS = (
    "answer_lost_before",
    "answer_lost_after",
    "server_error",
    "rate_limit",
    "reject",
    "duplicate_fills",
    "late_fills",
    "disconnect",
)


@dataclass(frozen=True, slots=True)
class Scene:
    """The configuration of a day, and how often the stream loses an event."""

    config: str
    lost_events: float


def set_scene(chance: random.Random) -> Scene:
    """Choose how a day is: some are calm, some have one kind of fault, some have all."""
    return Scene(
        TEMPLATE.format(
            max_age=chance.choice((30, 300)),
            offset=chance.choice(("0", "0.5")),
            risk="\n".join(chance.sample(LIMITS, chance.choice((0, 0, 1, len(LIMITS))))),
            accounts="".join(_account(name, chance) for name in ACCOUNTS),
            strategies="\n".join(f"[strategies.{name}]" for name in STRATEGIES),
            books="\n".join(
                f'[books.{name}]\nstrategy = "{strategy}"\naccount = "{account}"\n'
                f'capital = "{chance.choice((5000, 20000))}"\nsymbols = ["TQQQ", "SOXL"]'
                for name, (strategy, account) in BOOKS.items()
            ),
        ),
        chance.choice((0.0, 0.0, 0.2)),
    )


def edited(config: str, chance: random.Random) -> str:
    """Change a configuration as a person does in the middle of a day, books and money aside."""
    lines = config.splitlines()
    choices = {"latency_ms = ": ("0", "80", "300"), "max_age_seconds = ": ("30", "300")}
    for start, values in choices.items():
        places = [place for place, line in enumerate(lines) if line.startswith(start)]
        lines[chance.choice(places)] = f"{start}{chance.choice(values)}"
    return "\n".join([*lines, ""])


def _account(name: str, chance: random.Random) -> str:
    return ACCOUNT.format(
        name=name,
        seed=chance.randrange(1_000_000),
        commission=chance.choice(("0", "0.25", "0.015")),
        tax=chance.choice(("0", "0.2")),
        walk=chance.choice(("0", "0.3", "2")),
        spread=chance.choice(("0", "0.1")),
        latency=chance.choice((0, 5, 80, 700, 700)),
        fill=chance.choice(("full", "partial")),
        client_ids="true" if name == "main" else "false",
        faults=_faults(chance),
    )


def _faults(chance: random.Random) -> str:
    kind = chance.choice(("calm", "one", "all", "all"))
    rates = dict.fromkeys(FAULTS, CALM)
    if kind == "one":
        rates[chance.choice(FAULTS)] = 2 * ROUGH
    elif kind == "all":
        rates = {fault: chance.uniform(CALM, ROUGH) for fault in FAULTS}
    lines = [f'{fault} = "{rate:.3f}"' for fault, rate in rates.items()]
    return "\n".join([*lines, f"delay_ms = {chance.choice((0, 0, 300))}"])
