"""Webhooks: what was asked, what was answered, and which orders came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.web.webhooks import orders_in, pretty, summary
from tests.support.books import parents
from tests.support.served import served

if TYPE_CHECKING:
    from pathlib import Path

BUY_THREE = {"strategy": "alpha", "order_type": "MARKET", "symbol": "TQQQ", "side": "buy", "qty": 3}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            {"side": "buy", "qty": "3", "symbol": "TQQQ", "order_type": "MARKET"},
            "buy 3 TQQQ MARKET",
        ),
        ({"SIDE": "sell", "Symbol": "SOXL"}, "sell SOXL"),
        ({"order_type": "LIMIT", "orders": [{}, {}]}, "LIMIT x2"),
        ([1, 2], ""),
        ({}, ""),
    ],
)
def test_a_request_is_said_in_a_few_words(body: object, said: str) -> None:
    assert summary(body) == said


def test_an_answer_names_its_orders_whatever_else_is_in_it() -> None:
    assert list(orders_in({"results": [{"orders": [{"id": "1"}]}, {}]})) == [{"id": "1"}]
    assert list(orders_in({"results": None})) == []
    assert list(orders_in(None)) == []
    assert pretty({"a": 1}) == '{\n  "a": 1\n}'


async def test_a_request_is_listed_with_its_result_and_leads_to_its_orders(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        assert "No webhooks." in await here.page("/webhooks")
        told = await here.post("/api/orders", BUY_THREE)
        (order,) = parents(here.day)
        listed = await here.page("/webhooks")
        assert f"/webhooks/{told['id']}" in listed
        assert "by hand" in listed
        html = await here.page(f"/webhooks/{told['id']}")
        assert f"/orders/{order['id']}" in html
        assert "1 order accepted" in html
        assert "No webhooks." in await here.page("/webhooks?status=dropped")
