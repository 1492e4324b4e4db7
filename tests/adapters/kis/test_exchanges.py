from __future__ import annotations

import pytest

from adapters.kis.exchanges import EXCHANGES, quote_code, usual_exchange


@pytest.mark.parametrize(
    ("symbol", "exchange"),
    [("SOXL", "AMEX"), ("TQQQ", "NASD"), ("SPY", "AMEX"), ("NOSUCH", "NASD")],
)
def test_where_to_look_first(symbol: str, exchange: str) -> None:
    assert usual_exchange(symbol) == exchange


def test_prices_spell_every_exchange_their_own_way() -> None:
    assert [quote_code(exchange) for exchange in EXCHANGES] == ["NAS", "NYS", "AMS"]
