"""What an order comes to is the same whether or not it was worked out before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.ccxt_bridge.fitness import NO_STOPS
from algorithms.decimals import HUNDRED, ZERO, exactly
from algorithms.domain import OrderType, ParentId, Side, Symbol
from algorithms.instruments import Instrument, tick_table
from daemon.config import load_config
from daemon.execution.commands import ANYWHERE, Place
from daemon.execution.sizing import REMEMBERED, Refusal, Sizes, Terms, needs_price, size
from daemon.setup import setup_of
from daemon.storage.rows import parent_row, parent_terms_row, to_us
from tests.support.world import START

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from daemon.registry import Book
    from daemon.setup import Setup

CONFIG = """
[accounts.main]
broker = "paper"
market = "XNYS"
commission_percent = "0.25"
[accounts.main.paper]
prices = { TQQQ = "100" }
[strategies.alpha]
[books.alpha]
strategy = "alpha"
account = "main"
capital = "10000"
"""
NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
TQQQ = Instrument(
    symbol=Symbol("TQQQ"),
    lot=Decimal(1),
    ticks=tick_table(("0", "0.01")),
    type="etf",
    currency="USD",
)
TERMS = Terms(TQQQ, HUNDRED, frozenset({OrderType.MARKET, OrderType.LIMIT}))


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    (tmp_path / "config.toml").write_text(CONFIG)
    return setup_of(load_config(tmp_path / "config.toml", {}), START)


@pytest.fixture
def book(setup: Setup) -> Book:
    (only,) = setup.registry.books.values()
    return only


@pytest.fixture(autouse=True)
def as_in_a_transaction() -> Iterator[None]:
    with exactly():
        yield


def buy(
    *,
    side: Side = Side.BUY,
    quantity: str | None = "10",
    percent: str | None = None,
    price: str | None = "99.999",
    slices: int | None = 5,
) -> Place:
    return Place(
        order_type=OrderType.LIMIT if slices is None else OrderType.TWAP,
        symbol=TQQQ.symbol,
        side=side,
        quantity=None if quantity is None else Decimal(quantity),
        percent=None if percent is None else Decimal(percent),
        price=None if price is None else Decimal(price),
        stop_price=None,
        slices=slices,
        minutes=None if slices is None else Decimal(10),
        nets=None,
        venue=ANYWHERE,
    )


def test_a_twap_starts_in_the_middle_of_its_first_part(setup: Setup, book: Book) -> None:
    sized = size(buy(), book, TERMS, setup, ZERO)
    order = sized.order(ParentId("p"), "r", NOW)
    assert (order.id, order.request_id, order.created_at) == ("p", "r", NOW)
    assert order.due_at == NOW + timedelta(minutes=1)
    assert order.deadline == NOW + timedelta(minutes=10)
    assert (order.limit_price, order.slices) == (Decimal("99.99"), 5)
    assert order.reserved == sized.reserved == Decimal("1002.39975")  # 10 x 99.99 and 0.25 %


@pytest.mark.parametrize("slices", [5, None])
def test_its_row_is_the_row_of_the_order_it_makes(
    setup: Setup, book: Book, slices: int | None
) -> None:
    sized = size(buy(slices=slices), book, TERMS, setup, ZERO)
    order = sized.order(ParentId("p"), "r", NOW)
    assert sized.terms_row == parent_terms_row(order)
    assert sized.row(order.id, "r", to_us(NOW)) == parent_row(order)


def test_an_order_that_rests_is_due_at_once_and_has_no_end(setup: Setup, book: Book) -> None:
    order = size(buy(slices=None), book, TERMS, setup, ZERO).order(ParentId("p"), "r", NOW)
    assert (order.due_at, order.deadline, order.slices) == (NOW, None, 1)


class TestMemory:
    def test_the_same_command_is_worked_out_once(self, setup: Setup, book: Book) -> None:
        sizes, command = Sizes(), buy()
        first = sizes.of(command, book, TERMS, setup, ZERO)
        assert sizes.of(command, book, TERMS, setup, ZERO) is first

    def test_whatever_changes_is_worked_out_anew(self, setup: Setup, book: Book) -> None:
        sizes, command = Sizes(), buy(quantity=None, percent="50", price=None)
        wanted = sizes.of(command, book, TERMS, setup, ZERO).quantity
        assert wanted == Decimal(50)
        dearer = TERMS._replace(price=Decimal(200))
        assert sizes.of(command, book, dearer, setup, ZERO).quantity == Decimal(25)
        by_tens = TERMS._replace(instrument=replace(TQQQ, lot=Decimal(20)))
        assert sizes.of(command, book, by_tens, setup, ZERO).quantity == Decimal(40)
        richer = replace(book, capital=Decimal(20_000))
        assert sizes.of(command, richer, TERMS, setup, ZERO).quantity == Decimal(100)
        careful = replace(setup, worst_price=Decimal(2))
        reserved = sizes.of(command, book, TERMS, careful, ZERO).reserved
        assert reserved == Decimal(10025)

    def test_what_closes_a_position_depends_on_it_every_time(
        self, setup: Setup, book: Book
    ) -> None:
        sizes, command = Sizes(), buy(quantity=None, percent="-50", price=None)
        for held in (Decimal(30), Decimal(10)):
            sized = sizes.of(command, book, TERMS, setup, held)
            assert (sized.side, sized.quantity) == (Side.SELL, held / 2)

    def test_a_refusal_is_not_remembered(self, setup: Setup, book: Book) -> None:
        sizes, command = Sizes(), buy()
        for _ in range(2):
            with pytest.raises(Refusal, match="unavailable"):
                sizes.of(command, book, Terms(), setup, ZERO)
        assert sizes.of(command, book, TERMS, setup, ZERO).quantity == Decimal(10)

    def test_it_is_bounded(self, setup: Setup, book: Book) -> None:
        sizes = Sizes()
        commands = [buy(quantity=str(number)) for number in range(1, 2 * REMEMBERED + 3)]
        for command in commands:
            sizes.of(command, book, TERMS, setup, ZERO)
        assert REMEMBERED <= len(sizes) <= 2 * REMEMBERED
        assert sizes.of(commands[0], book, TERMS, setup, ZERO).quantity == Decimal(1)


class TestStopWithoutLimit:
    """A buy that the market has passed trades at once, at the market and not at its stop."""

    TAKEN = TERMS._replace(order_types=frozenset({OrderType.STOP_MARKET}))

    @staticmethod
    def stop(at: str, **fields: object) -> Place:
        order = buy(price=None, slices=None, **fields)  # type: ignore[arg-type]
        return order._replace(order_type=OrderType.STOP_MARKET, stop_price=Decimal(at))

    @pytest.mark.parametrize(("at", "a_unit"), [("30", "105"), ("100", "105"), ("120", "126")])
    def test_a_buy_sets_aside_the_dearer_of_stop_and_market(
        self, setup: Setup, book: Book, at: str, a_unit: str
    ) -> None:
        order = self.stop(at, quantity="10")
        assert needs_price(order, book)
        reserved = size(order, book, self.TAKEN, setup, ZERO).reserved
        assert reserved == 10 * Decimal(a_unit) * Decimal("1.0025")  # its fee of 0.25 % too

    @pytest.mark.parametrize(("at", "units"), [("30", 50), ("200", 25)])
    def test_a_part_of_the_capital_buys_what_the_dearer_price_allows(
        self, setup: Setup, book: Book, at: str, units: int
    ) -> None:
        order = self.stop(at, quantity=None, percent="50")
        assert size(order, book, self.TAKEN, setup, ZERO).quantity == units

    def test_a_buy_is_not_taken_without_a_price(self, setup: Setup, book: Book) -> None:
        silent = self.TAKEN._replace(price=None, problem="unavailable: no price today")
        with pytest.raises(Refusal, match="no price today"):
            size(self.stop("30"), book, silent, setup, ZERO)

    def test_a_sell_needs_no_price(self, setup: Setup, book: Book) -> None:
        order = self.stop("30", side=Side.SELL)
        assert not needs_price(order, book)
        silent = self.TAKEN._replace(price=None)
        assert size(order, book, silent, setup, ZERO).reserved == 10

    def test_a_limit_bounds_what_a_stop_costs(self, book: Book) -> None:
        order = buy(price="31", slices=None)._replace(
            order_type=OrderType.STOP_LIMIT, stop_price=Decimal(30)
        )
        assert not needs_price(order, book)


@pytest.mark.parametrize(("broker", "why"), [("paper", ""), ("ccxt", f": {NO_STOPS}")])
def test_a_stop_that_a_broker_does_not_take_is_refused_with_the_reason(
    book: Book, setup: Setup, broker: str, why: str
) -> None:
    there = replace(book, account=replace(book.account, broker=broker))
    stop = buy()._replace(order_type=OrderType.STOP_MARKET, stop_price=HUNDRED)
    with pytest.raises(Refusal) as refused:
        size(stop, there, TERMS, setup, ZERO)
    assert str(refused.value) == f"unsupported: {broker} has no STOP_MARKET{why}"
