"""What was promised to whoever orders, looked for in the books when a day is over.

The invariants ask whether the books are right; here is asked whether what was done is what was
wanted: the order that was asked for and no other, inside its limits, in its slices, at its pace,
not while it was halted. All of it is worked out anew, of what was asked and of what is on disk.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from typing import TYPE_CHECKING

from algorithms.decimals import ZERO
from algorithms.domain import LADDER, OrderType, Side
from daemon.execution.commands import CancelAll, Place
from daemon.storage.rows import from_us
from tests.simulation.scene import ACCOUNTS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

    from daemon.execution.commands import Command
    from tests.simulation.plan import Webhook

Pair = tuple[str, str]

SPLIT = "SELECT account, symbol FROM splits WHERE applied_at IS NOT NULL"
PARENTS = "SELECT * FROM parent_orders ORDER BY id"
CHILDREN = "SELECT * FROM child_orders ORDER BY id"
FILLS = "SELECT id, parent_id, child_id, account, symbol, side, quantity, price, source FROM fills"
CANCELS = """
SELECT t.request_id, p.id, p.symbol, p.side FROM request_targets t
JOIN parent_orders p ON p.id = t.parent_id WHERE t.role = 'cancel'
"""
DOUBTS = """
SELECT e.at, e.from_status, e.to_status, c.id, c.account, c.book, c.symbol FROM order_events e
JOIN child_orders c ON c.id = e.order_id
WHERE 'unknown' IN (e.from_status, e.to_status) OR e.to_status = 'sending' ORDER BY e.at
"""
OVERDUE = """
SELECT id, order_type, status FROM parent_orders p
WHERE ended_at IS NULL AND (due_at < ? OR deadline < ?) AND NOT EXISTS (
    SELECT 1 FROM splits s WHERE s.account = p.account AND s.symbol = p.symbol)
