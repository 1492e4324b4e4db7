"""What bots want of a Korean and of an American account, drawn from a seed, and how they say it."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import TYPE_CHECKING

import orjson

from algorithms.domain import OrderType, Side, StrategyName
from daemon.execution.commands import Place, Submission
from tests.kis_days.house import AMERICAN_FUNDS, KOREAN_FUNDS
from tests.support.world import cancel_all, order, remember

if TYPE_CHECKING:
    import random

    from daemon.execution.commands import Command
    from tests.kis_days.house import Half, House
    from tests.support.world import World


def korean_wish(chance: random.Random, half: Half) -> Command:
    """Draw what a bot wants by day: mostly a TWAP, in any direction."""
    symbol = chance.choice([*KOREAN_FUNDS])
    if chance.random() < 0.12:
        return cancel_all(symbol)
    side = chance.choice((Side.BUY, Side.BUY, Side.SELL))
    if chance.random() < 0.25:
        price = KOREAN_FUNDS[symbol] * chance.choice((97, 99, 100, 101)) // 500 * 5
        return order(
            side,
            symbol,
            str(chance.randint(1, 30)),
            kind=OrderType.LIMIT,
            price=str(price),
            account=half.name,
        )
    return order(
        side,
        symbol,
        str(chance.randint(5, 90)),
        kind=OrderType.TWAP,
        slices=chance.randint(2, 8),
        minutes=str(chance.choice((5, 20, 120))),
        account=half.name,
    )


def american_wish(chance: random.Random, half: Half, here: House) -> Command:
    """Draw what a bot wants at night: mostly to trade at the close."""
    symbol = chance.choice([*AMERICAN_FUNDS])
    if chance.random() < 0.12:
        return cancel_all(symbol)
    side = chance.choice((Side.BUY, Side.BUY, Side.SELL))
    quantity = str(chance.randint(1, 60))
    last = here.simulator.host.market.last(symbol)
    limit = (last * chance.choice((95, 99, 100, 101, 105)) / 100).quantize(Decimal("0.01"))
    kind = chance.choice((OrderType.LOC, OrderType.LOC, OrderType.LIMIT))
    return order(side, symbol, quantity, kind=kind, price=str(limit), account=half.name)


async def sent(day: World, bot: str, wish: Command, key: str) -> str:
    """Send a wish as a webhook does; return what the daemon answers."""
    body = remember((wish,))
    reply = await day.engine.desk.submit(
        Submission(
            strategy=StrategyName(bot),
            source="webhook",
            commands=(wish,),
            key=key,
            body_hash=hashlib.sha256(body.encode()).digest(),
            body=body,
            warnings=(),
            received_at=day.clock.now(),
        )
    )
    return str(orjson.loads(reply.body)["message"])


def words_of(wish: Command) -> str:
    if isinstance(wish, Place):
        price = "" if wish.price is None else f" at {wish.price}"
        return f"{wish.order_type} {wish.side} {wish.quantity} {wish.symbol}{price}"
    return f"{wish}"
