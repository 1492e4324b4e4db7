from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.broker import FillEvent, OrderEvent
from adapters.paper.orders import View
from algorithms.domain import OrderType
from tests.support.paper_engine import BUY, make_engine, place, request


@pytest.mark.parametrize(("shown", "client_id"), [(True, "a"), (False, None)])
def test_a_venue_without_client_ids_shows_none(client_id: str | None, *, shown: bool) -> None:
    engine = make_engine()
    order = place(engine, request("a", BUY, 3))
    (fill,) = engine.changes.fills
    view = View("USD", with_client_ids=shown)
    assert view.order(order).client_id == client_id
    assert view.fill(fill).client_id == client_id
    assert view.event(order) == OrderEvent(view.order(order))
    assert view.event(fill) == FillEvent(view.fill(fill))


def test_a_fill_belongs_to_the_day_of_its_order() -> None:
    engine = make_engine()
    place(engine, request("a", BUY, 3))
    (fill,) = engine.changes.fills
    shown = View("USD", with_client_ids=True).fill(fill)
    assert (shown.order_id, shown.market_day) == ("1", fill.order.market_day)
    assert (shown.trade_id, shown.fee_asset) == ("1", "USD")
    assert shown.cumulative == 3


def test_a_stop_waits_until_it_is_set_off() -> None:
    order = place(make_engine(), request("a", BUY, 1, OrderType.STOP_MARKET, stop="120"))
    assert order.waits_for_stop
    assert not replace(order, triggered=True).waits_for_stop
    assert order.leaves == 1
