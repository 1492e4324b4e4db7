"""Every error code of the HTTP API, once: its status, and what to do about it.

An error is answered as a problem (RFC 9457). Its ``code`` is stable and made for programs; the
sentence in ``detail`` is made for people and may change. The table here is also the reference in
the documentation, which is made from it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson

from daemon.execution.reasons import REASONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from daemon.api.problems import Problem

PROBLEM_TYPE = "application/problem+json"


class ErrorCode(StrEnum):
    """What can be wrong with a request, or with us."""

    BAD_INPUT = "bad_input"
    BAD_HTTP = "bad_http"
    UNAUTHORIZED = "unauthorized"
    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    SESSION_NEEDS_CSRF = "session_needs_csrf"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    BODY_TOO_SLOW = "body_too_slow"
    HEAD_TOO_SLOW = "head_too_slow"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    NOT_RECONCILED = "not_reconciled"
    NOT_WAITING = "not_waiting"
    NOT_UNKNOWN = "not_unknown"
    NOTHING_STAGED = "nothing_staged"
    NOT_DROPPED = "not_dropped"
    NOT_POSSIBLE = "not_possible"
    NO_TARGETS = "no_targets"
    NOT_FEASIBLE = "not_feasible"
    NEEDS_CONFIRMATION = "needs_confirmation"
    PLAN_CHANGED = "plan_changed"
    RUN_UNFINISHED = "run_unfinished"
    RUN_STATE = "run_state"
    BODY_TOO_LARGE = "body_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    EXPECTATION_FAILED = "expectation_failed"
    TOO_MANY_FAILURES = "too_many_failures"
    TOO_MANY_READERS = "too_many_readers"
    BROKER_SILENT = "broker_silent"
    PAGE_SLOW = "page_slow"
    CALCULATION_GIVEN_UP = "calculation_given_up"
    INTERNAL = "internal"
    STORAGE_BUSY = "storage_busy"
    STORAGE_ERROR = "storage_error"
    STORAGE_FULL = "storage_full"
    STORAGE_READ_ONLY = "storage_read_only"
    STORAGE_LOCKED = "storage_locked"
    STORAGE_CORRUPT = "storage_corrupt"
    STORAGE_FAILED = "storage_failed"

    @property
    def status(self) -> HTTPStatus:
        """The status it is answered with."""
        return MEANINGS[self].status


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code says: the status it is answered with, and one paragraph for the reader."""

    status: HTTPStatus
    text: str


