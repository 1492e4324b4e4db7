from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from algorithms.domain import EXTERNAL, SUSPENSE, AccountName, ChildState
from algorithms.invariants import (
    BrokerView,
    Change,
    Event,
    Snapshot,
    against_brokers,
    examine,
)
from algorithms.ledger import transfer
from tests.algorithms.invariants.day import (
    BOUGHT,
    BROKER,
    BUY_FILL,
    DAY,
    EVENTS,
    GIVEN,
    HELD,
    MAIN,
    RESTS,
    TAKEN,
    WANTED,
    A,
    B,
    fill,
    found_in,
    held,
    with_family,
    with_held,
    without,
)

HIDDEN = "in flight: main TQQQ, main USD"


class TestPostings:
    def test_an_event_must_sum_to_zero(self) -> None:
        lame = replace(EVENTS[2], postings=EVENTS[2].postings[:-1])
        found = found_in(replace(DAY, events=[*EVENTS[:2], lame, EVENTS[3]]))
        assert 1 in found.numbers
        assert found.says("are not zero in sum")

    def test_an_event_stays_in_its_account(self) -> None:
        stray = Event(
            "e9", "capital", AccountName("other"), transfer(MAIN, EXTERNAL, A, "USD", Decimal(0))
        )
        found = found_in(replace(DAY, events=[*EVENTS, stray]))
        assert found.numbers == {1}
        assert found.says("outside its account")

    def test_a_fill_without_an_event_shows(self) -> None:
        found = found_in(replace(DAY, events=without(EVENTS, "f1")))
        assert 1 in found.numbers
        assert found.says("orders posted -4, fills say 6")

    def test_an_event_without_a_fill_shows(self) -> None:
        found = found_in(replace(DAY, fills=(GIVEN, TAKEN)))
        assert 1 in found.numbers
        assert found.says("fills say")


class TestPositions:
    def test_quantity_cost_and_profit_follow_from_the_ledger(self) -> None:
        for amounts in ({"quantity": "7"}, {"cost": "121"}, {"profit": "5"}):
            found = found_in(replace(with_held(A, "TQQQ", **amounts), brokers=()))
            assert found.numbers == {1}, amounts

    def test_cash_follows_from_the_ledger(self) -> None:
        found = found_in(replace(with_held(B, "USD", quantity="917"), brokers=()))
        assert found.numbers == {1}

    def test_a_position_that_is_missing_shows(self) -> None:
        found = found_in(replace(DAY, held=HELD[1:], brokers=()))
        assert found.numbers == {1}
        assert found.says("6 posted, and no position")

    def test_history_shows_the_profit_and_the_average_cost_that_were_made(self) -> None:
        for lie in (
            replace(GIVEN, profit=Decimal(5)),
            replace(GIVEN, profit=None),
            replace(GIVEN, average_cost=Decimal(19)),
        ):
            found = found_in(replace(DAY, fills=(BUY_FILL, lie, TAKEN)))
            assert found.numbers == {1}

    def test_a_fee_in_the_bought_coin_makes_the_position_smaller(self) -> None:
        coin = replace(BUY_FILL, fee=Decimal("0.5"), fee_asset="TQQQ")
        found = found_in(replace(DAY, fills=(coin, GIVEN, TAKEN)))
        assert 1 in found.numbers

    def test_suspense_is_a_book_like_any_other(self) -> None:
        event = Event(
            "e5", "difference", MAIN, transfer(MAIN, EXTERNAL, SUSPENSE, "TQQQ", Decimal(3))
        )
        holdings = {"USD": Decimal("1799.5"), "TQQQ": Decimal(13)}
        day = replace(
            DAY,
            events=[*EVENTS, event],
            held=(*HELD, held(SUSPENSE, "TQQQ", "3")),
            brokers=(replace(BROKER, holdings=holdings),),
        )
        assert found_in(day).numbers == set()


