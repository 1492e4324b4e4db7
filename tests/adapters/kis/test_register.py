"""One series of fills an order, whoever tells of it first: lists, notices, or both."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.broker import BrokerOrderState, FillEvent, OrderEvent, OrderRequest
from adapters.kis.charges import Charges
from adapters.kis.outcomes import Receipt
from adapters.kis.register import Execution, Known, Register
from algorithms.decimals import multiply, total
from algorithms.domain import ChildId, OrderType, Side, TimeInForce
from algorithms.rates import Rate
from tests.adapters.kis.rows import AT, DAY, KODEX, row, traded

if TYPE_CHECKING:
    from adapters.broker import BrokerEvent, BrokerFill
    from adapters.kis.rows import Row

S = BrokerOrderState
OVER = AT + timedelta(hours=5)
REQUEST = OrderRequest(
    client_id=ChildId("c1"),
    symbol=KODEX,
    side=Side.BUY,
    order_type=OrderType.LIMIT,
    time_in_force=TimeInForce.DAY,
    quantity=Decimal(3),
    limit_price=Decimal(41250),
)


def over_at(row: Row) -> datetime:
    assert (row.day, row.venue) == (DAY, "KRX")
    return OVER


def empty(charges: Charges | None = None) -> Register:
    return Register(charges or Charges(), "KRW", lambda _: False, over_at)


@pytest.fixture
def register() -> Register:
    return empty()


def take(register: Register) -> tuple[Known, list[BrokerEvent]]:
    return register.taken(REQUEST, Receipt("218840", "91264", "101502"), DAY, "KRX", AT)


def notice(quantity: int, price: int, mark: str = "") -> Execution:
    return Execution(
        number="218840",
        quantity=Decimal(quantity),
        price=Decimal(price),
        at=AT,
        mark=mark or f"{quantity}@{price}",
    )


def pieces(known: Known) -> list[tuple[int, int, int]]:
    """Spell fills: units, price, units so far."""
    return [(int(f.quantity), int(f.price), int(f.cumulative)) for f in known.fills]


def fills_in(events: list[BrokerEvent] | None) -> list[BrokerFill]:
    return [event.fill for event in events or () if isinstance(event, FillEvent)]


def test_an_order_that_was_taken_is_open_and_ours(register: Register) -> None:
    known, events = take(register)
    assert events == []
    assert (known.state, known.client_id, known.branch) == (S.OPEN, "c1", "91264")
    assert register.owner((DAY, "218840")) == "c1"
    assert register.live() == [known]


def test_totals_become_fills_that_cost_exactly_as_much(register: Register) -> None:
    known, _ = take(register)
    register.learn(traded(1, 41_250), AT, has_cancel=False)
    register.learn(traded(3, 123_735), AT, has_cancel=False)
    assert pieces(known) == [(1, 41_250, 1), (1, 41_242, 2), (1, 41_243, 3)]
    assert total(multiply(f.quantity, f.price) for f in known.fills) == 123_735
    assert known.fills[-1].cumulative_value == 123_735
    assert known.fills[-1].cumulative_fee == total(fill.fee for fill in known.fills)
    assert known.state is S.FILLED


def test_a_list_that_says_the_same_again_is_no_news(register: Register) -> None:
    take(register)
    first = register.learn(traded(2, 82_490), AT, has_cancel=False)
    assert [type(event) for event in first] == [FillEvent, OrderEvent]
    assert register.learn(traded(2, 82_490), AT, has_cancel=False) == []


def test_a_notice_counts_once_and_the_list_agrees(register: Register) -> None:
    known, _ = take(register)
    (fill,) = fills_in(register.executed(DAY, notice(2, 41_245)))
    assert fill.client_id == "c1"
    assert register.learn(traded(2, 82_490), AT, has_cancel=False) == []
    assert pieces(known) == [(2, 41_245, 2)]


def test_a_notice_that_comes_after_the_list_adds_nothing(register: Register) -> None:
    known, _ = take(register)
    register.learn(traded(2, 82_490), AT, has_cancel=False)
    assert register.executed(DAY, notice(1, 41_245)) == []
    assert register.executed(DAY, notice(1, 41_245, "other")) == []
    assert len(fills_in(register.executed(DAY, notice(1, 41_200)))) == 1
    assert pieces(known)[-1] == (1, 41_200, 3)
    assert known.value == 82_490 + 41_200


def test_a_notice_word_for_word_like_another_is_the_lists_to_judge(register: Register) -> None:
    known, _ = take(register)
    register.executed(DAY, notice(1, 41_245))
    assert register.executed(DAY, notice(1, 41_245)) is None
    register.learn(traded(2, 82_490), AT, has_cancel=False)
    assert pieces(known) == [(1, 41_245, 1), (1, 41_245, 2)]


def test_a_notice_of_more_than_was_ordered_is_not_believed(register: Register) -> None:
    known, _ = take(register)
    assert register.executed(DAY, notice(4, 41_245)) is None
    assert known.fills == []


def test_notices_that_come_before_the_receipt_wait_for_it(register: Register) -> None:
    assert register.executed(DAY, notice(2, 41_245)) is None
    assert register.executed(DAY, notice(2, 41_245)) is None
    known, events = take(register)
    assert len(fills_in(events)) == 1
    assert known.filled == 2


def test_after_a_gap_in_the_notices_only_the_list_knows(register: Register) -> None:
    known, _ = take(register)
    register.learn(traded(1, 41_250), AT, has_cancel=False)
    assert register.executed(DAY, notice(2, 41_200)) is None
    assert pieces(known) == [(1, 41_250, 1)]


def test_a_gap_in_the_notices_is_closed_by_the_list(register: Register) -> None:
    known, _ = take(register)
    register.executed(DAY, notice(1, 41_250))
    register.learn(traded(3, 123_735), AT, has_cancel=False)
    assert known.filled == 3
    assert known.value == 123_735


@pytest.mark.parametrize(
    ("line", "has_cancel", "state"),
    [
        (traded(2, 82_490, left=0), True, S.CANCELLED),
        (traded(2, 82_490, left=0, cancelled=Decimal(1)), False, S.CANCELLED),
        (traded(0, 0, left=0, rejected=Decimal(3)), False, S.REJECTED),
        (traded(2, 82_490, left=0), False, S.EXPIRED),
        (traded(3, 123_735), True, S.FILLED),
        (traded(2, 82_490), True, S.PARTIALLY_FILLED),
    ],
)
def test_what_is_left_and_what_was_asked_decide_how_an_order_ended(
    register: Register, line: object, *, has_cancel: bool, state: BrokerOrderState
) -> None:
    known, _ = take(register)
    register.learn(line, AT, has_cancel=has_cancel)  # type: ignore[arg-type]
    assert known.state is state
    assert known.is_live is (state is S.PARTIALLY_FILLED)


def test_our_own_cancel_explains_an_end_that_nothing_else_does(register: Register) -> None:
    known, _ = take(register)
    known.cancel_sent_at = AT
    register.learn(traded(0, 0, left=0), AT, has_cancel=False)
    assert known.state is S.CANCELLED


def test_an_order_ends_with_its_day_whatever_the_list_shows(register: Register) -> None:
    known, _ = take(register)
    register.learn(row(), OVER - timedelta(seconds=1), has_cancel=False)
    assert known.state is S.OPEN
    (event,) = register.learn(row(), OVER, has_cancel=False)
    assert isinstance(event, OrderEvent)
    assert event.order.state is S.EXPIRED


def test_a_list_behind_the_notices_ends_nothing(register: Register) -> None:
    known, _ = take(register)
    register.executed(DAY, notice(2, 41_245))
    register.learn(traded(1, 41_245, left=0), AT, has_cancel=True)
    assert known.state is S.PARTIALLY_FILLED


def test_a_strangers_order_is_known_as_the_list_has_it(register: Register) -> None:
    register.learn(row(number="7", division="34"), AT, has_cancel=False)
    (known,) = register.live()
    assert (known.client_id, known.order_type) == (None, OrderType.LOC)


def test_fees_grow_with_the_order() -> None:
    register = empty(Charges((Rate(None, Decimal("0.015"), Decimal(0)),)))
    known, _ = take(register)
    register.learn(traded(1, 41_250), AT, has_cancel=False)
    register.learn(traded(3, 123_735), AT, has_cancel=False)
    assert total(fill.fee for fill in known.fills) == 18
    assert {fill.fee_asset for fill in known.fills} == {"KRW"}


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(100, 300), st.booleans()), max_size=12))
def test_however_news_come_the_sums_are_the_lists(
    executions: list[tuple[int, int, bool]],
) -> None:
    register = empty()
    quantity = sum(units for units, _, _ in executions) + 1
    line = row(quantity=Decimal(quantity), left=Decimal(quantity))
    register.learn(line, AT, has_cancel=False)
    known = register.get(DAY, "218840")
    assert known is not None
    units = value = 0
    for number, (more, price, is_noticed) in enumerate(executions):
        units, value = units + more, value + more * price
        if is_noticed:
            register.executed(DAY, notice(more, price, str(number)))
        else:
            shown = row(
                quantity=Decimal(quantity),
                filled=Decimal(units),
                value=Decimal(value),
                left=Decimal(quantity - units),
            )
            register.learn(shown, AT, has_cancel=False)
    last = row(
        quantity=Decimal(quantity), filled=Decimal(units), value=Decimal(value), left=Decimal(1)
    )
    register.learn(last, AT, has_cancel=False)
    assert known.filled == units
    assert total(multiply(f.quantity, f.price) for f in known.fills) == value
    so_far = Decimal(0)
    for fill in known.fills:
        so_far += fill.quantity
        assert fill.cumulative == so_far
