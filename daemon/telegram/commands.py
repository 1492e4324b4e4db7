"""The words that can be written to the bot, and who answers each."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from adapters.sqlite.errors import StorageError
from daemon.api.errors import Refused
from daemon.api.problems import BadInput
from daemon.execution.approvals import NotWaitingError
from daemon.i18n import words_in
from daemon.notify.channel import APPROVE, REJECT, SEEN
from daemon.notify.lengths import TEXT_UNITS_MAX, cut
from daemon.telegram.actions import Actions, NotUnderstoodError
from daemon.telegram.alarms import Alarms
from daemon.telegram.looks import Looks
from daemon.telegram.sheet import sheet_text, sheets_there_are

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from adapters.clock import Clock
    from algorithms.domain import ParentOrder
    from daemon.administration import Administration
    from daemon.api.health import Readiness
    from daemon.engine import Engine
    from daemon.i18n import Words
    from daemon.telegram.questions import Pressed, Question

    Given = Sequence[str]
    Answer = Question | str

HELP = {
    "status": "whether all is well, what is halted",
    "positions": "what books hold: /positions [BOOK]",
    "orders": "what has not ended: /orders [BOOK]",
    "sheet": "closing orders: /sheet ACCOUNT SYMBOL",
    "halt": "stop new orders: /halt [NAME] [reason]",
    "resume": "let them pass again: /resume [NAME]",
    "approve": "say yes to an order: /approve [ORDER]",
    "reject": "say no to it: /reject [ORDER]",
    "cancel": "cancel orders: /cancel STRATEGY [SYMBOL]",
    "seen": "alarms nobody has seen, and mark them",
    "help": "this list",
}
"""The commands, with the few words of the menu; said in the language of the daemon."""

log = logging.getLogger(__name__)


class Commands:
    """Answers what is written, and carries out what is pressed. Nothing here raises."""

    def __init__(
        self, engine: Engine, admin: Administration, readiness: Readiness, clock: Clock
    ) -> None:
        self._engine = engine
        self._looks = Looks(engine, readiness)
        self._actions = Actions(admin, engine.desk, clock)
        self._alarms = Alarms(engine, admin, clock)
        self._table: dict[str, Callable[[Given], Awaitable[Answer]]] = {
            "status": self._status,
            "positions": self._positions,
            "orders": self._orders,
            "sheet": self._sheet,
            "halt": self._halt,
            "resume": self._resume,
            "approve": partial(self._decide, self._actions.approve),
            "reject": partial(self._decide, self._actions.reject),
            "cancel": self._cancel,
            "seen": self._seen,
            "help": self._help,
            "start": self._help,
        }

    @property
    def words(self) -> Words:
        """The language of the daemon."""
        return words_in(self._engine.config.daemon.locale)

    def menu(self) -> dict[str, str]:
        """Return every command with what it is for."""
        return {name: self.words.say(text) for name, text in HELP.items()}

    async def answer(self, text: str) -> Answer | None:
        """Answer what was written; None to what is no command, and wants no answer."""
        if not text.startswith("/"):
            return None
        first, *given = text.split()
        name = first[1:].partition("@")[0].lower()  # in groups: /status@the_bot
        command = self._table.get(name)
        if command is None:
            return self.words.say("There is no /{name}. /help lists what there is.", name=name[:32])
        return await self._explained(command(given))

    async def carry_out(self, pressed: Pressed, who: str) -> str:
        """Do what a question was about; return what came of it."""
        done = await self._explained(pressed.question.carry_out(pressed.key, who))
        assert isinstance(done, str)  # what is done asks nothing more
        return done

    async def decide(self, data: str, who: str) -> str | None:
        """Do what a button below a notice says; None if there is nothing of the kind any more."""
        word, _, named = data.partition(":")
        ask = {APPROVE: self._actions.approve, REJECT: self._actions.reject}.get(word)

        async def work() -> Answer:
            if word == SEEN:
                return await self._alarms.mark(named, who, self.words) or ""
            order = None if ask is None else await self._looks.order(named)
            if ask is None or order is None:
                return ""
            return await ask(order, self.words).carry_out(named, who)

        done = await self._explained(work())
        assert isinstance(done, str)  # what is done asks nothing more
        return done or None

    async def _explained(self, work: Awaitable[Answer]) -> Answer:
        try:
            return await work
        except (NotUnderstoodError, BadInput, NotWaitingError, Refused) as error:
            return cut(self._said(error), TEXT_UNITS_MAX)
        except StorageError as error:
            log.warning("a command could not be done: %s", error)
            return self.words.say(
                "Not done, the database does not answer: {error}",
                error=self.words.again(str(error)),
            )
        except Exception:
            log.exception("a command failed")
            return self.words.say("Not done, for a fault of the daemon. Its log says more.")

    def _said(self, error: Exception) -> str:
        match error:
            case Refused():
                return self.words.again(error.detail)
            case NotWaitingError():
                return self.words.say("Not done: {reason}", reason=self.words.again(str(error)))
            case NotUnderstoodError():
                return str(error)
            case _:
                return self.words.again(str(error))

    async def _status(self, _: Given) -> Answer:
        return await self._looks.status(self.words)

    async def _positions(self, given: Given) -> Answer:
        return await self._looks.positions(self.words, self._narrowed(given))

    async def _orders(self, given: Given) -> Answer:
        return await self._looks.orders(self.words, self._narrowed(given))

    async def _sheet(self, given: Given) -> Answer:
        words, services = self.words, self._engine.services
        there_are = await sheets_there_are(services)
        if len(given) == 0 and len(there_are) == 1:
            given = there_are[0]
        if len(given) != 2:  # noqa: PLR2004 - an account and a symbol
            known = ", ".join(f"/sheet {account} {symbol}" for account, symbol in there_are[:20])
            return words.say("Write /sheet ACCOUNT SYMBOL. Now: {known}", known=known or "-")
        locale = self._engine.config.daemon.locale
        return await sheet_text(services, words, locale, given[0], given[1])

    async def _halt(self, given: Given) -> Answer:
        return self._actions.halt(given, self.words)

    async def _resume(self, given: Given) -> Answer:
        return self._actions.resume(given, self.words)

    async def _decide(self, ask: Callable[[ParentOrder, Words], Question], given: Given) -> Answer:
        if not given:
            return await self._looks.waiting(self.words)
        order = await self._looks.order(given[0].upper())
        if order is None:
            raise NotUnderstoodError(
                self.words.say("There is no order {order}.", order=given[0][:64])
            )
        return ask(order, self.words)

    async def _cancel(self, given: Given) -> Answer:
        return await self._actions.cancel(given, self.words)

    async def _seen(self, _: Given) -> Answer:
        return await self._alarms.ask(self.words)

    async def _help(self, _: Given) -> Answer:
        return "\n".join(f"/{name} - {text}" for name, text in self.menu().items())

    def _narrowed(self, given: Given) -> str | None:
        if not given:
            return None
        if given[0] not in self._looks.known_names():
            raise NotUnderstoodError(
                self.words.say("No account, strategy or book is called {name}.", name=given[0][:64])
            )
        return given[0]
