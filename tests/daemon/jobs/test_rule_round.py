from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.domain import BookName, Kind, Symbol
from daemon.jobs.runs import RunStatus
from daemon.registry import Registry
from daemon.rules.rule import Decision, RuleClass, RuleOptions, Wish
from tests.daemon.jobs.mornings import DAILY, TIERED, house, morning, new_york, runs, until
from tests.support.books import parents, select, told
from tests.support.world import buy, sell

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.rules.rule import BookDay
    from tests.support.world import World

BOT = BookName("bot")


class Told(RuleClass[RuleOptions]):
    """Remembers what it was asked, and answers what the story wants."""

    def __init__(self, *answers: Decision | Exception | float) -> None:
        super().__init__(RuleOptions())
        self.answers = list(answers)
        self.asked: list[BookDay] = []

    async def decide(self, day: BookDay) -> tuple[Decision, ...]:
        self.asked.append(day)
        match self.answers.pop(0):
            case Exception() as error:
                raise error
            case Decision() as decision:
                return (decision,)
            case seconds:
                await asyncio.sleep(seconds)
                return ()


def with_rule(here: World, rule: Told) -> Told:
    """Give the book another rule, as a reload would."""
    setup = here.engine.current.setup
    registry = setup.registry
    books = [
        replace(book, rule=rule) if book.name == BOT else book for book in registry.books.values()
    ]
    changed = Registry.of(registry.accounts.values(), books, registry.strategies)
    here.engine.current.setup = replace(setup, registry=changed)
    return rule


def decision(symbol: str = "TQQQ", **more: object) -> Decision:
    return Decision(symbol=Symbol(symbol), reason="as told", **more)  # type: ignore[arg-type]


async def test_a_rule_sees_its_book_and_what_it_remembered(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": DAILY})) as here:
        rule = with_rule(here, Told(decision(state={"mood": "good"}), decision()))
        await here.submit("bot", buy("TQQQ", "10"))
        await until(here, new_york(9, 36))
        await here.submit("bot", sell("TQQQ", "4"))
        await here.pass_time(1)
        await until(here, new_york(9, 36, day=23))
        first, second = rule.asked
        (symbol,) = first.symbols
        assert (first.book, first.account, first.currency) == ("bot", "main", "USD")
        assert (str(first.day), str(first.previous_day)) == ("2026-11-20", "2026-11-19")
        assert (first.cash, symbol.quantity, symbol.invested) == (
            Decimal(99000), Decimal(10), Decimal(1000),
        )  # fmt: skip
        assert (symbol.state, symbol.sales) == ({}, ())
        (symbol,) = second.symbols
        (sale,) = symbol.sales
        assert (symbol.state, symbol.quantity) == ({"mood": "good"}, Decimal(6))
        assert (str(sale.day), sale.profit, sale.is_full) == ("2026-11-20", Decimal(0), False)
        assert second.days_since(first.day) == 1


async def test_a_rule_that_fails_costs_only_its_own_book_its_orders(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": DAILY, "other": DAILY})) as here:
        with_rule(here, Told(ValueError("no idea")))
        await until(here, new_york(9, 40))
        assert [row["book"] for row in parents(here)] == ["other"]
        assert told(here, "rule_failed")[0]["reason"] == "ValueError: no idea"
        assert ("make_orders", "bot", "2026-11-20", RunStatus.FAILED) in runs(here)


async def test_a_rule_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": DAILY})) as here:
        with_rule(here, Told(3600.0))
        await until(here, new_york(9, 36))
        assert told(here, "rule_failed")[0]["reason"] == "it did not answer within 30 s"


async def test_a_rule_may_not_decide_on_what_its_book_does_not_trade(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": DAILY})) as here:
        with_rule(here, Told(decision("SOXL")))
        await until(here, new_york(9, 36))
        assert "SOXL, which the book does not trade" in told(here, "rule_failed")[0]["reason"]


async def test_without_a_price_a_book_waits_for_the_next_try(tmp_path: Path) -> None:
    text = house({"bot": DAILY, "other": DAILY}).replace(
        'symbols = ["TQQQ"]', 'symbols = ["VOO"]', 1
    )
    async with morning(tmp_path, text) as here:
        await until(here, new_york(9, 40))
        assert [row["book"] for row in parents(here)] == ["other"]
        assert [run[1] for run in runs(here, "make_orders")] == ["other"]
        await until(here, new_york(10, 10))
        assert "no price of VOO" in told(here, "job_failed")[0]["reason"]


async def test_what_a_rule_remembers_is_stored_with_its_orders(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": TIERED})) as here:
        await until(here, new_york(9, 36))
        (row,) = select(here, "SELECT * FROM rule_states")
        assert (row["book"], row["symbol"]) == ("bot", "TQQQ")
        assert '"seed":"1000"' in row["state"]


async def test_a_forced_buy_keeps_its_kind(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": DAILY})) as here:
        forced = Wish(kind=Kind.BUY_FORCE, quantity=Decimal(2))
        with_rule(here, Told(decision(wishes=(forced,))))
        await until(here, new_york(9, 36))
        (order,) = parents(here)
        assert (order["kind"], order["measure"], order["total"]) == ("BUY_FORCE", "quantity", "2")
