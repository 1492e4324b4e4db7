"""``nettingd check``: whether the configuration is right, and what it amounts to."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING

import orjson

from algorithms.decimals import to_text, total
from daemon.cli.check_brokers import broker_logins
from daemon.cli.check_notifiers import notifier_logins
from daemon.cli.table import table
from daemon.cli.voice import tell, warn
from daemon.config import ConfigErrors, describe, exposed, load_config, unsupported
from daemon.config.accounts import BrokerKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal
    from pathlib import Path

    from algorithms.domain import AccountName
    from daemon.config import Config
    from daemon.config.problems import ConfigProblem

OK = 0
BAD_CONFIG = 2


def check(config_path: Path, environ: Mapping[str, str], *, as_json: bool, online: bool) -> int:
    """Load the configuration and report on it. Nothing is created, and no order is sent.

    Errors and warnings go to stderr, one a line, the summary to stdout; ``as_json`` puts one JSON
    object on stdout instead. ``online`` also logs in to the brokers that need it. Returns the
    exit code: 0, or 2 when there is an error.
    """
    try:
        config = load_config(config_path, environ)
    except ConfigErrors as found:
        if as_json:
            errors = [asdict(error) for error in found.errors]
            _write_json({"ok": False, "errors": errors, "warnings": [], "config": None})
        else:
            warn(f"{found}\n")
        return BAD_CONFIG
    warnings = unsupported(config) + exposed(config) + _told_before(config)
    logins = broker_logins(config) | notifier_logins(config) if online else {}
    if as_json:
        report = {"ok": True, "errors": [], "warnings": [asdict(each) for each in warnings]}
        _write_json(report | {"config": describe(config)} | ({"logins": logins} if online else {}))
        return OK
    tell(_summary(config))
    tell("".join(f"login {name}: {result}\n" for name, result in logins.items()))
    warn("".join(f"warning: {warning}\n" for warning in warnings))
    return OK


def _told_before(config: Config) -> tuple[ConfigProblem, ...]:
    """What ccxt will not do for the accounts it speaks for; it is loaded for them only."""
    bridged = {
        name: account
        for name, account in config.accounts.items()
        if account.broker is BrokerKind.CCXT
    }
    if not bridged:
        return ()
    from daemon.brokers.ccxt import told_before  # noqa: PLC0415

    return tuple(each for name, account in bridged.items() for each in told_before(name, account))


def _write_json(report: Mapping[str, object]) -> None:
    sys.stdout.write(orjson.dumps(report, option=orjson.OPT_INDENT_2).decode() + "\n")


def _summary(config: Config) -> str:
    capital: defaultdict[AccountName, list[Decimal]] = defaultdict(list)
    for book in config.books.values():
        capital[book.account].append(book.capital)
    followers = Counter(book.strategy for book in config.books.values())
    accounts = [
        (
            name,
            f"{account.broker} ({account.environment})",
            f"{account.market} {account.market_type}",
            str(len(capital[name])),
            f"{to_text(total(capital[name]))} {account.currency}",
        )
        for name, account in config.accounts.items()
    ]
    strategies = [
        (name, str(followers[name]), "configured" if strategy.token else "created at start")
        for name, strategy in config.strategies.items()
    ]
    return (
        f"configuration is right; accounts: {len(accounts)}, strategies: {len(strategies)}, "
        f"books: {len(config.books)}, jobs: {len(config.jobs)}\n\n"
        + table(("account", "broker", "market", ">books", ">capital"), accounts)
        + "\n"
        + table(("strategy", ">books", "token"), strategies)
    )
