from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from adapters.binance.hub import Hub
from adapters.broker import BrokerUnavailableError, UnknownSymbolError
from adapters.ccxt_bridge.hub import Hub as BridgeHub
from adapters.clock import LoopClock
from adapters.kis.hub import Hub as KisHub
from adapters.sessions import AlwaysOpen
from adapters.sqlite.driver import InlineDriver
from adapters.tasks import TaskSupervisor
from adapters.virtual_time import VirtualTimeLoop
from algorithms.domain import AccountName, Symbol
from daemon.brokers.opening import open_broker
from daemon.config import load_config
from daemon.market import FRESH_S, RECENT_S, Market
from tests.support.world import START, THREE_BOOKS, started

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from adapters.paper import PaperBroker
    from algorithms.instruments import Instrument

MAIN = AccountName("main")
TQQQ = Symbol("TQQQ")


class Scene:
    """A market over one paper account."""

    def __init__(self, market: Market, broker: PaperBroker, clock: LoopClock) -> None:
        self.market = market
        self.broker = broker
        self.clock = clock


def play(folder: Path, story: Callable[[Scene], Coroutine[object, object, None]]) -> None:
    """Run a story under virtual time."""

    async def run() -> None:
        path = folder / "config.toml"
        path.write_text(THREE_BOOKS)
        clock, tasks = LoopClock(START), TaskSupervisor()
        broker = await open_broker(
            load_config(path, {}),
            MAIN,
            clock=clock,
            open_driver=InlineDriver.open,
            sessions=AlwaysOpen(),
            hub=lambda: Hub(clock),
            kis=lambda: KisHub(clock, Path()),
            bridge=lambda: BridgeHub(clock),
            on_failure=lambda _name, _error: None,
        )
        await broker.open()
        await story(Scene(Market(clock, {MAIN: broker}, tasks), broker, clock))  # type: ignore[arg-type]
        await tasks.close(1)
        await broker.close()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(run())


def test_a_burst_of_decisions_shares_one_price(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        first = await scene.market.quote(MAIN, TQQQ)
        await scene.broker.exchange.set_price(TQQQ, Decimal(120))

        assert (await scene.market.quote(MAIN, TQQQ)).last == first.last == 100
        await scene.clock.sleep(FRESH_S + 0.1)
        assert (await scene.market.quote(MAIN, TQQQ)).last == 120

    play(tmp_path, story)


def test_a_price_some_seconds_old_sizes_an_order_while_a_new_one_is_asked_for(
    tmp_path: Path,
) -> None:
    async def story(scene: Scene) -> None:
        assert scene.market.recent_quote(MAIN, TQQQ) is None
        await scene.market.quote(MAIN, TQQQ)
        await scene.broker.exchange.set_price(TQQQ, Decimal(120))
        await scene.clock.sleep(FRESH_S + 0.1)

        before = scene.market.recent_quote(MAIN, TQQQ)
        await scene.clock.sleep(0.1)
        after = scene.market.recent_quote(MAIN, TQQQ)

        assert before is not None
        assert after is not None
        assert [before.last, after.last] == [Decimal(100), Decimal(120)]

    play(tmp_path, story)


def test_an_old_price_sizes_nothing(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.market.quote(MAIN, TQQQ)
        await scene.clock.sleep(RECENT_S + 1)

        assert scene.market.recent_quote(MAIN, TQQQ) is None

    play(tmp_path, story)


def test_an_instrument_is_asked_for_once(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        assert scene.market.known_instrument(MAIN, TQQQ) is None

        instrument = await scene.market.instrument(MAIN, TQQQ)

        assert instrument.lot == 1
        assert scene.market.known_instrument(MAIN, TQQQ) is instrument

    play(tmp_path, story)


def test_a_symbol_that_is_not_traded_and_an_account_that_is_not_there(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        with pytest.raises(UnknownSymbolError):
            await scene.market.quote(MAIN, Symbol("NOSUCH"))
        with pytest.raises(BrokerUnavailableError, match="not connected"):
            await scene.market.quote(AccountName("other"), TQQQ)

    play(tmp_path, story)


def test_while_a_broker_is_exchanged_questions_wait_for_the_next_one(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        with scene.market.held(MAIN):
            asked = started(scene.market.quote(MAIN, TQQQ))
            await scene.clock.sleep(1)
            assert not asked.done()
        assert (await asked).last == 100

    play(tmp_path, story)


def test_a_broker_that_does_not_come_back_is_not_waited_for_without_end(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        with scene.market.held(MAIN), pytest.raises(BrokerUnavailableError, match="no price"):
            await scene.market.quote(MAIN, TQQQ)

    play(tmp_path, story)


def test_what_was_said_of_a_forgotten_account_is_asked_anew(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.market.instrument(MAIN, TQQQ)
        scene.market.forget(AccountName("other"))
        assert scene.market.known_instrument(MAIN, TQQQ) is not None
        scene.market.forget(MAIN)
        assert scene.market.known_instrument(MAIN, TQQQ) is None

    play(tmp_path, story)


def test_an_answer_of_a_broker_that_was_exchanged_meanwhile_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(scene: Scene) -> None:
        instrument = scene.broker.instrument
        asked = 0

        async def slow(symbol: Symbol) -> Instrument:
            nonlocal asked
            asked += 1
            await scene.clock.sleep(1)
            return await instrument(symbol)

        monkeypatch.setattr(scene.broker, "instrument", slow)
        waiting = started(scene.market.instrument(MAIN, TQQQ))
        await scene.clock.sleep(0.5)
        with scene.market.held(MAIN):
            scene.market.forget(MAIN)
            await scene.clock.sleep(1)
        await waiting
        assert asked == 2

    play(tmp_path, story)
