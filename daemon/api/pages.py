"""The API's documentation, and sessions: how they begin and end."""

# ruff: noqa: TC001 - pydantic reads annotations when the program runs

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode

from aiohttp import hdrs, web
from typing_extensions import TypedDict

from daemon.api.bodies import SMALL_BODY_BYTES_MAX, Body, checked, decoded
from daemon.api.body import read_body
from daemon.api.docs_page import PAGE_POLICY, docs_page
from daemon.api.errors import ErrorCode, Refused
from daemon.api.lean import SECURITY_HEADERS
from daemon.api.openapi import openapi
from daemon.api.operation import HTML, JSON, Access, Answer, Operation, Parameter
from daemon.api.problems import BadInput, Problem, path_text
from daemon.api.respond import json_response
from daemon.api.sessions import CSRF_HEADER, check_csrf
from daemon.api.wire import GivenToken, Time

if TYPE_CHECKING:
    from daemon.api.decode import Json
    from daemon.api.door import Door
    from daemon.api.sessions import Sessions

AFTER_LOGIN = "/"
WRONG, TOO_MANY = "1", "2"
"""What the form is told of the last try."""
_HEADERS = {
    **SECURITY_HEADERS,
    "Content-Security-Policy": PAGE_POLICY,
    hdrs.CONTENT_TYPE: f"{HTML}; charset=utf-8",
}
_FORM = "application/x-www-form-urlencoded"


class LoginBody(Body):
    """The admin token, once. ``next``: where a browser goes on, a path of this host."""

    token: GivenToken
    next: str = AFTER_LOGIN


class LoggedIn(TypedDict):
    """A session has begun; its cookie came with this answer."""

    csrf: str
    ends_at: Time


class LoggedOut(TypedDict):
    """The session is over."""

    success: bool


class Pages:
    """Handlers of pages and sessions."""

    def __init__(self, door: Door, sessions: Sessions) -> None:
        self._door = door
        self._sessions = sessions
        self._document: bytes | None = None
        self._described: list[Operation] = []

    def describe(self, operations: list[Operation]) -> None:
        """Say what the documentation is about: everything."""
        self._described = operations

    def operations(self) -> list[Operation]:
        """Return what can be asked here."""
        return [
            Operation(
                method="GET",
                path="/api/openapi.json",
                summary="This description.",
                handler=self.document,
                answers={200: Answer("OpenAPI 3.1.", dict[str, object])},
                asks_database=False,
            ),
            Operation(
                method="GET",
                path="/api/docs",
                summary="This description, for people.",
                handler=self.docs,
                answers={
                    200: Answer("A page.", media=(HTML,)),
                    303: Answer("Nobody is logged in: a browser goes there first.", media=()),
                },
                asks_database=False,
            ),
            Operation(
                method="POST",
                path="/login",
                summary="Begin a session of 12 hours by showing the admin token.",
                handler=self.login,
                access=Access.ANYBODY,
                body=LoginBody,
                answers={
                    200: Answer("Logged in.", LoggedIn),
                    303: Answer("Logged in by the form; go on there.", media=()),
                },
                codes=frozenset({ErrorCode.UNAUTHORIZED, ErrorCode.TOO_MANY_FAILURES}),
                asks_database=False,
            ),
            Operation(
                method="POST",
                path="/logout",
                summary="End the session.",
                handler=self.logout,
                access=Access.ANYBODY,
                headers=(Parameter(CSRF_HEADER, "`csrf` of the login."),),
                answers={200: Answer("Logged out.", LoggedOut)},
                codes=frozenset({ErrorCode.UNAUTHORIZED, ErrorCode.SESSION_NEEDS_CSRF}),
                asks_database=False,
            ),
        ]

    async def document(self, _: web.Request) -> web.StreamResponse:
        """Describe everything; made once, when it is first asked for."""
        headers = {**SECURITY_HEADERS, hdrs.CONTENT_TYPE: JSON}
        return web.Response(body=await self._openapi(), headers=headers)

    async def docs(self, _: web.Request) -> web.StreamResponse:
        """Show the description."""
        document = json.loads(await self._openapi())
        return _html(await asyncio.to_thread(docs_page, document))

    async def login(self, request: web.Request) -> web.StreamResponse:
        """Begin a session. Failed attempts count against the address like any other."""
        raw = await read_body(request, SMALL_BODY_BYTES_MAX)
        # curl says of everything that it is a form.
        by_form = request.content_type == _FORM and not raw.lstrip().startswith(b"{")
        body = checked(_form_values(raw) if by_form else decoded(raw), LoginBody)
        if not self._door.authority.is_admin(body.token):
            return self._turn_away(request, body.next if by_form else None)
        session = self._sessions.new()
        response: web.StreamResponse
        if by_form:
            headers = {**SECURITY_HEADERS, hdrs.LOCATION: local(body.next)}
            response = web.Response(status=303, headers=headers)
        else:
            ends_at = session.ends_at.isoformat()
            response = json_response({"csrf": session.csrf, "ends_at": ends_at})
        await self._sessions.set_cookie(request, response, session)
        return response

    def _turn_away(self, request: web.Request, following: str | None) -> web.StreamResponse:
        """Refuse a wrong token; a form is shown again and says so."""
        address = self._door.address(request.remote, request.headers)
        try:
            self._door.turn_away(address, "the token is wrong")
        except Refused as refused:
            if following is None:
                raise
            why = TOO_MANY if refused.code is ErrorCode.TOO_MANY_FAILURES else WRONG
            place = "/login?" + urlencode({"next": local(following), "failed": why})
            return web.Response(status=303, headers={**SECURITY_HEADERS, hdrs.LOCATION: place})

    async def logout(self, request: web.Request) -> web.StreamResponse:
        """End a session."""
        session = await self._sessions.of(request)
        if session is None:
            raise Refused(ErrorCode.UNAUTHORIZED, "nobody is logged in")
        check_csrf(request, session, request.headers.get(CSRF_HEADER, ""))
        response = json_response({"success": True})
        self._sessions.end(session, response)
        return response

    async def _openapi(self) -> bytes:
        """Return the document, made once and beside the loop: it takes tenths of a second."""
        if self._document is None:
            self._document = await asyncio.to_thread(
                lambda: json.dumps(openapi(self._described)).encode()
            )
        return self._document


def to_login(request: web.Request) -> web.Response:
    """Send a browser to the form, from where it comes back."""
    place = "/login?" + urlencode({"next": request.path_qs})
    return web.Response(status=303, headers={**SECURITY_HEADERS, hdrs.LOCATION: place})


def _html(text: str) -> web.Response:
    return web.Response(body=text.encode(), headers=_HEADERS)


def _form_values(raw: bytes) -> Json:
    """Read a form. Raises BadInput for a field that is given twice: nothing says which counts."""
    try:
        pairs = parse_qs(raw.decode(), max_num_fields=8, errors="strict")
    except ValueError:
        return {}
    twice = [
        Problem(path_text((key,)), "is given more than once")
        for key, values in pairs.items()
        if len(values) > 1
    ]
    if twice:
        raise BadInput(twice)
    return {key: values[0] for key, values in pairs.items()}


def local(path: str) -> str:
    """Return a path of this host; anything else could lead away."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if plain else AFTER_LOGIN
