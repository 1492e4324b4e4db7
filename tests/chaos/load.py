"""Strategies that send webhooks of every kind as fast as they are answered, and remember all."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson

from adapters.tasks import TaskSupervisor

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from adapters.clock import Clock
    from tests.chaos.houses import House, Ware

HTTP_TIMEOUT_S = 10.0
FINAL = frozenset({"done", "partial", "failed", "dropped"})
ANSWERS = frozenset({200, 202, 207, 422, 502})
NOT_NOW = frozenset({429, 503})
"""Nothing was stored; the webhook may be sent again."""
PAUSE_S = 0.1


@dataclass(slots=True)
class Sent:
    """A webhook: what it said, and what was answered, if anything was."""

    strategy: str
    body: bytes
    key: str
    answer: dict[str, Any] | None = None


@dataclass(slots=True)
class Record:
    """Everything that was sent to one database."""

    sent: list[Sent] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    orders: dict[str, list[str]] = field(default_factory=dict)
    """Our ids of orders by strategy, to be cancelled."""

    @property
    def acknowledged(self) -> list[Sent]:
        return [each for each in self.sent if each.answer is not None]

    @property
    def unanswered(self) -> list[Sent]:
        return [each for each in self.sent if each.answer is None]


class Load:
    """Sends until the daemon is gone."""

    def __init__(
        self,
        house: House,
        dice: random.Random,
        tokens: Mapping[str, str],
        record: Record,
        clock: Clock,
    ) -> None:
        self._house = house
        self._dice = dice
        self._clock = clock
        self._tokens = tokens
        self._record = record
        self._numbers = count()

    async def run(self, url: str, seconds: float) -> None:
        """Send from many connections for a while, or until nobody answers any more."""
        timeout = aiohttp.ClientTimeout(total=HTTP_TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            tasks = TaskSupervisor()
            senders = [
                tasks.spawn(self._send_on(session, url), name="sender")
                for _ in range(self._house.senders)
            ]
            await asyncio.wait(senders, timeout=seconds)
            for sender in senders:
                sender.cancel()
            for outcome in await asyncio.gather(*senders, return_exceptions=True):
                if isinstance(outcome, Exception):
                    raise outcome

    async def send(self, session: aiohttp.ClientSession, url: str, sent: Sent) -> None:
        """Send one webhook and remember its answer, unless it says: not now."""
        headers = {"Content-Type": "application/json"}
        async with session.post(f"{url}/api/webhook", data=sent.body, headers=headers) as answer:
            told = orjson.loads(await answer.read())
            self._record.statuses[answer.status] += 1
            if answer.status in NOT_NOW:
                return
            if answer.status not in ANSWERS:
                raise AssertionError(f"{answer.status} {told} to {sent.body!r}")
            sent.answer = told
            own = self._record.orders.setdefault(sent.strategy, [])
            orders = [order for each in told["results"] for order in each["orders"]]
            own += [order["id"] for order in orders if order["id"] is not None]

    async def _send_on(self, session: aiohttp.ClientSession, url: str) -> None:
        while True:
            sent = self._webhook()
            self._record.sent.append(sent)
            try:
                await self.send(session, url, sent)
            except (aiohttp.ClientError, TimeoutError, orjson.JSONDecodeError):
                return
            if sent.answer is None:
                await self._clock.sleep(PAUSE_S)

    def _webhook(self) -> Sent:
        strategy = self._dice.choice(sorted(self._tokens))
        key = f"{self._dice.getrandbits(64):x}-{next(self._numbers)}"
        ware = self._dice.choice(self._house.wares[strategy])
        terms = self._terms(strategy, ware)
        if self._dice.random() < 0.1:
            orders = [terms, *(self._place(ware) for _ in range(2))]
            terms = {"orders": orders, "symbol": ware.symbol}
        envelope = {"group_name": strategy, "token": self._tokens[strategy], "id": key}
        return Sent(strategy, orjson.dumps(envelope | terms), key)

    def _terms(self, strategy: str, ware: Ware) -> dict[str, Any]:
        roll = self._dice.random()
        known = self._record.orders.get(strategy)
        if roll < 0.03:
            return {"order_type": "CANCEL_ALL_ORDER"}
        if roll < 0.06:
            return {"order_type": "CANCEL_ALL_ORDER", "symbol": ware.symbol}
        if roll < 0.16 and known:
            return {"order_type": "CANCEL", "order_id": self._dice.choice(known[-50:])}
        return self._place(ware)

    def _place(self, ware: Ware) -> dict[str, Any]:
        dice = self._dice
        near = str(ware.price + ware.step * dice.choice((-10, -1, 0, 1, 10)))
        terms: dict[str, Any] = {
            "symbol": ware.symbol,
            "side": dice.choice(("buy", "sell")),
            "qty": str(ware.unit * dice.randint(1, 20)),
        }
        kind = dice.choices([*ware.kinds], weights=[*ware.kinds.values()])[0]
        needs: dict[str, dict[str, Any]] = {
            "LIMIT": {"price": near},
            "LOC": {"price": near},
            "STOP_MARKET": {"stop_price": near},
            "STOP_LIMIT": {"stop_price": near, "price": near},
            "TWAP": {"slices": dice.randint(1, 4), "minutes": "0.1"},
        }
        if dice.random() < 0.1:
            terms["net"] = False
        return {"order_type": kind, **terms, **needs.get(kind, {})}
