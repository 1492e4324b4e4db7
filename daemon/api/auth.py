"""Who may do what: strategies by token and signature, people by the admin token.

Tokens are kept as SHA-256 digests and compared in constant time. They are random and long, so
that nothing slower is needed (https://www.rfc-editor.org/rfc/rfc6750#section-5.2 asks for high
entropy). An unknown strategy is compared too, with a digest that no token has.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from daemon.api.addresses import Networks, bucket_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from adapters.clock import Clock
    from algorithms.domain import StrategyName

ADDRESSES_MAX = 10_000
FAILURES_AT_ONCE = 20
FAILURES_A_SECOND = 1
_SCHEME = "bearer "
_SIGNATURE_PREFIX = "sha256="


def digest(token: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyAccess:
    """What a strategy must show. Without ``signature_key`` its webhooks need no signature."""

    name: StrategyName
    token_digest: bytes = field(repr=False)
    signature_key: bytes | None = field(default=None, repr=False)
    allow_from: Networks = field(default_factory=lambda: Networks(()))


class Authority:
    """Knows everybody who may ask for something."""

    def __init__(self, strategies: Iterable[StrategyAccess], admin_digest: bytes) -> None:
        self._strategies = {each.name: each for each in strategies}
        self._admin = admin_digest
        self._nobody = secrets.token_bytes(hashlib.sha256().digest_size)

    def strategy(self, name: StrategyName, token_digest: bytes) -> StrategyAccess | None:
        """Return the strategy if the token with this digest is its own."""
        access = self._strategies.get(name)
        expected = self._nobody if access is None else access.token_digest
        return access if hmac.compare_digest(token_digest, expected) else None

    def strategy_of_token(self, token: str) -> StrategyAccess | None:
        """Return the strategy whose token this is; all are compared, whichever it is."""
        offered = digest(token)
        found = None
        for access in self._strategies.values():
            if hmac.compare_digest(offered, access.token_digest):
                found = access
        return found

    def has_admin_of(self, other: Authority) -> bool:
        """Whether both know the same admin token."""
        return hmac.compare_digest(self._admin, other._admin)

    def is_admin(self, token: str) -> bool:
        """Whether this is the admin token."""
        return hmac.compare_digest(digest(token), self._admin)


def bearer_token(header: str | None) -> str | None:
    """Return the token of an Authorization header (RFC 6750); None if it holds none."""
    if header is None or header[: len(_SCHEME)].lower() != _SCHEME:
        return None
    return header[len(_SCHEME) :].strip() or None


def signature_fits(key: bytes, body: bytes, signature: str | None) -> bool:
    """Whether a header is the HMAC-SHA256 of the body: hex, with or without ``sha256=``."""
    expected = hmac.digest(key, body, "sha256").hex()
    offered = (signature or "").strip().lower().removeprefix(_SIGNATURE_PREFIX)
    return hmac.compare_digest(expected.encode(), offered.encode("utf-8", "surrogateescape"))


@dataclass(slots=True)
class _Bucket:
    left: float
    filled_at: float


class FailureThrottle:
    """Counts failed attempts by address: 20 at once, then one a second.

    It protects the processor and the log, not the tokens. Addresses are remembered up to a number;
    the one that has been quiet longest is forgotten first.
    """

    def __init__(self, clock: Clock, addresses_max: int = ADDRESSES_MAX) -> None:
        self._clock = clock
        self._addresses_max = addresses_max
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait_after_failure(self, address: str) -> int:
        """Count a failure; return 0, or the whole seconds to wait if there were too many."""
        name = bucket_of(address)
        now = self._clock.monotonic()
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = _Bucket(FAILURES_AT_ONCE, now)
            if len(self._buckets) > self._addresses_max:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(name)
        gained = (now - bucket.filled_at) * FAILURES_A_SECOND
        bucket.left = min(FAILURES_AT_ONCE, bucket.left + gained)
        bucket.filled_at = now
        if bucket.left >= 1:
            bucket.left -= 1
            return 0
        return 1
