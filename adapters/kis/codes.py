"""What KIS's codes prove about a request, and what is to be done about them: one table.

Gateway codes come before the order engine and are documented well. The codes of the order engine
are documented thinly and used for several things, so for those the words of the message decide
first. A code that is not listed and comes from the order engine is a refusal: KIS answers a
business rejection with a result other than "0". One that is not listed and comes from the gateway
or the query servers proves nothing: an order taken for refused that is alive costs money, one
taken for unknown costs some seconds of asking.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from adapters.broker import RefusalCode

R = RefusalCode


class Proof(StrEnum):
    """What a code proves about a request that was to change something."""

    REFUSED = "judged, and not carried out"
    TURNED_AWAY = "refused at the gateway, before anybody judged it"
    NOTHING = "nothing"
    NOT_OPEN = "there is nothing left to amend or cancel"


class Remedy(StrEnum):
    """What is done about a code, beside telling."""

    NONE = "nothing"
    AGAIN = "ask again, if it was a question"
    REAUTH = "get another token, and send once more"
    WAIT = "be silent for a second"
    RESTART = "begin again with the first page"
    PERSON = "a person must see to the account"


@dataclass(frozen=True, slots=True)
class Meaning:
    """A row of the table. ``refusal`` is what the core hears where an order was refused."""

    proof: Proof
    refusal: RefusalCode = R.REJECTED
    remedy: Remedy = Remedy.NONE


def _refused(refusal: RefusalCode = R.REJECTED) -> Meaning:
    return Meaning(Proof.REFUSED, refusal)


NOTHING = Meaning(Proof.NOTHING, remedy=Remedy.AGAIN)
REJECTED = _refused()
_PERSON = Meaning(Proof.REFUSED, remedy=Remedy.PERSON)
_REAUTH = Meaning(Proof.TURNED_AWAY, R.UNAVAILABLE, Remedy.REAUTH)
_NOT_OPEN = Meaning(Proof.NOT_OPEN)
_CLOSED = _refused(R.MARKET_CLOSED)
_UNSUPPORTED = _refused(R.UNSUPPORTED)

CODES: dict[str, Meaning] = {
    "EGW00001": NOTHING,  # temporary error
    "EGW00002": NOTHING,  # server error
    "EGW00003": _PERSON,  # denied
    "EGW00004": _PERSON,  # no permission
    "EGW00101": _PERSON,  # invalid request
    "EGW00102": _PERSON,  # app key missing
    "EGW00103": _PERSON,  # app key invalid
    "EGW00104": _PERSON,  # app secret missing
    "EGW00105": _PERSON,  # app secret invalid
    "EGW00115": _PERSON,  # grant_type missing
    "EGW00116": _PERSON,  # grant_type unsupported
    "EGW00121": _REAUTH,  # invalid token
    "EGW00122": _REAUTH,  # token not found
    "EGW00123": _REAUTH,  # token expired
    "EGW00131": _PERSON,  # hashkey
    "EGW00132": _PERSON,  # content type
    "EGW00133": Meaning(Proof.TURNED_AWAY, R.UNAVAILABLE),  # a token too soon; see tokens
    "EGW00201": Meaning(Proof.TURNED_AWAY, R.RATE_LIMITED, Remedy.WAIT),
    "EGW00202": NOTHING,  # gateway routing
    "EGW00203": NOTHING,  # order or price server routing
    "EGW00205": _PERSON,  # credential type
    "EGW00206": _PERSON,  # no permission for this operation
    "EGW00207": _PERSON,  # ip_addr
    "EGW00208": _PERSON,  # custtype
    "EGW00209": _PERSON,  # seq_no
    "EGW00210": _PERSON,  # corporate customers have no paper environment
    "EGW00213": _PERSON,  # partner name missing, or not a paper operation
    "EGW00215": Meaning(Proof.NOTHING, R.RATE_LIMITED, Remedy.WAIT),  # the ledger is overloaded
    "EGW00300": NOTHING,  # gateway routing
    "EGW00301": NOTHING,  # connection timed out: "check the previous transaction"
    "EGW00302": NOTHING,  # transaction timed out: the same
    "EGW00304": _PERSON,  # the secret does not match the key
    "EGW00316": NOTHING,  # "query again"
    "EGW02004": _PERSON,  # a paper key at the real host, or the reverse
    **dict.fromkeys((f"OPSQ{number:04}" for number in range(1, 12)), NOTHING),  # servers fail
    "OPSQ0002": _PERSON,  # unknown operation
    "OPSQ1002": NOTHING,  # session full
    "OPSQ2000": _PERSON,  # account check failed
    "OPSQ2001": _PERSON,  # a field is wrong
    "OPSQ2002": _PERSON,  # a field is missing
    "IGW00009": NOTHING,  # the reply could not be composed
    "SYDB0050": Meaning(Proof.NOTHING, remedy=Remedy.RESTART),
    "MCA05918": _refused(R.UNKNOWN_SYMBOL),
    "APBK0952": _refused(R.INSUFFICIENT_FUNDS),
    "APBK0400": _refused(R.INSUFFICIENT_HOLDINGS),
    "APBK0918": _CLOSED,
    "APBK0919": _CLOSED,
    "APBK1664": _CLOSED,
    "APBK0656": _refused(R.UNKNOWN_SYMBOL),
    "APBK1234": _refused(R.INSUFFICIENT_HOLDINGS),
    "APBK0344": _NOT_OPEN,  # original not found, or not ours to end
    "APBK0927": _NOT_OPEN,
    "APBK1359": _NOT_OPEN,  # more than is left of it
    "APBK1943": _UNSUPPORTED,  # no market orders for this issue now
    "APBK3013": _UNSUPPORTED,  # not in the after-market
    "APBK3009": _UNSUPPORTED,  # not through SOR
    "APMP0001": _PERSON,  # input missing
    "40330000": _NOT_OPEN,
    "40240000": _refused(R.INSUFFICIENT_HOLDINGS),
    "40250000": _refused(R.INSUFFICIENT_FUNDS),
    "40270000": _refused(R.BAD_PRICE),
    "40030000": _refused(R.BAD_PRICE),
    "40070000": _refused(R.UNKNOWN_SYMBOL),  # not traded on paper
    "40100000": _CLOSED,
    "40570000": _CLOSED,
    "40580000": _CLOSED,
    "40490000": _CLOSED,
    "90000000": _UNSUPPORTED,
}
ACCEPTED = frozenset(
    {"APBK0013", "APBK1711", "40600000", "40590000", "40620000", "40630000", "70070000"}
)
"""Codes of success; the last is paper's "nothing to show"."""

