"""Where a US symbol is listed, in KIS's codes: orders and prices spell it differently."""

from __future__ import annotations

NASDAQ, NYSE, AMEX = EXCHANGES = ("NASD", "NYSE", "AMEX")
US = "NASD"
"""In questions about a real account Nasdaq's code means all of them."""

_QUOTES = {NASDAQ: "NAS", NYSE: "NYS", AMEX: "AMS"}
_USUAL = {
    AMEX: "DIA EEM GLD IWM JEPI LABU NUGT SCHD SOXL SOXS SPXL SPY TECL TNA UPRO VOO VTI XLE",
    NASDAQ: "AAPL AMZN GOOGL META MSFT NVDA QLD QQQ QQQM SQQQ TLT TQQQ TSLA",
}


def quote_code(exchange: str) -> str:
    """Return how a question about prices spells an exchange."""
    return _QUOTES[exchange]


def usual_exchange(symbol: str) -> str:
    """Return where to look first; KIS confirms it, or another is tried."""
    found = (exchange for exchange, names in _USUAL.items() if symbol in names.split())
    return next(found, NASDAQ)
