"""Our own ids: unique for ever, sorted by creation, fit for every broker.

The form is that of a ULID (48 bits of milliseconds, 80 random bits, Crockford's base 32), so the
text order of ids is the order of creation, which netting and slicing go by. Ids never repeat,
even after a database was restored from a backup: a broker would take a repeated client id of a
finished order for a new order.
"""

from __future__ import annotations

import random
from threading import Lock
from typing import TYPE_CHECKING

from algorithms.domain import ChildId, ParentId

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.clock import Clock
    from algorithms.domain import StrategyName

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS = 80
_LOW_BITS = 20
_LOW = (1 << _LOW_BITS) - 1
_PAIRS = tuple(high + low for high in _ALPHABET for low in _ALPHABET)
TAG_LENGTH = 8


def _spell(value: int, pairs: int) -> str:
    """Write the lowest ``pairs`` x 10 bits, two letters for each ten."""
    return "".join([_PAIRS[(value >> shift) & 1023] for shift in range(pairs * 10 - 10, -1, -10)])


def id_before(moment: datetime) -> str:
    """Return the id that is less than all ids made from this time on, as long as no clock jumps."""
    return _spell(int(moment.timestamp() * 1000) << _RANDOM_BITS, 13)


class IdSource:
    """Makes ids; safe to use from the event loop and the database's thread at once."""

    def __init__(self, clock: Clock, source: random.Random | None = None) -> None:
        self._clock = clock
        # Ids need to be unique, not secret: one draw of entropy per process is enough.
        self._random = source or random.Random(random.SystemRandom().getrandbits(256))  # noqa: S311
        self._lock = Lock()
        self._begin(0)

    def go_on_after(self, newest: str) -> None:
        """Make every id from here on greater than this one, whatever the clock says.

        They do not count on from it: the process that made it may have made more, which stand
        where nobody looks for the newest, or which only a broker has seen.
        """
        value = 0
        for letter in newest:
            value = value << 5 | _ALPHABET.index(letter)
        with self._lock:
            if value > (self._high << _LOW_BITS | self._low):
                self._begin_at((value >> _RANDOM_BITS) + 1)

    def new(self, at: datetime | None = None) -> str:
        """Return a new id, greater than every id made before it.

        ``at``: now, where somebody has just looked at the clock.
        """
        milliseconds = int((at or self._clock.now()).timestamp() * 1000)
        with self._lock:
            # Same millisecond, or a clock that was set back: stay in order.
            if milliseconds > self._milliseconds:
                self._begin_at(milliseconds)
            return self._successor()

    def next(self) -> str:
        """Return the id that follows the last one, without a look at the clock.

        For what is made together with something that has an id of its own already.
        """
        with self._lock:
            return self._successor()

    def _begin_at(self, milliseconds: int) -> None:
        """Begin anywhere in a millisecond, where no other process begins."""
        self._begin(milliseconds << _RANDOM_BITS | self._random.getrandbits(_RANDOM_BITS - 1))

    def _begin(self, value: int) -> None:
        """Go on after this one. Ids of one millisecond share their beginning, spelled once."""
        self._milliseconds = value >> _RANDOM_BITS
        self._high = value >> _LOW_BITS
        self._low = value & _LOW
        self._high_text = _spell(self._high, 11)

    def _successor(self) -> str:
        if self._low == _LOW:  # once in a million
            self._begin(self._high + 1 << _LOW_BITS)
        self._low = low = self._low + 1
        return f"{self._high_text}{_PAIRS[low >> 10]}{_PAIRS[low & 1023]}"

    def parent(self) -> ParentId:
        """Return the id of a new parent order, made in the transaction of its request."""
        return ParentId(self.next() if self._milliseconds else self.new())

    def child(self, strategy: StrategyName, at: datetime | None = None) -> ChildId:
        """Return the id of a new child order, which is also its client order id.

        ``at`` is as for ``new``.
        At most 36 letters, digits, ``-`` and ``_``, which every venue accepts. It starts with
        the strategy's name, so that a person reading the broker's own pages sees whose it is.
        """
        return ChildId(f"{strategy[:TAG_LENGTH]}-{self.new(at)}")
