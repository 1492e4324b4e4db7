"""The table: what every answer proves about an order that was to be placed or cancelled."""

from __future__ import annotations

import pytest

from adapters.binance.answers import Reply
from adapters.binance.hosts import MarketKind
from adapters.binance.outcomes import (
    CODES,
    Proof,
    Remedy,
    not_cancelled,
    not_placed,
    remedy_for,
)
from adapters.broker import (
    CancelRefused,
    NotOpen,
    OutcomeUnknown,
    RefusalCode,
    Refused,
)
from adapters.http import Lost, NotSent
from algorithms.domain import Side

SPOT, FUTURES = MarketKind.SPOT, MarketKind.FUTURES
BUY, SELL = Side.BUY, Side.SELL


def reply(status: int, code: int | None = None, message: str = "") -> Reply:
    body = None if code is None else {"code": code, "msg": message}
    return Reply(status, body, code, message)


def refusal(seen: Reply | NotSent | Lost, kind: MarketKind = FUTURES, side: Side = BUY) -> object:
    """The code of a refusal, or None where nobody knows."""
    outcome = not_placed(seen, kind, side)
    return outcome.code if isinstance(outcome, Refused) else None


NOBODY_KNOWS = "nobody knows"
DOCUMENTED: dict[RefusalCode | str, str] = {
    NOBODY_KNOWS: "-1000 -1001 -1006 -1007 -1008",
    RefusalCode.RATE_LIMITED: "-1003 -1015",
    RefusalCode.UNAVAILABLE: "-1016 -1021 -5028",
    RefusalCode.DUPLICATE: "-4116",
    RefusalCode.INSUFFICIENT_FUNDS: "-2018 -2019 -2027 -2028",
    RefusalCode.INSUFFICIENT_HOLDINGS: "-2024",
    RefusalCode.UNKNOWN_SYMBOL: "-1110 -1121",
    RefusalCode.MARKET_CLOSED: "-2016 -4140 -4141",
    RefusalCode.BAD_PRICE: (
        "-2021 -4001 -4002 -4006 -4007 -4013 -4014 -4016 -4024 -4131 -4183 -4184 -4210 -4211"
    ),
    RefusalCode.BAD_QUANTITY: "-1013 -1111 -4003 -4004 -4005 -4023 -4164",
    RefusalCode.UNSUPPORTED: (
        "-1014 -1020 -1100 -1101 -1102 -1103 -1104 -1105 -1106 -1114 -1115 -1116 -1117 -1118"
        " -1119 -1127 -1128 -1130 -4015 -4032 -4082 -4120 -5037 -5038 -5039 -5040"
    ),
    RefusalCode.REJECTED: (
        "-1002 -1022 -1125 -2010 -2011 -2013 -2014 -2015 -2020 -2022 -2023 -2025 -2026 -2035 -2036"
        " -4028 -4045 -4046 -4047 -4048 -4059 -4060 -4061 -4062 -4067 -4068 -4087 -4088 -4109"
        " -4117 -4118 -4192 -4400 -4401 -4402 -4403 -4531 -5021 -5022 -5026 -5027 -5041 -5043"
    ),
}
"""What the venue's pages say of a placing that is answered with a code, written down by hand."""
DUE = [(int(code), verdict) for verdict, codes in DOCUMENTED.items() for code in codes.split()]


@pytest.mark.parametrize(("code", "verdict"), DUE)
@pytest.mark.parametrize("kind", MarketKind)
def test_each_documented_code_means_what_the_pages_say(
    code: int, verdict: RefusalCode | str, kind: MarketKind
) -> None:
    told = refusal(reply(429 if code == -1003 else 400, code), kind)
    assert told == (None if verdict == NOBODY_KNOWS else verdict)


def test_no_documented_code_is_listed_twice() -> None:
    codes = [code for code, _ in DUE]
    assert len(codes) == len(set(codes)) > 100
    assert set(codes) <= set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_each_code_of_the_table_is_judged_by_it(code: int) -> None:
    outcome = not_placed(reply(400, code), FUTURES, BUY)
    meaning = CODES[code]
    if meaning.proof is Proof.NOTHING:
        assert outcome == OutcomeUnknown(f"400 {code}")
    else:
        assert isinstance(outcome, Refused)
        assert outcome.code is meaning.refusal


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("kind", MarketKind)
def test_the_same_code_with_a_server_error_proves_little(code: int, kind: MarketKind) -> None:
    """Of a 5xx only the futures page says, and only of two codes, that nothing was placed."""
    said_so = kind is FUTURES and code == -1008
    assert (refusal(reply(503, code), kind) is not None) is said_so
    assert refusal(reply(500, code), kind) is None
    assert refusal(reply(408, code), kind) is None


