"""Was it placed? What a request's way and ccxt's exception prove together, and what they do not.

No class of exception means "surely placed", NetworkError mixes both verdicts, and a plain
ExchangeError may be a body that broke off. A refusal is believed where the whole answer came, from
a server that was not failing, and ccxt read a reason in it that concerns the request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.broker import (
    CancelRefused,
    NotOpen,
    OutcomeUnknown,
    RefusalCode,
    Refused,
)
from adapters.limits import OverBudgetError
from algorithms.domain import Side

if TYPE_CHECKING:
    from adapters.broker import CancelOutcome
    from adapters.ccxt_bridge.observations import Sent, Trace

FORBIDDEN, TIMED_OUT, BANNED, TOO_MANY, SERVER_ERROR = 403, 408, 418, 429, 500
LONGEST_MESSAGE = 300
RATE = frozenset({"DDoSProtection", "RateLimitExceeded"})
CLOCK = "InvalidNonce"
NOT_FOUND = frozenset({"OrderNotFound", "OrderNotCached"})
REASONS = {
    "InsufficientFunds": RefusalCode.INSUFFICIENT_FUNDS,
    "DuplicateOrderId": RefusalCode.DUPLICATE,
    "BadSymbol": RefusalCode.UNKNOWN_SYMBOL,
    "MarketClosed": RefusalCode.MARKET_CLOSED,
    "NotSupported": RefusalCode.UNSUPPORTED,
    "ArgumentsRequired": RefusalCode.UNSUPPORTED,
    "InvalidOrder": RefusalCode.REJECTED,
    "BadRequest": RefusalCode.REJECTED,
    "OperationRejected": RefusalCode.REJECTED,
    "AuthenticationError": RefusalCode.REJECTED,
}
"""By the name of a class or of one it derives from, the nearest first."""


def not_placed(error: Exception, trace: Trace, side: Side) -> Refused | OutcomeUnknown:
    """Judge a placing that raised."""
    sent, said = trace.last_change, words(error)
    if sent is None:
        return _never_sent(error, trace)
    if sent.never_left:
        return Refused(RefusalCode.UNAVAILABLE, said)
    if sent.status is None:
        return OutcomeUnknown(said)
    refused = _proven(error, sent)
    if refused is None:
        return OutcomeUnknown(f"{sent.status}: {said}")
    if refused is RefusalCode.INSUFFICIENT_FUNDS and side is Side.SELL:
        refused = RefusalCode.INSUFFICIENT_HOLDINGS
    return Refused(refused, said, sent.retry_after_s)


def not_cancelled(error: Exception, trace: Trace) -> CancelOutcome:
    """Judge a cancel that raised."""
    sent, said = trace.last_change, words(error)
    if isinstance(error, OverBudgetError):
        return CancelRefused(said, error.retry_after_s)
    if sent is None or sent.never_left:
        return CancelRefused(said)
    if sent.status is None:
        return OutcomeUnknown(said)
    if _is_whole(sent) and _is_any(error, NOT_FOUND):
        return NotOpen()
    if _proven(error, sent) is not None:
        return CancelRefused(said, sent.retry_after_s)
    return OutcomeUnknown(f"{sent.status}: {said}")


def is_not_found(error: Exception, trace: Trace) -> bool:
    """Whether a question was answered with "no such order", and by nothing less."""
    return bool(trace.sent) and _is_whole(trace.sent[-1]) and _is_any(error, NOT_FOUND)


def words(error: Exception) -> str:
    """Say what happened, for people."""
    text = " ".join(str(error).split())[:LONGEST_MESSAGE]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _never_sent(error: Exception, trace: Trace) -> Refused:
    """Judge an order of which nothing was sent: ccxt refused it, or could not ask before."""
    if isinstance(error, OverBudgetError):
        return Refused(RefusalCode.RATE_LIMITED, words(error), error.retry_after_s)
    if trace.sent:
        return Refused(RefusalCode.UNAVAILABLE, words(error))
    return Refused(_reason(error) or RefusalCode.UNSUPPORTED, words(error))


def _proven(error: Exception, sent: Sent) -> RefusalCode | None:
    """Say why a request was surely not carried out; None where the answer proves nothing."""
    if sent.status in {TOO_MANY, BANNED}:
        return RefusalCode.RATE_LIMITED
    if sent.status == FORBIDDEN and not sent.is_json:
        return RefusalCode.UNAVAILABLE
    if not _is_whole(sent) or _is_any(error, NOT_FOUND):
        return None
    if _is_any(error, RATE):
        return RefusalCode.RATE_LIMITED
    if _is_any(error, {CLOCK}):
        return RefusalCode.UNAVAILABLE
    return _reason(error)


def _is_whole(sent: Sent) -> bool:
    """Whether a server that was not failing has answered, and in full."""
    answered = sent.status is not None and sent.status < SERVER_ERROR and sent.status != TIMED_OUT
    return answered and sent.is_json


def _reason(error: Exception) -> RefusalCode | None:
    for each in type(error).__mro__:
        if each.__name__ in REASONS:
            code = REASONS[each.__name__]
            is_twin = code is RefusalCode.REJECTED and "duplicate" in str(error).lower()
            return RefusalCode.DUPLICATE if is_twin else code
    return None


def _is_any(error: Exception, names: frozenset[str] | set[str]) -> bool:
    return any(each.__name__ in names for each in type(error).__mro__)
