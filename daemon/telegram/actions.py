"""What a person may do from a chat. Each is only a question first, which says what will be done.

The work is done where it is done for everybody else: halts by the administration, cancels by the
desk. The question's key is the idempotency key of its cancel.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

import orjson

from daemon.api.webhook_model import read_signal
from daemon.execution.commands import BY_HAND, Cancel, CancelAll, Submission, as_of
from daemon.execution.halts import Scope
from daemon.notify.lengths import as_fits
from daemon.telegram.looks import order_text
from daemon.telegram.questions import Question

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from adapters.clock import Clock
    from algorithms.domain import ParentOrder
    from daemon.api.by_hand import CancelPreview
    from daemon.api.decode import Json
    from daemon.api.ports import AdminPort, DeskPort
    from daemon.i18n import Words


class NotUnderstoodError(Exception):
    """The words of a command make no sense; the message says what would."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is halted or resumed. ``name`` is empty for everything."""

    scope: Scope
    name: str

    def said(self, words: Words) -> str:
        """Name it as people do."""
        return f"{words.label(self.scope)} {self.name}".strip()


class Actions:
    """Makes questions of commands."""

    def __init__(self, admin: AdminPort, desk: DeskPort, clock: Clock) -> None:
        self._admin = admin
        self._desk = desk
        self._clock = clock

    def halt(self, given: Sequence[str], words: Words) -> Question:
        """``[all | account NAME | strategy NAME | book NAME] [reason]``; or a name alone."""
        target, rest = self._target(given, words)
        reason = " ".join(rest)

        async def carry_out(_: str, who: str) -> str:
            why = reason or words.say("by {who} in a chat", who=who)
            await self._admin.halt(target.scope, target.name, why)
            return words.say("Halted: {what}.", what=target.said(words))

        return Question(
            words.say(
                "Halt {what}? New orders are stopped. What is at brokers stays there, and cancels "
                "still work.",
                what=target.said(words),
            ),
            words.say("Halt"),
            carry_out,
        )

    def resume(self, given: Sequence[str], words: Words) -> Question:
        """As ``halt``, for the other way."""
        target, rest = self._target(given, words)
        reason = " ".join(rest)

        async def carry_out(_: str, who: str) -> str:
            why = reason or words.say("by {who} in a chat", who=who)
            if await self._admin.resume(target.scope, target.name, why):
                return words.say("Resumed: {what}.", what=target.said(words))
            return words.say("It was not halted: {what}.", what=target.said(words))

        text = words.say("Resume {what}? New orders pass again.", what=target.said(words))
        return Question(text, words.say("Resume"), carry_out)

    def approve(self, order: ParentOrder, words: Words) -> Question:
        """Let an order be worked that waits for a yes."""

        async def carry_out(_: str, __: str) -> str:
            await self._admin.approve(order.id)
            return words.say("Approved: {order}.", order=order_text(order, words))

        text = words.say("Approve this order?") + "\n" + order_text(order, words)
        return Question(text, words.say("Approve"), carry_out)

    def reject(self, order: ParentOrder, words: Words) -> Question:
        """End an order that waits for a yes."""

        async def carry_out(_: str, __: str) -> str:
            await self._admin.reject(order.id)
            return words.say("Rejected: {order}.", order=order_text(order, words))

        text = words.say("Reject this order?") + "\n" + order_text(order, words)
        return Question(text, words.say("Reject"), carry_out)

    async def cancel(self, given: Sequence[str], words: Words) -> Question | str:
        """``STRATEGY [SYMBOL] [buy | sell]``, ``BOOK ...`` or ``ORDER``. Raises BadInput.

        Returns the question with everything that it would end, or a text if that is nothing.
        """
        if not given:
            raise NotUnderstoodError(
                words.say("Write /cancel STRATEGY [SYMBOL], or /cancel ORDER.")
            )
        document = await self._cancel_words(given, words)
        signal = read_signal(document, by_hand=True)
        commands = [each for each in signal.commands if isinstance(each, Cancel | CancelAll)]
        preview = cast("CancelPreview", await self._admin.preview_cancel(signal.strategy, commands))
        text = _preview_text(preview, words)
        if not preview["orders"]:
            return text
        return Question(text, words.say("Cancel them"), partial(self._cancel, document, words))

    async def _cancel(self, document: Mapping[str, Json], words: Words, key: str, _: str) -> str:
        signal = read_signal({**document, "id": f"chat:{key}"}, by_hand=True)
        reply = await self._desk.submit(
            Submission(
                strategy=signal.strategy,
                source=BY_HAND,
                commands=as_of(BY_HAND, signal.commands),
                key=signal.key,
                body_hash=hashlib.sha256(signal.body.encode()).digest(),
                body=signal.body,
                warnings=signal.warnings,
                received_at=self._clock.now(),
            )
        )
        return _cancelled_text(orjson.loads(reply.body), words)

    def _target(self, given: Sequence[str], words: Words) -> tuple[Target, Sequence[str]]:
        if not given or given[0] == Scope.ALL.value:
            return Target(Scope.ALL, ""), given[1:]
        first, rest = given[0], given[1:]
        if first in {Scope.ACCOUNT, Scope.STRATEGY, Scope.BOOK}:
            scope = Scope(first)
            if not rest or rest[0] not in self._admin.names(scope):
                known = ", ".join(sorted(self._admin.names(scope))) or "-"
                raise NotUnderstoodError(
                    words.say("Which {scope}? There are: {known}.", scope=first, known=known)
                )
            return Target(scope, rest[0]), rest[1:]
        found = [scope for scope in Scope if first in self._admin.names(scope)]
        if len(found) == 1:
            return Target(found[0], first), rest
        if found:
            raise NotUnderstoodError(
                words.say(
                    "{name} is several things. Say which: {choices}.",
                    name=first,
                    choices=", ".join(f"{scope.value} {first}" for scope in found),
                )
            )
        raise NotUnderstoodError(
            words.say("No account, strategy or book is called {name}.", name=first)
        )

    async def _cancel_words(self, given: Sequence[str], words: Words) -> dict[str, Json]:
        """Say a cancel as a webhook would."""
        name, rest = given[0], given[1:]
        if name in self._admin.names(Scope.STRATEGY):
            document: dict[str, Json] = {"group_name": name}
        elif (book := self._admin.book(name)) is not None:
            document = {"group_name": book[0], "account": book[1]}
        elif (owner := await self._admin.strategy_of(name.upper())) is not None and not rest:
            return {"group_name": owner, "order_type": "CANCEL", "order_id": name.upper()}
        else:
            raise NotUnderstoodError(
                words.say("No strategy, book or order of ours is called {name}.", name=name[:64])
            )
        for word in rest:
            document["side" if word.lower() in {"buy", "sell"} else "symbol"] = word
        return {**document, "order_type": "CANCEL_ALL_ORDER"}