@pytest.mark.parametrize(
    ("seen", "kind", "code"),
    [
        (NotSent("refused"), SPOT, RefusalCode.UNAVAILABLE),
        (NotSent("over budget", 3.0), SPOT, RefusalCode.RATE_LIMITED),
        (Lost("reset"), SPOT, None),
        (reply(429, -1003), SPOT, RefusalCode.RATE_LIMITED),
        (reply(418), SPOT, RefusalCode.RATE_LIMITED),
        (reply(400, -1015), SPOT, RefusalCode.RATE_LIMITED),
        (reply(403, None, "<html>"), SPOT, RefusalCode.UNAVAILABLE),
        (reply(503, None, "Service Unavailable"), FUTURES, RefusalCode.UNAVAILABLE),
        (reply(503, None, "Service Unavailable"), SPOT, None),
        (
            reply(503, -1001, "Internal error; unable to process your request. Please try again."),
            FUTURES,
            RefusalCode.UNAVAILABLE,
        ),
        (reply(503, -1001, "Internal error; unable to process your request."), SPOT, None),
        (reply(503, -1000, "Unknown error, please check your request"), FUTURES, None),
        (reply(503, -1000, "Unknown error, please check your request"), SPOT, None),
        (reply(408, -1007), FUTURES, None),
        (reply(502, None, "<html>"), FUTURES, None),
        (reply(504, None, "<html>"), FUTURES, None),
        (reply(200, None, "<html>"), FUTURES, None),
        (reply(200), SPOT, None),
        (reply(302), SPOT, None),
        (reply(400, None, "<html>"), SPOT, None),
        (reply(400, -9999), SPOT, None),
    ],
)
def test_the_verdict_table(
    seen: Reply | NotSent | Lost, kind: MarketKind, code: RefusalCode | None
) -> None:
    assert refusal(seen, kind) == code


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("Duplicate order sent.", RefusalCode.DUPLICATE),
        ("Account has insufficient balance for requested action.", RefusalCode.INSUFFICIENT_FUNDS),
        ("Market is closed.", RefusalCode.MARKET_CLOSED),
        ("Stop price would trigger immediately.", RefusalCode.BAD_PRICE),
        ("Order would immediately match and take.", RefusalCode.REJECTED),
        ("Price X QTY is zero or less.", RefusalCode.BAD_QUANTITY),
        ("Market orders are not supported for this symbol.", RefusalCode.UNSUPPORTED),
        ("something new", RefusalCode.REJECTED),
    ],
)
def test_a_refusal_by_the_matching_engine_is_told_by_its_text(
    message: str, code: RefusalCode
) -> None:
    assert refusal(reply(400, -2010, message), SPOT) is code


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("PRICE_FILTER", RefusalCode.BAD_PRICE),
        ("PERCENT_PRICE_BY_SIDE", RefusalCode.BAD_PRICE),
        ("LOT_SIZE", RefusalCode.BAD_QUANTITY),
        ("MARKET_LOT_SIZE", RefusalCode.BAD_QUANTITY),
        ("NOTIONAL", RefusalCode.BAD_QUANTITY),
        ("MAX_NUM_ORDERS", RefusalCode.REJECTED),
        ("MAX_POSITION", RefusalCode.REJECTED),
    ],
)
def test_a_filter_is_told_by_its_name(name: str, code: RefusalCode) -> None:
    seen = reply(400, -1013, f"Filter failure: {name}")
    assert refusal(seen, SPOT) is code
    assert remedy_for(seen) is Remedy.RULES


def test_selling_what_is_not_there_lacks_holdings_on_spot_and_margin_on_futures() -> None:
    poor = reply(400, -2010, "Account has insufficient balance for requested action.")
    assert refusal(poor, SPOT, SELL) is RefusalCode.INSUFFICIENT_HOLDINGS
    assert refusal(reply(400, -2019), FUTURES, SELL) is RefusalCode.INSUFFICIENT_FUNDS


def test_the_time_told_is_passed_on() -> None:
    told = not_placed(Reply(429, {}, -1003, "", retry_after_s=9.0), SPOT, BUY)
    assert isinstance(told, Refused)
    assert told.retry_after_s == 9.0
    refused = not_cancelled(Reply(429, {}, -1003, "", retry_after_s=9.0))
    assert refused == CancelRefused("429 -1003", 9.0)


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        (NotSent("refused"), CancelRefused),
        (Lost("reset"), OutcomeUnknown),
        (reply(400, -2011), NotOpen),
        (reply(400, -2013), NotOpen),
        (reply(400, -2026), NotOpen),
        (reply(400, -4117), CancelRefused),
        (reply(400, -1121), CancelRefused),
        (reply(401, -2015), CancelRefused),
        (reply(403, None, "<html>"), CancelRefused),
        (reply(503, -1001), OutcomeUnknown),
        (reply(502), OutcomeUnknown),
        (reply(200, None, "<html>"), OutcomeUnknown),
        (reply(400, -9999), OutcomeUnknown),
    ],
)
def test_what_an_answer_to_a_cancel_proves(
    seen: Reply | NotSent | Lost, kind: type[object]
) -> None:
    assert isinstance(not_cancelled(seen), kind)


@pytest.mark.parametrize("code", [code for code, _ in DUE])
def test_only_three_codes_say_that_an_order_is_not_open(code: int) -> None:
    """The state of an order is read before anybody says that it has ended."""
    outcome = not_cancelled(reply(400, code))
    assert isinstance(outcome, NotOpen) is (code in {-2011, -2013, -2026})
    assert isinstance(outcome, NotOpen | CancelRefused | OutcomeUnknown)


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (-1021, Remedy.CLOCK),
        (-5028, Remedy.CLOCK),
        (-1111, Remedy.RULES),
        (-1121, Remedy.RULES),
        (-1003, Remedy.WAIT),
        (-2015, Remedy.PERSON),
        (-4061, Remedy.PERSON),
        (-2019, Remedy.NONE),
        (-9999, Remedy.NONE),
    ],
)
def test_codes_ask_for_their_remedy(code: int, remedy: Remedy) -> None:
    assert remedy_for(reply(400, code)) is remedy


def test_silence_has_no_remedy() -> None:
    assert remedy_for(Lost("reset")) is Remedy.NONE
    assert remedy_for(reply(429)) is Remedy.WAIT
