"""Every code the simulator can send, and what the adapter makes of it: the whole list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from adapters.broker import (
    BrokerError,
    BrokerMisconfiguredError,
    CancelRefused,
    NotOpen,
    OutcomeUnknown,
    Refused,
    UnknownSymbolError,
)
from adapters.kis.answers import Reply, read_reply
from adapters.kis.asking import Asker, ChangedError
from adapters.kis.operations import Operation
from adapters.kis.outcomes import cancelled, not_placed, was_throttled
from adapters.kis.wire import Call
from tests.adapters.kis.conftest import (
    hub,
    kis,
    real,
)
from tests.adapters.kis.test_feed import Ear
from tests.simulators.kis.refusals import TEXTS, Reason
from tests.simulators.kis.sockets import TEXTS as SAID_BY_SOCKETS
from tests.simulators.kis.test_messages import codes
from tests.support.scripted_kis import Says

if TYPE_CHECKING:
    from adapters.kis.hub import Access, Hub
    from tests.support.scripted_kis import ScriptedKis

__all__ = ["hub", "kis", "real"]

PRICE = Call(operation=Operation.KR_PRICE, params=(("FID_INPUT_ISCD", "069500"),))
UNKNOWN = "unknown unknown asked-twice"
PERSONS = "rejected refused person"
GROUPS = {
    UNKNOWN: (
        "EGW00002 EGW00202 EGW00203 EGW00215 EGW00300 EGW00301 EGW00302 EGW00316 IGW00009"
        " 40590000 40600000 40620000 40630000 APBK0013"
        " KIOK0420 KIOK0460 KIOK0500 KIOK0510 MCA00000"
    ),
    "unknown unknown nothing-to-show": "70070000 KIOK0560",
    "unknown unknown from-page-one": "SYDB0050",
    PERSONS: (
        "EGW00102 EGW00103 EGW00104 EGW00105 EGW00115 EGW00116 EGW00131 EGW00132 EGW00205"
        " EGW00208 EGW00210 EGW00304 EGW02004 OPSQ0002 OPSQ2000 OPSQ2001 OPSQ2002 APMP0001"
    ),
    "unavailable refused other-token": "EGW00121 EGW00122 EGW00123",
    "unavailable refused unavailable": "EGW00133",
    "rate_limited refused asked-twice": "EGW00201",
    "market_closed refused unavailable": "APBK0918 APBK0919 40100000 40570000 40580000",
    "insufficient_funds refused unavailable": "APBK0952 40250000",
    "insufficient_holdings refused unavailable": "APBK0400 40240000",
    "bad_price refused unavailable": "APBK9991 APBK9992 40030000 40270000",
    "unknown_symbol refused no-symbol": "APBK0656 40070000",
    "unsupported refused unavailable": "APBK1943 APBK3009 APBK3013 90000000",
    "rejected not-open unavailable": "APBK0344 APBK0927 APBK1359 40330000",
    "rejected refused unavailable": "APBK9993 40160000",
}
"""What becomes of an order, of a cancel, and of a question that is answered so."""
EXPECTED = {code: told for told, found in GROUPS.items() for code in found.split()}
SAID = {**TEXTS}
for reason in Reason:
    SAID.setdefault(reason.real, reason.text)
    SAID.setdefault(reason.paper, f"모의투자 {reason.text}")
HEARD = {
    "OPSP0000": "restored",
    "OPSP0002": "restored",
    "OPSP0001": "",
    "OPSP0003": "",
}
"""Of the others the account hears that it cannot listen."""


def body(code: str) -> bytes:
    return orjson.dumps({"rt_cd": "1", "msg_cd": code, "msg1": SAID.get(code, "").ljust(80)})


def of_an_order(seen: Reply) -> str:
    match not_placed(seen):
        case Refused(code=code):
            return code.value
        case OutcomeUnknown():
            return "unknown"


def of_a_cancel(seen: Reply) -> str:
    match cancelled(seen):
        case NotOpen():
            return "not-open"
        case CancelRefused():
            return "refused"
        case OutcomeUnknown():
            return "unknown"
        case other:
            return repr(other)


def test_the_list_is_whole() -> None:
    assert EXPECTED.keys() == set(codes())
    assert sum(len(found.split()) for found in GROUPS.values()) == len(EXPECTED)


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("code", sorted(EXPECTED))
def test_an_order_and_a_cancel_end_as_the_code_proves(code: str, status: int) -> None:
    seen = read_reply(status, body(code), "")
    order, cancel, _ = EXPECTED[code].split()
    assert (of_an_order(seen), of_a_cancel(seen)) == (order, cancel)
    assert was_throttled(seen) is (code == "EGW00201")


async def test_a_question_is_answered_repeated_or_given_up_as_the_code_says(
    real: Access, kis: ScriptedKis, hub: Hub
) -> None:
    asker = Asker(real)
    await real.tokens.token()
    for code, told in EXPECTED.items():
        kis.says(Operation.KR_PRICE, Says(status=500, raw=body(code)))
        before = len(kis.seen)
        if "other-token" in told:
            await hub.clock.sleep(70)  # another one may be had
        try:
            reply = await asker.ask(PRICE)
        except BrokerError as error:
            became = {
                BrokerMisconfiguredError: "person",
                UnknownSymbolError: "no-symbol",
                ChangedError: "from-page-one",
            }.get(type(error), "unavailable")
        else:
            became = "nothing-to-show" if reply.is_empty else "answered"
        asked = [one.tr_id for one in kis.seen[before:]]
        if became == "unavailable" and asked.count("FHKST01010100") > 1:
            became = "other-token" if "/oauth2/tokenP" in asked else "asked-twice"
        assert became == told.split()[2], code


@pytest.mark.parametrize("code", sorted(SAID_BY_SOCKETS))
async def test_what_the_socket_says_opens_closes_or_leaves_the_ear(
    real: Access, kis: ScriptedKis, hub: Hub, code: str
) -> None:
    good = code in {"OPSP0000", "OPSP0001"}
    kis.refuse = {
        "rt_cd": "0" if good else "9" if code == "OPSP8996" else "1",
        "msg_cd": code,
        "msg1": SAID_BY_SOCKETS[code],
    }
    ear = Ear()
    real.feed.join(ear)
    await hub.clock.sleep(30)
    wanted = HEARD.get(code, f"lost FeedError: {code} {SAID_BY_SOCKETS[code]}")
    assert ear.told == ([wanted] if wanted else [])
