"""Every code that an order can be refused with is explained, and stays explained."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from adapters.broker import RefusalCode
from daemon.api.errors import reference
from daemon.execution.reasons import REASONS

ROOT = Path(__file__).parents[3]
CODED = re.compile(r"([a-z]+(?:_[a-z]+)*): \S?")


def texts(path: Path) -> set[str]:
    """Return the beginnings of all texts of a file that look like ``code: explanation``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = (
        match[1]
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if (match := CODED.match(node.value))
    )
    return set(found)


REFUSING = ("intake", "sizing", "slicer", "sender", "evidence", "risk", "cancels", "requests")


def test_every_code_in_the_order_s_way_is_explained() -> None:
    files = [
        ROOT / "algorithms" / "risk.py",
        *(
            ROOT / "daemon" / "execution" / f"{name}.py"
            for name in (
                "intake",
                "sizing",
                "slicer",
                "sender",
                "evidence",
                "risk",
                "cancels",
                "requests",
                "ladder/waiting",
                "ladder/revising",
                "ladder/settling",
            )
        ),
    ]
    used = set().union(*map(texts, files))
    assert {"price_collar", "not_live", "off_lot", "too_old", "halted"} <= used
    assert used <= REASONS.keys()


def test_every_refusal_of_a_broker_is_explained() -> None:
    assert {code.value for code in RefusalCode} <= REASONS.keys()


def test_the_reference_lists_every_code() -> None:
    page = reference()
    assert all(f"| `{code}` | {text} |" in page for code, text in REASONS.items())