WORDS: tuple[tuple[tuple[str, ...], RefusalCode], ...] = (
    (("장운영", "장종료", "장시작", "영업일", "휴장"), R.MARKET_CLOSED),
    (("호가단위", "상한가", "하한가", "가격제한"), R.BAD_PRICE),
    (("잔고", "매도가능", "보유수량", "주문가능수량"), R.INSUFFICIENT_HOLDINGS),
    (("주문가능금액", "증거금", "예수금", "현금", "부족"), R.INSUFFICIENT_FUNDS),
    (("종목정보", "종목코드"), R.UNKNOWN_SYMBOL),
)
"""What a message of the order engine says, whatever its code; the first that fits counts."""
_BY_WORDS = ("APBK", "4")
_SERVERS = ("EGW", "OPSQ", "IGW", "SYDB", "OPSP")


def meaning_of(code: str, message: str) -> Meaning:
    """Return what an answer other than "carried out" proves."""
    known = CODES.get(code)
    if known is None:
        if not code or code.startswith(_SERVERS) or _is_success(code):
            return NOTHING  # a code of success with a result that is none contradicts itself
        known = REJECTED
    if known.proof is Proof.REFUSED and code.startswith(_BY_WORDS):
        for words, refusal in WORDS:
            if any(word in message for word in words):
                return _refused(refusal)
    return known


def is_familiar(code: str) -> bool:
    """Whether the table, or the few codes of success, know a code."""
    return code in CODES or _is_success(code) or not code


def _is_success(code: str) -> bool:
    return code in ACCEPTED or code.startswith(("MCA", "KIOK"))
