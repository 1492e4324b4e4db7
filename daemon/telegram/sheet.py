"""The LOC sheet of an account and a symbol in a chat."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from algorithms.domain import OrderType
from algorithms.loc.sheet import RowKind
from daemon.config.service import Locale
from daemon.loc.live import live_loc
from daemon.loc.words import KINDS
from daemon.notify.lengths import as_fits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.api.loc_preview import SheetRow
    from daemon.execution.services import Services
    from daemon.i18n import Words

_AT_THE_CLOSE = frozenset({OrderType.LOC.value, OrderType.MOC.value})


async def sheet_text(
    services: Services, words: Words, locale: Locale, account: str, symbol: str
) -> str:
    """Say what comes out at which closes. Raises BadInput."""
    answer = await live_loc(services, account, symbol)
    rows = cast("Sequence[SheetRow]", answer["rows"])
    apart = cast("Sequence[SheetRow]", answer["apart"])
    if not rows and not apart:
        return words.say("no LOC orders for {symbol} in {account}", symbol=symbol, account=account)
    title = words.say("LOC sheet of {symbol} in {account}", symbol=symbol, account=account)
    lines = [_row(row, locale) for row in [*rows, *apart]]
    return as_fits(
        [title, *lines], lambda left: words.count("{number} more", "{number} more", left)
    )


async def sheets_there_are(services: Services) -> list[tuple[str, str]]:
    """Return the accounts and symbols with live orders for a close."""
    rows = await services.persistence.read(lambda view: view.fetch("live_parents"))
    return sorted(
        {(row["account"], row["symbol"]) for row in rows if row["order_type"] in _AT_THE_CLOSE}
    )


def _row(row: SheetRow, locale: Locale) -> str:
    price = "MOC" if row["price"] is None else row["price"]
    note = row["note"] if locale is Locale.KOREAN else row["note_en"]
    return f"{KINDS[locale][RowKind(row['kind'])]} {price} x {row['quantity']}: {note}"
