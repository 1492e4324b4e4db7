"""``nettingd loc`` is the LOC preview on a terminal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from daemon.api.decode import decode_json
from daemon.api.loc_preview import preview_loc
from daemon.cli.loc import LocArguments, loc
from daemon.cli.main import main
from tests.algorithms.loc.books import CASES

EXAMPLE = LocArguments(buys=["28@65.11"], sells=["29@63.73:TP"])


def test_people_get_the_sheet_and_the_ladder() -> None:
    code, out, err = loc(EXAMPLE, None, "en", as_json=False)
    assert (code, err) == (0, "")
    assert out == (
        "kind        price  quantity  note\n"
        "----------  -----  --------  ----------------------------------------------------\n"
        "sell (all)  65.12        29  close > $65.11: no buy fills → everything is sold\n"
        "sell TP     63.73         1  net sell after netting (close $63.73~$65.11)\n"
        "buy (all)   63.72        28  close < $63.73: no sell fills → everything is bought\n"
        "\n"
        "Rows are alternatives: do not send them together. What can be sent is the ladder.\n"
        "\n"
        "ladder  price  quantity\n"
        "------  -----  --------\n"
        "sell    65.12        28\n"
        "sell    63.73         1\n"
        "buy     63.72        28\n"
    )


def test_koreans_get_it_in_korean(in_korean: None) -> None:  # noqa: ARG001 - it speaks
    _, out, _ = loc(EXAMPLE, None, "ko", as_json=False)
    assert out.startswith("구분      ")
    assert "매도 TP      63.73     1  퉁치기 후 순매도 (종가 $63.73~$65.11)\n" in out


def test_a_close_adds_the_settlement() -> None:
    given = LocArguments(EXAMPLE.buys, EXAMPLE.sells, {"close": "64", "broker_filled": None})
    _, out, _ = loc(given, None, "en", as_json=False)
    assert out.endswith(
        "order  side  filled  from netting  from broker\n"
        "-----  ----  ------  ------------  -----------\n"
        "buy1   buy       28            28            0\n"
        "sell1  sell      29            28            1\n"
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_published_cases_hold(case: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["loc", "--json", "--tick", "0.01"]
    for side, price, quantity, *label in case["orders"]:
        arguments += [f"--{side}", ":".join([f"{quantity}@{price}", *label])]
    assert main(arguments) == 0
    answer = json.loads(capsys.readouterr().out)
    rungs = [[rung["side"], rung["price"], int(rung["quantity"])] for rung in answer["ladder"]]
    assert sorted(rungs) == sorted(case["ladder"])
    assert [int(each["net"]) for each in answer["ranges"]] == [net for *_, net in case["net"]]
    if "rows" in case:
        rows = [[row["kind"], row["price"], int(row["quantity"])] for row in answer["rows"]]
        assert rows == case["rows"]


def test_the_body_of_the_http_call_is_answered_alike() -> None:
    body = b'{"orders": [{"id": "A", "side": "buy", "price": null, "quantity": 3}], "close": 5}'
    code, out, _ = loc(LocArguments(), body, "en", as_json=True)
    assert code == 0
    assert json.loads(out) == preview_loc(decode_json(body))
    given = LocArguments(keys={"close": "7"})
    _, out, _ = loc(given, body, "en", as_json=False)
    assert "MOC" in out


def test_orders_that_meet_everywhere_leave_nothing_to_send() -> None:
    _, out, _ = loc(LocArguments(["5@moc"], ["5@MOC"]), None, "en", as_json=False)
    assert "nothing to send" in out


@pytest.mark.parametrize(
    ("given", "body", "complaint"),
    [
        (LocArguments(), None, "give orders by --buy and --sell, or a body by --input\n"),
        (
            LocArguments(["28"]),
            None,
            "--buy 28: not of the form QUANTITY@PRICE[:LABEL]\n",
        ),
        (EXAMPLE, b"{}", "--input has the orders: leave out --buy and --sell\n"),
        (LocArguments(), b"[]", "body: not an object\n"),
        (
            LocArguments(["1@0", "x@5"]),
            None,
            "--buy 1@0: price: not above zero\n--buy x@5: quantity: not a decimal number: 'x'\n",
        ),
        (
            LocArguments(["2@2"], ["3@5"], {"lot": "2"}),
            None,
            "--sell 3@5: quantity: not a whole number of lots of 2\n",
        ),
        (
            LocArguments(["2@2"], keys={"close": "1.005", "broker_filled": None}),
            None,
            "--close: not a multiple of the tick 0.01: the nearest prices are 1 and 1.01\n",
        ),
        (
            LocArguments(["2@2"], keys={"close": "1", "broker_filled": "3"}),
            None,
            "--broker-filled: more than was asked for: the orders ask to buy 2 at this close\n",
        ),
        (
            LocArguments(keys={"market": "XLON"}),
            b'{"orders": [], "type": "bond"}',
            (
                "--market: must be one of XNYS, XKRX, 24/7\n"
                "type: must be one of stock, etf, etn, elw\n"
            ),
        ),
    ],
)
def test_bad_input_is_told_on_standard_error(
    given: LocArguments, body: bytes | None, complaint: str
) -> None:
    assert loc(given, body, "en", as_json=False) == (2, "", complaint)


def test_korean_problems_keep_the_names_of_the_arguments(
    in_korean: None,  # noqa: ARG001 - it speaks, and is silent again afterwards
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["loc", "--locale", "ko", "--buy", "28"]) == 2
    assert capsys.readouterr().err == "--buy 28: QUANTITY@PRICE[:LABEL] 꼴이 아닙니다\n"


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["loc", "--input", "/nowhere/x.json"]) == 2
    assert capsys.readouterr().err == "nettingd loc: /nowhere/x.json: No such file or directory\n"
