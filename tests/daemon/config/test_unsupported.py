from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.config import unsupported
from daemon.config.schema import node_at
from daemon.config.unsupported import GAPS
from tests.daemon.config.loading import ONE_BOOK, load

if TYPE_CHECKING:
    from pathlib import Path

AMBITIOUS = """
[daemon]
locale = "ko"
[accounts.main]
market = "XKRX"
[accounts.coins]
market = "24/7"
market_type = "futures"
paper = { hours = "exchange" }
[strategies.bot]
[strategies.two]
[books.bot]
strategy = "bot"
account = "main"
symbols = ["005930"]
rule = { type = "schedule", quantity = 1 }
mode = "approve"
[books.two]
strategy = "two"
account = "main"
symbols = ["005930"]
mode = "shadow"
[loc]
mode = "ladder"
[reconcile]
adopt_orphans = "bot"
[risk]
max_order_value = 1
max_orders_per_minute = 1
price_collar_percent = 1
max_daily_loss = 1
[heartbeat]
url = "https://watcher.example"
[notify.telegram]
token = { env = "T" }
chat_id = 1
[calendars.XKRX]
closed = ["2026-06-03"]
[[jobs]]
run = "reconcile"
at = "open"
[[jobs]]
run = "loc"
at = "open"
"""


WARNED_OF = {
    "accounts.*.market": {"accounts.main.market"},
    "accounts.*.paper.hours": {"accounts.coins.paper.hours"},
    "accounts.*.market_type": {"accounts.coins.market_type"},
    "books.*.rule.type": {"books.bot.rule.type"},
    "jobs.*.run": {"jobs.1.run"},
    "loc.mode": {"loc.mode"},
    "reconcile.adopt_orphans": {"reconcile.adopt_orphans"},
    "risk.max_order_value": {"risk.max_order_value"},
    "risk.max_orders_per_minute": {"risk.max_orders_per_minute"},
    "risk.price_collar_percent": {"risk.price_collar_percent"},
    "risk.max_daily_loss": {"risk.max_daily_loss"},
    "heartbeat.url": {"heartbeat.url"},
    "calendars.*": {"calendars.XKRX"},
}
"""What the file above must be warned of, as long as the gap is there."""


def test_every_promise_that_is_not_kept_yet_is_a_warning(tmp_path: Path) -> None:
    warnings = unsupported(load(tmp_path, AMBITIOUS, T="t"))
    assert {each.path for each in warnings} == set().union(*(WARNED_OF[gap.path] for gap in GAPS))
    assert all(each.hint for each in warnings)


def test_what_works_gives_no_warning(tmp_path: Path) -> None:
    reconcile = '[[jobs]]\nrun = "reconcile"\nat = "open"\n'
    assert unsupported(load(tmp_path, ONE_BOOK + reconcile)) == ()


def test_every_gap_is_a_key() -> None:
    for gap in GAPS:
        assert node_at(tuple(gap.path.split("."))) is not None, gap.path
