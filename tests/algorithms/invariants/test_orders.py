# ruff: noqa: ANN401 - any field of an order can be spoiled

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from algorithms.domain import (
    ChildId,
    ChildState,
    Measure,
    OrderType,
    ParentStatus,
    Side,
    StrategyName,
)
from algorithms.invariants import CancelTarget, Family, broken
from tests.algorithms.invariants.day import (
    BOUGHT,
    BROKER,
    BUY_FILL,
    CANCELLED,
    DAY,
    FILLED,
    GIVEN_UP,
    HELD,
    NOW,
    RECORDS,
    RESTS,
    WANTED,
    B,
    found_in,
    parent,
    record,
    with_family,
    with_held,
)

if TYPE_CHECKING:
    from algorithms.domain import ChildOrder, ParentOrder


def numbers_with_parent(of: ParentOrder, **changes: Any) -> set[int]:
    return found_in(with_family(lambda f: replace(f, parent=of._replace(**changes)), of)).numbers


def numbers_with_child(of: ParentOrder, order: ChildOrder, **changes: Any) -> set[int]:
    changed = order._replace(**changes)
    return found_in(with_family(lambda f: replace(f, children=(changed,)), of)).numbers


def numbers_of_cash(spent: str, *, of: ParentOrder = BOUGHT, **changes: Any) -> set[int]:
    """What is wrong if the order that bought 10 at 20, for a fee of 0.5, was for so much cash."""
    cash = of._replace(measure=Measure.CASH, total=Decimal(spent))
    order = FILLED._replace(**changes)
    return found_in(
        with_family(lambda f: replace(f, parent=cash, children=(order,)), BOUGHT)
    ).numbers


class TestSums:
    def test_a_parent_is_never_filled_beyond_what_was_asked(self) -> None:
        found = found_in(
            with_family(lambda f: replace(f, parent=BOUGHT._replace(total=Decimal(9))), BOUGHT)
        )
        assert found.numbers == {3}
        assert found.says("filled 10 of 9 asked")

    def test_what_remains_is_what_was_asked_less_its_fills(self) -> None:
        assert numbers_with_parent(BOUGHT, remain=Decimal(1)) == {3}

    def test_a_child_has_what_its_fills_say(self) -> None:
        assert numbers_with_child(BOUGHT, FILLED, filled=Decimal(9)) == {3}
        assert numbers_with_child(BOUGHT, FILLED, filled_value=Decimal(201)) == {3}
        assert numbers_with_child(BOUGHT, FILLED, quantity=Decimal(9)) == {3}
        assert numbers_with_child(BOUGHT, FILLED, quantity=Decimal(11)) == {3}

    def test_children_never_work_more_than_remains(self) -> None:
        assert numbers_with_child(WANTED, RESTS, quantity=Decimal(3), reserved=Decimal(66)) == {3}

    def test_a_cash_order_spends_value_and_fee_and_no_more(self) -> None:
        assert numbers_of_cash("200.5") == set()
        assert numbers_of_cash("199") == {3}  # 10 units at 20
        assert numbers_of_cash("201") == {3}  # half a dollar remains

    def test_a_fee_that_nobody_told_of_takes_a_cash_order_beyond_its_cash(self) -> None:
        assert numbers_of_cash("200") == set()

    def test_a_market_order_is_promised_at_the_price_that_was_set_aside(self) -> None:
        at_the_market: dict[str, Any] = {"order_type": OrderType.MARKET, "limit_price": None}
        assert numbers_of_cash("190", reserve_price=Decimal(19), **at_the_market) == set()
        assert numbers_of_cash("190", reserve_price=Decimal(20), **at_the_market) == {3}

    def test_a_slice_at_the_market_is_cut_by_a_price_that_it_does_not_keep_to(self) -> None:
        twap = BOUGHT._replace(order_type=OrderType.TWAP)
        at_the_market: dict[str, Any] = {"order_type": OrderType.MARKET, "limit_price": None}
        assert numbers_of_cash("199", of=twap, **at_the_market) == set()
        assert numbers_of_cash("199", of=twap) == {3}

    def test_a_fill_belongs_to_a_child_of_its_parent_and_to_the_same_book(self) -> None:
        for changes in ({"child_id": ChildId("c9")}, {"book": B}, {"side": Side.SELL}):
            stray = replace(BUY_FILL, **changes)
            day = with_family(lambda f, stray=stray: replace(f, fills=(stray,)), BOUGHT)  # type: ignore[misc]
            assert found_in(day).numbers == {3}, changes


