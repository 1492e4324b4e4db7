"""Was it placed? Was it cancelled? From what came back to what the core hears."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.broker import (
    CancelAccepted,
    CancelRefused,
    NotOpen,
    OutcomeUnknown,
    RefusalCode,
    Refused,
)
from adapters.http import Lost, NotSent
from adapters.kis.answers import Reply
from adapters.kis.codes import Proof, Remedy, meaning_of
from adapters.kis.fields import object_of, order_number, text

if TYPE_CHECKING:
    from adapters.broker import CancelOutcome
    from adapters.kis.answers import Observation

WAIT_S = 1.1
"""How long a refused request waits when KIS says that there were too many."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What KIS says of a request it has taken: a number of its own, a branch, a time in Seoul."""

    number: str
    branch: str
    clock: str


def receipt_of(seen: Observation) -> Receipt | None:
    """Return the receipt of a request that was taken for certain: "0" alone proves nothing."""
    if not isinstance(seen, Reply) or not seen.is_good:
        return None
    output = seen.body.get("output")
    if not isinstance(output, dict | list):
        return None
    row = {str(key).upper(): value for key, value in object_of(output).items()}
    number = order_number(text(row, "ODNO"))
    if not number:
        return None
    return Receipt(number, text(row, "KRX_FWDG_ORD_ORGNO"), text(row, "ORD_TMD"))


def not_placed(seen: Observation) -> Refused | OutcomeUnknown:
    """Judge an answer to an order that is no receipt."""
    if isinstance(seen, NotSent):
        code = RefusalCode.REJECTED if seen.person else RefusalCode.UNAVAILABLE
        return Refused(code, seen.reason, seen.retry_after_s)
    if isinstance(seen, Lost):
        return OutcomeUnknown(seen.reason)
    if seen.is_good:
        return OutcomeUnknown(f"taken, it says, without an order number: {seen.said()}")
    meaning = meaning_of(seen.code, seen.message)
    match meaning.proof:
        case Proof.REFUSED | Proof.NOT_OPEN:
            return Refused(meaning.refusal, seen.said())
        case Proof.TURNED_AWAY:
            return Refused(meaning.refusal, seen.said(), WAIT_S)
        case Proof.NOTHING:
            return OutcomeUnknown(seen.said())


def cancelled(seen: Observation) -> CancelOutcome:
    """Judge an answer to a cancel. A receipt says that the request was sent on, and no more."""
    if receipt_of(seen) is not None:
        return CancelAccepted()
    if _proves_not_open(seen):
        return NotOpen()
    refused = not_placed(seen)
    if isinstance(refused, OutcomeUnknown):
        return refused
    return CancelRefused(refused.message, refused.retry_after_s)


def _proves_not_open(seen: Observation) -> bool:
    if not isinstance(seen, Reply) or seen.is_good:
        return False
    return meaning_of(seen.code, seen.message).proof is Proof.NOT_OPEN


def was_throttled(seen: Observation) -> bool:
    """Whether the gateway turned a request away because there were too many.

    The ledger, too, says that it has too many; whether it took the order first is not known.
    """
    if not isinstance(seen, Reply) or seen.is_good:
        return False
    meaning = meaning_of(seen.code, seen.message)
    return meaning.remedy is Remedy.WAIT and meaning.proof is Proof.TURNED_AWAY
