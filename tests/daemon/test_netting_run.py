"""A person has orders netted now: the usual run, asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from algorithms.domain import AccountName, OrderType, Side, Symbol
from daemon.netting_run import netting_run
from tests.support.books import Wish, all_is_well, make
from tests.support.loops import in_virtual_time
from tests.support.world import buy, world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.world import World

_SILENT = {"worker": None, "name": AccountName("main")}
"""An account whose broker does not answer."""


async def opposed(day: World) -> None:
    """Alpha holds ten; then both sides want to trade later, and nobody has looked yet."""
    await day.submit("alpha", buy("TQQQ", "10"))
    await day.pass_time(1)
    later = day.clock.now().replace(hour=20)
    twap = {"order_type": OrderType.TWAP, "due_at": later, "deadline": later}
    await make(
        day,
        Wish(book="a", side=Side.SELL, value="4", **twap),  # type: ignore[arg-type]
        Wish(book="b", side=Side.BUY, value="4", reserve_price="101", **twap),  # type: ignore[arg-type]
    )


def test_what_opposes_is_crossed_and_the_saving_told(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as day:
            await opposed(day)
            told = await netting_run(day.engine.services, day.engine.accounts, None, None)
            pairs: Any = told["pairs"]
            assert [(pair["quantity"], pair["price"]) for pair in pairs] == [("4", "100")]
            assert told["saved"] == {"commission": "2", "value": "400", "broker_orders": 2}
            assert (told["skipped"], told["finished"]) == ([], True)
            await all_is_well(day)
            again = await netting_run(day.engine.services, day.engine.accounts, "main", None)
            assert (again["pairs"], again["finished"]) == ([], True)

    in_virtual_time(story())


def test_another_symbol_or_account_is_left_alone(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as day:
            services, accounts = day.engine.services, day.engine.accounts
            told = await netting_run(services, accounts, "main", Symbol("SOXL"))
            assert (told["pairs"], told["finished"]) == ([], True)
            silent = {AccountName("main"): type("Silent", (), _SILENT)()}
            told = await netting_run(services, silent, None, None)
            assert told["finished"] is True, "it has nothing to net"
            await day.submit("alpha", buy("TQQQ", "1", kind=OrderType.LIMIT, price="1"))
            told = await netting_run(services, silent, None, None)
            assert told["finished"] is False

    in_virtual_time(story())
