"""``nettingd rebalance``: the plan of a hypothetical rebalance, without daemon or network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.cli.table import table
from daemon.service.exits import Exit

if TYPE_CHECKING:
    from daemon.api.rebalancing_preview import OrderRow, PlanAnswer

NOTHING_TO_DO = "no run is needed: no drift reaches its threshold\n"


def rebalance(body: bytes, *, as_json: bool) -> tuple[int, str, str]:
    """Answer a body of the rebalancing preview: exit code, standard output, errors.

    A plan that is not feasible is an answer too. Bad input is exit code 2 and a line for every
    problem; standard output stays empty then.
    """
    # Decoding and models are loaded by this command only, not by all that share its program.
    import orjson  # noqa: PLC0415

    from daemon.api.decode import decode_json  # noqa: PLC0415
    from daemon.api.problems import BadInput  # noqa: PLC0415
    from daemon.api.rebalancing_preview import preview_rebalancing  # noqa: PLC0415

    try:
        answer = preview_rebalancing(decode_json(body))
    except BadInput as error:
        return Exit.BAD_INPUT, "", f"{error}\n"
    if as_json:
        return Exit.OK, orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode() + "\n", ""
    return Exit.OK, plan_text(answer), ""


def plan_text(answer: PlanAnswer) -> str:
    """Write a plan for people."""
    parts = []
    if answer["mp_drift"]:
        parts += [_drifts(answer), _tickers(answer)]
    if answer["problems"]:
        lines = [f"{each['ticker'] or 'plan'}: {each['message']}\n" for each in answer["problems"]]
        parts.append("not feasible, nothing would be ordered:\n" + "".join(lines))
    elif not answer["needed"]:
        parts.append(NOTHING_TO_DO)
    else:
        parts.append(_orders([*answer["sell_orders"], *answer["buy_orders"]]))
    if answer["left_out"]:
        rows = [
            (each["action"], each["ticker"], each["quantity"], each["reason"])
            for each in answer["left_out"]
        ]
        parts.append(table(("left out", "ticker", ">quantity", "reason"), rows))
    if answer["needs_confirmation"]:
        parts.append(f"to be confirmed, being large: {', '.join(answer['needs_confirmation'])}\n")
    parts.append(f"plan {answer['plan_id']}, tracking error {answer['tracking_error']} percent\n")
    return "\n".join(parts)


def _drifts(answer: PlanAnswer) -> str:
    rows = []
    for name, drift in answer["mp_drift"].items():
        rows.append((name, "", drift))
        inside = answer["sub_mp_drift"].get(name, {})
        rows += [("", ticker, each) for ticker, each in inside.items()]
    drifts = table(("class", "ticker", ">drift, percent"), rows)
    return drifts + "".join(f"{reason}\n" for reason in answer["reasons"])


def _tickers(answer: PlanAnswer) -> str:
    expected = answer["expected_weights"]
    rows = [
        (ticker, target, answer["net_trade"][ticker], expected.get(ticker, "0"))
        for ticker, target in answer["target"].items()
    ]
    if "cash" in expected:
        rows.append(("cash", "", "", expected["cash"]))
    return table(("ticker", ">target", ">net trade", ">expected, percent"), rows)


def _orders(orders: list[OrderRow]) -> str:
    rows = [
        (each["action"], each["ticker"], each["quantity"], each["limit_price"], each["price_logic"])
        for each in orders
    ]
    return table(("order", "ticker", ">quantity", ">limit", "price"), rows)
