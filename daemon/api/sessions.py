"""Login sessions for people with a browser: an encrypted cookie, and a token against forgery.

A session begins by showing the admin token once. Sessions live in this process only: a restart,
or a log-out, ends them, whatever a browser still holds. A request that changes something must
also carry the session's ``X-CSRF-Token``, which no other site can read
(https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html).
"""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from daemon.api.errors import ErrorCode, Refused

if TYPE_CHECKING:
    from datetime import datetime

    from aiohttp import web
    from aiohttp_session.cookie_storage import EncryptedCookieStorage

    from adapters.clock import Clock

COOKIE = "nettingd"
CSRF_HEADER = "X-CSRF-Token"
LIFETIME = timedelta(hours=12)
SESSIONS_MAX = 100
"""More than this end the oldest."""
_SAFE = frozenset({"GET", "HEAD"})
_OWN_SITE = frozenset({"same-origin", "none"})
_ID = "id"


@dataclass(frozen=True, slots=True)
class Session:
    """A person who has logged in. ``csrf`` goes with every request that changes something."""

    id: str
    csrf: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Pass:
    """By what an answer without end was let in. ``session`` None: by the admin token."""

    session: Session | None
    era: int


class Sessions:
    """Everybody who has logged in since the start. ``secure``: cookies go over TLS only."""

    def __init__(self, clock: Clock, *, secure: bool) -> None:
        self._clock = clock
        self._secure = secure
        self._live: OrderedDict[str, Session] = OrderedDict()
        self._storage: EncryptedCookieStorage | None = None
        self._era = 0

    def new(self) -> Session:
        """Begin the session of a person who has shown the admin token."""
        ends_at = self._clock.now() + LIFETIME
        session = Session(secrets.token_urlsafe(32), secrets.token_urlsafe(32), ends_at)
        self._live[session.id] = session
        if len(self._live) > SESSIONS_MAX:
            self._live.popitem(last=False)
        return session

    async def set_cookie(
        self, request: web.Request, response: web.StreamResponse, session: Session
    ) -> None:
        """Give the browser its cookie."""
        # Loaded with the first login: a daemon without pages does not carry the cipher.
        from aiohttp_session import Session as Cookie  # noqa: PLC0415

        cookie = Cookie(None, data=None, new=True, max_age=int(LIFETIME.total_seconds()))
        cookie[_ID] = session.id
        await self._cookies().save_session(request, response, cookie)

    async def of(self, request: web.Request) -> Session | None:
        """Return the session of a request; None without one that lives."""
        if not self._live or COOKIE not in request.cookies:
            return None
        cookie = await self._cookies().load_session(request)
        session = self._live.get(str(cookie.get(_ID)))
        if session is None:
            return None
        if self._clock.now() >= session.ends_at:
            del self._live[session.id]
            return None
        return session

    async def admits(self, request: web.Request) -> bool:
        """Whether the request comes from somebody who has logged in.

        Raises Refused when it would change something and may come from another site.
        """
        session = await self.of(request)
        if session is None:
            return False
        if request.method not in _SAFE:
            check_csrf(request, session, request.headers.get(CSRF_HEADER, ""))
        return True

    async def pass_of(self, request: web.Request) -> Pass:
        """Return what lets a request in that was admitted just now."""
        return Pass(await self.of(request), self._era)

    def holds(self, admitted: Pass) -> bool:
        """Whether what let somebody in still does: no log-out, and no other admin token, since."""
        session = admitted.session
        if session is None:
            return admitted.era == self._era
        return session.id in self._live and self._clock.now() < session.ends_at

    def end_all(self) -> None:
        """Log everybody out."""
        self._live.clear()
        self._era += 1

    def end(self, session: Session, response: web.StreamResponse) -> None:
        """Log out."""
        self._live.pop(session.id, None)
        response.del_cookie(COOKIE, path="/")

    def _cookies(self) -> EncryptedCookieStorage:
        if self._storage is None:
            from aiohttp_session.cookie_storage import EncryptedCookieStorage  # noqa: PLC0415

            self._storage = EncryptedCookieStorage(
                secrets.token_bytes(32),
                cookie_name=COOKIE,
                max_age=int(LIFETIME.total_seconds()),
                secure=self._secure,
                httponly=True,
                samesite="Strict",
            )
        return self._storage


def check_csrf(request: web.Request, session: Session, offered: str) -> None:
    """Refuse a request that another site may have made the browser send."""
    site = request.headers.get("Sec-Fetch-Site", "none")
    fits = hmac.compare_digest(offered.encode("utf-8", "surrogateescape"), session.csrf.encode())
    if site not in _OWN_SITE or not fits:
        detail = f"a session's request needs its {CSRF_HEADER}, and must come from this site"
        raise Refused(ErrorCode.SESSION_NEEDS_CSRF, detail)
