"""What simulated days are said to hold: counted, named in the code, and written down."""

from __future__ import annotations

import importlib
import re
from collections import Counter
from pathlib import Path

import pytest

from adapters.paper.faults import Fault as PaperFault
from algorithms.domain import Side
from tests.simulation.__main__ import MOST_DAYS_TO_NOTICE
from tests.simulation.features import features_of
from tests.simulation.happenings import WHERE, Happening, Tally, never, table
from tests.simulation.mutants import MUTANTS
from tests.simulation.plan import Webhook
from tests.simulation.playing import play
from tests.simulators.binance import Fault as BinanceFault
from tests.simulators.kis import Fault as KisFault
from tests.support.world import cancel_all, order

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
ROW = re.compile(r"^\| (.+) \| `(\w+\.\w+)` \| ([0-9,]+) \| (\d+) \|$", re.MULTILINE)
MISTAKE = re.compile(r"^\| ([a-z ]+) \| (\d+) \|$", re.MULTILINE)


def test_the_page_on_reliability_tells_of_everything_that_happens_and_of_nothing_else() -> None:
    rows = ROW.findall(PAGE.read_text("utf-8"))
    assert [(words, place) for words, place, *_ in rows] == [
        (what.value, WHERE[what]) for what in Happening
    ]
    for words, _, times, days in rows:
        assert int(times.replace(",", "")) >= int(days) > 0, words


def test_the_page_tells_on_which_day_each_mistake_is_noticed() -> None:
    told = {
        name.replace(" ", "_"): int(day) for name, day in MISTAKE.findall(PAGE.read_text("utf-8"))
    }
    assert list(told) == [mutant.__name__ for mutant in MUTANTS]
    assert all(0 < day <= MOST_DAYS_TO_NOTICE for day in told.values())


@pytest.mark.parametrize("what", Happening)
def test_what_happens_is_done_by_code_that_is_there(what: Happening) -> None:
    module, _, name = WHERE[what].partition(".")
    assert hasattr(importlib.import_module(f"tests.simulation.{module}"), name)


def test_a_day_counts_what_happens_in_it() -> None:
    outcome = play(3, features_of(3))
    told = "\n".join(outcome.story)
    times = outcome.tally.times
    assert times[Happening.WEBHOOK] == len(set(re.findall(r" #(\d+) ", told))) > 30
    assert times[Happening.KILL] == told.count("kill -9, down")
    assert times[Happening.KILL] >= times[Happening.KILL_STEP]
    assert times[Happening.LOST] >= times[Happening.LOST_DONE]


def test_a_request_sent_again_is_counted_once_more_and_so_are_its_cancels() -> None:
    tally = Tally()
    webhook = Webhook("alpha", (cancel_all(), order(Side.BUY, "TQQQ", "1")), "k")
    assert [tally.request(webhook) for _ in range(2)] == [1, 2]
    assert tally.times == {Happening.WEBHOOK: 2, Happening.REPEAT: 1, Happening.CANCEL: 2}


def test_faults_of_all_brokers_are_counted_for_what_they_mean() -> None:
    tally = Tally()
    for fault in (PaperFault.RESET_BEFORE, BinanceFault.SILENT_AFTER, KisFault.LATE):
        tally.met(fault)
    tally.met(BinanceFault.BAN_418_BEFORE)
    tally.met(KisFault.HTML_AFTER)
    assert tally.times == {
        Happening.LOST: 3,
        Happening.LOST_DONE: 1,
        Happening.RATE: 1,
        Happening.UNREADABLE: 1,
    }


def test_what_never_happened_is_named() -> None:
    day = Counter(dict.fromkeys(Happening, 2))
    assert never([day]) == []
    del day[Happening.DISK]
    assert never([day, Counter()]) == [Happening.DISK]
    assert "| full disks | `trouble.Host` | 0 | 0 |" in list(table([day]))
    assert "| halts | `plan.Halt` | 4 | 2 |" in list(table([day, day]))