class TestStates:
    def test_no_child_outlives_its_parent(self) -> None:
        found = found_in(
            with_family(
                lambda f: replace(
                    f,
                    parent=WANTED._replace(status=ParentStatus.EXPIRED, ended_at=NOW),
                ),
                WANTED,
            )
        )
        assert found.numbers == {3}
        assert found.says("1 of its children live")

    @pytest.mark.parametrize(
        "changes", [{"status": ParentStatus.WORKING}, {"ended_at": None}], ids=str
    )
    def test_a_parent_has_ended_when_its_status_says_so(self, changes: dict[str, Any]) -> None:
        assert numbers_with_parent(BOUGHT, **changes) == {3}

    def test_a_child_has_ended_when_its_state_says_so(self) -> None:
        assert numbers_with_child(BOUGHT, FILLED, ended_at=None) == {3}
        assert numbers_with_child(WANTED, RESTS, ended_at=NOW) == {3}

    def test_a_planned_child_was_not_sent(self) -> None:
        assert 3 in numbers_with_child(WANTED, RESTS, state=ChildState.PLANNED)

    def test_a_child_is_like_its_parent(self) -> None:
        assert 3 in numbers_with_child(WANTED, RESTS, book=BOUGHT.book)
        assert 3 in numbers_with_child(WANTED, RESTS, strategy=BOUGHT.strategy)


class TestReserves:
    def test_an_order_reserves_what_its_part_may_cost(self) -> None:
        assert 3 in numbers_with_parent(WANTED, reserved=Decimal(1))
        assert 3 in numbers_with_child(WANTED, RESTS, reserved=Decimal(43))
        assert 3 in numbers_with_child(BOUGHT, FILLED, reserved=Decimal(1))

    def test_a_position_reserves_what_its_orders_do(self) -> None:
        assert found_in(with_held(B, "USD", reserved="45")).numbers == {3}
        assert found_in(with_held(B, "TQQQ", reserved="1")).numbers == {3}

    def test_a_reserve_without_a_position_shows(self) -> None:
        bare = Family(
            parent(
                "p7",
                B,
                Side.SELL,
                "1",
                remain=Decimal(1),
                reserved=Decimal(1),
                status=ParentStatus.OPEN,
                ended_at=None,
                symbol="SOXL",
            )
        )
        day = replace(DAY, families=[*DAY.families, bare])
        assert [one.what for one in broken(day)] == ["1 not reserved"]
        assert all(one.asset != "SOXL" for one in HELD)


class TestAtTheBroker:
    def of(self, *records: Any) -> set[int]:
        return found_in(replace(DAY, brokers=(replace(BROKER, orders=records),))).numbers

    def test_one_order_for_each_child(self) -> None:
        assert self.of(*RECORDS, record(RESTS, "88")) == {3}

    def test_a_planned_child_is_not_there(self) -> None:
        planned = RESTS._replace(
            state=ChildState.PLANNED, sent_at=None, acknowledged_at=None, filled=Decimal(0)
        )
        found = found_in(with_family(lambda f: replace(f, children=(planned,)), WANTED))
        assert found.numbers == {3}
        assert found.says("before it was stored as sent")

    def test_what_filled_was_there(self) -> None:
        assert self.of(*RECORDS[1:]) == {3}

    def test_no_more_is_booked_than_filled(self) -> None:
        assert self.of(record(FILLED, "7", filled=Decimal(9)), *RECORDS[1:]) == {3}

    def test_an_ended_child_does_not_live_on(self) -> None:
        assert self.of(*RECORDS[:2], record(CANCELLED, "9", is_alive=True)) == {3}

    def test_an_ended_child_has_all_its_fills(self) -> None:
        assert self.of(*RECORDS[:2], record(CANCELLED, "9", filled=Decimal(1))) == {3}

    def test_a_live_child_may_have_fills_that_are_under_way(self) -> None:
        assert self.of(RECORDS[0], record(RESTS, "8", filled=Decimal(1)), RECORDS[2]) == set()


class TestCancels:
    def test_only_its_own_strategy_cancels_an_order(self) -> None:
        foreign = (CancelTarget("r4", StrategyName("of_b")),)
        found = found_in(with_family(lambda f: replace(f, cancels=foreign), GIVEN_UP))
        assert found.numbers == {4}
        assert found.says("of of_a, cancelled by of_b (r4)")

    def test_somebody_asked_for_every_cancel(self) -> None:
        day = with_family(lambda f: replace(f, cancels=()), GIVEN_UP)
        assert found_in(day).numbers == {4}

    def test_a_child_is_cancelled_with_its_parent(self) -> None:
        assert numbers_with_child(WANTED, RESTS, cancel_requested_at=NOW) == {4}

    def test_only_slices_have_a_time_limit(self) -> None:
        assert numbers_with_child(WANTED, RESTS, cancel_at=NOW) == {4}
        twap = WANTED._replace(order_type=OrderType.TWAP)
        timed = RESTS._replace(cancel_at=NOW, state=ChildState.CANCELLING)
        day = with_family(lambda f: replace(f, parent=twap, children=(timed,)), WANTED)
        assert found_in(day).numbers == set()

    def test_nothing_is_being_cancelled_that_nobody_wanted_cancelled(self) -> None:
        assert numbers_with_child(WANTED, RESTS, state=ChildState.CANCELLING) == {4}

    def test_a_cancelled_child_says_why(self) -> None:
        assert numbers_with_child(GIVEN_UP, CANCELLED, cancel_requested_at=None) == {4}
        assert (
            numbers_with_child(GIVEN_UP, CANCELLED, cancel_requested_at=None, reason="by broker")
            == set()
        )
