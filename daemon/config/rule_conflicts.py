"""What is wrong with a book's rule: its name, and its keys, which the rule's own model checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from daemon.config.books import PORTFOLIO_RULE, WEBHOOK_RULE, BookMode
from daemon.config.problems import did_you_mean
from daemon.config.tables import Conflict, attempt, entries, table
from daemon.config.values import read_name
from daemon.rules.catalogue import BadRuleError, find_rule, plain, rule_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

    from daemon.config.problems import KeyPath
    from daemon.config.tables import Tables
    from daemon.rules.catalogue import AnyRule

MESSAGES = {
    "missing": "is required",
    "model_type": "must be a table",
    "mapping_type": "must be a table",
    "dict_type": "must be a table",
    "tuple_type": "must be an array",
    "too_short": "must not be empty",
}
"""What pydantic's own complaints are called here."""


def find_rule_problems(tables: Tables) -> Iterator[Conflict]:
    """Check every book's rule against the rules there are."""
    for name, book in entries(tables, "books").items():
        rule = table(book, "rule")
        path: KeyPath = ("books", name, "rule")
        kind = attempt(read_name, rule.get("type", WEBHOOK_RULE))
        if kind is None:
            continue
        try:
            found = find_rule(kind)
        except BadRuleError as error:
            yield Conflict((*path, "type"), str(error), "repair or remove what installed it")
            continue
        if found is None:
            known = rule_names()
            hint = did_you_mean(kind, known) or f"there are {', '.join(known)}"
            yield Conflict((*path, "type"), "there is no such rule", hint)
            continue
        yield from _options(found, rule, path)
        if not book.get("symbols"):
            yield from _without_symbols(name, kind, book)


def find_portfolios_twice(tables: Tables) -> Iterator[Conflict]:
    """One book of an account is rebalanced, no more."""
    first: dict[str, str] = {}
    for name, book in entries(tables, "books").items():
        account = book.get("account")
        is_portfolio = table(book, "rule").get("type") == PORTFOLIO_RULE
        if is_portfolio and isinstance(account, str) and first.setdefault(account, name) != name:
            yield Conflict(
                ("books", name, "rule", "type"),
                f"a second portfolio book in the account {account}, beside {first[account]}",
                "one book of an account is rebalanced",
            )


def _without_symbols(name: str, rule: str, book: Tables) -> Iterator[Conflict]:
    """A rule, and a shadow book, must know what to ask prices of."""
    by = f"the rule {rule}" if rule not in {WEBHOOK_RULE, PORTFOLIO_RULE} else ""
    if book.get("mode") == BookMode.SHADOW:
        by = by or 'mode = "shadow"'
    if by:
        path: KeyPath = ("books", name, "symbols")
        yield Conflict(path, f"is required by {by}", "name what it trades")


def _options(rule: AnyRule, keys: Tables, path: KeyPath) -> Iterator[Conflict]:
    options = plain({key: value for key, value in keys.items() if key != "type"})
    try:
        rule.options_model.model_validate(options)
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False)
        known = rule.options_model.model_fields
        yield from (_conflict(detail, path, known) for detail in details)


def _conflict(detail: ErrorDetails, path: KeyPath, known: object) -> Conflict:
    place = (*path, *detail["loc"])
    match detail["type"]:
        case "extra_forbidden":
            names = known if len(detail["loc"]) == 1 and isinstance(known, dict) else ()
            hint = did_you_mean(str(place[-1]), names) or _there_are(names)
            return Conflict(place, "unknown key", hint)
        case "config":
            return Conflict(place, detail["ctx"]["message"], detail["ctx"]["hint"])
        case kind:
            return Conflict(place, MESSAGES.get(kind, detail["msg"]))


def _there_are(names: object) -> str:
    if not isinstance(names, dict):
        return ""
    return f"there are {', '.join(names)}" if names else "this rule has none"
