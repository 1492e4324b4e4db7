"""Execution notices: frames of the event socket, taken apart, deciphered and read.

Only the fields that every known layout has in the same place count: 18 of a Korean record (22, 23
and 26 fields are known), 17 of an American one. What follows is for people.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from adapters.fields import MalformedError
from adapters.kis.desk import SIDES
from adapters.kis.fields import order_number
from adapters.kis.hosts import Profile
from algorithms.decimals import EXACT, ZERO
from algorithms.domain import Symbol

if TYPE_CHECKING:
    from algorithms.domain import Side

TOPICS = {
    ("XKRX", Profile.REAL): "H0STCNI0",
    ("XKRX", Profile.PAPER): "H0STCNI9",
    ("XNYS", Profile.REAL): "H0GSCNI0",
    ("XNYS", Profile.PAPER): "H0GSCNI9",
}
KOREAN = "H0ST"
LENGTHS = frozenset({22, 23, 24, 25, 26})
"""Fields of a record that have been described or seen, Korean and American."""
PRICE_PLACES = 4
"""Digits of an American price behind its point, which is not written."""
BLOCK_BITS = 128
NEW, CANCEL = "0", "2"


@dataclass(frozen=True, slots=True)
class Secret:
    """The key of one topic; every acknowledgement brings another."""

    key: str
    iv: str

    def decipher(self, payload: str) -> str:
        """Raises MalformedError."""
        try:
            cipher = Cipher(AES(self.key.encode()), CBC(self.iv.encode()))
            decryptor, unpadder = cipher.decryptor(), PKCS7(BLOCK_BITS).unpadder()
            padded = decryptor.update(base64.b64decode(payload)) + decryptor.finalize()
            return (unpadder.update(padded) + unpadder.finalize()).decode()
        except ValueError as error:
            raise MalformedError(f"a notice could not be deciphered: {error}") from error


@dataclass(frozen=True, slots=True)
class Frame:
    """A message that carries records of a topic."""

    topic: str
    is_secret: bool
    count: int
    payload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What happened to an order. ``quantity`` and ``price`` are an execution's own if it is one.

    ``what``: ``0`` a new order, ``1`` an amendment, ``2`` a cancel. ``side`` is None where its
    code is no known one. ``has_lapsed``: what was not filled at once is gone. ``text`` is the
    whole record.
    """

    account: str
    number: str
    origin: str
    side: Side | None
    what: str
    division: str
    symbol: Symbol
    quantity: Decimal
    price: Decimal
    is_refused: bool
    is_execution: bool
    has_lapsed: bool
    text: str


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the fields of a record are."""

    least: int
    symbol: int
    quantity: int
    refused: int
    kind: int


_KOREAN = _Layout(least=18, symbol=8, quantity=9, refused=12, kind=13)
_AMERICAN = _Layout(least=17, symbol=7, quantity=8, refused=11, kind=12)


def read_frame(text: str) -> Frame:
    """Take a data frame apart. Raises MalformedError."""
    parts = text.split("|", 3)
    if len(parts) != len(("secret", "topic", "count", "payload")) or not parts[2].isdecimal():
        raise MalformedError(f"no frame: {text[:40]!r}")
    return Frame(parts[1], parts[0] == "1", int(parts[2]), parts[3])


def read_notices(frame: Frame, payload: str) -> list[Notice]:
    """Read the records of a frame, deciphered. Raises MalformedError."""
    fields = payload.split("^")
    length, rest = divmod(len(fields), max(frame.count, 1))
    layout = _KOREAN if frame.topic.startswith(KOREAN) else _AMERICAN
    if rest or length < layout.least:
        raise MalformedError(f"{frame.count} notices in {len(fields)} fields")
    records = [fields[start : start + length] for start in range(0, len(fields), length)]
    return [_notice(record, layout) for record in records]


def _notice(record: list[str], layout: _Layout) -> Notice:
    korean = layout is _KOREAN
    price = _number(record[layout.quantity + 1])
    if not korean and "." not in record[layout.quantity + 1]:
        price = price.scaleb(-PRICE_PLACES, EXACT).normalize(EXACT)
    return Notice(
        account=record[1].strip(),
        number=order_number(record[2]),
        origin=order_number(record[3]),
        side=SIDES.get(record[4].strip()),
        what=record[5].strip(),
        division=record[6].strip() if korean else "",
        symbol=Symbol(record[layout.symbol].strip()),
        quantity=_number(record[layout.quantity]),
        price=price,
        is_refused=record[layout.refused].strip() == "1",
        is_execution=record[layout.kind].strip() == "2",
        has_lapsed=record[layout.kind + 1].strip() == "3",
        text="^".join(record),
    )


def _number(text: str) -> Decimal:
    try:
        value = Decimal(text.strip() or "0")
    except InvalidOperation:
        raise MalformedError(f"no number in a notice: {text[:20]!r}") from None
    return value if value.is_finite() else ZERO
