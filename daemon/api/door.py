"""The way in: from where a request comes, who sends it, and whether that may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import hdrs

from daemon.api.addresses import UNKNOWN, Networks, client_address
from daemon.api.auth import bearer_token
from daemon.api.errors import ErrorCode, Refused

if TYPE_CHECKING:
    from typing import NoReturn

    from aiohttp import web
    from multidict import CIMultiDictProxy

    from daemon.api.auth import Authority, FailureThrottle, StrategyAccess


@dataclass(slots=True, kw_only=True)
class Door:
    """Whom the HTTP side lets in. ``allow_from`` is for webhooks of all strategies."""

    authority: Authority
    throttle: FailureThrottle
    allow_from: Networks
    trusted_proxies: Networks

    def admit_as(self, other: Door) -> bool:
        """Let in from now on whom the other one would; failed attempts are not forgotten.

        Returns whether the admin token is another one, so that whoever showed the old one is out.
        """
        same = self.authority.has_admin_of(other.authority)
        self.authority = other.authority
        self.allow_from = other.allow_from
        self.trusted_proxies = other.trusted_proxies
        return not same

    def address(self, remote: str | None, headers: CIMultiDictProxy[str]) -> str:
        """Return the address of who called; ``remote`` is the other end of the connection."""
        if not self.trusted_proxies:
            return remote or UNKNOWN
        forwarded = headers.getall(hdrs.X_FORWARDED_FOR, ())
        return client_address(remote, forwarded, self.trusted_proxies)

    def check_address(self, address: str, allowed: Networks) -> None:
        """Refuse an address that is not in a list; an empty list allows all."""
        if allowed and address not in allowed:
            raise Refused(ErrorCode.ADDRESS_NOT_ALLOWED, "requests are not taken from this address")

    def admin(self, request: web.BaseRequest) -> None:
        """Refuse whoever does not show the admin token."""
        token = _shown(request)
        if token is None or not self.authority.is_admin(token):
            address = self.address(request.remote, request.headers)
            self.turn_away(address, "the admin token is missing or wrong")

    def strategy(self, request: web.BaseRequest) -> StrategyAccess:
        """Return the strategy whose token the request shows as Bearer, or refuse it."""
        address = self.address(request.remote, request.headers)
        self.check_address(address, self.allow_from)
        token = _shown(request)
        access = None if token is None else self.authority.strategy_of_token(token)
        if access is None:
            self.turn_away(address, "the strategy's token is missing or wrong")
        self.check_address(address, access.allow_from)
        return access

    def turn_away(self, address: str, detail: str) -> NoReturn:
        """Refuse who has not shown who it is, and say when to come again if that is too often."""
        wait_s = self.throttle.wait_after_failure(address)
        if wait_s:
            headers = {"Retry-After": str(wait_s)}
            detail = "too many requests of this address failed to show who they are"
            raise Refused(ErrorCode.TOO_MANY_FAILURES, detail, headers=headers)
        raise Refused(ErrorCode.UNAUTHORIZED, detail)


def _shown(request: web.BaseRequest) -> str | None:
    """Return the token that a request shows; of two, none counts."""
    shown = request.headers.getall(hdrs.AUTHORIZATION, ())
    return bearer_token(shown[0]) if len(shown) == 1 else None
