from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.domain import BookName
from daemon.config import load_config
from daemon.setup import Current, setup_of
from tests.support.world import START

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.setup import Setup

ONE_BOOK = """
[webhook]
wait_seconds = 1.5
max_age_seconds = 40
dedup_seconds = 5
[cancel]
timeout_seconds = 7
[netting]
enabled = false
max_price_age_seconds = 3
max_deviation_percent = 4
[twap]
price_offset_percent = "0.2"
fill_timeout_seconds = 20
[risk]
market_margin_percent = "2.5"
[accounts.main]
market = "XNYS"
[strategies.alpha]
[books.a]
strategy = "alpha"
account = "main"
"""


def made(folder: Path, text: str) -> Setup:
    path = folder / "config.toml"
    path.write_text(text)
    return setup_of(load_config(path, {}), START)


def test_everything_follows_from_one_configuration(tmp_path: Path) -> None:
    setup = made(tmp_path, ONE_BOOK)

    assert setup.registry.books.keys() == {BookName("a")}
    assert (setup.desk.wait, setup.desk.dedup) == (timedelta(seconds=1.5), timedelta(seconds=5))
    assert setup.desk.cancel_timeout == timedelta(seconds=7)
    ages = {setup.desk.max_age, setup.netting.order_max_age, setup.slicing.max_age}
    assert ages == {timedelta(seconds=40)}
    assert not setup.netting.enabled
    assert setup.netting.limits.max_age == timedelta(seconds=3)
    assert setup.netting.limits.max_deviation_percent == Decimal(4)
    assert setup.slicing.price_offset_percent == Decimal("0.2")
    assert setup.slicing.fill_timeout == timedelta(seconds=20)
    assert setup.worst_price == Decimal("1.025")


def test_who_asks_again_gets_the_setup_in_force(tmp_path: Path) -> None:
    current = Current(made(tmp_path, ONE_BOOK))
    assert BookName("b") not in current.registry.books

    current.setup = made(tmp_path, ONE_BOOK.replace("[books.a]", "[books.b]"))

    assert current.registry.books.keys() == {BookName("b")}
