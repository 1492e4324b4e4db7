"""The page of the orders for a close: what is seen of live orders and of a plan."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from algorithms.domain import Side, Symbol
from algorithms.instruments import default_instrument
from algorithms.loc.curve import LocOrder, curve
from daemon.web.order_book import marked
from tests.support.served import Served, served
from tests.support.world import THREE_BOOKS

if TYPE_CHECKING:
    from pathlib import Path

DIPS = THREE_BOOKS.replace(
    'strategy = "gamma"\n',
    'strategy = "gamma"\nsymbols = ["SOXL"]\nrule = { type = "dip_loc", budget = "1000", '
    "buy_percent = 8, tp_percent = 5, sl_percent = 1, "
    "spread = { step = 1, floor_percent = 20 } }\n",
)
US = default_instrument(Symbol("TQQQ"), "XNYS", "USD")


async def order(here: Served, strategy: str, side: str, price: str | None, qty: int) -> None:
    kind = {"order_type": "MOC"} if price is None else {"order_type": "LOC", "price": price}
    body = {"strategy": strategy, "symbol": "TQQQ", "side": side, "qty": qty, **kind}
    await here.post("/api/orders", body)


async def example(here: Served) -> None:
    """The example of the specification: a take-profit sell below a buy."""
    buy = {"order_type": "MARKET", "symbol": "TQQQ", "side": "buy", "qty": 29}
    await here.post("/api/orders", {"strategy": "beta", **buy})
    await here.traded()
    await order(here, "alpha", "buy", "65.11", 28)
    await order(here, "beta", "sell", "63.73", 29)


def cells(html: str, section: str) -> list[list[str]]:
    """Return the rows of a section's tables as text."""
    (part,) = re.findall(rf'<section id="{section}".*?</section>', html, re.DOTALL)
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", part, re.DOTALL)
    found = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in rows]
    return [
        [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", cell)).strip() for cell in row]
        for row in found
        if row
    ]


async def test_live_orders_are_shown_as_sheet_ladder_and_outcome(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        await example(here)
        html = await here.page("/order-book?of=main+TQQQ&close=64")
        assert cells(html, "sheet") == [
            ["sell (all)", "65.12", "29", "close &gt; $65.11: no buy fills → everything is sold"],
            ["sell", "63.73", "1", "net sell after netting (close $63.73~$65.11)"],
            ["buy (all)", "63.72", "28", "close &lt; $63.73: no sell fills → everything is bought"],
        ]
        assert cells(html, "ladder") == [
            ["sell", "65.12", "28"],
            ["sell", "63.73", "1"],
            ["buy", "63.72", "28"],
        ]
        assert cells(html, "outcome") == [
            ["a", "buy 28 65.11", "28", "28", "0"],
            ["b", "sell 29 63.73", "29", "28", "1"],
        ]
        assert "Rows are alternatives" in html
        assert html.count("<polyline") == 3
        # Marked are the row that a close of 64 comes to, and the order of the ladder that it fills.
        assert html.count('<tr aria-current="true">') == 2
        assert "28 meet inside the account." in html
        assert "That saves 8.96 USD of commission." in html
        assert "The broker is left to sell 1." in html
        assert 'id="slider" value="64"' in html
        below = await here.page("/order-book?of=main+TQQQ&close=60")
        assert cells(below, "outcome")[1][2:] == ["0", "0", "0"]


async def test_in_korean_the_sheet_is_korean(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        await example(here)
        html = await here.page("/order-book", "ko")
        assert cells(html, "sheet")[0] == [
            "매도 (전량)",
            "65.12",
            "29",
            "종가 &gt; $65.11 시 매수미체결 → 전량매도",
        ]
        assert "종가에 따른 결과" in html


async def test_a_plan_is_shown_with_its_stops_folded_away(tmp_path: Path) -> None:
    async with served(tmp_path, DIPS) as here:
        buy = {"order_type": "MARKET", "symbol": "SOXL", "side": "buy", "qty": 10}
        await here.post("/api/orders", {"strategy": "gamma", **buy})
        await here.traded()
        html = await here.page("/order-book?of=main+SOXL")
        assert cells(html, "sheet")[1][:3] == ["buy", "54", "8"]
        assert cells(html, "stops")[0][:4] == ["c", "49.5", "10", "50"]
        assert cells(html, "stops")[1][:2] == ["buy (5.26%)", "c"]
        assert "<details><summary>Stop loss" in html
        assert "nothing is sent, this only shows" in html
        assert cells(html, "outcome")[1][:2] == ["c", "sell 10 52.5 TP"]


async def test_without_orders_for_a_close_the_page_says_what_would_be_there(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as here:
        html = await here.page("/order-book?of=main+NOPE&close=x")
        assert "No order is for a close" in html
        assert 'id="sheet"' not in html


async def test_orders_at_any_price_have_a_sheet_and_no_chart(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        await order(here, "alpha", "buy", None, 5)
        html = await here.page("/order-book")
        assert cells(html, "ladder") == [["buy", "MOC", "5"]]
        assert "What each book gets at every close" in html
        assert cells(html, "outcome") == [["a", "buy 5 MOC", "5", "0", "5"]]
        assert "<polyline" not in html


@pytest.mark.parametrize(
    ("asked", "price"),
    [
        ("99.999", "99.99"),
        ("98", "98"),
        ("", "99"),
        ("x", "99"),
        ("-1", "99"),
        ("NaN", "99"),
        ("1e99", "99"),
        ("0.00001", "0.0001"),
    ],
)
def test_the_marker_stands_at_a_valid_price(asked: str, price: str) -> None:
    orders = [
        LocOrder("b", Side.BUY, Decimal(100), Decimal(5)),
        LocOrder("s", Side.SELL, Decimal(98), Decimal(5)),
    ]
    assert marked(asked, curve(orders), US) == Decimal(price)
