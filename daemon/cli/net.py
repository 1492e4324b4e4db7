"""``nettingd net``: what hypothetical orders would cross, without daemon, config or network."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.decimals import multiply, to_text
from daemon.api.problems import BadInput
from daemon.cli.table import table

if TYPE_CHECKING:
    from daemon.api.netting_preview import PreviewAnswer

OK = 0
BAD_INPUT = 2


def net(body: bytes, *, as_json: bool) -> tuple[int, str, str]:
    """Answer the body of ``POST /api/netting/preview``: exit code, standard output, errors.

    ``as_json`` gives the HTTP answer, otherwise tables for people. Bad input is exit code 2 and
    one line for every problem; nothing is printed to standard output then.
    """
    # Decoding and models are loaded by this command only, not by all that share its program.
    import orjson  # noqa: PLC0415

    from daemon.api.decode import decode_json  # noqa: PLC0415
    from daemon.api.netting_preview import preview  # noqa: PLC0415

    try:
        answer = preview(decode_json(body))
    except BadInput as error:
        return BAD_INPUT, "", f"{error}\n"
    if as_json:
        return OK, orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode() + "\n", ""
    return OK, _tables(answer), ""


def _tables(answer: PreviewAnswer) -> str:
    saved = answer["saved"]
    return (
        f"{_pairs(answer)}\n{_remaining(answer)}\n"
        f"saved: broker orders {saved['broker_orders']}, commission {saved['commission']}; "
        f"value crossed {saved['value']}\n"
    )


def _pairs(answer: PreviewAnswer) -> str:
    if not answer["pairs"]:
        return "no pairs: nothing that opposes buys or sells a whole lot\n"
    rows = []
    for pair in answer["pairs"]:
        value = multiply(Decimal(pair["shares"]), Decimal(pair["price"]))
        names = (pair["account"], pair["symbol"], pair["buy"], pair["sell"])
        rows.append((*names, pair["shares"], pair["price"], to_text(value)))
    columns = ("account", "symbol", "buyer", "seller", ">shares", ">price", ">value")
    return table(columns, rows)


def _remaining(answer: PreviewAnswer) -> str:
    rows = []
    for left in answer["remaining"]:
        note = ""
        if left["reason"]:
            note = f"{left['reason']}, {left['cash_returned']} returned"
        names = (left["account"], left["symbol"], left["id"])
        rows.append((*names, left["value"], left["status"], note))
    return table(("account", "symbol", "order", ">remains", "status", "note"), rows)
