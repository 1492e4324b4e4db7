from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from daemon.rules.catalogue import BadRuleError, find_rule, make_rule, rule_names
from daemon.rules.schedule import ScheduleRule
from daemon.rules.tiered import TieredRule
from tests.support.installed import install

if TYPE_CHECKING:
    from pathlib import Path

RULES = """
from daemon.rules.rule import RuleClass, RuleOptions

class Lucky(RuleClass[RuleOptions]):
    async def decide(self, day):
        return ()

nonsense = 7
"""


def test_the_shipped_rules_are_there() -> None:
    assert {"webhook", "schedule", "tiered"} <= set(rule_names())
    assert find_rule("tiered") is TieredRule
    assert find_rule("astrology") is None


def test_an_installed_rule_is_found_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = "[nettingd.rules]\nlucky = lucky_rules:Lucky\n"
    install(tmp_path, monkeypatch, "lucky_rules", RULES, points)
    found = find_rule("lucky")
    assert found is not None
    assert found.__name__ == "Lucky"
    assert "lucky" in rule_names()


def test_a_shipped_name_keeps_its_meaning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = "[nettingd.rules]\ntiered = pushy_rules:Lucky\n"
    install(tmp_path, monkeypatch, "pushy_rules", RULES, points)
    assert find_rule("tiered") is TieredRule


@pytest.mark.parametrize(
    ("value", "complaint"),
    [("odd_rules:nonsense", "no subclass"), ("odd_rules:missing", "cannot be loaded")],
)
def test_an_installed_rule_that_is_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, complaint: str
) -> None:
    install(tmp_path, monkeypatch, "odd_rules", RULES, f"[nettingd.rules]\nodd = {value}\n")
    with pytest.raises(BadRuleError, match=complaint):
        find_rule("odd")


def test_a_rule_is_made_from_frozen_options() -> None:
    made = make_rule("schedule", MappingProxyType({"cash": 5, "days_of_month": (1, 15)}))
    assert isinstance(made, ScheduleRule)
    assert made.options.days_of_month == (1, 15)
