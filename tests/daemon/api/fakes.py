"""A desk and an admin's port that keep what they were given, and a whole HTTP side around them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import orjson
from aiohttp.test_utils import TestClient, TestServer

from adapters.broker import BrokerUnavailableError
from adapters.clock import LoopClock
from algorithms.domain import AccountName, OrderType, StrategyName
from daemon.api.addresses import Networks
from daemon.api.app import OPERATIONS, Parts, make_app
from daemon.api.auth import Authority, FailureThrottle, StrategyAccess, digest
from daemon.api.door import Door
from daemon.api.errors import ErrorCode, Refused
from daemon.api.health import Readiness
from daemon.api.ledger import Ledger
from daemon.api.metrics import Metrics
from daemon.api.rebalancing import Rebalancing
from daemon.api.restoring import Restoring
from daemon.api.sessions import Sessions
from daemon.api.stream import EventStream
from daemon.api.views import Lists
from daemon.execution.answers import RequestStatus
from daemon.execution.approvals import NotWaitingError
from daemon.execution.desk import KeyReusedError, Reply
from daemon.execution.halts import Scope
from daemon.execution.orders import UnknownOrderError
from daemon.execution.verdicts import NotUnknownError
from daemon.signals import SignalBus
from daemon.web.site import Site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence

    from aiohttp import web

    from adapters.sqlite.driver import SqliteDriver
    from algorithms.domain import Symbol
    from daemon.api.app import HasOperations
    from daemon.api.decode import Json
    from daemon.api.marks import SeenMark
    from daemon.api.operation import Operation
    from daemon.api.ports import LedgerPort, RebalancingPort
    from daemon.execution.commands import Cancel, CancelAll, Submission
    from daemon.rebalancing.desk import RebalanceDesk
    from daemon.setup import Current
    from daemon.web.page import Sources

START = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
ALPHA = StrategyName("alpha")
ALPHA_TOKEN = "alpha-token-0123456789abcdef0123456789ab"
BETA = StrategyName("beta")
BETA_TOKEN = "beta-token-fedcba9876543210fedcba987654"
BETA_KEY = b"beta signs its webhooks"
ADMIN_TOKEN = "admin-token-00112233445566778899aabbccdd"
ADMIN = {"Authorization": f"Bearer {ADMIN_TOKEN}"}


class FakeDesk:
    """Keeps submissions, answers each as done, and knows keys like the real one."""

    def __init__(self) -> None:
        self.submissions: list[Submission] = []
        self.fails_with: Exception | None = None
        self._keys: dict[tuple[str, str], bytes] = {}

    def submit_soon(
        self, submission: Submission, answered: Callable[[Reply | Exception], None]
    ) -> bool:
        """Answer TWAPs before it returns, as the real one does soon after."""
        if any(getattr(c, "order_type", None) is not OrderType.TWAP for c in submission.commands):
            return False
        if self.fails_with is not None:
            raise self.fails_with
        self.submissions.append(submission)
        answered(self._reply(len(self.submissions) - 1))
        return True

    async def submit(self, submission: Submission) -> Reply:
        if self.fails_with is not None:
            raise self.fails_with
        if submission.key is not None:
            key = (submission.strategy, submission.key)
            if self._keys.setdefault(key, submission.body_hash) != submission.body_hash:
                raise KeyReusedError(submission.key)
        self.submissions.append(submission)
        return self._reply(len(self.submissions) - 1)

    async def request_status(self, strategy: StrategyName, request_id: str) -> Reply | None:
        number = int(request_id) if request_id.isdecimal() else -1
        if not 0 <= number < len(self.submissions):
            return None
        return self._reply(number) if self.submissions[number].strategy == strategy else None

    def _reply(self, number: int) -> Reply:
        warnings = list(self.submissions[number].warnings)
        body = {"id": str(number), "status": "done", "success": True, "warnings": warnings}
        return Reply(200, orjson.dumps(body))


class FakeAdmin:
    """One account, two strategies, one book; live netting is empty."""

    def __init__(self) -> None:
        self.halts: dict[tuple[Scope, str], str] = {}
        self.waiting: dict[str, str | None] = {}
        self.alarms: dict[str, str | None] = {}

    def names(self, scope: Scope) -> Collection[str]:
        return {
            Scope.ALL: (),
            Scope.ACCOUNT: ("main",),
            Scope.STRATEGY: ("alpha", "beta"),
            Scope.BOOK: ("alpha_main",),
        }[scope]

    async def halt(self, scope: Scope, name: str, reason: str) -> None:
        self.halts[scope, name] = reason

    async def resume(self, scope: Scope, name: str, reason: str) -> bool:
        return bool(reason) and self.halts.pop((scope, name), None) is not None

    def book(self, name: str) -> tuple[StrategyName, AccountName] | None:
        return (ALPHA, AccountName("main")) if name == "alpha_main" else None

    async def stored_request(
        self, request_id: str
    ) -> tuple[StrategyName, RequestStatus, str] | None:
        body = '{"order_type": "MARKET", "symbol": "TQQQ", "side": "buy", "qty": "3"}'
        statuses = {"late": RequestStatus.DROPPED, "good": RequestStatus.DONE}
        return (ALPHA, statuses[request_id], body) if request_id in statuses else None

    async def strategy_of(self, order_id: str) -> StrategyName | None:
        return ALPHA if order_id == "A1" else None

    async def cancel_standing(self, request_id: str) -> bytes | None:
        return None if request_id == "unknown" else b"{}"

    async def preview_cancel(
        self, strategy: StrategyName, commands: Sequence[Cancel | CancelAll]
    ) -> Mapping[str, object]:
        return {"strategy": strategy, "preview": True, "asked": len(commands)}

    async def run_netting(self, account: str | None, symbol: Symbol | None) -> Mapping[str, object]:
        return {"pairs": [], "account": account, "symbol": symbol}

    async def approve(self, order_id: str) -> None:
        self._decide(order_id, "approved")

    async def reject(self, order_id: str) -> None:
        self._decide(order_id, "rejected")

    async def see(self, ids: Sequence[str], by: str) -> list[SeenMark]:
        if set(ids) - self.alarms.keys():
            raise Refused(ErrorCode.NOT_FOUND, "there is no such alarm")
        for each in ids:
            self.alarms[each] = self.alarms[each] or by
        return [{"id": each, "seen_at": "", "seen_by": self.alarms[each] or ""} for each in ids]

    async def settle(self, child_id: str, number: str | None) -> None:
        if child_id not in self.waiting:
            raise UnknownOrderError(child_id)
        if self.waiting[child_id] is not None:
            raise NotUnknownError("the order is open, not unknown")
        if number == "0":
            raise BrokerUnavailableError("no answer in time")
        self.waiting[child_id] = number or "absent"

    def _decide(self, order_id: str, answer: str) -> None:
        if order_id not in self.waiting:
            raise UnknownOrderError(order_id)
        if self.waiting[order_id] is not None:
            raise NotWaitingError(f"order {order_id} was {self.waiting[order_id]} before")
        self.waiting[order_id] = answer

    async def preview_live_netting(self, body: Mapping[str, Json]) -> Mapping[str, object]:
        return {"pairs": [], "remaining": [], "live": True, "asked": sorted(body)}

    async def loc_sheet(self, account: str, symbol: str) -> Mapping[str, object]:
        return {"account": account, "symbol": symbol, "rows": []}


class House:
    """A whole HTTP side, with everything it talks to."""

    def __init__(
        self,
        *,
        allow_from: Networks | None = None,
        alpha_from: Networks | None = None,
        proxies: Networks | None = None,
    ) -> None:
        nowhere = Networks(())
        self.clock = LoopClock(START)
        self.desk = FakeDesk()
        self.admin = FakeAdmin()
        self.readiness = Readiness()
        self.metrics = Metrics()
        self.sessions = Sessions(self.clock, secure=False)
        self.more: list[HasOperations] = []
        alpha = StrategyAccess(
            name=ALPHA, token_digest=digest(ALPHA_TOKEN), allow_from=alpha_from or nowhere
        )
        beta = StrategyAccess(name=BETA, token_digest=digest(BETA_TOKEN), signature_key=BETA_KEY)
        self.door = Door(
            authority=Authority([alpha, beta], digest(ADMIN_TOKEN)),
            throttle=FailureThrottle(self.clock),
            allow_from=allow_from or nowhere,
            trusted_proxies=proxies or nowhere,
        )

    def app(self) -> web.Application:
        return make_app(
            Parts(
                desk=self.desk,
                admin=self.admin,
                door=self.door,
                clock=self.clock,
                readiness=self.readiness,
                metrics=self.metrics,
                sessions=self.sessions,
                more=self.more,
            )
        )

    def operations(self) -> list[Operation]:
        """Return everything that can be asked of a daemon."""
        nothing = cast("SqliteDriver", None)
        lists = Lists(nothing, cast("Current", None))
        self.more = [
            lists,
            EventStream(SignalBus(), lists, self.sessions),
            Restoring(lambda: False, lambda: None),
            Ledger(cast("LedgerPort", None)),
            Rebalancing(cast("RebalancingPort", None), cast("RebalanceDesk", None)),
            Site(cast("Sources", None), SignalBus()),
        ]
        app = self.app()
        return app[OPERATIONS]

    @asynccontextmanager
    async def client(self) -> AsyncIterator[TestClient[web.Request, web.Application]]:
        async with TestClient(TestServer(self.app())) as client:
            yield client


def signal(**changes: object) -> dict[str, object]:
    """Return alpha's market order, changed; a change to None leaves the key out."""
    whole: dict[str, object] = {
        "group_name": "alpha",
        "token": ALPHA_TOKEN,
        "order_type": "MARKET",
        "symbol": "BTC/USDT",
        "side": "buy",
        "qty": "0.5",
    }
    return {key: value for key, value in (whole | changes).items() if value is not None}
