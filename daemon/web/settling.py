"""Questions about what only a person can know: whose it is, and which order it was."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.broker import BrokerUnavailableError
from algorithms.decimals import to_text
from algorithms.domain import SUSPENSE, AccountName, ChildState, Symbol
from daemon.api.errors import ErrorCode, Refused
from daemon.api.problems import BadInput, Problem
from daemon.execution.verdicts import NotUnknownError, Verdicts
from daemon.web.question import Input, Question, new_key

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from adapters.broker import BrokerOrder
    from daemon.web.page import Sources, Visit
    from daemon.web.question import Ask


async def _found(sources: Sources, visit: Visit) -> Question:
    """Show which of the broker's orders it could be; the person picks or writes its number."""
    words, child = visit.words, await _unknown(sources, visit)
    why = ""
    candidates: tuple[BrokerOrder, ...] = ()
    try:
        candidates = await Verdicts(sources.engine.services).candidates(child["id"])
    except BrokerUnavailableError as error:
        why = words.say("The broker was asked for its orders and did not answer: {reason}",
                        reason=str(error))  # fmt: skip
    except NotUnknownError as error:
        raise Refused(ErrorCode.NOT_UNKNOWN, str(error)) from error
    return Question(
        title=words.say("It is at the broker"),
        text=words.say(
            "Which order at the broker is this one? {order} The broker is asked for the number; "
            "only an order that fits is taken, with its fills.",
            order=_told(child, visit),
        ),
        details=[*([why] if why else []), *(_candidate(each, visit) for each in candidates)],
        inputs=[
            Input(
                "broker_order_id",
                words.say("The broker's number"),
                choices=[(each.id, _candidate(each, visit)) for each in candidates],
                is_needed=True,
                is_free=True,
            )
        ],
        button=words.say("This one"),
        api=f"/api/orders/{child['id']}/settle",
        done=words.say("Taken."),
    )


async def _absent(sources: Sources, visit: Visit) -> Question:
    words, child = visit.words, await _unknown(sources, visit)
    return Question(
        title=words.say("The broker never had it"),
        text=words.say(
            "End this order as never placed? {order} Look at the broker first: if it is there "
            "after all, what it trades goes to suspense.",
            order=_told(child, visit),
        ),
        button=words.say("It was never there"),
        api=f"/api/orders/{child['id']}/settle",
        facts='{"absent": true}',
        done=words.say("Taken."),
        is_dangerous=True,
    )


async def _assign(sources: Sources, visit: Visit) -> Question:
    """Offer the books of the account; the amount is what waits, unless the person says less."""
    words, formats = visit.words, visit.formats
    name, asset = AccountName(visit.asked("account")), visit.asked("asset")
    account = sources.engine.registry.accounts.get(name)
    if account is None:
        raise BadInput([Problem("account", "must be the name of a configured account")])
    rows = await sources.read(
        lambda fetch: fetch("suspense_of", account=name, asset=asset, book=SUSPENSE)
    )
    if not rows or not Decimal(rows[0]["quantity"]):
        raise Refused(ErrorCode.NOT_FOUND, f"nothing of {asset} stands in suspense there")
    quantity = Decimal(rows[0]["quantity"])
    books = sorted(book.name for book in sources.engine.registry.books_of_account.get(name, ()))
    is_cash = asset == account.currency
    quote = sources.engine.services.market.remembered(name, Symbol(asset))
    inputs = [
        Input("book", words.say("Book"), choices=[(book, book) for book in books], is_needed=True),
        Input("amount", words.say("Quantity"), to_text(quantity), is_needed=True, is_number=True),
    ]
    if not is_cash:
        price = "" if quote is None else to_text(quote.last)
        label = words.say("What a unit cost; 0 if nothing")
        inputs.append(Input("price", label, price, is_needed=True, is_number=True))
    text = (
        words.say("{quantity} {asset} of {account} belongs to no book. Whose is it?",
                  quantity=formats.signed(quantity), asset=asset, account=name)
        if quantity > 0
        else words.say("{quantity} {asset} is missing at {account}. Whose was it?",
                       quantity=formats.signed(quantity), asset=asset, account=name)
    )  # fmt: skip
    return Question(
        title=words.say("Assign"),
        text=text,
        note=words.say("The book's position and cash change at once. Nothing is traded."),
        inputs=inputs,
        button=words.say("Assign"),
        api="/api/ledger/assign" if books else "",
        fields={"asset": asset, "id": new_key(sources)},
        done=words.say("Assigned."),
    )


async def _unknown(sources: Sources, visit: Visit) -> sqlite3.Row:
    """Return a child order of unknown fate. Raises Refused."""
    child_id = visit.asked("id")
    rows = await sources.read(lambda fetch: fetch("child", id=child_id))
    if not rows:
        raise Refused(ErrorCode.NOT_FOUND, "there is no such order")
    if rows[0]["state"] != ChildState.UNKNOWN:
        raise Refused(ErrorCode.NOT_UNKNOWN, f"the order is {rows[0]['state']}, not unknown")
    return rows[0]


def _told(child: sqlite3.Row, visit: Visit) -> str:
    """Say what was sent, and when, so that a person finds it at the broker."""
    formats = visit.formats
    price = "" if child["limit_price"] is None else f" {formats.number(child['limit_price'])}"
    return (
        f"{child['account']} / {child['book']}: {formats.word(child['side'])} "
        f"{formats.number(child['quantity'])} {child['symbol']} {child['order_type']}{price}, "
        f"{formats.full(child['sent_at'] or child['created_at'])}."
    )


def _candidate(order: BrokerOrder, visit: Visit) -> str:
    formats = visit.formats
    price = "" if order.limit_price is None else f" {formats.number(order.limit_price)}"
    return (
        f"{order.id} · {formats.word(order.side)} {formats.number(order.quantity)} "
        f"{order.symbol}{price} · {formats.short(order.placed_at)} · {formats.word(order.state)}"
    )


QUESTIONS: Mapping[str, Ask] = {"found": _found, "absent": _absent, "assign": _assign}
