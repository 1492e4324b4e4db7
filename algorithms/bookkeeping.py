"""Events that are not orders: what each does to the books, as entries that become postings.

An entry is what one event does to one book and asset. Postings follow from it: whatever the books
of an account gain or lose together comes from, or goes to, the world outside. What came before
anybody recorded it stands in the suspense book already; recording takes it from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from algorithms.decimals import ONE, ZERO, divide, exactly, floor_divide, multiply, subtract
from algorithms.domain import EXTERNAL, SUSPENSE, Side
from algorithms.ledger import COST_PLACES, Holding, Posting, released, trade

if TYPE_CHECKING:
    from collections.abc import Iterable

    from algorithms.domain import AccountName, BookName
    from algorithms.instruments import Instrument

PLACES = 36
"""Digits after the point kept of a price or a cash per unit that a split divides."""


class EventKind(StrEnum):
    """Why the ledger has an event.

    The first three and funding make themselves, the others a person enters.
    """

    CAPITAL = "capital"
    OPENING = "opening"
    DIFFERENCE = "difference"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    DIVIDEND = "dividend"
    INTEREST = "interest"
    FUNDING = "funding"
    EXCHANGE = "exchange"
    SPLIT = "split"
    TRANSFER = "transfer"
    ASSIGNMENT = "assignment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What an event does to one book.

    ``quantity``: of the asset, into the book (+) or out of it (-). ``cost``: the change of what
    the book's holding of it has cost; ``profit``: what it realises by that. ``symbol``, ``price``
    and ``total`` (cash) are for history: what it was about, and at what price a unit.
    """

    book: BookName
    asset: str
    quantity: Decimal
    cost: Decimal = ZERO
    profit: Decimal = ZERO
    symbol: str | None = None
    price: Decimal | None = None
    total: Decimal | None = None


def postings_of(account: AccountName, entries: Iterable[Entry]) -> tuple[Posting, ...]:
    """Return the postings of an event; per asset they sum to zero with the world's part."""
    lines: list[Posting] = []
    outside: dict[str, Decimal] = {}
    for entry in entries:
        lines.append(Posting(account, entry.book, entry.asset, entry.quantity))
        outside[entry.asset] = subtract(outside.get(entry.asset, ZERO), entry.quantity)
    lines += (
        Posting(account, EXTERNAL, asset, amount) for asset, amount in outside.items() if amount
    )
    return tuple(lines)


def drawn(amount: Decimal, suspended: Decimal) -> Decimal:
    """How much of an amount stands in suspense already: of the same sign, and no more than that.

    ``drawn(5, 3)`` is 3, ``drawn(-5, -9)`` is -5, ``drawn(5, -3)`` is 0.
    """
    if amount > ZERO:
        return min(amount, max(suspended, ZERO))
    return max(amount, min(suspended, ZERO))


def from_suspense(asset: str, amount: Decimal, suspended: Decimal) -> list[Entry]:
    """Return the entry of the suspense book for an amount that reaches other books."""
    found = drawn(amount, suspended)
    return [Entry(book=SUSPENSE, asset=asset, quantity=found.copy_negate())] if found else []


def priced(book: BookName, asset: str, amount: Decimal, price: Decimal, holding: Holding) -> Entry:
    """Units that come (+) or go (-) at a price, as if traded, without the cash."""
    side = Side.BUY if amount > ZERO else Side.SELL
    after, profit = trade(holding, side, amount.copy_abs(), price)
    return Entry(
        book=book,
        asset=asset,
        quantity=amount,
        cost=subtract(after.cost, holding.cost),
        profit=profit,
        symbol=asset,
        price=price,
        total=multiply(amount, price),
    )


