"""Sees to an account's ladders: has them made, replaced and settled, each at its time.

What to do is read from the database whenever somebody looks, so it does not matter why: an order
that came or goes, an end at the broker, a time, a restart.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING

from adapters.broker import BrokerError, ClosingPrices
from adapters.clock import wait_until
from algorithms.decimals import ZERO
from algorithms.domain import AT_THE_CLOSE, Symbol
from daemon.execution.ladder.revising import LadderPlace, LadderTerms
from daemon.execution.ladder.settling import DoubtfulCloseError
from daemon.notices import raise_notice
from daemon.storage.rows import from_us

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime
    from decimal import Decimal

    from adapters.broker import Broker
    from algorithms.domain import AccountName
    from daemon.execution.ladder.closing import Closing
    from daemon.execution.services import Services
    from daemon.storage.tx import Tx, View

GATHER_S = 0.25
"""Orders that come together are put into the ladder together."""
REPLACED_WITHIN_S = 1.0
"""A cancel waits so long for the ladder to be worked out together with what takes its place; a
broker that tells prices more slowly does not hold it up any longer."""
LOOK_AGAIN = timedelta(seconds=5)
"""After this, what could not be done is tried again."""
LOOK_LATER = timedelta(minutes=1)
"""The same for a ladder that waits long for its settlement."""
ALARM_AFTER = timedelta(minutes=10)
"""A ladder that is not settled so long after its close is due is an alarm."""
GIVE_UP_AFTER = timedelta(days=7)
"""A ladder whose close nobody has told by then is given up."""
ASK_TIMEOUT_S = 10.0

log = logging.getLogger(__name__)


class LadderKeeper:
    """Looks after the ladders of one account until cancelled."""

    def __init__(self, account: AccountName, broker: Broker, services: Services) -> None:
        self._account = account
        self._broker = broker
        self._services = services
        self._ladders = services.ladders
        self._wake = asyncio.Event()
        self._cancels = asyncio.Event()
        self._next_at: datetime | None = None
        self.wake()

    def wake(self) -> None:
        """Look at what there is to do."""
        self._wake.set()
        self._cancels.set()

    async def run(self) -> None:
        """Look when something stirs, and when a time has come."""
        clock = self._services.clock
        while True:
            await wait_until(clock, self._wake, self._next_at)
            if self._wake.is_set():
                await clock.sleep(GATHER_S)
            self._wake.clear()
            try:
                self._next_at = await self._look()
            except Exception:
                log.exception("account %s: its ladders could not be looked after", self._account)
                self._next_at = clock.now() + LOOK_AGAIN

    async def let_go(self) -> None:
        """Take cancelled orders out of ladders, beside all that waits for a broker's word."""
        clock = self._services.clock
        again_at = None
        while True:
            await wait_until(clock, self._cancels, again_at)
            if again_at is None:  # none is under way
                await clock.sleep(REPLACED_WITHIN_S)
            self._cancels.clear()
            again_at = clock.now() + LOOK_AGAIN
            try:
                symbols = await self._symbols("symbols_to_leave")
                if all([await self._withdraw(symbol) for symbol in symbols]):
                    again_at = None
            except Exception:
                log.exception("account %s: cancels could not leave its ladders", self._account)

    async def _withdraw(self, symbol: Symbol) -> bool:
        """Let what was cancelled leave a symbol's ladder; return False to look again soon."""
        services, now = self._services, self._services.clock.now()
        closing = self._ladders.closings.of(self._account, now)
        instrument = services.market.known_instrument(self._account, symbol)
        if closing is None or not closing.opens_at <= now < closing.send_until:
            return True
        if instrument is None:
            return False  # it is asked for where the ladder is made
        place = LadderPlace(
            account=self._account, symbol=symbol, closing=closing, instrument=instrument
        )
        return await services.persistence.write(
            lambda tx: self._ladders.reviser.withdraw(tx, place, now)
        )

    async def _symbols(self, query: str) -> list[Symbol]:
        rows = await self._services.persistence.read(
            lambda view: view.fetch(query, account=self._account)
        )
        return [Symbol(row["symbol"]) for row in rows]

    async def _look(self) -> datetime | None:
        """Do what is to be done; return when to look again if nothing stirs before."""
        persistence = self._services.persistence
        again: list[datetime] = []
        for symbol in await self._symbols("symbols_at_close"):
            again += await self._look_after(symbol)
        if await persistence.read(self._is_left_with_something):
            now = self._services.clock.now()
            await persistence.write(
                lambda tx: self._ladders.settlements.sweep(tx, self._account, now)
            )
        return min(again, default=None)

    def _is_left_with_something(self, view: View) -> bool:
        return view.fetch_one("left_with_ladder", account=self._account) is not None

    async def _look_after(self, symbol: Symbol) -> list[datetime]:
        """See to one symbol; return the times at which to look again."""
        clock, persistence = self._services.clock, self._services.persistence
        now = clock.now()
        open_ladders = await persistence.read(
            lambda view: view.fetch("open_ladders", account=self._account, symbol=symbol)
        )
        again: list[datetime] = []
        for row in open_ladders:
            closes_at = from_us(row["closes_at"])
            if row["short"] is None and not await self._count_up(row, symbol, closes_at, now):
                again.append(clock.now() + LOOK_AGAIN)
            if now < closes_at:
                again.append(closes_at)
            elif not await self._settle(row, symbol):
                soon = now - closes_at < ALARM_AFTER
                again.append(clock.now() + (LOOK_AGAIN if soon else LOOK_LATER))
        await self._drop_late(symbol, now)
        closing = self._ladders.closings.of(self._account, now)
        if closing is None:
            return [*again, now + ALARM_AFTER]
        times = (closing.opens_at, closing.change_until, closing.send_until, closing.closes_at)
        again += [at for at in times if at > now][:1]
        if closing.opens_at <= now < closing.send_until and not await self._revise(symbol, closing):
            again.append(clock.now() + LOOK_AGAIN)
        return again

    async def _count_up(
        self, row: sqlite3.Row, symbol: Symbol, closes_at: datetime, now: datetime
    ) -> bool:
        """See at the cut-off whether all of a ladder is there; return False to look again soon."""
        until = self._ladders.closings.cut_off(self._account, closes_at)
        if now < until:
            return True
        market, persistence = self._services.market, self._services.persistence
        undecided = await persistence.read(
            lambda view: view.fetch("undecided_children_of_ladder", ladder_id=row["id"])
        )
        if undecided:
            return False
        try:
            instrument = await market.instrument(self._account, symbol)
        except (BrokerError, TimeoutError):
            return False
        await persistence.write(
            lambda tx: self._ladders.reviser.count_up(tx, row, instrument, until, now)
        )
        return True

    async def _drop_late(self, symbol: Symbol, now: datetime) -> None:
        """End the orders that no ladder took in time."""
        persistence = self._services.persistence
        rows = await persistence.read(
            lambda view: view.fetch("waiting_for_ladder", account=self._account, symbol=symbol)
        )
        if any(from_us(row["until"]) <= now for row in rows):
            await persistence.write(
                lambda tx: self._ladders.waiting.drop_late(tx, self._account, symbol, now)
            )

    async def _revise(self, symbol: Symbol, closing: Closing) -> bool:
        """Bring a symbol's ladder of today a step further; return False to look again soon."""
        services = self._services
        try:
            terms = await self._terms(symbol, closing)
        except (BrokerError, TimeoutError) as error:
            log.warning("account %s: no ladder for %s yet: %s", self._account, symbol, error)
            return False
        now = services.clock.now()
        return await services.persistence.write(
            lambda tx: self._ladders.reviser.revise(tx, terms, now)
        )

    async def _terms(self, symbol: Symbol, closing: Closing) -> LadderTerms:
        market = self._services.market
        instrument = await market.instrument(self._account, symbol)
        quote = await market.quote(self._account, symbol)
        async with asyncio.timeout(ASK_TIMEOUT_S):
            holdings = await self._broker.holdings()
        setup = self._services.current.setup
        currency = setup.registry.accounts[self._account].currency
        return LadderTerms(
            account=self._account,
            symbol=symbol,
            closing=closing,
            instrument=instrument,
            cash=holdings.cash.get(currency, ZERO),
            worst_price=quote.last * setup.worst_price,
            holds_each=self._broker.capabilities.holds_each_order,
        )

    async def _settle(self, row: sqlite3.Row, symbol: Symbol) -> bool:
        """Settle a ladder whose market has closed, once all is known; return whether it is."""
        services, settlements = self._services, self._ladders.settlements
        currency = services.registry.accounts[self._account].currency
        auction = await services.persistence.read(
            partial(settlements.auction, ladder_id=row["id"], currency=currency)
        )
        if auction is None:
            await self._warn_late(row, "an order of it has not ended")
            return False
        problem, close, instrument = "the close is not known", auction.price, None
        try:
            close = close or await self._close_of(symbol, row)
            instrument = await services.market.instrument(self._account, symbol)
        except (BrokerError, TimeoutError) as error:
            problem = f"the close is not known: {error}"
        except DoubtfulCloseError as error:
            problem = str(error)
        now = services.clock.now()
        if close is None or instrument is None:
            await self._warn_late(row, problem)
            if now - self._due(row) < GIVE_UP_AFTER:
                return False
            work = partial(settlements.give_up, ladder_id=row["id"], reason=problem, now=now)
        else:
            work = partial(
                settlements.settle,
                ladder_id=row["id"],
                close=close,
                instrument=instrument,
                now=now,
            )
        await services.persistence.write(work)
        return True

    async def _close_of(self, symbol: Symbol, row: sqlite3.Row) -> Decimal | None:
        """Ask for the close of a ladder of which nothing traded. Raises DoubtfulCloseError."""
        if not isinstance(self._broker, ClosingPrices):
            return None
        async with asyncio.timeout(ASK_TIMEOUT_S):
            close = await self._broker.closing_price(symbol, date.fromisoformat(row["day"]))
        if close is not None and self._due(row) > from_us(row["closes_at"]):
            # Not the exchange's own word, but what a broker gathers later.
            await self._services.persistence.read(
                partial(self._ladders.settlements.doubt, ladder_id=row["id"], close=close)
            )
        return close

    def _due(self, row: sqlite3.Row) -> datetime:
        """Return when at the latest a ladder's close is told."""
        closes_at, due = from_us(row["closes_at"]), None
        if isinstance(self._broker, ClosingPrices):
            due = self._broker.close_due(date.fromisoformat(row["day"]))
        return closes_at if due is None else max(closes_at, due)

    async def _warn_late(self, row: sqlite3.Row, problem: str) -> None:
        """Raise an alarm, once, for a ladder that cannot be settled."""
        now = self._services.clock.now()
        if row["told_late"] or now - self._due(row) < ALARM_AFTER:
            return

        def warn(tx: Tx) -> None:
            tx.execute("told_late", id=row["id"])
            raise_notice(
                tx, self._services.ids.new(), "ladder_unsettled", now, account=self._account,
                symbol=row["symbol"], day=row["day"], reason=problem,
            )  # fmt: skip

        await self._services.persistence.write(warn)


def no_moc_buys(broker: Broker, name: str) -> str | None:
    """Return why a broker's ladder can have no buy without a limit, or None."""
    if broker.capabilities.moc_buys:
        return None
    return f"{name} has no moc buys; a loc buy with a high limit does the same"


def no_ladder(broker: Broker, name: str) -> str | None:
    """Return why a broker can have no ladder, or None."""
    missing = sorted(each.value for each in AT_THE_CLOSE - broker.capabilities.order_types)
    if missing:
        return f"{name} has no {' and no '.join(missing)} orders"
    if not isinstance(broker, ClosingPrices):
        return f"{name} does not tell closing prices, which settling a ladder takes"
    return None
