"""Every error code has a status and a line in the documentation, and no other exists."""

from __future__ import annotations

from pathlib import Path

import orjson

from adapters.sqlite import errors as storage_errors
from daemon.api.errors import MEANINGS, ErrorCode, Refused, reference
from daemon.api.problems import Problem

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "errors.md"


def test_every_code_has_its_meaning() -> None:
    assert MEANINGS.keys() == set(ErrorCode)
    assert all(400 <= meaning.status < 600 for meaning in MEANINGS.values())


def test_every_way_storage_can_fail_has_a_code() -> None:
    kinds = [
        kind
        for kind in vars(storage_errors).values()
        if isinstance(kind, type) and issubclass(kind, storage_errors.StorageError)
    ]
    assert len(kinds) > 5
    assert {kind.code for kind in kinds} <= set(ErrorCode)


def test_the_documentation_is_made_from_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), (
        "run: python -m daemon.api.errors > docs/reference/errors.md"
    )


def test_every_code_is_in_the_documentation() -> None:
    page = reference()
    assert all(f"`{code}`" in page for code in ErrorCode)


def test_a_problem_has_the_members_of_its_standard() -> None:
    refused = Refused(ErrorCode.BAD_INPUT, "one fault", [Problem("price", "must be above zero")])
    assert orjson.loads(refused.body()) == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "code": "bad_input",
        "detail": "one fault",
        "errors": [{"path": "price", "message": "must be above zero"}],
    }
    assert "errors" not in orjson.loads(Refused(ErrorCode.NOT_FOUND, "nothing").body())
