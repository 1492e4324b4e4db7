"""The strategies of a simulated day: they send, remember what they were told, and compare.

What a caller was told must be so on disk at that moment, must be told again when the request is
repeated, and must not change afterwards. What was asked is kept, so that it can be compared with
what was done.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from adapters.sqlite.errors import StorageError
from algorithms.domain import StrategyName
from daemon.execution.commands import Cancel, CancelAll, Place, Submission
from daemon.execution.desk import KeyReusedError, Reply
from tests.simulation.happenings import Happening
from tests.support.world import remember

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from adapters.clock import Clock
    from tests.simulation.happenings import Tally
    from tests.simulation.judge import Judge
    from tests.simulation.plan import Webhook
    from tests.support.world import World

FINAL = frozenset({"done", "partial", "failed", "dropped"})
ENDED = frozenset({"cancelled", "filled_meanwhile", "ended_before"})
"""What an answer calls orders that do not live any more."""


@dataclass(slots=True)
class Callers:
    """Sends the requests of all strategies. ``known`` gets the ids of orders that were told."""

    judge: Judge
    tally: Tally
    clock: Clock
    tell: Callable[[str], None]
    wrong: Callable[[str], None]
    excused: Callable[[], bool]
    """Whether a request may be refused because nothing can be stored."""
    known: list[str]
    asked: dict[str, Webhook] = field(default_factory=dict)
    """Requests that were acknowledged, by the id that was told."""
    _final: dict[str, bytes] = field(default_factory=dict)
    _ids: dict[tuple[str, str], str] = field(default_factory=dict)
    """The first id that was told for a strategy's key."""

    async def send(self, day: World, number: int, webhook: Webhook) -> None:
        """Send a request, and look whether the answer is true."""
        submission = Submission(
            strategy=StrategyName(webhook.strategy),
            source="webhook",
            commands=webhook.commands,
            key=webhook.key,
            body_hash=hashlib.sha256(repr(webhook.commands).encode()).digest(),
            body=remember(webhook.commands),
            warnings=(),
            received_at=self.clock.now(),
        )
        try:
            reply = await self._submitted(day, submission)
        except KeyReusedError:
            self.wrong(f"#{number}: 409, and nobody reuses a key of his own")
            return
        except StorageError as error:
            self.tell(f"#{number} 503 {error}")
            if not self.excused():
                self.wrong(f"#{number}: {error}")
            return
        body = orjson.loads(reply.body)
        self.tell(f"#{number} {reply.http_status} {body['id']} {body['message']}")
        for what in self._untrue(webhook, body):
            self.wrong(f"#{number}: {what}")
        self._keep(webhook, body, reply)
        for result in body["results"]:
            for order in result["orders"]:
                if order["error"]:
                    self.tell(f"#{number}   {result['account_id']}: {order['error']}")
                self.known += [
                    known for known in (order["id"], order["exchange_order_id"]) if known
                ]

    async def _submitted(self, day: World, submission: Submission) -> Reply:
        """Take the way that a webhook takes: the short one where it can be had."""
        desk = day.engine.desk
        replied: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

        def answered(outcome: Reply | Exception) -> None:
            if isinstance(outcome, Reply):
                request_id = orjson.loads(outcome.body)["id"]
                if not self.judge.has_request(request_id):
                    self.wrong(f"{request_id} was answered before it was on disk")
            if replied.done():
                return
            if isinstance(outcome, Reply):
                replied.set_result(outcome)
            else:
                replied.set_exception(outcome)

        if not desk.submit_soon(submission, answered):
            return await desk.submit(submission)
        self.tally.note(Happening.SHORT)
        return await replied

    def _keep(self, webhook: Webhook, body: dict[str, Any], reply: Reply) -> None:
        self.asked[body["id"]] = webhook
        if body["status"] in FINAL and "duplicate" not in body:
            self._final.setdefault(body["id"], reply.body)

    def _untrue(self, webhook: Webhook, body: dict[str, Any]) -> Iterator[str]:
        """Say what of an answer is not so."""
        request_id = body["id"]
        if not self.judge.has_request(request_id):
            yield f"{request_id} was answered, and is not on disk"
        if webhook.key is not None:
            first = self._ids.setdefault((webhook.strategy, webhook.key), request_id)
            if first != request_id:
                yield f"its key was {first} before, and is {request_id} now"
        if body["success"] and isinstance(command := webhook.commands[-1], CancelAll):
            yield from self.judge.escaped(webhook.strategy, request_id, command)
        if any(isinstance(command, Cancel) for command in webhook.commands):
            ended = [
                order["id"]
                for result in body["results"]
                for order in result["orders"]
                if order["outcome"] in ENDED
            ]
            yield from self.judge.alive(ended)

    async def outcomes(self, day: World) -> None:
        """Compare, when a day is over, every outcome with what was told, and with what was asked.

        Each order asked for has come to an order or to a refusal in every book it was meant for.
        """
        for request_id, webhook in self.asked.items():
            strategy = StrategyName(webhook.strategy)
            reply = await day.engine.desk.request_status(strategy, request_id)
            body: dict[str, Any] = {} if reply is None else orjson.loads(reply.body)
            if reply is None or body["status"] not in FINAL:
                self.wrong(f"request {request_id} was acknowledged and is {body.get('status')}")
                continue
            told = self._final.get(request_id, reply.body)
            if told != reply.body:
                self.wrong(f"request {request_id} was answered with {told!r}, now {reply.body!r}")
            if all(isinstance(command, Place) for command in webhook.commands):
                items = sum(len(result["orders"]) for result in body["results"])
                books = day.engine.registry.books_of_strategy[strategy]
                meant = sum(
                    sum(command.venue.account in {None, book.account.name} for book in books) or 1
                    for command in webhook.commands
                )
                if items != meant:
                    self.wrong(f"request {request_id} has {items} outcomes, {meant} were meant")