"""
"""Orders rest while their symbol is split, however long that takes."""
AT_ANY_TIME = "p.book <> '@loc' AND p.order_type NOT IN ('LOC', 'MOC', 'LOO', 'MOO')"
"""Said of the orders that are crossed at any time, not by their ladder when it is settled."""
UNWILLING = f"""
SELECT p.id FROM fills f JOIN parent_orders p ON p.id = f.parent_id
WHERE f.source = 'netting' AND p.nets = 0 AND {AT_ANY_TIME}
"""  # noqa: S608 - nothing of it comes from outside
STOPPED = {
    "sent": """SELECT id FROM child_orders
        WHERE sent_at > ? AND sent_at <= ? AND {column} = ?""",
    "taken": """SELECT id FROM parent_orders
        WHERE created_at > ? AND created_at <= ? AND {column} = ? AND book <> '@loc'""",
    "crossed": f"""SELECT parent_id AS id FROM fills
        WHERE source = 'netting' AND booked_at > ? AND booked_at <= ? AND {{column}} = ?
            AND parent_id IN (SELECT p.id FROM parent_orders p WHERE {AT_ANY_TIME})""",  # noqa: S608
}
"""What must not happen while something is halted."""
WITHIN = Decimal("0.98")
"""What is left of a price when it is rounded to a tick, at least."""
NEARLY_A_MINUTE = timedelta(seconds=50)
"""An order that the exchange could not take is sent again a little later."""


class Promises:
    """The books of a day, and what was asked in it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._split: set[Pair] = {tuple(row) for row in connection.execute(SPLIT)}
        self._parents = connection.execute(PARENTS).fetchall()
        self._children = connection.execute(CHILDREN).fetchall()
        self._fills = connection.execute(FILLS).fetchall()

    def broken(self, asked: Mapping[str, Webhook]) -> Iterator[str]:
        """Say what was done that nobody asked for."""
        yield from self._strange_orders(asked)
        yield from self._strange_cancels(asked)
        yield from self._bad_prices()
        yield from self._unwilling()

    def _strange_orders(self, asked: Mapping[str, Webhook]) -> Iterator[str]:
        """Orders that their request did not ask for, or asked for once and got twice."""
        made: defaultdict[Pair, list[sqlite3.Row]] = defaultdict(list)
        for parent in self._parents:
            if parent["request_id"] in asked:
                made[parent["request_id"], parent["book"]].append(parent)
        for (request_id, book), parents in made.items():
            places = [each for each in asked[request_id].commands if isinstance(each, Place)]
            if not any(
                all(map(self._is_wanted, parents, chosen))
                for chosen in permutations(places, len(parents))
            ):
                names = ", ".join(parent["id"] for parent in parents)
                yield f"{book} has {names}, which is not what {request_id} asked for"

    def _is_wanted(self, parent: sqlite3.Row, place: Place) -> bool:
        is_split = (parent["account"], parent["symbol"]) in self._split
        return _fits(parent, place, is_split=is_split)

    def _strange_cancels(self, asked: Mapping[str, Webhook]) -> Iterator[str]:
        """Orders that a cancel took without meaning them."""
        for row in self._connection.execute(CANCELS):
            webhook = asked.get(row["request_id"])
            if webhook is not None and not any(_means(each, row) for each in webhook.commands):
                yield f"{row['request_id']} cancelled {row['id']}, which it did not mean"

    def _bad_prices(self) -> Iterator[str]:
        """Executions beyond the limit of their order."""
        limits = {
            row["id"]: Decimal(row["limit_price"])
            for row in (*self._parents, *self._children)
            if row["limit_price"] is not None
        }
        for fill in self._fills:
            is_split = (fill["account"], fill["symbol"]) in self._split
            of_its_order = None if is_split else limits.get(fill["parent_id"])
            for limit in {limits.get(fill["child_id"]), of_its_order}:
                beyond = ZERO if limit is None else Decimal(fill["price"]) - limit
                if beyond and (beyond > 0) == (fill["side"] == Side.BUY):
                    yield f"fill {fill['id']} is at {fill['price']}, its limit is {limit}"

    def _unwilling(self) -> Iterator[str]:
        """Orders that were crossed inside, and were to go to the broker."""
        for row in self._connection.execute(UNWILLING):
            yield f"{row['id']} was crossed, and does not net"

    def bad_slices(self) -> Iterator[str]:
        """Slices that are more or less than their part of what is left, too late, or too many."""
        sliced: defaultdict[str, list[sqlite3.Row]] = defaultdict(list)
        for child in self._children:
            sliced[child["parent_id"]].append(child)
        filled: defaultdict[str, list[sqlite3.Row]] = defaultdict(list)
        for fill in self._fills:
            filled[fill["parent_id"]].append(fill)
        for parent in self._parents:
            if (
                parent["order_type"] == OrderType.TWAP
                and parent["deadline"] is not None
                and parent["account"] in ACCOUNTS
                and (parent["account"], parent["symbol"]) not in self._split
            ):
                yield from _slice_faults(parent, sliced[parent["id"]], filled[parent["id"]])

    def too_fast(self, most: int) -> Iterator[str]:
        """Where an account sent more than ``most`` orders in a minute."""
        sent: defaultdict[str, list[int]] = defaultdict(list)
        for child in self._children:
            if child["sent_at"] is not None:
                sent[child["account"]].append(child["sent_at"])
        minute = NEARLY_A_MINUTE // timedelta(microseconds=1)
        for account, times in sent.items():
            times.sort()
            for first, last in zip(times, times[most:], strict=False):
                if last - first < minute:
                    until = from_us(last)
                    yield f"{account} sent more than {most} orders within a minute, until {until}"
                    break

    def too_large(self, most: Decimal) -> Iterator[str]:
        """Orders that at their limit are worth more than an order may be."""
        for child in self._children:
            if child["limit_price"] is None or child["book"] == LADDER:
                continue
            value = Decimal(child["quantity"]) * Decimal(child["limit_price"])
            if value > most:
                yield f"child {child['id']} is worth {value}, more than {most}"

    def doubtful(self) -> Iterator[str]:
        """Orders sent while the fate of another one of their book and symbol was open."""
        open_fates: defaultdict[tuple[str, str, str], dict[str, int]] = defaultdict(dict)
        for row in self._connection.execute(DOUBTS):
            fates = open_fates[row["account"], row["book"], row["symbol"]]
            if row["to_status"] == "unknown":
                fates[row["id"]] = row["at"]
            elif row["from_status"] == "unknown":
                fates.pop(row["id"], None)
            elif any(since < row["at"] for since in fates.values()):
                yield f"child {row['id']} was sent while the fate of {', '.join(fates)} was open"