class TestBroker:
    def test_the_sum_of_the_books_is_what_the_broker_has(self) -> None:
        for holdings in (
            {"USD": Decimal("1799.5"), "TQQQ": Decimal(9)},
            {"USD": Decimal("1799.4"), "TQQQ": Decimal(10)},
            {"USD": Decimal("1799.5")},
            {"USD": Decimal("1799.5"), "TQQQ": Decimal(10), "SOXL": Decimal(1)},
        ):
            found = found_in(replace(DAY, brokers=(replace(BROKER, holdings=holdings),)))
            assert found.numbers == {2}, holdings

    def test_a_broker_that_was_not_asked_is_named(self) -> None:
        finding = examine(replace(DAY, brokers=(BrokerView(MAIN, None),)))[1]
        assert finding.holds
        assert finding.checked == 0
        assert finding.skipped == "broker not asked: main"

    def test_an_order_that_rests_may_be_filling_unless_the_brokers_are_still(self) -> None:
        wrong = (replace(BROKER, holdings={"USD": Decimal(0), "TQQQ": Decimal(0)}),)
        moving = examine(replace(DAY, brokers=wrong, brokers_are_still=False))[1]
        assert moving.holds
        assert moving.skipped == HIDDEN
        assert not examine(replace(DAY, brokers=wrong))[1].holds

    def test_an_order_of_unknown_fate_hides_its_symbol_and_the_cash(self) -> None:
        wrong = (replace(BROKER, holdings={}),)
        unknown = RESTS._replace(state=ChildState.UNKNOWN)
        day = with_family(lambda f: replace(f, children=(unknown,)), WANTED)
        finding = examine(replace(day, brokers=wrong))[1]
        assert finding.holds
        assert finding.skipped == HIDDEN

    def test_it_can_be_checked_alone(self) -> None:
        finding = against_brokers(HELD, (), (BROKER,), {MAIN: "USD"})
        assert (finding.number, finding.checked, finding.holds) == (2, 2, True)
        assert not against_brokers(HELD[:2], (), (BROKER,), {MAIN: "USD"}).holds
        assert against_brokers(HELD[:2], (RESTS,), (BROKER,), {MAIN: "USD"}).skipped == HIDDEN


def test_a_fill_booked_twice_shows() -> None:
    twice = fill("f9", BOUGHT, "10", "20", child_id=BUY_FILL.child_id, average_cost=Decimal(20))
    found = found_in(replace(DAY, fills=(BUY_FILL, twice, GIVEN, TAKEN)))
    assert 1 in found.numbers


class TestEvents:
    """Events that are no orders, each with what it did to the books."""

    MOVED = Event(
        "g1",
        "transfer",
        MAIN,
        transfer(MAIN, A, B, "TQQQ", Decimal(2)),
        (
            Change(A, "TQQQ", Decimal(-2), Decimal(-40), Decimal(0)),
            Change(B, "TQQQ", Decimal(2), Decimal(40), Decimal(0)),
        ),
    )
    AFTER = (
        held(A, "TQQQ", "4", cost="80", profit="4"),
        held(A, "USD", "883.5"),
        held(B, "TQQQ", "6", cost="124"),
        held(B, "USD", "916", reserved="44"),
    )

    def day(self, event: Event) -> Snapshot:
        return replace(DAY, events=[*EVENTS[:3], EVENTS[3], event], held=self.AFTER)

    def test_a_transfer_moves_units_with_their_cost(self) -> None:
        # It came after the fills: its id is greater than theirs.
        late = replace(self.MOVED, id="z1")
        assert found_in(self.day(late)).numbers == set()

    def test_a_transfer_that_makes_cost_shows(self) -> None:
        out, into = self.MOVED.changes
        event = replace(self.MOVED, id="z1", changes=(out, replace(into, cost=Decimal(41))))
        assert found_in(self.day(event)).says("changed what all books together paid")

    def test_a_transfer_that_leaves_cost_behind_shows(self) -> None:
        out, into = self.MOVED.changes
        event = replace(
            self.MOVED,
            id="z1",
            changes=(replace(out, cost=Decimal(-39)), replace(into, cost=Decimal(39))),
        )
        assert found_in(self.day(event)).says("gave up a cost of -39")

    def test_changes_must_be_what_was_posted(self) -> None:
        out, into = self.MOVED.changes
        event = replace(self.MOVED, id="z1", changes=(out, replace(into, quantity=Decimal(3))))
        assert found_in(self.day(event)).says("is not what it posted")

    def test_a_cost_without_units_shows(self) -> None:
        gone = Event(
            "z1",
            "deposit",
            MAIN,
            transfer(MAIN, EXTERNAL, A, "SOXL", Decimal(0)),
            (Change(A, "SOXL", Decimal(0), Decimal(5), Decimal(0)),),
        )
        assert found_in(replace(DAY, events=[*EVENTS, gone])).says("a cost and no SOXL")
