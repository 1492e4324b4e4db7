"""Alarms in a chat: those that nobody has seen yet, and the mark of who has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.notify.digest import LINES_MAX, digest
from daemon.notify.outbox import find, unseen
from daemon.telegram.questions import Question

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.clock import Clock
    from daemon.api.ports import AdminPort
    from daemon.engine import Engine
    from daemon.i18n import Words
    from daemon.notify.digest import Digest
    from daemon.notify.outbox import Notice


class Alarms:
    """Asks about alarms, and marks them."""

    def __init__(self, engine: Engine, admin: AdminPort, clock: Clock) -> None:
        self._engine = engine
        self._admin = admin
        self._clock = clock

    async def ask(self, words: Words) -> Question | str:
        """Ask whether the newest alarms are seen: those that fit, and none that comes since."""
        found = await self._engine.store.read(lambda view: unseen(view, LINES_MAX))
        if not found:
            return words.say("no alarm waits to be seen")
        told = self._told(found, words)
        ids = [alarm.id for alarm in found[: told.shown]]

        async def carry_out(_: str, who: str) -> str:
            await self._admin.see(ids, who)
            return words.count("{number} alarm seen.", "{number} alarms seen.", len(ids))

        title = words.count(
            "Mark {number} alarm as seen?", "Mark {number} alarms as seen?", len(ids)
        )
        return Question(f"{title}\n{told.text}", words.say("Mark as seen"), carry_out)

    async def mark(self, alarm_id: str, who: str, words: Words) -> str | None:
        """Mark one; return what it says and who saw it first, or None if there is no such alarm."""
        alarm = await self._engine.store.read(lambda view: find(view, alarm_id))
        if alarm is None:
            return None
        (mark,) = await self._admin.see([alarm.id], who)
        seen = words.say("Seen: {who}.", who=mark["seen_by"])
        return f"{self._told([alarm], words).text}\n{seen}"

    def _told(self, alarms: Sequence[Notice], words: Words) -> Digest:
        zone = self._engine.config.daemon.timezone
        return digest(alarms, zone, self._clock.now(), words)