def while_stopped(
    connection: sqlite3.Connection, scope: str, name: str, since: int, until: int
) -> Iterator[str]:
    """Say what happened between two times in which something was halted, or switched off."""
    column = {"all": "''", "off": "book"}.get(scope, scope)
    for what, query in STOPPED.items():
        if scope == "off" and what == "sent":
            continue  # what a book has ordered before goes on
        found = connection.execute(query.format(column=column), (since, until, name))
        for row in found:
            yield f"{row['id']} was {what} while {scope} {name} was stopped"


def overdue(connection: sqlite3.Connection, due: int, over: int) -> list[str]:
    """Return the orders that were due before one time, or had to be over before another."""
    return [
        f"{row['order_type']} {row['id']} was due long ago and is {row['status']}"
        for row in connection.execute(OVERDUE, (due, over))
    ]


def _moment(order_id: str) -> str:
    """Return the part of an id that sorts by creation."""
    return order_id.rpartition("-")[2]


def _fits(parent: sqlite3.Row, place: Place, *, is_split: bool) -> bool:
    """Whether an order is what a command asks for."""
    sells = place.percent is not None and place.percent < 0
    return (
        (parent["symbol"], parent["order_type"]) == (place.symbol, place.order_type)
        and parent["side"] == (Side.SELL if sells else place.side)
        and (place.nets is not False or not parent["nets"])
        and (place.venue.account in {None, parent["account"]})
        and (place.slices is None or place.slices == parent["slices"])
        and (
            is_split
            or (
                place.quantity in {None, Decimal(parent["total"])}
                and _is_near(parent["limit_price"], place.price, place.side)
                and _is_near(place.stop_price, parent["stop_price"], place.side)
            )
        )
    )


def _is_near(better: object, worse: object, side: Side) -> bool:
    """Whether a price is another one, or a little better for the one side."""
    if better is None or worse is None:
        return better is worse
    low, high = Decimal(str(better)), Decimal(str(worse))
    if side is Side.SELL:
        low, high = high, low
    return high * WITHIN <= low <= high


def _means(command: Command, order: sqlite3.Row) -> bool:
    """Whether a command may be about an order. One by its id is looked for by three of them."""
    if isinstance(command, CancelAll):
        return command.symbol in {None, order["symbol"]} and command.side in {None, order["side"]}
    return not isinstance(command, Place)


def _slice_faults(
    parent: sqlite3.Row, children: Sequence[sqlite3.Row], fills: Sequence[sqlite3.Row]
) -> Iterator[str]:
    """What is wrong with the slices of one order."""
    begin, end, slices = parent["created_at"], parent["deadline"], parent["slices"]
    if len(children) > slices:
        yield f"parent {parent['id']} had {len(children)} slices of {slices}"
    for child in children:
        at = child["created_at"]
        if at >= end:
            yield f"child {child['id']} came after its order's deadline"
            continue
        coming = sum(
            begin + (2 * k + 1) * (end - begin) // (2 * slices) > at for k in range(slices)
        )
        # Its own fills come after it, whatever their ids: a daemon that is killed while it starts
        # and the next one may make ids in the same millisecond, of which neither is the first.
        came = sum(
            Decimal(fill["quantity"])
            for fill in fills
            if fill["id"] < _moment(child["id"]) and fill["child_id"] != child["id"]
        )
        part = (Decimal(parent["total"]) - came) // (coming + 1)
        size = Decimal(child["quantity"])
        if size > part or (size < part and parent["side"] == Side.SELL):
            yield f"child {child['id']} is {size}, its part {part} with {coming} to come"
