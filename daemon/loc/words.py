"""The LOC sheet in words, Korean and English: what kind a row is, and at which closes it is so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from algorithms.decimals import to_text
from algorithms.loc.sheet import RowKind
from daemon.config.service import Locale

if TYPE_CHECKING:
    from decimal import Decimal

    from algorithms.loc.curve import LocOrder
    from algorithms.loc.sheet import Row

KINDS: dict[Locale, dict[RowKind, str]] = {
    Locale.KOREAN: {
        RowKind.SELL_ALL: "매도 (전량)",
        RowKind.BUY: "매수",
        RowKind.SELL: "매도",
        RowKind.NET_BUY: "순매수",
        RowKind.NET_SELL: "순매도",
        RowKind.NETTED: "상쇄",
        RowKind.BUY_ALL: "매수 (전량)",
    },
    Locale.ENGLISH: {
        RowKind.SELL_ALL: "sell (all)",
        RowKind.BUY: "buy",
        RowKind.SELL: "sell",
        RowKind.NET_BUY: "net buy",
        RowKind.NET_SELL: "net sell",
        RowKind.NETTED: "netted",
        RowKind.BUY_ALL: "buy (all)",
    },
}
LABELS: dict[Locale, dict[str, str]] = {
    Locale.KOREAN: {"EXP": "만료"},
    Locale.ENGLISH: {"EXP": "expiry"},
}
"""Those of ``algorithms.loc.dips.Why`` that are no word of every language."""
_SIGNS = {"USD": "$", "USDT": "$", "KRW": "₩"}


def kind_text(kind: str, label: str, locale: Locale) -> str:
    """Write a row's kind with the labels of its orders: ``매도 TP+만료``."""
    return f"{KINDS[locale][RowKind(kind)]} {label_text(label, locale)}".rstrip()


def label_text(label: str, locale: Locale) -> str:
    """Write the labels of orders, joined by +."""
    return "+".join(LABELS[locale].get(each, each) for each in label.split("+"))


def money(price: Decimal, currency: str) -> str:
    """Write a price with its currency: ``$65.11``, ``12 EUR``."""
    sign = _SIGNS.get(currency)
    return f"{sign}{to_text(price)}" if sign else f"{to_text(price)} {currency}"


def note(row: Row, currency: str, locale: Locale) -> str:
    """Say at which closes a row comes out, and why."""
    words = _korean if locale is Locale.KOREAN else _english
    return words(row, currency)


def apart_note(order: LocOrder, currency: str, locale: Locale) -> str:
    """Say of a sell above every buy that it stays as it is."""
    korean = locale is Locale.KOREAN
    if order.price is None:
        return "퉁치기 대상 아님 (종가에 매도)" if korean else "not netted (sold at any close)"
    price = money(order.price, currency)
    if korean:
        return f"퉁치기 대상 아님 (종가 ≥ {price} 시 매도)"
    return f"not netted (sold at a close of {price} or above)"


def _korean(row: Row, currency: str) -> str:
    bounds = row.stretch.range
    closes = _closes(row, currency, "모든 종가", "종가 ")
    if row.kind is RowKind.SELL_ALL and bounds.low is not None:
        return f"종가 > {money(bounds.low, currency)} 시 매수미체결 → 전량매도"
    if row.kind is RowKind.BUY_ALL and bounds.high is not None:
        below = "≤" if bounds.high_included else "<"
        unfilled = "" if bounds.high_included else " 매도미체결 →"
        return f"종가 {below} {money(bounds.high, currency)} 시{unfilled} 전량매수"
    if row.is_netted:
        left = {RowKind.BUY: "순매수", RowKind.SELL: "순매도"}.get(row.kind, "전량 상쇄")
        return f"퉁치기 후 {left} ({closes})"
    if row.kind is RowKind.BUY:
        return f"{closes} 시 매수"
    filled = [
        f"{side} {to_text(units)}주"
        for side, units in (("매수", bounds.bought), ("매도", bounds.sold))
        if units and (side == "매도" or row.has_several_buys)
    ]
    return f"{closes} 구간 ({', '.join(filled)} 체결)"


def _english(row: Row, currency: str) -> str:
    bounds = row.stretch.range
    closes = _closes(row, currency, "any close", "close ")
    if row.kind is RowKind.SELL_ALL and bounds.low is not None:
        return f"close > {money(bounds.low, currency)}: no buy fills → everything is sold"
    if row.kind is RowKind.BUY_ALL and bounds.high is not None:
        below = "≤" if bounds.high_included else "<"
        unfilled = "" if bounds.high_included else "no sell fills → "
        return f"close {below} {money(bounds.high, currency)}: {unfilled}everything is bought"
    if row.is_netted:
        left = {RowKind.BUY: "net buy", RowKind.SELL: "net sell"}.get(row.kind, "nothing left")
        return f"{left} after netting ({closes})"
    if row.kind is RowKind.BUY:
        return f"bought ({closes})"
    filled = [
        f"{to_text(units)} {side}"
        for side, units in (("bought", bounds.bought), ("sold", bounds.sold))
        if units and (side == "sold" or row.has_several_buys)
    ]
    return f"{closes} ({', '.join(filled)})"


def _closes(row: Row, currency: str, every: str, close: str) -> str:
    """Write a row's range, from its lowest valid price to its upper end."""
    low, high = row.stretch.lowest, row.stretch.range.high
    if low is None and high is None:
        return every
    if low is None or high is None:
        sign = "≥" if high is None else "≤" if row.stretch.range.high_included else "<"
        end = low if high is None else high
        assert end is not None  # one of the two is
        return f"{close}{sign} {money(end, currency)}"
    if low == row.stretch.highest:
        return f"{close}{money(low, currency)}"
    return f"{close}{money(low, currency)}~{money(high, currency)}"
