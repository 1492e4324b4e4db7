from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from algorithms.domain import BookName, Kind, OrderType, Symbol
from algorithms.instruments import default_instrument
from daemon.execution.halts import Scope
from daemon.execution.rule_intake import RuleIntake, RuleTerms, request_of
from daemon.rules.rule import Wish
from tests.daemon.jobs.mornings import house, morning
from tests.support.books import told
from tests.support.world import buy

if TYPE_CHECKING:
    from pathlib import Path

    from algorithms.domain import ParentOrder
    from tests.support.world import World

TQQQ = Symbol("TQQQ")
QUIET = '{ type = "schedule", cash = 1, weekdays = ["sun"] }'


async def placed(
    here: World, wish: Wish, *, slices: int = 4, symbol: Symbol = TQQQ
) -> ParentOrder | None:
    engine = here.engine
    services = engine.services
    intake = RuleIntake(
        engine.current, services.halts, services.orders, engine.approvals, services.ids
    )
    terms = RuleTerms(
        instrument=default_instrument(TQQQ, "XNYS", "USD"),
        price=Decimal(100),
        slices_left=slices,
        request_id=request_of("2026-11-20", "bot"),
    )
    book = engine.registry.books[BookName("bot")]
    now = here.clock.now()
    return await engine.store.write(lambda tx: intake.place(tx, book, symbol, wish, terms, now))


def wish(kind: Kind = Kind.BUY, amount: str = "1000", **more: object) -> Wish:
    measure = "cash" if kind is Kind.BUY else "quantity"
    return Wish(kind=kind, **{measure: Decimal(amount)}, **more)  # type: ignore[arg-type]


async def test_cash_is_set_aside_and_waits_for_the_twap_job(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": QUIET})) as here:
        order = await placed(here, wish())
        assert order is not None
        assert (order.total, order.reserved, order.slices, order.due_at) == (
            Decimal(1000), Decimal(1000), 4, None,
        )  # fmt: skip
        assert order.request_id == "rule:2026-11-20:bot"
        assert await here.reserved("bot", "USD") == 1000


async def test_a_quantity_buy_sets_the_worst_price_aside(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": QUIET})) as here:
        order = await placed(here, Wish(kind=Kind.BUY, quantity=Decimal("4.7")))
        assert order is not None
        assert (order.total, order.reserved) == (Decimal(4), Decimal(420))


@pytest.mark.parametrize(
    ("capital", "wanted", "total"),
    [
        ("600", Wish(kind=Kind.BUY, cash=Decimal(1000)), 600),
        ("600", Wish(kind=Kind.BUY, quantity=Decimal(9)), 5),
    ],
)
async def test_a_buy_is_cut_to_the_free_cash(
    tmp_path: Path, capital: str, wanted: Wish, total: int
) -> None:
    async with morning(tmp_path, house({"bot": QUIET}, capital=capital)) as here:
        order = await placed(here, wanted)
        assert order is not None
        assert order.total == total
        (low,) = told(here, "low_cash")
        assert low["free"] == capital


async def test_a_sell_is_cut_to_the_free_units(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": QUIET})) as here:
        await here.submit("bot", buy("TQQQ", "3"))
        await here.pass_time(1)
        order = await placed(here, wish(Kind.SELL_3_4, "5"))
        assert order is not None
        assert (order.kind, order.total) == (Kind.SELL_3_4, Decimal(3))
        assert told(here, "few_units")[0]["free"] == "3"
        assert await placed(here, wish(Kind.SELL, "1")) is None


async def test_other_orders_than_twaps_are_due_at_once_inside_their_limit(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": QUIET})) as here:
        limit = wish(order_type=OrderType.LIMIT, limit_price=Decimal("99.999"))
        order = await placed(here, limit)
        assert order is not None
        assert (order.limit_price, order.due_at) == (Decimal("99.99"), here.clock.now())
        assert order.reserve_price == Decimal("99.99")


@pytest.mark.parametrize(
    ("wanted", "symbol", "code"),
    [
        (wish(amount="99"), "TQQQ", "below_one_lot"),
        (wish(), "SOXL", "symbol_not_in_book"),
        (wish(Kind.SELL, "1"), "TQQQ", "insufficient_holdings"),
        (wish(order_type=OrderType.LIMIT, limit_price=Decimal("0.00001")), "TQQQ", "bad_price"),
    ],
)
async def test_what_cannot_be_had_is_refused_with_the_reason(
    tmp_path: Path, wanted: Wish, symbol: str, code: str
) -> None:
    async with morning(tmp_path, house({"bot": QUIET})) as here:
        assert await placed(here, wanted, symbol=Symbol(symbol)) is None
        (refused,) = told(here, "rule_order_refused")
        assert refused["reason"].startswith(f"{code}: ")


async def test_a_book_that_is_halted_or_off_gets_nothing(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": QUIET}, more="active = false")) as here:
        assert await placed(here, wish()) is None
    (tmp_path / "on").mkdir()
    async with morning(tmp_path / "on", house({"bot": QUIET}), clock=here.clock) as here:
        await here.engine.halts.halt(Scope.ALL, "", "by hand", here.clock.now())
        assert await placed(here, wish()) is None
        assert told(here, "rule_order_refused")[0]["reason"].startswith("halted: ")


async def test_the_limits_of_risk_hold_for_rules_too(tmp_path: Path) -> None:
    limited = house({"bot": QUIET}).replace(
        "[reconcile]", "[risk]\nmax_order_value = 500\n[reconcile]"
    )
    async with morning(tmp_path, limited) as here:
        assert await placed(here, wish(amount="1000")) is None
        assert "500" in told(here, "rule_order_refused")[0]["reason"]
        assert await placed(here, wish(amount="500")) is not None
