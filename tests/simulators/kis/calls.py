"""One call as it arrived, and what answers it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from tests.simulators.kis.refusals import OrderRefused, Reason, field_wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime, timedelta

    from tests.simulators.kis.orders import Order
    from tests.simulators.kis.services import Service

PLAIN_NUMBER = re.compile(r"\d{1,14}(\.\d{1,8})?")
WHOLE_NUMBER = re.compile(r"\d{1,10}")
DAY = re.compile(r"(\d{4})(\d\d)(\d\d)")


@dataclass(frozen=True, slots=True)
class Call:
    """``params`` as sent, keys in upper case; ``continues``: asks for the next page."""

    service: Service
    account: str
    params: Mapping[str, str]
    now: datetime
    continues: bool = False
    rejected_after: timedelta | None = None
    """A fault: how long after its acceptance the exchange rejects this order."""

    def text(self, name: str) -> str:
        return self.params[name].strip()

    def choice(self, name: str, *allowed: str) -> str:
        value = self.text(name)
        if value not in allowed:
            raise field_wrong(name)
        return value

    def units(self, name: str) -> int:
        value = self.text(name)
        if not WHOLE_NUMBER.fullmatch(value) or int(value) == 0:
            raise OrderRefused(Reason.QUANTITY)
        return int(value)

    def money(self, name: str) -> Decimal:
        """Return a price; blank is refused, as an order without one says 0."""
        value = self.text(name)
        if not PLAIN_NUMBER.fullmatch(value):
            raise OrderRefused(Reason.PRICE_MISSING)
        return Decimal(value)

    def number(self, name: str) -> int:
        """Return an order number, however padded."""
        value = self.text(name)
        if not WHOLE_NUMBER.fullmatch(value):
            raise OrderRefused(Reason.NO_ORIGINAL)
        return int(value)

    def day(self, name: str) -> date:
        value = self.text(name)
        found = DAY.fullmatch(value)
        if found is None:
            raise field_wrong(name)
        try:
            return self.now.date().replace(*(int(part) for part in found.groups()))
        except ValueError:
            raise field_wrong(name) from None


@dataclass(frozen=True, slots=True)
class Answer:
    """``parts``: the body without its codes. ``tr_cont``: the header that tells of more pages."""

    parts: Mapping[str, object] = field(default_factory=dict)
    code: str = "KIOK0510"
    text: str = "조회 완료"
    tr_cont: str = ""

    @property
    def body(self) -> dict[str, object]:
        return {**self.parts, "rt_cd": "0", "msg_cd": self.code, "msg1": self.text.ljust(80)}


@dataclass(frozen=True, slots=True)
class Route:
    """``needs``: the parameters that have to be there, blank or not."""

    handle: Callable[[Call], Answer]
    needs: tuple[str, ...] = ()


def padded_number(number: int) -> str:
    return f"{number:010d}"


def original_number(original: Order | None, none: str = "0000000000") -> str:
    """Spell the number of the order that an order amends or cancels."""
    return none if original is None else padded_number(original.number)


@lru_cache(maxsize=1_000)
def compact(day: date) -> str:
    return day.strftime("%Y%m%d")


def plain(amount: Decimal) -> str:
    """Return a number without trailing zeros and without an exponent."""
    return f"{amount.normalize():f}" if amount else "0"
