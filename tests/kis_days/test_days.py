"""A short trial of each kind; whole ones by hand: ``python -m tests.kis_days --seeds 1000``."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

import pytest

from tests.kis_days.crowd import play_crowd
from tests.kis_days.day import Length, play
from tests.kis_days.harm import FOR_A_WHILE, SWITCHES
from tests.kis_days.kills import play_kills
from tests.simulators.kis import Switches

ELSEWHERE = {
    "charged_per",  # per execution: a difference of a few won, which no client can work out
    "settled_cash_only",  # tests/daemon/rebalancing/test_at_kis.py
    "on_close_cutoff_minutes",  # our own cut-off is the exchanges'; a later one is never met
    "paper_takes_ioc",  # such orders are not sent
    # On paper: tests/adapters/kis/test_hidden_orders.py and the contract.
    *("lines_hidden", "us_never_visible", "us_hold_percent"),
    *("us_visible_from_s", "visible_from_s"),
}
"""Switches that days leave as they are, and why."""
BRIEF = timedelta(minutes=10)
BRIEF_DAY = Length(BRIEF, BRIEF, 4, 350.0)


def test_what_nobody_has_confirmed_is_one_way_or_another() -> None:
    turned = SWITCHES.keys() | {switch for switch, _, _ in FOR_A_WHILE.values()}
    assert {each.name for each in fields(Switches)} - turned == ELSEWHERE


@pytest.mark.slow
def test_the_books_hold_what_the_broker_holds_whatever_fails() -> None:
    outcome = play(1, length=BRIEF_DAY)
    assert not outcome.wrong, "\n".join(["", *outcome.story, *outcome.wrong])
    assert outcome.orders
    assert outcome.faults


@pytest.mark.slow
def test_a_seed_plays_the_same_day_again() -> None:
    shortest = Length(timedelta(minutes=3), timedelta(minutes=3), 3, 30.0)
    first = play(3, length=shortest)
    assert first.story == play(3, length=shortest).story


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3], ids=["Seoul", "New York"])
def test_an_order_that_was_under_way_at_a_kill_is_found_or_was_never_there(seed: int) -> None:
    tally = play_kills(seed, 2)
    assert not tally.wrong, "\n".join(["", *tally.story, *tally.wrong])
    assert tally.found + tally.absent == tally.kills == 2


@pytest.mark.slow
def test_one_request_a_second_is_enough_and_cancels_go_first() -> None:
    measured = play_crowd(2, BRIEF, orders=4)
    assert not measured.wrong
    assert measured.orders >= 12
    assert not measured.throttled
    assert not measured.quotes_before_cancels
