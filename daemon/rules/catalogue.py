"""Every rule by name: those shipped, and those that users installed.

A user's rule is an entry point of the group ``nettingd.rules``; a name that is shipped keeps its
meaning. Loading waits until a book names the rule, so rules nobody uses cost nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from daemon.rules.rule import RuleClass, RuleOptions

if TYPE_CHECKING:
    from collections.abc import Collection

    from daemon.rules.rule import Rule

GROUP = "nettingd.rules"

AnyRule = type[RuleClass[RuleOptions]]


class BadRuleError(Exception):
    """A rule that is installed cannot be used; the message says why."""


def shipped() -> Mapping[str, AnyRule]:
    """Return the rules that need no installation. They import the configuration, so not above."""
    from daemon.rules.dip_loc import DipLocRule  # noqa: PLC0415
    from daemon.rules.portfolio import PortfolioRule  # noqa: PLC0415
    from daemon.rules.schedule import ScheduleRule  # noqa: PLC0415
    from daemon.rules.tiered import TieredRule  # noqa: PLC0415
    from daemon.rules.webhook import WebhookRule  # noqa: PLC0415

    return {
        "webhook": WebhookRule,
        "portfolio": PortfolioRule,
        "schedule": ScheduleRule,
        "tiered": TieredRule,
        "dip_loc": DipLocRule,
    }


def rule_names() -> Collection[str]:
    """Return every name a book may give as ``rule.type``."""
    return sorted({*shipped(), *(each.name for each in entry_points(group=GROUP))})


def find_rule(name: str) -> AnyRule | None:
    """Return the class of a rule; None if there is none. Raises BadRuleError."""
    found = shipped().get(name)
    if found is not None:
        return found
    point = next(iter(entry_points(group=GROUP, name=name)), None)
    if point is None:
        return None
    try:
        loaded = point.load()
    except Exception as error:
        raise BadRuleError(f"{point.value} cannot be loaded: {error}") from error
    if not (isinstance(loaded, type) and issubclass(loaded, RuleClass)):
        raise BadRuleError(f"{point.value} is no subclass of daemon.rules.rule.RuleClass")
    return loaded


def make_rule(name: str, options: Mapping[str, object]) -> Rule:
    """Make a rule from the keys beside its ``type``, which were checked before."""
    found = find_rule(name)
    assert found is not None  # or the configuration would have been refused
    return found(found.options_model.model_validate(plain(options)))


def plain(value: object) -> object:
    """Return tables and arrays as TOML gave them."""
    match value:
        case Mapping():
            return {key: plain(each) for key, each in value.items()}
        case tuple() | list():
            return [plain(each) for each in value]
        case _:
            return value
