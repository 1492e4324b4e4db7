"""Money and units moving between books: postings that sum to zero, and what a book holds.

Every event (a fill, a crossing, a deposit) becomes postings that sum to zero per asset. Inside an
account stand its books, the suspense book and the fee book; ``EXTERNAL`` is the world. So the sum
over the inside of an account is what its broker should report.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from algorithms.decimals import ZERO, add, divide, exactly, multiply
from algorithms.domain import EXTERNAL, FEES, Side

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from algorithms.domain import AccountName, BookName, Symbol

COST_PLACES = 18
"""Digits after the point kept of a cost that does not divide evenly; the rest of the cost stays
with the units still held, so that no part of it is ever lost."""


@dataclass(frozen=True, slots=True)
class Posting:
    """``amount`` of an asset into (+) or out of (-) a book."""

    account: AccountName
    book: BookName
    asset: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Holding:
    """Units of one symbol and what they were bought for, without fees.

    A short holding has negative units and a negative cost: what it was sold for.
    """

    quantity: Decimal
    cost: Decimal


def transfer(
    account: AccountName, source: BookName, target: BookName, asset: str, amount: Decimal
) -> tuple[Posting, Posting]:
    """Move an amount from one book to another."""
    return (
        Posting(account, source, asset, amount.copy_negate()),
        Posting(account, target, asset, amount),
    )


def fill_postings(
    account: AccountName,
    book: BookName,
    symbol: Symbol,
    currency: str,
    *,
    side: Side,
    quantity: Decimal,
    price: Decimal,
    fee: Decimal,
    fee_asset: str,
) -> tuple[Posting, ...]:
    """Postings of an execution at the broker.

    A fee in the currency or in the traded coin is paid by the book itself; a fee in a third coin
    is paid by the account's fee book, because the book holds none of it.
    """
    value = multiply(quantity, price)
    if side is Side.BUY:
        postings = transfer(account, EXTERNAL, book, symbol, quantity) + transfer(
            account, book, EXTERNAL, currency, value
        )
    else:
        postings = transfer(account, book, EXTERNAL, symbol, quantity) + transfer(
            account, EXTERNAL, book, currency, value
        )
    if not fee:
        return postings
    payer = book if fee_asset in {currency, symbol} else FEES
    return postings + transfer(account, payer, EXTERNAL, fee_asset, fee)


def crossing_postings(
    account: AccountName,
    buyer: BookName,
    seller: BookName,
    symbol: Symbol,
    currency: str,
    *,
    quantity: Decimal,
    price: Decimal,
) -> tuple[Posting, ...]:
    """Postings of a netting pair: units one way, cash the other, nothing outside."""
    value = multiply(quantity, price)
    return transfer(account, seller, buyer, symbol, quantity) + transfer(
        account, buyer, seller, currency, value
    )


def sums_to_zero(postings: Iterable[Posting]) -> bool:
    """Whether what leaves equals what arrives, for every asset."""
    totals: dict[str, Decimal] = {}
    for posting in postings:
        totals[posting.asset] = add(totals.get(posting.asset, ZERO), posting.amount)
    return not any(totals.values())


def trade(
    holding: Holding, side: Side, quantity: Decimal, price: Decimal
) -> tuple[Holding, Decimal]:
    """Apply an execution; return the new holding and the profit it realised, before fees.

    Adding to a position adds its value to the cost. Reducing one releases cost in proportion
    (average cost method). Crossing zero closes first, then opens at the trade's price.
    """
    with exactly():
        change = quantity if side is Side.BUY else -quantity
        value = change * price
        if holding.quantity * change >= ZERO:
            return Holding(holding.quantity + change, holding.cost + value), ZERO
        closing = min(abs(change), abs(holding.quantity))
        cost = released(holding, closing)
        closed_value = closing * price * (1 if change > ZERO else -1)
        profit = -closed_value - cost
        left = Holding(holding.quantity + change, holding.cost - cost)
        opened_value = value - closed_value
        return Holding(left.quantity, left.cost + opened_value), profit


def pay_in_units(holding: Holding, fee: Decimal) -> Holding:
    """Take a fee charged in the coin itself; the average cost stays as it was, long or short."""
    with exactly():
        quantity = holding.quantity - fee
        if not quantity or not holding.quantity:
            return Holding(quantity, ZERO)
        cost = divide(multiply(holding.cost, fee), holding.quantity, COST_PLACES)
        return Holding(quantity, holding.cost - cost)


def average_cost(holding: Holding) -> Decimal | None:
    """Cost per unit held, without fees; None for an empty holding."""
    if not holding.quantity:
        return None
    return divide(holding.cost, holding.quantity, COST_PLACES)


def released(holding: Holding, quantity: Decimal) -> Decimal:
    """The part of the cost that leaves with ``quantity`` units, of those held."""
    if not holding.cost:
        return ZERO
    if quantity == abs(holding.quantity):
        return holding.cost
    return divide(multiply(holding.cost, quantity), abs(holding.quantity), COST_PLACES)
