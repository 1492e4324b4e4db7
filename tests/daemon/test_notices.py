from __future__ import annotations

import string
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson
import pytest

from adapters.sqlite.driver import InlineDriver
from daemon.notices import CATALOGUE, Level, raise_notice, render
from daemon.signals import NoticeRaised
from daemon.storage.store import open_store

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.storage.tx import Tx

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_notice_makes_a_sentence_of_its_numbers(code: str) -> None:
    names = {name for _, name, _, _ in string.Formatter().parse(CATALOGUE[code][1]) if name}

    sentence = render(code, dict.fromkeys(names, "X"))

    assert "{" not in sentence
    assert sentence.count("X") >= len(names)


def test_a_notice_of_another_version_is_told_as_it_stands() -> None:
    assert render("unheard_of", {"book": "a", "size": "3"}) == "unheard_of: book a, size 3"
    assert render("sold", {"book": "a"}) == "sold: book a"


async def test_a_notice_that_lacks_a_number_is_not_raised(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "books.db", InlineDriver.open, lambda _: None)
    with pytest.raises(KeyError, match="quantity"):
        await store.write(lambda tx: raise_notice(tx, "n1", "sold", NOW, book="alpha"))
    await store.close()


async def test_a_notice_is_stored_with_the_change_it_reports_and_then_heard(
    tmp_path: Path,
) -> None:
    heard: list[object] = []
    store = await open_store(tmp_path / "books.db", InlineDriver.open, heard.extend)

    def sell(tx: Tx) -> None:
        raise_notice(
            tx,
            "n1",
            "sold",
            NOW,
            account="main",
            book="alpha",
            quantity="10",
            symbol="TQQQ",
            price="100",
        )

    await store.write(sell)

    assert heard == [
        NoticeRaised(
            Level.INFO.value,
            "sold",
            "alpha sold 10 TQQQ at 100",
            "main",
            "alpha",
            "n1",
            NOW,
            {"book": "alpha", "quantity": "10", "symbol": "TQQQ", "price": "100"},
        )
    ]
    row = await store.read(
        lambda view: view._connection.execute("SELECT * FROM notices").fetchone()  # noqa: SLF001
    )
    assert (row["code"], row["level"], row["delivered_at"]) == ("sold", "info", None)
    assert orjson.loads(row["params"])["quantity"] == "10"
    await store.close()


async def test_a_change_that_fails_is_not_told(tmp_path: Path) -> None:
    heard: list[object] = []
    store = await open_store(tmp_path / "books.db", InlineDriver.open, heard.extend)

    def fail(tx: Tx) -> None:
        raise_notice(tx, "n1", "resumed", NOW, scope="all", name="")
        raise ValueError("and then it failed")

    with pytest.raises(ValueError, match="failed"):
        await store.write(fail)

    assert heard == []
    await store.close()
