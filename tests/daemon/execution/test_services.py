from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from algorithms.domain import Symbol
from daemon.execution.services import KnownLots, MarketDays
from tests.support.books import MAIN
from tests.support.world import THREE_BOOKS, buy, world

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.setup import Current

LOT_OF_COINS = Decimal("0.00000001")
OTHER_LOT = THREE_BOOKS.replace('[instruments.TQQQ]\nlot = "1"', '[instruments.TQQQ]\nlot = "5"')


async def test_a_lot_is_configured_or_the_markets_until_the_broker_was_asked(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, OTHER_LOT) as here:
        services = here.engine.services
        lots = KnownLots(services.current, services.market)
        assert lots.lot(MAIN, "TQQQ") == 5
        assert lots.lot(MAIN, "NVDA") == LOT_OF_COINS
        assert services.market.known_instrument(MAIN, Symbol("TQQQ")) is None
        await here.submit("alpha", buy("TQQQ", "5"))
        assert lots.lot(MAIN, "TQQQ") == 5
        assert lots.currency(MAIN) == "USD"
        assert services.market.known_instrument(MAIN, Symbol("SOXL")) is None


@pytest.mark.parametrize(
    ("market", "day"), [("XKRX", "2026-11-21"), ("XNYS", "2026-11-20"), ("24/7", "2026-11-20")]
)
def test_before_its_broker_is_connected_an_account_has_the_date_of_its_market(
    market: str, day: str
) -> None:
    accounts = {MAIN: SimpleNamespace(market=market)}
    current = cast("Current", SimpleNamespace(registry=SimpleNamespace(accounts=accounts)))
    assert MarketDays(current, {})(MAIN, datetime.fromisoformat("2026-11-21T08:30+09:00")) == day
