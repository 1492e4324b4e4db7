"""The small modules of the package: tables, dump, section."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from daemon.config import Config, describe
from daemon.config.schema import Entries, Group, Leaf, Node, tree
from daemon.config.section import Section
from daemon.config.tables import attempt, entries, items, table, texts
from daemon.config.values import read_decimal, read_integer
from tests.daemon.config.loading import ONE_BOOK, load

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_tables_that_hold_anything_are_looked_into_safely() -> None:
    tables: dict[str, object] = {"a": {"x": {"k": 1}, "y": 2}, "b": [{"k": 1}, 2, {}], "c": "x"}
    assert table(tables, "a") == {"x": {"k": 1}, "y": 2}
    assert table(tables, "b") == table(tables, "missing") == {}
    assert entries(tables, "a") == {"x": {"k": 1}}
    assert entries(tables, "c") == {}
    assert items(tables, "b") == [(0, {"k": 1}), (2, {})]
    assert items(tables, "a") == []


def test_strings_are_found_with_their_places() -> None:
    assert texts("x") == [((), "x")]
    assert texts(["x", 1, "y"]) == [((0,), "x"), ((2,), "y")]
    assert texts(None) == texts({"x": "y"}) == []


def test_an_attempt_gives_nothing_where_a_reader_refuses() -> None:
    assert attempt(read_integer, 5) == 5
    assert attempt(read_integer, "5") is None
    with pytest.raises(PydanticCustomError):
        read_integer("5")


def test_a_section_takes_no_key_it_does_not_know_and_no_change() -> None:
    class Door(Section):
        width: int = 1

    with pytest.raises(ValidationError, match="extra"):
        Door.model_validate({"height": 2})
    with pytest.raises(ValidationError, match="frozen"):
        Door().width = 2  # type: ignore[misc]


DESCRIBED = """
[http]
trusted_proxies = ["10.0.0.0/8"]
[accounts.main]
broker = "kis"
account_no = "50123456-01"
market = "XKRX"
commission_percent = "0.0140"
credentials = { app_key = { env = "KEY" }, app_secret = { env = "KEY" } }
[calendars.XKRX]
closed = ["2026-06-03"]
hours = { 2026-11-19 = "10:00-16:30" }
[strategies.bot]
token = { env = "KEY" }
[books.bot]
strategy = "bot"
account = "main"
symbols = ["005930"]
rule = { type = "schedule", cash = 10.50, days_of_month = [1, 15] }
[[jobs]]
run = "twap"
at = ["09:10 Asia/Seoul", "close-15m"]
"""


def test_the_dump_says_everything_but_the_secrets(tmp_path: Path) -> None:
    config = load(tmp_path, DESCRIBED, KEY="correct-horse")
    dump = orjson.loads(orjson.dumps(describe(config)))
    assert b"correct-horse" not in orjson.dumps(dump)
    assert dump["http"]["admin_token"] == "not set"
    assert dump["http"]["trusted_proxies"] == ["10.0.0.0/8"]
    assert dump["database"]["url"] == f"sqlite:///{tmp_path}/data/nettingd.db"
    assert dump["accounts"]["main"]["credentials"] == {"app_key": "set", "app_secret": "set"}
    assert dump["accounts"]["main"]["commission_percent"] == "0.014"
    assert dump["accounts"]["main"]["currency"] == "KRW"
    assert dump["accounts"]["main"]["paper"] is None
    assert dump["calendars"] == {
        "XKRX": {"closed": ["2026-06-03"], "hours": {"2026-11-19": "10:00-16:30"}}
    }
    assert dump["strategies"]["bot"]["token"] == "set"
    assert dump["books"]["bot"]["rule"] == {
        "type": "schedule", "cash": "10.5", "days_of_month": [1, 15],
    }  # fmt: skip
    assert dump["jobs"][0]["at"] == ["09:10 Asia/Seoul", "close-15m"]


def keys(node: Node) -> Iterator[str]:
    if isinstance(node, Group):
        for name, child in node.fields.items():
            yield name
            yield from keys(child)


def test_the_dump_has_every_key(tmp_path: Path) -> None:
    dump = describe(load(tmp_path, ONE_BOOK))
    assert dump.keys() == tree().fields.keys()
    accounts = tree().fields["accounts"]
    assert isinstance(accounts, Entries)
    assert isinstance(accounts.value, Group)
    account = dump["accounts"]
    assert isinstance(account, dict)
    assert isinstance(account["main"], dict)
    assert account["main"].keys() == accounts.value.fields.keys()


def test_a_configuration_can_be_built_without_a_file() -> None:
    config = Config.model_validate(
        {
            "daemon": {"data_dir": "/var/n"},
            "accounts": {"main": {"market": "24/7", "paper": {"prices": {"TQQQ": "100"}}}},
            "strategies": {"bot": {}},
            "books": {"bot": {"strategy": "bot", "account": "main", "capital": Decimal(5)}},
        }
    )
    assert config.database.path == Path("/var/n/nettingd.db")
    assert [book.capital for book in config.books.values()] == [read_decimal("5")]
    assert isinstance(tree().fields["jobs"], Leaf) is False
