from __future__ import annotations

from typing import TYPE_CHECKING

from tests.daemon.config.loading import ONE_BOOK, complaints
from tests.support.installed import install

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

TRADES = ONE_BOOK + "symbols = ['TQQQ']\n"


def test_a_rule_that_does_not_exist_is_named_with_those_that_do(tmp_path: Path) -> None:
    found = complaints(tmp_path, TRADES + "rule = { type = 'tired' }\n")
    assert found == {"books.bot.rule.type": "there is no such rule (did you mean tiered?)"}
    found = complaints(tmp_path, TRADES + "rule = { type = 'x' }\n")
    assert "webhook" in found["books.bot.rule.type"]


def test_the_webhook_rule_has_no_keys_of_its_own(tmp_path: Path) -> None:
    for rule in ("{ type = 'webhook', seed = '100' }", "{ seed = 1 }"):
        found = complaints(tmp_path, f"{ONE_BOOK}rule = {rule}\n")
        assert found == {"books.bot.rule.seed": "unknown key (this rule has none)"}


def test_every_fault_of_a_rules_keys_has_its_path(tmp_path: Path) -> None:
    rule = (
        "rule = { type = 'tiered', seed = 0, max_tier = 40, profit_percent = 'ten', "
        "dynamic_seed = { drop_percent = 5, factor = 0.5, most = 1 } }\n"
    )
    found = complaints(tmp_path, TRADES + rule)
    assert found.keys() == {
        "books.bot.rule.seed", "books.bot.rule.max_tier", "books.bot.rule.max_tiers",
        "books.bot.rule.profit_percent", "books.bot.rule.point_percent",
        "books.bot.rule.dynamic_seed.factor", "books.bot.rule.dynamic_seed.max",
        "books.bot.rule.dynamic_seed.most",
    }  # fmt: skip
    assert "max_tiers" in found["books.bot.rule.max_tier"]
    assert found["books.bot.rule.max_tiers"].startswith("is required")


def test_keys_that_exclude_each_other_are_faults_of_the_rule(tmp_path: Path) -> None:
    found = complaints(tmp_path, TRADES + "rule = { type = 'schedule' }\n")
    assert found == {"books.bot.rule": "needs either cash or quantity (give one of the two)"}


def test_a_rule_needs_to_know_what_its_book_trades(tmp_path: Path) -> None:
    found = complaints(tmp_path, ONE_BOOK + "rule = { type = 'schedule', cash = 5 }\n")
    assert found == {"books.bot.symbols": "is required by the rule schedule (name what it trades)"}


def test_an_account_has_one_portfolio_book_and_that_needs_no_symbols(tmp_path: Path) -> None:
    rule = "rule = { type = 'portfolio' }\n"
    assert complaints(tmp_path, ONE_BOOK + rule) == {}
    account = ONE_BOOK[ONE_BOOK.index("account = ") :].splitlines()[0]
    second = f"[strategies.second]\n[books.second]\nstrategy = 'second'\n{account}\n{rule}"
    assert complaints(tmp_path, ONE_BOOK + rule + second) == {
        "books.second.rule.type": "a second portfolio book in the account main, beside bot "
        "(one book of an account is rebalanced)"
    }


def test_an_installed_rule_that_cannot_be_used_is_a_fault_of_the_book(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(
        tmp_path, monkeypatch, "broken_rules", "1/0", "[nettingd.rules]\nodd = broken_rules:X\n"
    )
    found = complaints(tmp_path, TRADES + "rule = { type = 'odd' }\n")
    assert "division by zero" in found["books.bot.rule.type"]
