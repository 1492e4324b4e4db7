"""On paper lists were seen to hide orders for good: what they do not show is not absent."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.broker import (
    Absent,
    Ambiguous,
    OrderRequest,
    OutcomeUnknown,
    RefusalCode,
    Refused,
    SentOrder,
    Undecided,
)
from adapters.clock import LoopClock
from adapters.http import Hosts
from adapters.kis.broker import KisBroker
from adapters.kis.desk import KisSettings
from adapters.kis.fields import SEOUL
from adapters.kis.hosts import Profile as Environment
from adapters.kis.hub import Hub
from adapters.kis.tokens import Keys
from algorithms.domain import ChildId, OrderType, Side, Symbol, TimeInForce
from tests.adapters.kis.conftest import NEVER_OPEN
from tests.simulators.kis import AccountSeed, Fault, KisSimulator, Profile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from adapters.broker import FindOutcome, PlaceOutcome

NUMBER = "5012345601"
NIGHT = datetime(2026, 11, 20, 23, 40, tzinfo=SEOUL)
MORNING = datetime(2026, 11, 20, 10, 15, tzinfo=SEOUL)
SOXL = OrderRequest(
    client_id=ChildId("c1"),
    symbol=Symbol("SOXL"),
    side=Side.BUY,
    order_type=OrderType.LIMIT,
    time_in_force=TimeInForce.DAY,
    quantity=Decimal(5),
    limit_price=Decimal("25.00"),
)
FUND = replace(SOXL, symbol=Symbol("069500"), limit_price=Decimal(41_250))
RESTS, TRADES = Decimal("25.00"), Decimal("27.60")


class Half:
    """A paper account in one market, whose lists hide what is placed from now on."""

    def __init__(self, simulator: KisSimulator, clock: LoopClock, broker: KisBroker) -> None:
        self.simulator = simulator
        self.broker = broker
        self._clock = clock

    async def place(self, request: OrderRequest) -> tuple[PlaceOutcome, SentOrder]:
        print_, sent_at = await self.broker.fingerprint(request), self._clock.now()
        outcome = await self.broker.place(request)
        return outcome, SentOrder(
            request=request,
            sent_at=sent_at,
            fingerprint=print_,
            broker_order_id=None,
            market_day=None,
        )

    async def fate(self, sent: SentOrder) -> FindOutcome:
        while isinstance(found := await self.broker.find(sent), Undecided):
            await self._clock.sleep(5)
        return found

    def there(self) -> int:
        return len(self.simulator.host.engine.orders[NUMBER])


@asynccontextmanager
async def half(folder: Path, market: str) -> AsyncIterator[Half]:
    clock = LoopClock(NIGHT if market == "XNYS" else MORNING)
    seed = AccountSeed(
        name="alice",
        number=NUMBER,
        won=Decimal(10_000_000),
        dollars=Decimal(10_000),
        holdings={"SOXL": 20},
    )
    simulator = KisSimulator(clock, Profile.PAPER, accounts=[seed])
    simulator.switches.us_never_visible = simulator.switches.lines_hidden = True
    urls, key, hub = await simulator.start(), simulator.key("alice"), Hub(clock, folder)
    settings = KisSettings(
        account="alice",
        profile=Environment.PAPER,
        hosts=Hosts(urls.rest, urls.ws),
        keys=Keys(key.app_key, key.app_secret),
        cano=NUMBER[:8],
        product=NUMBER[8:],
        market=market,
        currency="KRW" if market == "XKRX" else "USD",
    )
    access = hub.access(settings.profile, settings.hosts, settings.keys)
    broker = KisBroker(settings, access, NEVER_OPEN)
    await broker.open()
    yield Half(simulator, clock, broker)
    await broker.close()
    await hub.close()
    await simulator.close()


@pytest.mark.parametrize(
    "request_",
    [
        SOXL,
        replace(SOXL, limit_price=TRADES),
        replace(SOXL, side=Side.SELL, limit_price=Decimal("30.00")),
        replace(SOXL, side=Side.SELL, limit_price=RESTS),
    ],
    ids=["a buy that rests", "a buy that trades", "a sale that rests", "a sale that trades"],
)
@pytest.mark.parametrize("taken", [True, False], ids=["taken", "never arrived"])
async def test_an_order_that_no_list_shows_is_absent_only_if_nothing_moved(
    tmp_path: Path, request_: OrderRequest, *, taken: bool
) -> None:
    async with half(tmp_path, "XNYS") as night:
        fault = Fault.DROP_AFTER if taken else Fault.DROP_BEFORE
        night.simulator.faults.script("us.buy", fault)
        night.simulator.faults.script("us.sell", fault)
        outcome, sent = await night.place(request_)
        assert isinstance(outcome, OutcomeUnknown)
        assert await night.fate(sent) == (Ambiguous(()) if taken else Absent())
        assert night.there() == int(taken)


@pytest.mark.parametrize("taken", [True, False], ids=["taken", "never arrived"])
async def test_a_list_that_counts_orders_and_shows_none_proves_nothing(
    tmp_path: Path, *, taken: bool
) -> None:
    async with half(tmp_path, "XKRX") as day:
        fault = Fault.DROP_AFTER if taken else Fault.DROP_BEFORE
        day.simulator.faults.script("domestic.buy", fault)
        outcome, sent = await day.place(FUND)
        assert isinstance(outcome, OutcomeUnknown)
        assert await day.fate(sent) == (Ambiguous(()) if taken else Absent())


async def test_an_order_turned_away_for_haste_is_not_sent_again_if_cash_moved(
    tmp_path: Path,
) -> None:
    async with half(tmp_path, "XNYS") as night:
        night.simulator.faults.script("us.buy", Fault.GATEWAY_AFTER, code="EGW00201")
        outcome, _ = await night.place(SOXL)
        assert isinstance(outcome, OutcomeUnknown)
        night.simulator.faults.script("us.buy", Fault.GATEWAY_BEFORE, code="EGW00201")
        outcome, _ = await night.place(replace(SOXL, client_id=ChildId("c2")))
        assert isinstance(outcome, Refused)
        assert outcome.code is RefusalCode.RATE_LIMITED
        assert night.there() == 1


async def test_while_nobody_tells_the_cash_an_order_turned_away_is_unknown(
    tmp_path: Path,
) -> None:
    async with half(tmp_path, "XNYS") as night:
        await night.broker.fingerprint(SOXL)
        night.simulator.faults.script("us.buy", Fault.GATEWAY_BEFORE, code="EGW00201")
        night.simulator.faults.script("us.buyable", Fault.DROP_BEFORE, times=2)
        assert isinstance(await night.broker.place(SOXL), OutcomeUnknown)