MEANINGS: Mapping[ErrorCode, Meaning] = {
    ErrorCode.BAD_INPUT: Meaning(
        HTTPStatus.BAD_REQUEST,
        "The body, the query or a header cannot be used. `errors` names every fault with its "
        "place and says what would be right. Nothing was stored.",
    ),
    ErrorCode.BAD_HTTP: Meaning(
        HTTPStatus.BAD_REQUEST,
        "What came is no HTTP/1.1 request. The connection is closed.",
    ),
    ErrorCode.UNAUTHORIZED: Meaning(
        HTTPStatus.UNAUTHORIZED,
        "The token or the signature is missing or wrong, or there is no such strategy. "
        "Which of these is not told.",
    ),
    ErrorCode.ADDRESS_NOT_ALLOWED: Meaning(
        HTTPStatus.FORBIDDEN,
        "Requests are not taken from this address: see `webhook.allow_from` and "
        "`strategies.NAME.allow_from`. Behind a proxy, also see `http.trusted_proxies`.",
    ),
    ErrorCode.SESSION_NEEDS_CSRF: Meaning(
        HTTPStatus.FORBIDDEN,
        "A request that changes something came with a login session and without its header "
        "`X-CSRF-Token`, or from another site.",
    ),
    ErrorCode.NOT_FOUND: Meaning(
        HTTPStatus.NOT_FOUND,
        "There is nothing at this path, no such order, or no such request of this strategy.",
    ),
    ErrorCode.METHOD_NOT_ALLOWED: Meaning(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "The path exists, the method does not; the header `Allow` lists those that do.",
    ),
    ErrorCode.BODY_TOO_SLOW: Meaning(
        HTTPStatus.REQUEST_TIMEOUT,
        "The body did not arrive in time. Nothing was stored; send the request again.",
    ),
    ErrorCode.HEAD_TOO_SLOW: Meaning(
        HTTPStatus.REQUEST_TIMEOUT,
        "A request was begun and its headers did not arrive in time. The connection is closed.",
    ),
    ErrorCode.IDEMPOTENCY_KEY_REUSED: Meaning(
        HTTPStatus.CONFLICT,
        "Another request with another body came with this idempotency key. Nothing was stored; "
        "a new request needs a new key.",
    ),
    ErrorCode.NOT_RECONCILED: Meaning(
        HTTPStatus.CONFLICT,
        "The database was restored, and not every account has been compared with its broker yet; "
        "`detail` names those. The halt stays; resume later.",
    ),
    ErrorCode.NOT_WAITING: Meaning(
        HTTPStatus.CONFLICT,
        "The order does not wait for a person's yes: it needs none, was decided on before, has "
        "ended, or its time is over. `detail` says which.",
    ),
    ErrorCode.NOT_UNKNOWN: Meaning(
        HTTPStatus.CONFLICT,
        "The order's fate is not open, the broker shows no such order under that number, or it is "
        "another one of ours. `detail` says which. Nothing was changed.",
    ),
    ErrorCode.NOT_DROPPED: Meaning(
        HTTPStatus.CONFLICT,
        "Only a request that was dropped for its age can be sent again; this one was worked, or "
        "still is.",
    ),
    ErrorCode.NOTHING_STAGED: Meaning(
        HTTPStatus.CONFLICT,
        "No backup waits to be put in place. `nettingd restore` stages one and asks for this.",
    ),
    ErrorCode.NOT_POSSIBLE: Meaning(
        HTTPStatus.CONFLICT,
        "The books, or the paper account, do not allow this as they are now: too little is free, "
        "there is no such book, a split or the settlement of a close is under way. `errors` names "
        "the field that asks for too much. Nothing was changed.",
    ),
    ErrorCode.NO_TARGETS: Meaning(
        HTTPStatus.CONFLICT,
        "No targets of the account are in force: none were set, or none were seen on "
        "`rebalancing.confirm_days` days in a row.",
    ),
    ErrorCode.NOT_FEASIBLE: Meaning(
        HTTPStatus.CONFLICT,
        "Something stands against the plan of the rebalance; `errors` names all of it, by ticker "
        "or `plan`. Nothing was ordered.",
    ),
    ErrorCode.NEEDS_CONFIRMATION: Meaning(
        HTTPStatus.CONFLICT,
        "The rebalance has orders above `rebalancing.max_order_percent` of equity (`errors` names "
        "them), or its book trades after a yes. Preview it, and run it with the plan's id as "
        "`confirm`.",
    ),
    ErrorCode.PLAN_CHANGED: Meaning(
        HTTPStatus.CONFLICT,
        "The plan to confirm is not known, is older than 10 minutes, has other targets, or trades "
        "differ by more than `rebalancing.confirm_tolerance_percent` (`errors` names them). "
        "Preview it again.",
    ),
    ErrorCode.RUN_UNFINISHED: Meaning(
        HTTPStatus.CONFLICT,
        "The account has a rebalance under way, or a stopped one that a person has to resume or "
        "cancel; `detail` names it.",
    ),
    ErrorCode.RUN_STATE: Meaning(
        HTTPStatus.CONFLICT,
        "The rebalance is in a state in which this cannot be done; `detail` names it.",
    ),
    ErrorCode.BODY_TOO_LARGE: Meaning(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The body is larger than this path takes. It was not read.",
    ),
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: Meaning(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "The body is compressed (`Content-Encoding`). Bodies are plain JSON in UTF-8; the content "
        "type is not looked at.",
    ),
    ErrorCode.EXPECTATION_FAILED: Meaning(
        HTTPStatus.EXPECTATION_FAILED,
        "The header `Expect` may only say `100-continue`.",
    ),
    ErrorCode.TOO_MANY_FAILURES: Meaning(
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too many requests from this address failed to show who they are. Wait as long as "
        "`Retry-After` says. A request with the right token is always taken.",
    ),
    ErrorCode.TOO_MANY_READERS: Meaning(
        HTTPStatus.TOO_MANY_REQUESTS,
        "More readers listen to the stream of events than may. Try again after `Retry-After`.",
    ),
    ErrorCode.BROKER_SILENT: Meaning(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The broker, or the paper exchange's database, does not answer. The same request may be "
        "sent again.",
    ),
    ErrorCode.PAGE_SLOW: Meaning(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "A page was not ready within 10 seconds: the host is busy, or a broker that the page asks "
        "takes its time. Try again after `Retry-After`.",
    ),
    ErrorCode.CALCULATION_GIVEN_UP: Meaning(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "A large preview took longer than a minute, or had too little memory. It is done in a "
        "process of its own; orders are worked all the same. Send fewer orders, try again after "
        "`Retry-After`, or calculate offline: `nettingd loc --input`, `nettingd net --input`.",
    ),
    ErrorCode.INTERNAL: Meaning(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "A fault of the daemon; its log says more. Whether a webhook was stored is told by "
        "sending it again with the same idempotency key.",
    ),
    ErrorCode.STORAGE_BUSY: Meaning(
        HTTPStatus.TOO_MANY_REQUESTS,
        "More requests or connections wait than may. Nothing was stored; send it again after "
        "`Retry-After`. Cancels are taken all the same.",
    ),
    ErrorCode.STORAGE_ERROR: Meaning(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The database refused to store the request; the log has its words.",
    ),
    ErrorCode.STORAGE_FULL: Meaning(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The disk is full. Nothing was stored; the daemon goes on by itself once there is space.",
    ),
    ErrorCode.STORAGE_READ_ONLY: Meaning(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The database file cannot be written. Nothing was stored.",
    ),
    ErrorCode.STORAGE_LOCKED: Meaning(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Another program holds the database's write lock. Nothing was stored.",
    ),
    ErrorCode.STORAGE_CORRUPT: Meaning(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The database file is damaged. Nothing was stored; restore the last backup.",
    ),
    ErrorCode.STORAGE_FAILED: Meaning(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The operating system could not read or write the database file. Nothing was stored.",
    ),
}


