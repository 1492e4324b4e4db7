"""Where a daemon trades in a trial: its configuration, what is bought there, what is seen there."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from adapters.sqlite.driver import connect_to_look

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.chaos.relay import Relay

TOP = """\
[daemon]
data_dir = "data"
log_level = "warning"
live = true
[http]
port = 0
[webhook]
wait_seconds = 0.5
[twap]
fill_timeout_seconds = 0.5
[reconcile]
seconds = 10
"""
PAPER = """\
[accounts.one]
broker = "paper"
market = "24/7"
currency = "USD"
commission_percent = "0.25"
[accounts.one.paper]
seed = {seed}
prices = {{ TQQQ = "100", SOXL = "50" }}
walk_percent = 1
spread_percent = "0.05"
latency_ms = 15
fill = "partial"
[accounts.one.paper.faults]
answer_lost_before = 0.01
answer_lost_after = 0.01
duplicate_fills = 0.02
late_fills = 0.01
server_error = 0.01
disconnect = 0.001
[accounts.two]
broker = "paper"
market = "24/7"
currency = "USD"
commission_percent = "0.1"
[accounts.two.paper]
seed = {seed}
prices = {{ TQQQ = "100", SOXL = "50" }}
latency_ms = 5
client_order_ids = false
[accounts.two.paper.faults]
answer_lost_before = 0.005
answer_lost_after = 0.005
[instruments.TQQQ]
lot = 1
[instruments.SOXL]
lot = 1
"""
BOOK = """\
[books.{strategy}_{account}]
strategy = "{strategy}"
account = "{account}"
capital = "{capital}"
"""
ALL_KINDS = {
    "MARKET": 30,
    "LIMIT": 30,
    "TWAP": 20,
    "STOP_MARKET": 5,
    "STOP_LIMIT": 5,
    "LOC": 5,
    "MOC": 5,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ware:
    """What a strategy trades: prices ``price`` and steps away, quantities of ``unit``."""

    symbol: str
    price: Decimal
    step: Decimal = Decimal(1)
    unit: Decimal = Decimal(1)
    kinds: Mapping[str, int] = field(default_factory=lambda: ALL_KINDS)


class House(Protocol):
    """The brokers of one trial."""

    @property
    def wares(self) -> Mapping[str, Sequence[Ware]]:
        """What each strategy trades."""
        ...

    @property
    def senders(self) -> int:
        """How many webhooks are on their way at once: venues take so many orders, no more."""
        ...

    @property
    def wires(self) -> Sequence[Relay]:
        """Connections to brokers that may be cut."""
        ...

    async def open(self, folder: Path) -> str:
        """Begin to trade; return a configuration for it."""
        ...

    def is_acquainted(self, database: Path) -> bool:
        """Whether the daemon has found what its accounts held before."""
        ...

    async def faults(self, database: Path) -> list[str]:
        """Compare the brokers' books with the daemon's; empty when they agree."""
        ...

    async def close(self) -> None: ...


class PaperHouse:
    """Two paper exchanges, one without client ids; they lose answers and fill in parts."""

    senders = 32
    wires: Sequence[Relay] = ()

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._exchanges: list[Path] = []
        wares = (
            Ware(symbol="TQQQ", price=Decimal(100)),
            Ware(symbol="SOXL", price=Decimal(50)),
        )
        self.wares = dict.fromkeys(("alpha", "beta", "gamma"), wares)

    async def open(self, folder: Path) -> str:
        self._exchanges = [folder / "data" / f"paper-{name}.db" for name in ("one", "two")]
        books = (
            ("alpha", "one"),
            ("beta", "one"),
            ("gamma", "one"),
            ("alpha", "two"),
            ("beta", "two"),
        )
        return TOP + PAPER.format(seed=self._seed) + books_text(books, "100000")

    def is_acquainted(self, database: Path) -> bool:
        del database  # a new paper account holds its capital
        return True

    async def faults(self, database: Path) -> list[str]:
        """Look into the exchanges' own databases: one order for each of our ids."""
        del database  # these exchanges fill in parts for as long as they live
        faults = []
        for path in self._exchanges:
            with closing(connect_to_look(path)) as exchange:
                rows = exchange.execute(
                    "SELECT client_id, COUNT(*) FROM orders WHERE client_id <> '' "
                    "GROUP BY client_id HAVING COUNT(*) > 1"
                ).fetchall()
            faults += [f"order {row[0]} is {row[1]} times at {path.name}" for row in rows]
        return faults

    async def close(self) -> None:
        """They live in the daemon's own process."""


def books_text(books: Sequence[tuple[str, str]], capital: str) -> str:
    """Write strategies and their books in accounts."""
    names = dict.fromkeys(strategy for strategy, _ in books)
    return "".join(f"[strategies.{name}]\n" for name in names) + "".join(
        BOOK.format(strategy=strategy, account=account, capital=capital)
        for strategy, account in books
    )