def carried(
    source: BookName, target: BookName, asset: str, amount: Decimal, holding: Holding
) -> list[Entry]:
    """Units that move from one book to another with their part of the cost, at no profit."""
    cost = released(holding, amount)
    price = divide(cost, amount, PLACES) if cost else None
    return [
        Entry(
            book=source,
            asset=asset,
            quantity=amount.copy_negate(),
            cost=cost.copy_negate(),
            symbol=asset,
            price=price,
        ),
        Entry(book=target, asset=asset, quantity=amount, cost=cost, symbol=asset, price=price),
    ]


def given_up(book: BookName, asset: str, amount: Decimal, holding: Holding) -> Entry:
    """Units that leave the account with their part of the cost, at no profit."""
    cost = released(holding, amount)
    return Entry(
        book=book,
        asset=asset,
        quantity=amount.copy_negate(),
        cost=cost.copy_negate(),
        symbol=asset,
        price=divide(cost, amount, PLACES) if cost else None,
    )


@dataclass(frozen=True, slots=True)
class Ratio:
    """A split: ``new`` units for ``old`` ones; both whole and above zero, not the same."""

    new: int
    old: int

    def __str__(self) -> str:
        return f"{self.new}:{self.old}"

    def units(self, quantity: Decimal, lot: Decimal) -> Decimal:
        """Whole lots that ``quantity`` becomes; a fraction of a lot is paid out by the broker."""
        with exactly():
            lots = floor_divide(abs(quantity) * self.new, self.old * lot)
        size = multiply(lot, Decimal(lots))
        return size.copy_sign(quantity) if size else ZERO

    def fraction_cost(self, holding: Holding, scaled: Decimal) -> Decimal:
        """The part of a holding's cost that leaves with the fraction of a lot it loses."""
        if not scaled or not holding.cost:
            return holding.cost
        with exactly():
            exact = holding.quantity * self.new
            lost = exact - scaled * self.old
            return divide(holding.cost * lost, exact, COST_PLACES)

    def price(self, price: Decimal) -> Decimal:
        """What a price per old unit is per new unit, cut after ``PLACES`` digits."""
        step = ONE.scaleb(-PLACES)
        with exactly():
            return step * floor_divide(price * self.old, self.new * step)

    def limit(self, price: Decimal | None, side: Side, instrument: Instrument) -> Decimal | None:
        """A limit price, on the tick that is not worse for the book; one tick at least."""
        if price is None:
            return None
        return _on_tick(self.price(price), instrument, up=side is Side.SELL)

    def stop(self, price: Decimal | None, side: Side, instrument: Instrument) -> Decimal | None:
        """A stop price, on the tick that is not reached earlier than before."""
        if price is None:
            return None
        return _on_tick(self.price(price), instrument, up=side is Side.BUY)


def _on_tick(price: Decimal, instrument: Instrument, *, up: bool) -> Decimal:
    """Round a price to the tick, in the direction wanted, but never to nothing."""
    if instrument.is_on_tick(price):
        return price
    rounded = instrument.round_up_to_tick(price) if up else instrument.round_down_to_tick(price)
    return rounded or instrument.next_tick_up(ZERO)


def split_entries(
    symbol: str, held: Iterable[tuple[BookName, Holding]], ratio: Ratio, lot: Decimal
) -> list[Entry]:
    """What a split gives or takes each book.

    Costs stay, so that average costs follow; a fraction that the broker pays out takes its part
    along. Fractions of several books may make whole lots together, which the broker gives the
    account: these go to suspense, for a person to say whose they are.
    """
    with exactly():
        entries: list[Entry] = []
        before = after = ZERO
        for book, holding in held:
            scaled = ratio.units(holding.quantity, lot)
            before, after = before + holding.quantity, after + scaled
            if scaled != holding.quantity:
                entries.append(
                    Entry(
                        book=book,
                        asset=symbol,
                        quantity=scaled - holding.quantity,
                        cost=ratio.fraction_cost(holding, scaled).copy_negate(),
                        symbol=symbol,
                    )
                )
        joint = ratio.units(before, lot) - after
        if joint:
            entries.append(Entry(book=SUSPENSE, asset=symbol, quantity=joint, symbol=symbol))
        return entries
