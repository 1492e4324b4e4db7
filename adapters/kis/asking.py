"""Questions to KIS: asked twice at most, page by page, answered whole or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from adapters.broker import (
    BrokerMisconfiguredError,
    BrokerUnavailableError,
    RefusalCode,
    UnknownSymbolError,
)
from adapters.http import NotSent
from adapters.kis.answers import Reply
from adapters.kis.codes import Remedy, meaning_of

if TYPE_CHECKING:
    from adapters.kis.answers import Observation
    from adapters.kis.hub import Access
    from adapters.kis.wire import Call

PAUSE_S = 0.3
"""Before a question is asked for the second time."""
MOST_PAGES = 100
MOST_STARTS = 3
"""How often a list that changes while it is read is begun again."""


class ChangedError(BrokerUnavailableError):
    """The list changed between two of its pages."""


class Asker:
    """Asks on behalf of one account."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self.clock = access.clock
        self.oddities = access.oddities

    async def send(self, call: Call) -> Observation:
        """Send a request, once, whatever it does."""
        return await self._access.send(call)

    async def ask(self, call: Call) -> Reply:
        """Return a good answer, or one that says that there is nothing to show.

        Raises BrokerUnavailableError, BrokerMisconfiguredError or UnknownSymbolError.
        """
        seen = await self._access.send(call)
        if _may_be_repeated(seen):
            await self._access.clock.sleep(PAUSE_S)
            seen = await self._access.send(call)
        return _judged(seen)

    async def pages(self, call: Call, keys: tuple[str, str]) -> list[Reply]:
        """Return all pages of a list. ``keys``: the two parameters that say where to go on."""
        for _ in range(MOST_STARTS):
            try:
                return await self._pages(call, keys)
            except ChangedError:
                continue
        raise BrokerUnavailableError("a list changed again and again while it was read")

    async def _pages(self, call: Call, keys: tuple[str, str]) -> list[Reply]:
        place = ("", "")
        found: list[Reply] = []
        for _ in range(MOST_PAGES):
            params = tuple(
                (name, dict(zip(keys, place, strict=True)).get(name, value))
                for name, value in call.params
            )
            reply = await self.ask(replace(call, params=params, continued=bool(found)))
            found.append(reply)
            before, place = place, _place(reply, keys)
            if not any(part.strip() for part in place):
                return found
            # Whether there is more, only the header says: some last pages carry keys, too.
            if not reply.has_more or place == before or reply.is_empty:
                return found
        raise BrokerUnavailableError(f"a list of more than {MOST_PAGES} pages")


def _place(reply: Reply, keys: tuple[str, str]) -> tuple[str, str]:
    """Return where the next page begins, copied as it was written, padding and all."""
    first, second = (reply.body.get(key.lower()) for key in keys)
    return (str(first or ""), str(second or ""))


def _may_be_repeated(seen: Observation) -> bool:
    if isinstance(seen, NotSent):
        return not seen.person
    if not isinstance(seen, Reply):
        return True
    if seen.is_good or seen.is_empty:
        return False
    return meaning_of(seen.code, seen.message).remedy in {Remedy.AGAIN, Remedy.WAIT}


def _judged(seen: Observation) -> Reply:
    if isinstance(seen, NotSent) and seen.person:
        raise BrokerMisconfiguredError(seen.reason)
    if not isinstance(seen, Reply):
        raise BrokerUnavailableError(seen.reason)
    if seen.is_good or seen.is_empty:
        return seen
    meaning = meaning_of(seen.code, seen.message)
    if meaning.remedy is Remedy.RESTART:
        raise ChangedError(seen.said())
    if meaning.remedy is Remedy.PERSON:
        raise BrokerMisconfiguredError(seen.said())
    if meaning.refusal is RefusalCode.UNKNOWN_SYMBOL:
        raise UnknownSymbolError(seen.said())
    raise BrokerUnavailableError(seen.said())
