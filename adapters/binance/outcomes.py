"""Was it placed? What every answer of Binance proves, in one table.

Codes are stable, texts are not; where a code alone proves nothing the status and the interface
decide. Whatever is not listed proves nothing and is unknown: an order taken for refused that is
alive costs money, one taken for unknown costs some seconds of asking.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from adapters.binance.answers import Reply
from adapters.binance.hosts import MarketKind
from adapters.broker import (
    CancelRefused,
    NotOpen,
    OutcomeUnknown,
    RefusalCode,
    Refused,
)
from adapters.http import Lost, NotSent
from algorithms.domain import Side

if TYPE_CHECKING:
    from adapters.binance.answers import Observation
    from adapters.broker import CancelOutcome

R = RefusalCode


class Proof(StrEnum):
    """What a code proves about a request that was to place an order."""

    REFUSED = "the order was not placed"
    NOTHING = "nothing"
    BY_TEXT = "refused by the matching engine; its text says why"


class Remedy(StrEnum):
    """What the adapter does about a code, beside telling."""

    NONE = "nothing"
    CLOCK = "measure the venue's clock and send again"
    RULES = "read the symbols' rules anew"
    WAIT = "be silent as long as the venue asks"
    PERSON = "a person must see to the account"


@dataclass(frozen=True, slots=True)
class Meaning:
    """A row of the table. ``refusal`` is what the core hears where the order was refused."""

    proof: Proof
    refusal: RefusalCode = R.REJECTED
    remedy: Remedy = Remedy.NONE


def _refused(refusal: RefusalCode = R.REJECTED, remedy: Remedy = Remedy.NONE) -> Meaning:
    return Meaning(Proof.REFUSED, refusal, remedy)


_NOTHING = Meaning(Proof.NOTHING)
_PRICE = _refused(R.BAD_PRICE, Remedy.RULES)
_QUANTITY = _refused(R.BAD_QUANTITY, Remedy.RULES)
_LIMITED = _refused(R.RATE_LIMITED, Remedy.WAIT)
_PERSON = _refused(R.REJECTED, Remedy.PERSON)
_MALFORMED = _refused(R.UNSUPPORTED)

CODES: dict[int, Meaning] = {
    -1000: _NOTHING,  # unknown error while processing
    -1001: _NOTHING,  # disconnected; futures with status 503 says otherwise, see UNTOUCHED
    -1002: _PERSON,  # not authorised
    -1003: _LIMITED,  # too much weight
    -1006: _NOTHING,  # unexpected response from the message bus
    -1007: _NOTHING,  # time-out waiting for the backend
    -1008: _NOTHING,  # overloaded; futures with status 503 says otherwise, see UNTOUCHED
    -1013: Meaning(Proof.BY_TEXT, R.BAD_QUANTITY, Remedy.RULES),  # a filter; the text names it
    -1014: _MALFORMED,  # unsupported order combination
    -1015: _LIMITED,  # too many orders
    -1016: _refused(R.UNAVAILABLE),  # the service shuts down, for maintenance
    -1020: _refused(R.UNSUPPORTED),  # unsupported operation
    -1021: _refused(R.UNAVAILABLE, Remedy.CLOCK),  # timestamp outside recvWindow
    -1022: _PERSON,  # signature
    -1023: _MALFORMED,  # start time after end time
    -1100: _MALFORMED,  # illegal characters
    -1101: _MALFORMED,  # too many parameters
    -1102: _MALFORMED,  # mandatory parameter missing
    -1103: _MALFORMED,  # unknown parameter
    -1104: _MALFORMED,  # unread parameters
    -1105: _MALFORMED,  # parameter empty
    -1106: _MALFORMED,  # parameter not required
    -1108: _PERSON,  # unknown account or asset
    -1109: _PERSON,  # invalid account
    -1110: _refused(R.UNKNOWN_SYMBOL, Remedy.RULES),  # bad instrument type
    -1111: Meaning(Proof.BY_TEXT, R.BAD_QUANTITY, Remedy.RULES),  # too many decimals
    -1112: _refused(R.REJECTED),  # no orders on the book
    -1113: _QUANTITY,  # withdrawal amount negative
    -1114: _MALFORMED,  # timeInForce not required
    -1115: _MALFORMED,  # timeInForce
    -1116: _MALFORMED,  # order type
    -1117: _MALFORMED,  # side
    -1118: _MALFORMED,  # new client id empty
    -1119: _MALFORMED,  # original client id empty
    -1120: _MALFORMED,  # interval
    -1121: _refused(R.UNKNOWN_SYMBOL, Remedy.RULES),
    -1122: _MALFORMED,  # invalid symbol status
    -1125: _PERSON,  # listenKey gone; never about an order
    -1127: _MALFORMED,  # too long an interval
    -1128: _MALFORMED,  # combination of optional parameters
    -1130: _MALFORMED,  # data of a parameter
    -1134: _MALFORMED,  # strategyType too small
    -1136: _MALFORMED,  # invalid newOrderRespType or the like
    -1145: _MALFORMED,  # cancelRestrictions
    -2010: Meaning(Proof.BY_TEXT),
    -2011: _refused(),  # nothing to cancel
    -2013: _refused(),  # no such order
    -2014: _PERSON,  # key format
    -2015: _PERSON,  # key, address or permission
    -2016: _refused(R.MARKET_CLOSED),  # no trading window
    -2018: _refused(R.INSUFFICIENT_FUNDS),
    -2019: _refused(R.INSUFFICIENT_FUNDS),  # margin
    -2020: _refused(),  # unable to fill
    -2021: _refused(R.BAD_PRICE),  # the trigger would go off at once
    -2022: _refused(),  # reduce-only against the net position
    -2023: _PERSON,  # in liquidation
    -2024: _refused(R.INSUFFICIENT_HOLDINGS),
    -2025: _refused(),  # too many open orders
    -2026: _refused(),  # reduce-only with this type; on spot an archived order
    -2027: _refused(R.INSUFFICIENT_FUNDS),  # beyond the leverage's largest position
    -2028: _refused(R.INSUFFICIENT_FUNDS),  # leverage too small
    -2035: _refused(),  # subscribed already; about streams
    -2036: _refused(),  # not subscribed; about streams
    -4000: _MALFORMED,
    -4001: _PRICE,  # below zero
    -4002: _PRICE,  # above the greatest
    -4003: _QUANTITY,  # below zero
    -4004: _QUANTITY,  # below the least
    -4005: _QUANTITY,  # above the greatest
    -4006: _PRICE,  # stop price below zero
    -4007: _PRICE,  # stop price above the greatest
    -4013: _PRICE,  # below the least
    -4014: _PRICE,  # off the tick
    -4015: _MALFORMED,  # client id
    -4016: _PRICE,  # above mark price x multiplier
    -4023: _QUANTITY,  # off the step
    -4024: _PRICE,  # below mark price x multiplier
    -4028: _PERSON,  # leverage
    -4032: _MALFORMED,  # too many orders in one cancel
    -4045: _refused(),  # too many stop orders
    -4046: _refused(),  # margin type is so already
    -4047: _PERSON,  # margin type cannot change with open orders
    -4048: _PERSON,  # margin type cannot change with positions
    -4055: _QUANTITY,  # amount must be positive
    -4059: _PERSON,  # position side needs no change
    -4060: _PERSON,  # position side
    -4061: _PERSON,  # position side does not match the account's setting
    -4062: _refused(),  # reduce-only conflicts
    -4067: _PERSON,
    -4068: _PERSON,
    -4082: _MALFORMED,  # batch too long
    -4087: _PERSON,  # only reducing orders allowed
    -4088: _PERSON,  # no orders allowed
    -4109: _PERSON,  # account inactive
    -4116: _refused(R.DUPLICATE),
    -4117: _refused(),  # a stop is going off at this moment; about cancels
    -4118: _refused(),  # other reduce-only orders in the way
    -4120: _MALFORMED,  # conditional type sent to the plain route
    -4131: _PRICE,  # best price beyond the percent filter
    -4140: _refused(R.MARKET_CLOSED),  # symbol status forbids opening
    -4141: _refused(R.MARKET_CLOSED),  # symbol closed
    -4164: _QUANTITY,  # value below the least
    -4183: _PRICE,
    -4184: _PRICE,
    -4192: _PERSON,  # trade forbidden in the cooling-off period
    -4202: _PERSON,
    -4203: _PERSON,
    -4205: _PERSON,
    -4206: _PERSON,
    -4208: _PERSON,
    -4209: _PERSON,
    -4210: _PRICE,
    -4211: _PRICE,
    -4400: _PERSON,  # only reducing orders allowed
    -4401: _PERSON,
    -4402: _PERSON,
    -4403: _PERSON,
    -4531: _PERSON,  # position mode
    -5021: _refused(),  # FOK could not be filled
    -5022: _refused(),  # post-only would take
    -5024: _MALFORMED,  # symbol is not in trading status
    -5025: _MALFORMED,
    -5026: _refused(),  # amended too often
    -5027: _refused(),  # nothing to amend
    -5028: _refused(R.UNAVAILABLE, Remedy.CLOCK),  # too late at the matching engine
    -5037: _MALFORMED,  # price match
    -5038: _MALFORMED,
    -5039: _MALFORMED,  # self-trade prevention mode
    -5040: _MALFORMED,
    -5041: _refused(),  # no depth matches
    -5043: _refused(),  # an amendment is under way
}
"""Every documented code that a placing can meet."""

UNTOUCHED: dict[MarketKind, tuple[tuple[int | None, str], ...]] = {
    MarketKind.FUTURES: (
        (-1001, "Internal error; unable to process"),
        (-1008, ""),
        (None, "Service Unavailable"),
    ),
    MarketKind.SPOT: (),
}
"""Answers with status 503 of which the futures page says that nothing was placed; the spot page
says of every 5xx that nobody knows. Code and beginning of the text."""

TEXTS: tuple[tuple[str, RefusalCode], ...] = (
    ("duplicate order sent", R.DUPLICATE),
    ("insufficient balance", R.INSUFFICIENT_FUNDS),
    ("market is closed", R.MARKET_CLOSED),
    ("stop price would trigger", R.BAD_PRICE),
    ("not supported", R.UNSUPPORTED),
    ("unsupported", R.UNSUPPORTED),
    ("price x qty", R.BAD_QUANTITY),
    ("percent_price", R.BAD_PRICE),
    ("price_filter", R.BAD_PRICE),
    ("lot_size", R.BAD_QUANTITY),
    ("notional", R.BAD_QUANTITY),
    ("max_num", R.REJECTED),
    ("max_position", R.REJECTED),
    ("invalid quantity", R.BAD_QUANTITY),
    ("invalid price", R.BAD_PRICE),
    ("parameter 'price'", R.BAD_PRICE),
    ("parameter 'stopprice'", R.BAD_PRICE),
)
"""What a text says where the code alone does not; the first that fits counts."""

TOO_MANY_REQUESTS = (418, 429)
FORBIDDEN = 403
REQUEST_TIMEOUT = 408
CLIENT_ERRORS = range(400, 500)
TRIGGERING = -4117
"""A stop that is going off right now cannot be cancelled for this moment."""
RETRY_TRIGGERING_S = 0.5
BAD_LEVERAGE = -4028
NOT_FOUND = frozenset({-2011, -2013})
ARCHIVED = -2026


def remedy_for(seen: Observation) -> Remedy:
    """Say what an answer asks the adapter to do."""
    if not isinstance(seen, Reply):
        return Remedy.NONE
    if seen.status in TOO_MANY_REQUESTS:
        return Remedy.WAIT
    meaning = CODES.get(seen.code) if seen.code is not None else None
    return Remedy.NONE if meaning is None else meaning.remedy


def not_placed(seen: Observation, kind: MarketKind, side: Side) -> Refused | OutcomeUnknown:
    """Judge an answer to a placing that does not show the order."""
    if isinstance(seen, NotSent):
        code = R.UNAVAILABLE if seen.retry_after_s is None else R.RATE_LIMITED
        return Refused(code, seen.reason, seen.retry_after_s)
    if isinstance(seen, Lost):
        return OutcomeUnknown(seen.reason)
    refusal = proven_refusal(seen, kind)
    if refusal is None:
        return OutcomeUnknown(said_by(seen))
    if refusal is R.INSUFFICIENT_FUNDS and kind is MarketKind.SPOT and side is Side.SELL:
        refusal = R.INSUFFICIENT_HOLDINGS
    return Refused(refusal, said_by(seen), seen.retry_after_s)


def not_prepared(seen: Observation, what: str) -> Refused:
    """Say why an order is not sent whose account could not be made ready for it."""
    if isinstance(seen, NotSent) and seen.retry_after_s is not None:
        return Refused(R.RATE_LIMITED, f"{what} is not known: {seen.reason}", seen.retry_after_s)
    if isinstance(seen, NotSent | Lost):
        return Refused(R.UNAVAILABLE, f"{what} is not known: {seen.reason}")
    if seen.status in TOO_MANY_REQUESTS:
        return Refused(R.RATE_LIMITED, f"{what}: {said_by(seen)}", seen.retry_after_s)
    judged = _judgement(seen).proof is not Proof.NOTHING or seen.code == BAD_LEVERAGE
    return Refused(R.REJECTED if judged else R.UNAVAILABLE, f"{what}: {said_by(seen)}")


def proven_refusal(seen: Reply, kind: MarketKind) -> RefusalCode | None:
    """Say why an order was surely not placed; None where the answer proves nothing."""
    if seen.status in TOO_MANY_REQUESTS:
        return R.RATE_LIMITED
    if (seen.status == FORBIDDEN and seen.body is None) or _is_untouched(seen, kind):
        return R.UNAVAILABLE
    meaning = _judgement(seen)
    if meaning.proof is Proof.BY_TEXT:
        return _by_text(seen.message, meaning.refusal)
    return meaning.refusal if meaning.proof is Proof.REFUSED else None


def not_cancelled(seen: Observation) -> CancelOutcome:
    """Judge an answer to a cancel that does not show the order's end."""
    if isinstance(seen, NotSent):
        return CancelRefused(seen.reason, seen.retry_after_s)
    if isinstance(seen, Lost):
        return OutcomeUnknown(seen.reason)
    if seen.code in NOT_FOUND or seen.code == ARCHIVED:
        return NotOpen()
    if seen.code == TRIGGERING:
        return CancelRefused(said_by(seen), RETRY_TRIGGERING_S)
    refused = seen.status in TOO_MANY_REQUESTS or seen.status == FORBIDDEN
    if refused or _judgement(seen).proof is not Proof.NOTHING:
        return CancelRefused(said_by(seen), seen.retry_after_s)
    return OutcomeUnknown(said_by(seen))


def said_by(seen: Reply) -> str:
    """Say what the venue said, for people."""
    code = "" if seen.code is None else f" {seen.code}"
    return f"{seen.status}{code} {seen.message}".strip()


def _judgement(seen: Reply) -> Meaning:
    """Look a code up; only an answer that blames the request judges it."""
    if seen.status not in CLIENT_ERRORS or seen.status == REQUEST_TIMEOUT or seen.code is None:
        return _NOTHING
    return CODES.get(seen.code, _NOTHING)


def _is_untouched(seen: Reply, kind: MarketKind) -> bool:
    return seen.status == 503 and any(  # noqa: PLR2004 - service unavailable
        seen.code == code and seen.message.startswith(beginning)
        for code, beginning in UNTOUCHED[kind]
    )


def _by_text(message: str, otherwise: RefusalCode) -> RefusalCode:
    lower = message.lower()
    return next((code for fragment, code in TEXTS if fragment in lower), otherwise)