def _preview_text(preview: CancelPreview, words: Words) -> str:
    orders = preview["orders"]
    if not orders:
        return "\n".join(
            [words.say("No open orders to cancel."), *map(words.again, preview["problems"])]
        )
    lines = [
        words.count("Cancel {number} order?", "Cancel {number} orders?", len(orders)),
        *(
            f"{order['account']}/{order['book']} {words.label(order['side'])} {order['remain']} "
            f"{order['symbol']} {order['order_type']}"
            for order in orders
        ),
    ]
    stays = [
        f"{neighbour['strategy']} {neighbour['orders']} ({account['account']})"
        for account in preview["accounts"]
        for neighbour in account["stays"]
    ]
    if stays:
        lines.append(words.say("What stays there: {stays}.", stays=", ".join(stays)))
    return as_fits(lines, lambda left: words.count("{number} more", "{number} more", left))


def _cancelled_text(answer: Mapping[str, object], words: Words) -> str:
    """Say what came of a cancel. It may go on: then the answer says so."""
    cancelled, failed = int(str(answer["cancelled_orders"])), int(str(answer["failed_orders"]))
    lines = [words.count("{number} order cancelled.", "{number} orders cancelled.", cancelled)]
    if failed:
        lines.append(words.count("{number} not cancelled:", "{number} not cancelled:", failed))
        lines.append(words.again(str(answer["message"])))
    if answer["status"] in {"stored", "working"}:
        lines.append(words.say("The rest goes on; a notice tells if it stays so."))
    return "\n".join(lines)
