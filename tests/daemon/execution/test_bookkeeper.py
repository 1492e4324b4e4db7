"""What happens to money and shares beside trading, as stories; all books right at the end."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from algorithms.domain import SUSPENSE, AccountName, BookName, OrderType, Symbol
from daemon.audit import audit
from daemon.execution.bookkeeper import EntryKeyReusedError, NotPossibleError
from daemon.execution.entries import (
    Assignment,
    Deposit,
    Dividend,
    Exchange,
    Interest,
    Record,
    Transfer,
    Withdrawal,
)
from tests.support.books import select
from tests.support.houses import house
from tests.support.world import buy, sell, world

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.execution.bookkeeper import Recorded
    from daemon.execution.entries import Entered
    from tests.support.world import World

MAIN, TQQQ = AccountName("main"), Symbol("TQQQ")
A, B = BookName("a"), BookName("b")
TWO = house({"a": ("alpha", "main"), "b": ("beta", "main")}, commission="0", capital="1000")
D = Decimal


async def enter(day: World, entered: Entered, key: str | None = None) -> Recorded:
    """Enter something, under a key of its own unless one is given."""
    text = repr(entered)
    record = Record(
        key=key or text,
        body_hash=hashlib.sha256(text.encode()).digest(),
        note="as the broker's statement says",
        entered=entered,
    )
    return await day.engine.ledger.record(record)


async def books_are_right(day: World) -> None:
    """Assert every invariant that does not need the broker to have seen the same."""
    assert await audit(day.engine.store, None, day.clock) == ()


def deposit(amount: str, *, asset: str | None = None, price: str | None = None) -> Deposit:
    return Deposit(book=A, asset=asset, amount=D(amount), price=None if price is None else D(price))


async def test_cash_comes_and_goes(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        await enter(day, deposit("500"))
        await enter(day, Withdrawal(book=A, asset=None, amount=D(200)))
        await enter(day, Interest(book=A, amount=D("1.5")))
        await enter(day, Interest(book=A, amount=D("-0.5")))
        assert await day.held("a", "USD") == D(1301)
        assert await day.held("b", "USD") == D(1000)
        assert day.told("ledger_entry") == 4
        await books_are_right(day)


async def test_an_entry_is_made_once_however_often_it_is_sent(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        first = await enter(day, deposit("500"), key="statement 7")
        again = await enter(day, deposit("500"), key="statement 7")
        assert (again.event_id, again.repeats) == (first.event_id, True)
        with pytest.raises(EntryKeyReusedError):
            await enter(day, deposit("501"), key="statement 7")
        assert await day.held("a", "USD") == D(1500)


async def test_shares_that_are_deposited_have_a_cost_and_can_be_sold(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        await enter(day, deposit("10", asset="TQQQ", price="80"))
        await day.exchange().exchange.set_price(TQQQ, D(100))
        (position,) = [
            row
            for row in select(day, "SELECT * FROM positions WHERE asset = 'TQQQ'")
            if row["book"] == "a"
        ]
        assert (position["quantity"], position["cost"]) == ("10", "800")
        await enter(day, Withdrawal(book=A, asset="TQQQ", amount=D(4)))
        (position,) = [
            row
            for row in select(day, "SELECT * FROM positions WHERE asset = 'TQQQ'")
            if row["book"] == "a"
        ]
        assert (position["quantity"], position["cost"], position["profit"]) == ("6", "480", "0")
        await books_are_right(day)


async def test_a_transfer_takes_its_cost_along_and_profits_follow_it(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        await day.submit("alpha", buy("TQQQ", "8"))
        await day.pass_time(1)
        await enter(day, Transfer(book=A, to_book=B, asset="TQQQ", amount=D(3)))
        await enter(day, Transfer(book=B, to_book=A, asset=None, amount=D(250)))
        assert await day.held("a", "TQQQ") == 5
        assert await day.held("b", "TQQQ") == 3
        assert await day.held("a", "USD") == D(450)
        await day.exchange().exchange.set_price(TQQQ, D(110))
        await day.submit("beta", sell("TQQQ", "3"))
        await day.pass_time(1)
        sold = (await day.rows("all_fills"))[-1]
        assert (sold["book"], sold["profit"]) == ("b", "30")
        await books_are_right(day)
        assert await audit(day.engine.store, day.engine.services.brokers, day.clock) == ()


async def test_a_dividend_of_the_account_is_shared_by_who_holds_the_shares(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        await day.submit("alpha", buy("TQQQ", "2"))
        await day.submit("beta", buy("TQQQ", "1"))
        await day.pass_time(1)
        dividend = Dividend(account=MAIN, book=None, symbol=TQQQ, amount=D("10"))
        await enter(day, dividend)
        assert await day.held("a", "USD") == D("806.67")
        assert await day.held("b", "USD") == D("903.33")
        await enter(day, Dividend(account=None, book=B, symbol=TQQQ, amount=D(1)))
        assert await day.held("b", "USD") == D("904.33")
        await books_are_right(day)


async def test_currencies_are_exchanged_inside_a_book(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        exchange = Exchange(book=A, asset=None, amount=D(300), to_asset="EUR", to_amount=D("275.1"))
        await enter(day, exchange)
        assert await day.held("a", "USD") == D(700)
        assert await day.held("a", "EUR") == D("275.1")
        back = Exchange(book=A, asset="EUR", amount=D("75.1"), to_asset="USD", to_amount=D(80))
        await enter(day, back)
        assert await day.held("a", "USD") == D(780)
        first, _ = select(day, "SELECT price FROM ledger_entries WHERE price IS NOT NULL")
        assert first["price"] == "0.917"
        await books_are_right(day)


async def test_what_the_broker_showed_first_is_taken_from_suspense(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        await day.submit("alpha", buy("TQQQ", "2"))
        await day.pass_time(1)
        await enter(day, deposit("100"))  # the broker has not got it: it stands against suspense
        await day.pass_time(70)
        assert await day.held(SUSPENSE, "USD") == D(-100)
        await enter(day, Withdrawal(book=A, asset=None, amount=D(30)))
        assert await day.held(SUSPENSE, "USD") == D(-70)
        await enter(day, Assignment(book=B, asset=None, amount=D(-70), price=None))
        assert await day.held(SUSPENSE, "USD") == 0
        assert await audit(day.engine.store, day.engine.services.brokers, day.clock) == ()


@pytest.mark.parametrize(
    ("entered", "path", "words"),
    [
        (Withdrawal(book=A, asset=None, amount=D(1001)), "amount", "a has 1000 USD free"),
        (Withdrawal(book=A, asset="TQQQ", amount=D(1)), "amount", "a has 0 TQQQ free"),
        (Interest(book=A, amount=D(-1001)), "amount", "free"),
        (deposit("1", price="1"), "price", "left out"),
        (deposit("1", asset="TQQQ"), "price", "missing"),
        (deposit("1.5", asset="TQQQ", price="9"), "amount", "multiple of the lot, 1"),
        (Deposit(book=BookName("x"), asset=None, amount=D(1), price=None), "book", "configured"),
        (Transfer(book=A, to_book=A, asset=None, amount=D(1)), "to_book", "the same book"),
        (Transfer(book=A, to_book=BookName("x"), asset=None, amount=D(1)), "to_book", "name"),
        (Transfer(book=A, to_book=B, asset=None, amount=D(2000)), "amount", "free"),
        (
            Exchange(book=A, asset=None, amount=D(1), to_asset="USD", to_amount=D(1)),
            "to_asset",
            "nothing changes",
        ),
        (
            Dividend(account=MAIN, book=None, symbol=TQQQ, amount=D(1)),
            "symbol",
            "no book of main holds TQQQ",
        ),
        (
            Dividend(account=AccountName("x"), book=None, symbol=TQQQ, amount=D(1)),
            "account",
            "configured account",
        ),
        (Assignment(book=A, asset=None, amount=D(1), price=None), "amount", "suspense of main"),
    ],
)
async def test_what_the_books_do_not_allow_is_refused_by_its_field(
    tmp_path: Path, entered: Entered, path: str, words: str
) -> None:
    async with world(tmp_path, TWO) as day:
        with pytest.raises(NotPossibleError) as refused:
            await enter(day, entered)
        assert refused.value.path == path
        assert words in refused.value.message
        assert select(day, "SELECT * FROM ledger_keys") == []


async def test_what_orders_have_set_aside_cannot_leave(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        await day.submit("alpha", buy("TQQQ", "9", kind=OrderType.LIMIT, price="90"))
        with pytest.raises(NotPossibleError) as refused:
            await enter(day, Withdrawal(book=A, asset=None, amount=D(200)))
        assert refused.value.message == "a has 190 USD free, 810 set aside"


async def test_nothing_moves_between_accounts(tmp_path: Path) -> None:
    text = house({"a": ("alpha", "main"), "b": ("beta", "other")})
    async with world(tmp_path, text) as day:
        with pytest.raises(NotPossibleError, match="without the broker"):
            await enter(day, Transfer(book=A, to_book=B, asset=None, amount=D(1)))
