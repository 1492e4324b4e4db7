"""What commands take: what is missing or does not go together is a wrong call."""

from __future__ import annotations

import pytest

from daemon.cli.main import make_parser
from daemon.service.exits import Exit


@pytest.mark.parametrize(
    "words",
    [
        "order buy TQQQ --qty 1",
        "order buy TQQQ --book a",
        "order hold TQQQ --book a --qty 1",
        "order buy TQQQ --book a --strategy s --qty 1",
        "order buy TQQQ --book a --qty 1 --qty-per 2",
        "orders --limit 0",
        "orders --limit many",
        "halt planet",
        "restore",
        "completion tcsh",
        "seen 01ARZ3NDEKTSV4RRFFQ69G5FAV --all",
    ],
)
def test_a_wrong_call_is_bad_input(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        make_parser().parse_args(words.split())
    assert ended.value.code == Exit.BAD_INPUT
    assert "nettingd" in capsys.readouterr().err


def test_what_is_left_out_stays_out() -> None:
    options = make_parser().parse_args(["order", "buy", "TQQQ", "--book", "a", "--qty", "1"])
    assert (options.order_type, options.net, options.price) == ("MARKET", None, None)
    assert make_parser().parse_args(["halt"]).scope == "all"
