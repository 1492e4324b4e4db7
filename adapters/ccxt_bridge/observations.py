"""What is known of a request that ccxt made: which is less than what ccxt says of it.

ccxt's exceptions mix "surely not placed" with "nobody knows". So each request is watched on its
way: whether it found a connection, and what came back as status and text.
"""

from __future__ import annotations

import socket
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp
import orjson

from adapters.limits import Urgency

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from adapters.ccxt_bridge.library import Client

UNCONNECTED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, socket.gaierror)


@dataclass(slots=True)
class Sent:
    """One HTTP request. ``status`` is None as long as no whole answer came."""

    method: str
    status: int | None = None
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    never_left: bool = False

    @property
    def changes_something(self) -> bool:
        return self.method != "GET"

    @property
    def is_json(self) -> bool:
        """Whether the answer is an object or a list."""
        try:
            return isinstance(orjson.loads(self.text), dict | list)
        except orjson.JSONDecodeError:
            return False

    @property
    def retry_after_s(self) -> float | None:
        for name, value in self.headers.items():
            if name.lower() == "retry-after" and value.strip().isdigit():
                return float(value)
        return None


@dataclass(slots=True)
class Trace:
    """The requests that one call of the library made."""

    urgency: Urgency
    sent: list[Sent] = field(default_factory=list)

    @property
    def last_change(self) -> Sent | None:
        """The last request that may have changed something at the venue."""
        changes = [each for each in self.sent if each.changes_something]
        return changes[-1] if changes else None


_TRACE: ContextVar[Trace] = ContextVar("ccxt call")
_SENT: ContextVar[Sent] = ContextVar("ccxt request")


@contextmanager
def tracing(urgency: Urgency) -> Iterator[Trace]:
    """Watch the requests that are made inside, by whatever tasks."""
    trace = Trace(urgency)
    token = _TRACE.set(trace)
    try:
        yield trace
    finally:
        _TRACE.reset(token)


def urgency_now() -> Urgency:
    """Return the urgency of the call that asks."""
    trace = _TRACE.get(None)
    return Urgency.ASK if trace is None else trace.urgency


def watch(client: Client) -> None:
    """Have every request of a client noted in the trace of its call."""
    fetch, read = client.fetch, client.on_rest_response

    async def watched(
        url: str, method: str = "GET", headers: object = None, body: object = None
    ) -> object:
        sent = Sent(method)
        trace = _TRACE.get(None)
        if trace is not None:
            trace.sent.append(sent)
        token = _SENT.set(sent)
        try:
            return await fetch(url, method, headers, body)
        except Exception as error:
            sent.never_left = sent.status is None and isinstance(error.__cause__, UNCONNECTED)
            raise
        finally:
            _SENT.reset(token)

    def noted(code: int, reason: str, url: str, method: str, *rest: object) -> str:
        headers, text = rest[:2]
        sent = _SENT.get()
        sent.status, sent.text = code, str(text)
        sent.headers = headers if isinstance(headers, dict) else {}
        return read(code, reason, url, method, *rest)

    client.fetch, client.on_rest_response = watched, noted
