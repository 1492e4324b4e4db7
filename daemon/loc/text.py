"""The plan of a close as text: the sheet as a table, and what stands outside the curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from algorithms.decimals import to_text
from daemon.cli.table import table
from daemon.config.service import Locale
from daemon.loc.words import kind_text, money

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.api.loc_preview import SheetRow
    from daemon.i18n import Words
    from daemon.loc.plans import SymbolPlan


def plan_text(plan: SymbolPlan, words: Words, locale: Locale) -> str:
    """Lay out the sheet of a plan, stops and spread buys below it. Lines are for a fixed font."""
    answer = plan.described()
    columns = (
        words.say("kind"),
        f">{words.say('price')}",
        f">{words.say('quantity')}",
        words.say("note"),
    )
    rows = [_row(row, locale) for row in (*answer["rows"], *answer["apart"])]
    parts = [table(columns, rows).rstrip("\n") if rows else words.say("no orders")]
    parts += _stops(plan, words)
    parts += _spread(plan, words)
    if not plan.is_final:
        parts.append(
            words.say("The close is not final yet: this is worked out from the last price.")
        )
    if answer["rows"]:
        parts.append(words.say("Rows are alternatives: do not send them together."))
    return "\n".join(parts)


def _row(row: SheetRow, locale: Locale) -> tuple[str, str, str, str]:
    kind = kind_text(row["kind"], row["label"], locale)
    note = row["note"] if locale is Locale.KOREAN else row["note_en"]
    return kind, row["price"] or "MOC", row["quantity"], note


def _stops(plan: SymbolPlan, words: Words) -> Iterator[str]:
    for each in plan.books:
        for stop in each.plan.stops:
            text = words.say(
                "stop loss of {book}: {quantity} at a close of {price} or below",
                book=each.book,
                quantity=to_text(stop.held.lot.quantity),
                price=money(stop.price, plan.instrument.currency),
            )
            yield f"{text}, {words.say('reached')}" if stop.hit else text


def _spread(plan: SymbolPlan, words: Words) -> Iterator[str]:
    for each in plan.books:
        for level in each.plan.spread:
            yield words.say(
                "buy ({percent}%) of {book}, not sent: {quantity} at {price}",
                percent=to_text(level.percent),
                book=each.book,
                quantity=to_text(level.quantity),
                price=money(level.price, plan.instrument.currency),
            )
