"""Settings: everything in force, and no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.web.settings import rows_of
from tests.support.served import served
from tests.support.world import THREE_BOOKS

if TYPE_CHECKING:
    from pathlib import Path


def test_every_key_has_a_row_of_its_own() -> None:
    tree: dict[str, object] = {"a": {"b": 1, "c": {}}, "d": [1, 2], "e": [{"f": True}], "g": None}
    assert list(rows_of(tree)) == [  # type: ignore[arg-type]
        ("a.b", 1),
        ("a.c", ""),
        ("d", "1, 2"),
        ("e[0].f", "true"),
        ("g", ""),
    ]


async def test_the_configuration_in_force_is_shown_without_its_secrets(tmp_path: Path) -> None:
    text = THREE_BOOKS.replace(
        "[strategies.alpha]", '[strategies.alpha]\ntoken = { file = "alpha.token" }'
    )
    (tmp_path / "alpha.token").write_text("5e77" * 16)
    async with served(tmp_path, text) as here:
        html = await here.page("/settings")
        assert "5e77" not in html
        assert "alpha.token" in html
        assert "<code>set</code>" in html
        assert "connected" in html
        assert "It never closes" in html


async def test_the_sessions_of_an_exchange_are_told(tmp_path: Path) -> None:
    text = THREE_BOOKS.replace('market = "24/7"', 'market = "XNYS"')
    async with served(tmp_path, text) as here:
        html = await here.page("/settings")
        assert "2026-11-20: 14:30\N{EN DASH}21:00" in html
        assert "2026-11-21" not in html, "a Saturday"
