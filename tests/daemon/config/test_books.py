from __future__ import annotations

from decimal import Decimal
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from algorithms.domain import BookName, OrderType, StrategyName
from daemon.config.books import BookMode
from tests.daemon.config.loading import ONE_BOOK, complaints, load

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.config.books import BookConfig

BOT = BookName("bot")


def book(folder: Path, *lines: str) -> BookConfig:
    return load(folder, "\n".join([ONE_BOOK, *lines, ""])).books[BOT]


def test_a_book_needs_a_strategy_and_an_account_only(tmp_path: Path) -> None:
    found = book(tmp_path)
    assert (found.strategy, found.account) == ("bot", "main")
    assert (found.capital, found.leverage) == (Decimal(0), Decimal(1))
    assert not found.symbols
    assert (found.net, found.active, found.mode) == (True, True, BookMode.AUTO)
    assert (found.order_type, found.rule.type) == (OrderType.LIMIT, "webhook")


def test_money_is_exact_whether_number_or_string(tmp_path: Path) -> None:
    for text in ("0.1", '"0.1"', "'0.10'"):
        assert book(tmp_path, f"capital = {text}").capital == Decimal("0.1")


def test_symbols_are_normalised(tmp_path: Path) -> None:
    assert book(tmp_path, "symbols = ['btc/usdt', ' tqqq']").symbols == ("BTCUSDT", "TQQQ")


def test_a_rule_keeps_its_own_keys(tmp_path: Path) -> None:
    growing = "dynamic_seed = { drop_percent = 5, factor = 1.5, max = 300 }"
    tiers = "seed = 10.5, max_tiers = 40, profit_percent = 10, point_percent = 10"
    text = f"symbols = ['TQQQ']\nrule = {{ type = 'tiered', {tiers}, {growing} }}"
    rule = book(tmp_path, text).rule
    assert rule.type == "tiered"
    assert rule.options["seed"] == Decimal("10.5")
    assert rule.options["dynamic_seed"] == {
        "drop_percent": 5, "factor": Decimal("1.5"), "max": 300,
    }  # fmt: skip


def test_a_loaded_book_cannot_be_changed(tmp_path: Path) -> None:
    config = load(tmp_path, ONE_BOOK)
    with pytest.raises(ValidationError, match="frozen"):
        config.books[BOT].capital = Decimal(1)  # type: ignore[misc]
    with pytest.raises(TypeError):
        config.books[BOT] = book(tmp_path)  # type: ignore[index]
    with pytest.raises(TypeError):
        config.books[BOT].rule.options["x"] = 1  # type: ignore[index]


def test_a_strategy_is_private_and_open_to_all_addresses_unless_told(tmp_path: Path) -> None:
    text = ONE_BOOK + "[strategies.two]\npublic = true\nallow_from = ['192.0.2.7']\n"
    one, two = load(tmp_path, text).strategies.values()
    assert (one.public, one.allow_from, one.token, one.signature_secret) == (False, (), None, None)
    assert (two.public, two.allow_from) == (True, (ip_network("192.0.2.7"),))


def test_a_strategys_secrets_are_read(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k\n")
    text = "[strategies.s]\ntoken = { env = 'T' }\nsignature_secret = { file = 'key' }\n"
    found = load(tmp_path, text, T="t").strategies[StrategyName("s")]
    assert found.token is not None
    assert found.signature_secret is not None
    assert (found.token.reveal(), found.signature_secret.reveal()) == ("t", "k")


def test_what_a_book_and_its_strategy_cannot_be(tmp_path: Path) -> None:
    text = """
    [accounts.main]
    market = "24/7"
    [strategies.Bot]
    [strategies.bot]
    token = "literal"
    public = "yes"
    allow_from = "192.0.2.7"
    [books.bot]
    strategy = "bot"
    account = "main"
    symbols = []
    capital = "-0.01"
    leverage = 0
    rule = "webhook"
    net = 1
    order_type = "TWAP"
    mode = "manual"
    active = "true"
    [books."my book"]
    """
    assert complaints(tmp_path, text).keys() == {
        "strategies.Bot", "strategies.bot.token", "strategies.bot.public",
        "strategies.bot.allow_from", "books.bot.symbols", "books.bot.capital",
        "books.bot.leverage", "books.bot.rule", "books.bot.net", "books.bot.order_type",
        "books.bot.mode", "books.bot.active",
        'books."my book"', 'books."my book".strategy', 'books."my book".account',
    }  # fmt: skip
