"""``nettingd loc``: sheet, ladder and settlement of LOC orders, without daemon or network."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from daemon.cli.table import table
from daemon.service.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from daemon.api.decode import Json
    from daemon.api.loc_preview import LocAnswer, SheetRow
    from daemon.config.service import Locale

ORDER = re.compile(r"(?P<quantity>[^@:]+)@(?P<price>[^@:]+)(?::(?P<label>.+))?")
MARKET_ON_CLOSE = "moc"
ORDER_FORM = "QUANTITY@PRICE[:LABEL]"
PLACE = re.compile(r"^orders\[([0-9]+)\]\.(?=[a-z]+: )", re.MULTILINE)
KEY = re.compile(r"^([a-z_]+)(?=: )", re.MULTILINE)
NETTED_ALL = "nothing to send: the orders meet each other at every close\n"
WARNING = "Rows are alternatives: do not send them together. What can be sent is the ladder.\n"


class ArgumentsError(Exception):
    """The arguments do not make a body. The message says why."""


@dataclass(frozen=True, slots=True)
class LocArguments:
    """What the command line says: orders, and keys of the body that stand above the file's."""

    buys: Sequence[str] = ()
    sells: Sequence[str] = ()
    keys: Mapping[str, str | None] = field(default_factory=dict)

    def in_its_words(self, problems: str) -> str:
        """Name the arguments that problems are about, instead of places in the body."""
        said = [f"--buy {text}" for text in self.buys] + [f"--sell {text}" for text in self.sells]

        def option(found: re.Match[str]) -> str:
            key = found[1]
            return f"--{key.replace('_', '-')}" if self.keys.get(key) is not None else key

        named = KEY.sub(option, problems)
        return PLACE.sub(lambda found: f"{said[int(found[1])]}: ", named) if said else named


def orders_of(side: str, texts: Sequence[str]) -> list[dict[str, Json]]:
    """Read orders of one side as the command line has them: ``29@63.73:TP``, ``5@MOC``.

    The numbers are left as they are, for the preview to judge. Raises ArgumentsError.
    """
    orders: list[dict[str, Json]] = []
    for number, text in enumerate(texts, start=1):
        found = ORDER.fullmatch(text)
        if found is None:
            option = f"--{side}"  # a value of the sentence: no word to be translated
            raise ArgumentsError(f"{option} {text}: not of the form {ORDER_FORM}")
        price = found["price"]
        orders.append(
            {
                "id": f"{side}{number}",
                "side": side,
                "price": None if price.lower() == MARKET_ON_CLOSE else price,
                "quantity": found["quantity"],
                "label": found["label"] or "",
            }
        )
    return orders


def loc(
    given: LocArguments, body: bytes | None, language: str, *, as_json: bool
) -> tuple[int, str, str]:
    """Answer orders, or a body of ``POST /api/loc/preview``: exit code, output, errors.

    Bad input is exit code 2 and a line for every problem; standard output stays empty then.
    """
    # Decoding and models are loaded by this command only, not by all that share its program.
    import orjson  # noqa: PLC0415

    from daemon.api.loc_preview import preview_loc  # noqa: PLC0415
    from daemon.api.problems import BadInput  # noqa: PLC0415
    from daemon.config.service import Locale  # noqa: PLC0415

    try:
        answer = preview_loc(_document(given, body))
    except ArgumentsError as error:
        return Exit.BAD_INPUT, "", f"{error}\n"
    except BadInput as error:
        return Exit.BAD_INPUT, "", f"{given.in_its_words(str(error))}\n"
    if as_json:
        return Exit.OK, orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode() + "\n", ""
    return Exit.OK, _tables(answer, Locale(language)), ""


def _document(given: LocArguments, body: bytes | None) -> Json:
    """Put the body together. Raises ArgumentsError, and BadInput if a file is no JSON."""
    from daemon.api.decode import decode_json  # noqa: PLC0415

    orders = [*orders_of("buy", given.buys), *orders_of("sell", given.sells)]
    keys: dict[str, Json] = {key: value for key, value in given.keys.items() if value is not None}
    if body is None:
        if not orders:
            raise ArgumentsError("give orders by --buy and --sell, or a body by --input")
        return {"orders": list(orders), **keys}
    if orders:
        raise ArgumentsError("--input has the orders: leave out --buy and --sell")
    document = decode_json(body)
    return document | keys if isinstance(document, dict) else document


def _tables(answer: LocAnswer, locale: Locale) -> str:
    parts = [_sheet(answer, locale), WARNING, _ladder(answer)]
    if "settlement" in answer:
        rows = [
            (row["id"], row["side"], row["filled"], row["netting"], row["broker"])
            for row in answer["settlement"]
        ]
        parts.append(table(("order", "side", ">filled", ">from netting", ">from broker"), rows))
    return "\n".join(parts)


def _sheet(answer: LocAnswer, locale: Locale) -> str:
    rows = [_sheet_row(row, locale) for row in (*answer["rows"], *answer["apart"])]
    return table(("kind", ">price", ">quantity", "note"), rows)


def _sheet_row(row: SheetRow, locale: Locale) -> tuple[str, str, str, str]:
    from daemon.config.service import Locale  # noqa: PLC0415
    from daemon.loc.words import kind_text  # noqa: PLC0415

    kind = kind_text(row["kind"], row["label"], locale)
    note = row["note"] if locale is Locale.KOREAN else row["note_en"]
    return kind, row["price"] or MARKET_ON_CLOSE.upper(), row["quantity"], note


def _ladder(answer: LocAnswer) -> str:
    if not answer["ladder"]:
        return NETTED_ALL
    rows = [
        (rung["side"], rung["price"] or MARKET_ON_CLOSE.upper(), rung["quantity"])
        for rung in answer["ladder"]
    ]
    return table(("ladder", ">price", ">quantity"), rows)