class Refused(Exception):  # noqa: N818 - the request is refused, the daemon is well
    """A request that is answered with a problem. ``detail`` is for people, one sentence."""

    def __init__(
        self,
        code: ErrorCode,
        detail: str,
        problems: Sequence[Problem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.problems = tuple(problems)
        self.headers = dict(headers or {})

    @property
    def status(self) -> HTTPStatus:
        return self.code.status

    def body(self) -> bytes:
        """The problem as JSON (RFC 9457, section 3)."""
        members: dict[str, object] = {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": self.status.value,
            "code": self.code.value,
            "detail": self.detail,
        }
        if self.problems:
            members["errors"] = [
                {"path": problem.path, "message": problem.message} for problem in self.problems
            ]
        return orjson.dumps(members)


def reference() -> str:
    """Return the page of all codes, in Markdown."""
    lines = [
        "# Errors of the HTTP API",
        "",
        "Made by `python -m daemon.api.errors`; do not edit.",
        "",
        "An error is answered as `application/problem+json`",
        "([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)):",
        "",
        "```json",
        '{"type": "about:blank", "title": "Bad Request", "status": 400, "code": "bad_input",',
        ' "detail": "one fault in the request",',
        ' "errors": [{"path": "orders[2].price", "message": "must be above zero"}]}',
        "```",
        "",
        "`code` is stable. `detail` is for people, in Korean for who asks for it by",
        "`Accept-Language`, but for webhooks. `errors` is there when single places can be",
        "named. What became of an order that was taken is no error of this kind: it stands in the",
        "answer of the webhook.",
        "",
        "| `code` | Status | Meaning |",
        "|---|---|---|",
    ]
    for code, meaning in MEANINGS.items():
        lines.append(f"| `{code}` | {meaning.status.value} | {meaning.text} |")
    lines += [
        "",
        "## Orders",
        "",
        "An order that was not taken, or ended unfilled, has `code: explanation` in `error` of the",
        "webhook's answer and in `reason` of the order. The code is stable. What a limit of",
        "`[risk]` forbids is told to people as well.",
        "",
        "| Code | Meaning |",
        "|---|---|",
        *(f"| `{code}` | {text} |" for code, text in REASONS.items()),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
