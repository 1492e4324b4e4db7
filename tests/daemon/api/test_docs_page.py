"""The page of the API escapes what it shows and names every operation."""

from __future__ import annotations

from daemon.api.docs_page import docs_page, page
from daemon.api.openapi import openapi
from tests.daemon.api.fakes import House


def test_every_operation_and_type_has_its_place() -> None:
    document = openapi(House().operations())
    text = docs_page(document)
    for methods in document["paths"].values():
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in text
    for name in document["components"]["schemas"]:
        assert f'id="{name}"' in text


def test_what_is_shown_is_no_markup() -> None:
    assert "<b>" not in page("<b>", [])
