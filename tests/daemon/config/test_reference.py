from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from daemon.config.reference import reference
from daemon.config.schema import Entries, Group, Items, Node, tree

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "config.md"


def keys(node: Node) -> Iterator[str]:
    match node:
        case Group():
            for name, child in node.fields.items():
                yield name
                yield from keys(child)
        case Entries(value=below) | Items(item=below):
            yield from keys(below)
        case _:
            pass


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), (
        "run: python -m daemon.config.reference > docs/reference/config.md"
    )


def test_the_page_names_every_key_with_its_meaning() -> None:
    page = reference()
    sections = tree().fields.keys()
    for key in set(keys(tree())) - sections - {"paper", "faults", "rule", "tls", "telegram"}:
        assert f"| `{key}` |" in page, key
    for section in sections:
        assert f"[{section}" in page
    assert "None" not in page
    assert "| |" not in page


def test_a_default_reads_as_the_file_would_have_it() -> None:
    page = reference()
    for row in (
        "| `port` | whole number, from 0 to 65535 | `8710` |",
        "| `wait_seconds` | number, 0 or more | `2` |",
        "| `live` | true or false | `false` |",
        '| `locale` | "en", "ko" | `"en"` |',
        "| `symbols` | array: symbol | anything |",
        "| `admin_token` | secret | none |",
        '| `market` | "XKRX", "XNYS", "24/7" | required |',
        "| `database` | path | `paper-NAME.db` in `daemon.data_dir` |",
    ):
        assert row in page, row
