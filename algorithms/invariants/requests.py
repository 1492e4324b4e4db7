"""Invariant 6: an acknowledged request has an outcome, always."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime, timedelta

    from algorithms.invariants.findings import Check
    from algorithms.invariants.snapshot import Request


def check_requests(
    requests: Iterable[Request], now: datetime, age_most: timedelta, check: Check
) -> None:
    """A final request has its answer; any other is young, or an order of it still lives."""
    for request in requests:
        check.checked += 1
        for what in request_faults(request, now, age_most):
            check.broken(f"request {request.id}", what)


def request_faults(request: Request, now: datetime, age_most: timedelta) -> Iterator[str]:
    """What is wrong with one request."""
    finished = request.finished_at is not None
    if not (request.is_final == request.has_answer == finished):
        yield f"is {request.status}, {'has an' if request.has_answer else 'without'} answer"
        return
    if not finished and not request.live_orders and now - request.received_at > age_most:
        since = f"{request.received_at:%Y-%m-%d %H:%M:%S}"
        yield f"is {request.status} since {since} UTC, and none of its orders lives"
