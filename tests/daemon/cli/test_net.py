"""``nettingd net`` is the preview on a terminal."""

from __future__ import annotations

import json

from daemon.api.decode import decode_json
from daemon.api.netting_preview import preview
from daemon.cli.net import net

BODY = b"""
{"price": "100", "commission_percent": "0.25", "orders": [
  {"id": "bot1", "symbol": "TQQQ", "kind": "BUY", "value": "3050"},
  {"id": "bot2", "symbol": "TQQQ", "kind": "SELL", "value": "50"}]}
"""


def test_people_get_tables_of_pairs_and_remainders_and_what_was_saved() -> None:
    code, out, err = net(BODY, as_json=False)
    assert (code, err) == (0, "")
    assert out == (
        "account  symbol  buyer  seller  shares  price  value\n"
        "-------  ------  -----  ------  ------  -----  -----\n"
        "default  TQQQ    bot1   bot2        30    100   3000\n"
        "\n"
        "account  symbol  order  remains  status  note\n"
        "-------  ------  -----  -------  ------  -----------------------------------\n"
        "default  TQQQ    bot1         0  done    residual_below_one_lot, 50 returned\n"
        "default  TQQQ    bot2        20  open\n"
        "\n"
        "saved: broker orders 1, commission 15; value crossed 3000\n"
    )


def test_programs_get_the_answer_of_the_http_call() -> None:
    code, out, err = net(BODY, as_json=True)
    assert (code, err) == (0, "")
    assert json.loads(out) == preview(decode_json(BODY))


def test_people_are_told_when_there_is_no_pair() -> None:
    _, out, _ = net(b'{"price": 1, "orders": []}', as_json=False)
    assert out.startswith("no pairs: ")


def test_more_shares_than_any_input_may_have_are_still_shown() -> None:
    tiny = "0.000000000000000001"
    orders = [
        {"id": "A", "symbol": "X", "kind": "BUY", "value": "999999999999999999"},
        {"id": "B", "symbol": "X", "kind": "SELL", "value": "999999999999999999"},
    ]
    body = json.dumps({"price": tiny, "lot": tiny, "orders": orders}).encode()
    code, out, _ = net(body, as_json=False)
    assert code == 0
    assert "0.999999999999999999" in out


def test_every_problem_of_bad_input_is_a_line_on_standard_error() -> None:
    body = b'{"price": 0, "orders": [{"id": "A", "symbol": "X", "kind": "BUY"}]}'
    for as_json in (False, True):
        assert net(body, as_json=as_json) == (
            2,
            "",
            "price: not above zero\norders[0].value: missing\n",
        )


def test_what_is_no_json_is_bad_input_too() -> None:
    code, out, err = net(b"{", as_json=True)
    assert (code, out) == (2, "")
    assert err.startswith("body: not JSON: ")
