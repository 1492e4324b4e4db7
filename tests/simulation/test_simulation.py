"""A few simulated days, and that the simulation itself can be trusted.

More days by hand: ``python -m tests.simulation --seed 1 --days 5000``. All mistakes that the days
must notice: ``python -m tests.simulation --mutants``.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.simulation.features import AT_KIS, Feature, features_of
from tests.simulation.mutants import SOON_NOTICED
from tests.simulation.plan import Kill, Planner, Webhook
from tests.simulation.playing import play
from tests.simulation.scene import set_scene

if TYPE_CHECKING:
    from tests.simulation.mutants import Mutant

DAYS = 8
"""Here; 200 in every run of CI (``make simulate``)."""
MOST_DAYS_TO_NOTICE = 8
"""For the mistakes that show soon."""
SHOWN_BY = {"work_a_slice_before_the_last_is_cancelled": 20}
"""The day that shows one which the first days do not."""

FOUND: dict[tuple[int, frozenset[Feature]], str] = {
    (75, frozenset()): (
        "ids after a restart came before older ones when the clock had been set back"
    ),
    (90018, frozenset()): "a buy whose stop the market had passed set aside too little cash",
    (30068, frozenset({Feature.CLOSE, Feature.PORTFOLIO})): (
        "a split was carried out between an auction and its settlement"
    ),
    (20021, frozenset({Feature.CLOSE})): "a split rounded a ladder and its orders to other sums",
    (116, frozenset({Feature.SUMMER, Feature.RULES, Feature.TROUBLE})): (
        "a job that waited for its turn when the daemon died was neither run nor told of"
    ),
    (5032, frozenset({Feature.AGAINST, Feature.TROUBLE})): (
        "a clock was set back in the moment in which the daemon died, and no later life knew"
    ),
    (1001270, frozenset({Feature.TROUBLE})): (
        "a clock set back moved the time at which an order had to end for a split, not the split's"
    ),
    (2000421, frozenset({Feature.AGAINST, Feature.CLOSE, Feature.TROUBLE})): (
        "a split had an order planned anew that stood in a ladder, and once was sent by itself"
    ),
    (2000553, frozenset({Feature.SUMMER, Feature.RULES})): (
        "an account whose settings a reload changed while it connected did no more jobs"
    ),
    (2001935, frozenset({Feature.PORTFOLIO, Feature.TROUBLE})): (
        "after a clock was set back, an order was not told from one that was there before"
    ),
    (1000235, frozenset({Feature.BINANCE, Feature.TROUBLE})): (
        "an account's money was compared before its first start had come to an end"
    ),
    (3000151, frozenset({Feature.TROUBLE})): (
        "an audit alarmed in the moment in which the clock was set ahead by an hour"
    ),
    (3001504, frozenset({Feature.BINANCE, Feature.CLOSE, Feature.TROUBLE})): (
        "a planned short set aside as many units as cash while a full disk kept it from being sent"
    ),
    (3001782, frozenset()): (
        "after a kill with the clock set back a paper exchange ran in a circle for ever"
    ),
    (4000643, frozenset({Feature.CLOSE, Feature.PORTFOLIO, Feature.TROUBLE})): (
        "a dividend of units that were between an auction and its settlement went to nobody"
    ),
    (4001037, frozenset({Feature.KIS, Feature.RULES, Feature.SEOUL, Feature.TROUBLE})): (
        "the fee of what was still to be booked of an order at KIS was a fraction of a won short"
    ),
    (4001184, frozenset(Feature) - {*AT_KIS, Feature.BINANCE, Feature.SUMMER}): (
        "a ladder was held for broken between a cut fill and the end of its order"
    ),
    (10001817, frozenset({Feature.AGAINST, Feature.KIS, Feature.TROUBLE})): (
        "an order at KIS that was turned away once left again with nothing stored to find it by"
    ),
    (10003545, frozenset({Feature.PORTFOLIO, Feature.RULES, Feature.TROUBLE})): (
        "after the clock was set back an order of before was taken for one of unknown fate"
    ),
    (20005597, frozenset({Feature.RULES, Feature.TROUBLE})): (
        "a split that was entered in the moment in which another one was carried out was forgotten"
    ),
    (30006490, frozenset({Feature.AGAINST, Feature.TROUBLE})): (
        "a fill of a slice counted as one before it: two starts in the same millisecond"
    ),
    (40002283, frozenset({Feature.AGAINST, Feature.RULES, Feature.TROUBLE})): (
        "a fee that was set while an order for cash was sent took it beyond what was asked"
    ),
    (
        40005543,
        frozenset({Feature.CLOSE, Feature.PORTFOLIO, Feature.RULES, Feature.TROUBLE}),
    ): "a disk stayed full for the next daemon until somebody wanted something",
    (3003415, frozenset({Feature.AGAINST, Feature.TROUBLE})): (
        "after a kill with the clock set back an id of a child order was made a second time"
    ),
}
"""Days that once went wrong, with what they must hold for that, and what was wrong."""


@pytest.mark.parametrize("seed", range(1, DAYS + 1))
def test_nothing_is_wrong_whatever_happens_in_a_day(seed: int) -> None:
    outcome = play(seed, features_of(seed))
    assert not outcome.wrong, "\n".join(["", *outcome.story])


@pytest.mark.parametrize(("seed", "features"), FOUND)
def test_a_day_that_once_went_wrong_goes_well(seed: int, features: frozenset[Feature]) -> None:
    outcome = play(seed, features)
    assert not outcome.wrong, "\n".join(["", *outcome.story])


def test_days_differ_in_what_they_hold() -> None:
    held = [features_of(seed) for seed in range(100)]
    assert frozenset().union(*held) == frozenset(Feature)
    assert len(set(held)) > 10


def test_a_seed_plays_the_same_day_again() -> None:
    first, again = play(7), play(7)
    assert first.story == again.story
    assert len(first.story) > 50


def test_a_reload_falls_into_some_days_and_is_told_in_their_stories() -> None:
    stories = ["\n".join(play(seed).story) for seed in (6000, 6001)]
    assert any("the configuration changes" in story for story in stories)
    assert all("read again and not taken over" not in story for story in stories)


def test_a_day_abroad_is_played_the_same_way_again() -> None:
    features = frozenset({Feature.BINANCE, Feature.TROUBLE})
    first, again = play(1, features), play(1, features)
    assert not first.wrong, "\n".join(["", *first.story])
    assert first.story == again.story


@pytest.mark.slow
def test_a_seed_tells_the_same_story_byte_by_byte_in_another_process() -> None:
    """Of a day with a broker abroad, rules, a portfolio and trouble."""
    told = [
        subprocess.run(
            [sys.executable, "-m", "tests.simulation", "--seed=175", "--days=1"],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert told[0] == told[1]
    assert told[0].count(b"\n") > 50


def test_days_differ_and_hold_kills_repeats_and_every_kind_of_order() -> None:
    assert len({set_scene(random.Random(seed)).config for seed in range(20)}) == 20
    planner = Planner(random.Random(1), 0.0)
    actions = [planner.action() for _ in range(2000)]
    webhooks = [action for action in actions if isinstance(action, Webhook)]
    commands = {
        getattr(command, "order_type", type(command).__name__)
        for webhook in webhooks
        for command in webhook.commands
    }
    assert commands == {"MARKET", "LIMIT", "TWAP", "STOP_MARKET", "STOP_LIMIT", "CancelAll"}
    assert any(isinstance(action, Kill) for action in actions)
    assert len({webhook.key for webhook in webhooks}) < len(webhooks)


@pytest.mark.slow
@pytest.mark.parametrize("mutant", SOON_NOTICED, ids=lambda mutant: str(mutant.__name__))
def test_a_mistake_is_noticed(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant(monkeypatch)
    first = SHOWN_BY.get(mutant.__name__, 1)
    days = range(first, first + MOST_DAYS_TO_NOTICE)
    noticed = any(play(seed, features_of(seed)).wrong for seed in days)
    assert noticed, f"{mutant.__name__} went unnoticed"
