from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from daemon.config import load_config, unsupported
from daemon.config.model import with_derived_defaults
from daemon.config.schema import Entries, Group, Items, Node, tree
from tests.daemon.config.loading import complaints, load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from daemon.config import Config

SHIPPED = Path(__file__).parents[3] / "config.toml"
OFF = re.compile(r"^#(?=[^ \n])", re.MULTILINE)
"""A key that is off begins with a number sign, a remark with a number sign and a blank."""


def switched_on() -> str:
    return OFF.sub("", SHIPPED.read_text(encoding="utf-8"))


def test_the_shipped_file_works_as_it_is_on_its_own(tmp_path: Path) -> None:
    config = load(tmp_path, SHIPPED.read_text(encoding="utf-8"))
    assert unsupported(config) == ()
    assert len(config.books) == 3
    assert {book.account for book in config.books.values()} == {"paper"}
    (account,) = config.accounts.values()
    assert account.paper is not None
    assert account.paper.prices.keys() == {"TQQQ", "SOXL", "BTCUSDT"}
    assert [each.name for each in tmp_path.iterdir()] == ["config.toml"]


def test_the_keys_that_are_off_in_it_can_be_switched_on(tmp_path: Path) -> None:
    text = re.sub(r"^csv = .*$", "", switched_on(), flags=re.MULTILINE)  # instead of the table
    for line in ('url = "sqlite', "adopt_orphans = []", "[calendars"):
        assert line in text
    for file in ("tls/certificate.pem", "tls/key.pem", "prices.csv", "secrets/momentum"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("x")
    environ = dict.fromkeys(re.findall(r'env = "(\w+)"', text), "x")
    environ.pop("NAME", None)
    assert complaints(tmp_path, text, **environ) == {}


def missing(node: Node, tables: object, path: str) -> Iterator[str]:
    """Keys of the models that these tables lack; one entry of a section must have them all."""
    match node:
        case Group() if isinstance(tables, dict):
            for name, child in node.fields.items():
                if name not in tables:
                    yield f"{path}.{name}"
                else:
                    yield from missing(child, tables[name], f"{path}.{name}")
        case Entries(value=Group() as below) if isinstance(tables, dict):
            fullest = max(tables.values(), key=len)
            yield from missing(below, fullest, f"{path}.NAME")
        case Items(item=Group() as below) if isinstance(tables, list):
            yield from missing(below, tables[0], path)
        case _:
            pass


def test_every_key_stands_in_the_shipped_file() -> None:
    assert list(missing(tree(), tomllib.loads(switched_on()), "")) == []


def test_every_key_in_it_has_a_remark() -> None:
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    told_before = False
    bare = []
    for line in lines:
        is_key = bool(re.match(r"#?[a-z_]+ = ", line))
        if is_key and not told_before:
            bare.append(line)
        told_before = line.startswith("# ") or (is_key and told_before)
    in_first_entries = [
        line for line in bare if not line.startswith(("strategy", "account", "capital"))
    ]
    assert in_first_entries == []


def plain(value: object) -> object:
    return Decimal(str(value)) if isinstance(value, int | float | Decimal) else value


@pytest.mark.parametrize(
    "section", [name for name, node in tree().fields.items() if isinstance(node, Group)]
)
def test_the_values_in_it_are_the_defaults(tmp_path: Path, section: str) -> None:
    shipped = load(tmp_path, SHIPPED.read_text(encoding="utf-8"))
    assert getattr(shipped, section) == getattr(load(tmp_path, ""), section)


def test_derived_defaults_leave_alone_what_is_given() -> None:
    tables: Mapping[str, object] = {
        "daemon": {"data_dir": "d"},
        "accounts": {"a": {"market": "XKRX", "currency": "USD"}, "b": {"broker": "kis"}, "c": 5},
    }
    filled = with_derived_defaults(tables)
    assert filled["database"] == {"url": "sqlite:///d/nettingd.db"}
    assert filled["accounts"] == {
        "a": {"market": "XKRX", "currency": "USD", "paper": {"database": "d/paper-a.db"}},
        "b": {"broker": "kis", "currency": "USD"},
        "c": 5,
    }
    assert tables["accounts"] == {
        "a": {"market": "XKRX", "currency": "USD"}, "b": {"broker": "kis"}, "c": 5,
    }  # fmt: skip


def test_the_shipped_file_loads_where_it_stands() -> None:
    config: Config = load_config(SHIPPED, {})
    assert config.daemon.data_dir == SHIPPED.parent / "data"
