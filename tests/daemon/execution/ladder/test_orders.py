from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from adapters.clock import SystemClock
from algorithms.domain import (
    LADDER,
    AccountName,
    OrderType,
    ParentOrder,
    ParentStatus,
    Side,
    Symbol,
)
from algorithms.instruments import default_instrument
from algorithms.loc.curve import LocOrder
from algorithms.loc.ladder import Rung
from daemon.execution.ladder.orders import (
    MOST_TRIES,
    RETRY_RUNG,
    REVISED,
    SHOWN_MAX,
    loc_order,
    may_send,
    own_order,
    spell,
    spell_all,
)
from daemon.ids import IdSource

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TQQQ = Symbol("TQQQ")
INSTRUMENT = default_instrument(TQQQ, "XNYS", "USD")
RUNG = Rung(Side.BUY, Decimal(100), Decimal(5))


def sent(**changes: object) -> ParentOrder:
    """An order of the ladder that the broker refused at noon."""
    ids = IdSource(SystemClock(), random.Random(1))
    order = own_order(
        AccountName("main"), TQQQ, Side.BUY, Decimal(5), request="l1", ids=ids, now=NOON
    )
    terms = {
        "order_type": OrderType.LOC,
        "limit_price": Decimal(100),
        "status": ParentStatus.FAILED,
        "ended_at": NOON,
    }
    return order._replace(**terms | changes)  # type: ignore[arg-type]


def test_a_ladder_s_own_order_sets_no_cash_aside() -> None:
    assert sent().book == LADDER
    assert not sent().reserved
    assert sent().reserve_price == 0


def test_a_refused_order_is_sent_again_after_a_while_and_not_for_ever() -> None:
    assert may_send(RUNG, [], NOON)
    assert not may_send(RUNG, [sent()], NOON + timedelta(seconds=1))
    assert may_send(RUNG, [sent()], NOON + RETRY_RUNG)
    assert not may_send(RUNG, [sent()] * MOST_TRIES, NOON + timedelta(hours=1))
    assert may_send(RUNG, [sent(limit_price=Decimal(99))] * MOST_TRIES, NOON)


def test_what_a_person_cancelled_stays_cancelled_and_what_a_revision_withdrew_may_return() -> None:
    ours = sent(cancel_requested_at=NOON, reason=REVISED, status=ParentStatus.CANCELLED)
    assert may_send(RUNG, [ours], NOON)
    assert not may_send(RUNG, [ours._replace(reason="by hand")], NOON + timedelta(hours=1))


def test_an_order_stands_in_the_curve_with_the_whole_lots_left_of_it() -> None:
    left = loc_order(sent(remain=Decimal("3.5")), INSTRUMENT)
    assert left is not None
    assert left == LocOrder(left.id, Side.BUY, Decimal(100), Decimal(3))
    assert loc_order(sent(remain=Decimal("0.5")), INSTRUMENT) is None
    at_any_price = loc_order(sent(order_type=OrderType.MOC), INSTRUMENT)
    assert at_any_price is not None
    assert at_any_price.price is None


def test_a_rung_is_spelled_shortly() -> None:
    assert spell(RUNG) == "B5@100"
    assert spell(Rung(Side.SELL, None, Decimal(2))) == "S2@MOC"


def test_a_long_ladder_is_not_spelled_whole() -> None:
    assert spell_all([RUNG, RUNG]) == "B5@100, B5@100"
    told = spell_all([RUNG] * (SHOWN_MAX + 1460))
    assert told.endswith("B5@100, +1460")
    assert len(told.split(", ")) == SHOWN_MAX + 1
