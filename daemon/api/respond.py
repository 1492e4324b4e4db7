"""Answers that need no haste, and how every error becomes one of the documented problems."""

from __future__ import annotations

import asyncio
import logging
from functools import wraps
from typing import TYPE_CHECKING

import orjson
from aiohttp import hdrs, web
from aiohttp.helpers import rfc822_formatted_time

from adapters.sqlite.errors import StorageBusyError, StorageError
from daemon.api.errors import PROBLEM_TYPE, ErrorCode, Refused
from daemon.api.lean import JSON_TYPE, SECURITY_HEADERS
from daemon.api.operation import CSV
from daemon.api.problems import BadInput, Problem
from daemon.config.service import Locale
from daemon.execution.desk import KeyReusedError
from daemon.i18n import words_in
from daemon.language import locale_for

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CSV_HEADERS = {**SECURITY_HEADERS, hdrs.CONTENT_TYPE: f"{CSV}; charset=utf-8"}
BUSY_RETRY_S = 1
STORAGE_RETRY_S = 5
PAGE_RETRY_S = 5
WRITE_S = 10.0
"""A caller whose connection takes nothing for this long is hung up on."""
CHALLENGE = 'Bearer realm="nettingd"'

log = logging.getLogger(__name__)


def json_response(value: object, status: int = 200) -> web.Response:
    """Answer with data."""
    return web.Response(
        body=orjson.dumps(value),
        status=status,
        headers={**SECURITY_HEADERS, hdrs.CONTENT_TYPE: JSON_TYPE},
    )


def wants_csv(request: web.Request) -> bool:
    """Whether CSV is asked for by name; whoever takes anything gets JSON."""
    accepted = request.headers.getall(hdrs.ACCEPT, [])
    return any(
        part.partition(";")[0].strip().lower() == CSV
        for header in accepted
        for part in header.split(",")
    )


def csv_response(text: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """Answer with rows."""
    return web.Response(body=text.encode(), headers={**CSV_HEADERS, **(headers or {})})


def problem_response(refused: Refused) -> web.Response:
    """Answer with a problem (RFC 9457)."""
    return web.Response(body=refused.body(), status=refused.status, headers=_headers(refused))


def raw_problem(refused: Refused, *, closes: bool = False) -> bytes:
    """Write a problem that aiohttp does not send for us; ``closes``: as the last answer."""
    body, status = refused.body(), refused.status
    headers = {
        **_headers(refused),
        hdrs.CONTENT_LENGTH: str(len(body)),
        hdrs.DATE: rfc822_formatted_time(),
    }
    if closes:
        headers[hdrs.CONNECTION] = "close"
    lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
    head = f"HTTP/1.1 {status.value} {status.phrase}\r\n{''.join(lines)}\r\n"
    return head.encode("ascii") + body


def _headers(refused: Refused) -> dict[str, str]:
    headers = {**SECURITY_HEADERS, hdrs.CONTENT_TYPE: PROBLEM_TYPE, **refused.headers}
    if refused.code is ErrorCode.UNAUTHORIZED:
        headers[hdrs.WWW_AUTHENTICATE] = CHALLENGE
    return headers


async def send(request: web.Request, response: web.StreamResponse, data: bytes) -> None:
    """Send a part of an answer that has begun. Raises ConnectionError when nobody takes it."""
    try:
        async with asyncio.timeout(WRITE_S):
            await response.write(data)
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError("the caller takes nothing") from None


def refusal_of(error: Exception) -> Refused:
    """Translate what may happen to a request; anything else is our own fault, and is logged."""
    match error:
        case Refused():
            return error
        case BadInput():
            count = len(error.problems)
            detail = "one fault in the request" if count == 1 else "several faults in the request"
            return Refused(ErrorCode.BAD_INPUT, detail, error.problems)
        case KeyReusedError():
            detail = "another request with another body has this idempotency key"
            return Refused(ErrorCode.IDEMPOTENCY_KEY_REUSED, detail)
        case StorageError():
            seconds = BUSY_RETRY_S if isinstance(error, StorageBusyError) else STORAGE_RETRY_S
            headers = {"Retry-After": str(seconds)}
            return Refused(ErrorCode(error.code), error.advice, headers=headers)
        case _:
            log.error("a request failed", exc_info=error)
            return internal_error()


def in_language(refused: Refused, request: web.Request) -> Refused:
    """Return a refusal in the language that the caller asks for by name; English otherwise."""
    words = words_in(locale_for(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""), Locale.ENGLISH))
    problems = [Problem(each.path, words.again(each.message)) for each in refused.problems]
    return Refused(refused.code, words.again(refused.detail), problems, refused.headers)


def internal_error() -> Refused:
    """Return the problem that says no more than that it is ours."""
    return Refused(ErrorCode.INTERNAL, "a fault of the daemon; its log says more")


def too_slow() -> Refused:
    """Return the problem of a page that was not ready in time."""
    detail = "this page took too long and was given up; orders are worked all the same"
    return Refused(ErrorCode.PAGE_SLOW, detail, headers={"Retry-After": str(PAGE_RETRY_S)})


def answering(handler: Handler) -> Handler:
    """Make a handler whose errors are answered as problems."""

    @wraps(handler)
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer
            return problem_response(in_language(refusal_of(error), request))

    return answer
