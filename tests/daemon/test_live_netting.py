from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from adapters.paper import Fault
from algorithms.domain import OrderType
from daemon.api.problems import BadInput
from daemon.live_netting import live_netting
from daemon.market import ASK_TIMEOUT_S
from tests.support.loops import in_virtual_time
from tests.support.world import THREE_BOOKS, Told, buy, sell, world

if TYPE_CHECKING:
    from pathlib import Path

SLICED: dict[str, Any] = {"kind": OrderType.TWAP, "slices": 4, "minutes": "60"}
NETTING_OFF = "[netting]\nenabled = false\n"
NOTHING = {"commission": "0", "value": "0", "broker_orders": 0}


def order_of(told: Told) -> str:
    (order,) = told.body["results"][0]["orders"]
    return str(order["id"])


def test_what_opposes_would_be_crossed_at_the_price_of_now(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path, THREE_BOOKS + NETTING_OFF) as here:
            await here.submit("beta", buy("TQQQ", "40"))
            await here.pass_time(1)
            bought = await here.submit("alpha", buy("TQQQ", "50", **SLICED))
            sold = await here.submit("beta", sell("TQQQ", "30", **SLICED))
            services = here.engine.services
            found = await live_netting(services, {})
            assert found["pairs"] == []
            assert found["skipped"] == [
                {"account": "main", "symbol": "TQQQ", "reason": "netting_off"}
            ]
            current = here.engine.current
            crossing = replace(current.setup.netting, enabled=True)
            current.setup = replace(current.setup, netting=crossing)
            found = await live_netting(services, {"account": "main"})
            assert found["pairs"] == [
                {
                    "buy": order_of(bought),
                    "sell": order_of(sold),
                    "symbol": "TQQQ",
                    "account": "main",
                    "shares": "30",
                    "price": "100",
                }
            ]
            assert found["saved"] == {"commission": "15", "value": "3000", "broker_orders": 1}
            assert found["skipped"] == []

    in_virtual_time(story())


def test_with_one_side_only_everything_remains(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as here:
            told = await here.submit("alpha", buy("TQQQ", "50", **SLICED))
            found = await live_netting(here.engine.services, {})
            assert found["pairs"] == []
            assert found["saved"] == NOTHING
            assert found["remaining"] == [
                {
                    "id": order_of(told),
                    "symbol": "TQQQ",
                    "account": "main",
                    "value": "50",
                    "status": "open",
                    "reason": None,
                    "cash_returned": "0",
                }
            ]

    in_virtual_time(story())


def test_a_fault_of_the_body_is_named(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as here:
            with pytest.raises(BadInput) as caught:
                await live_netting(here.engine.services, {"account": "mian", "lot": "1"})
            assert {problem.path for problem in caught.value.problems} == {"account", "lot"}

    in_virtual_time(story())


def test_nothing_is_changed_and_nobody_is_told(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as here:
            await here.submit("alpha", buy("TQQQ", "50", **SLICED))
            before = await here.rows("all_parents"), await here.rows("all_fills")
            await live_netting(here.engine.services, {"account": "main"})
            assert (await here.rows("all_parents"), await here.rows("all_fills")) == before

    in_virtual_time(story())


def test_a_silent_broker_is_waited_for_once_whatever_number_of_symbols_there_is(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with world(tmp_path, THREE_BOOKS + NETTING_OFF) as here:
            for symbol in ("TQQQ", "SOXL"):
                await here.submit("beta", buy(symbol, "40"))
            await here.pass_time(1)
            for symbol in ("TQQQ", "SOXL"):
                await here.submit("alpha", buy(symbol, "50", **SLICED))
                await here.submit("beta", sell(symbol, "30", **SLICED))
            await here.pass_time(60)  # no price is remembered any more
            current = here.engine.current
            crossing = replace(current.setup.netting, enabled=True)
            current.setup = replace(current.setup, netting=crossing)
            for _ in range(2):
                here.exchange().faults.script("quote", Fault.ANSWER_LOST_BEFORE)
            before = here.clock.monotonic()
            found = await live_netting(here.engine.services, {})
            assert here.clock.monotonic() - before <= ASK_TIMEOUT_S
            assert found["pairs"] == []
            skipped: Any = found["skipped"]
            assert {group["symbol"] for group in skipped} == {"TQQQ", "SOXL"}

    in_virtual_time(story())
