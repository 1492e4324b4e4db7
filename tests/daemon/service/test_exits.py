from __future__ import annotations

import re
from pathlib import Path

from daemon.service.exits import MEANING, Exit

REFERENCE = Path(__file__).parents[3] / "docs/reference/cli.md"


def test_every_code_has_a_meaning() -> None:
    assert set(MEANING) == set(Exit)


def test_the_documentation_has_every_code_with_its_meaning() -> None:
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", REFERENCE.read_text(), re.MULTILINE)
    assert rows == [(str(code.value), MEANING[code]) for code in Exit]
