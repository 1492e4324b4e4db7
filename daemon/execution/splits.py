"""Splits: open orders are scaled only when none of them is alive at the broker.

A split is stored first. From then on its symbol rests in its account: nothing new is taken, sent
or crossed, and what is at the broker is cancelled. When the last of it has ended, confirmed with
all its fills, and the broker shows the new units, one transaction scales positions and open
orders, and work goes on. Every step is
on disk, so a restart goes on where the last process stood.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.bookkeeping import Entry, EventKind, Ratio, from_suspense, split_entries
from algorithms.decimals import ZERO, add, subtract, to_text, total
from algorithms.domain import (
    EXTERNAL,
    SUSPENSE,
    AccountName,
    BookName,
    Measure,
    OrderType,
    ParentStatus,
    Symbol,
)
from algorithms.ledger import Holding
from algorithms.netting import RESIDUAL_BELOW_ONE_LOT
from daemon.execution.bookkeeper import Bookkeeper, NotPossibleError
from daemon.notices import raise_notice
from daemon.signals import LadderStirred, WorkArrived
from daemon.storage.rows import from_us, parent_from_row, to_us

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from algorithms.domain import ParentOrder
    from algorithms.instruments import Instrument
    from daemon.execution.entries import Split
    from daemon.execution.orders import Orders
    from daemon.execution.services import KnownLots
    from daemon.ids import IdSource
    from daemon.setup import Current
    from daemon.storage.tx import Tx, View


NOTHING_TO_SEE = (
    "the account holds none of it, so the broker shows nothing: enter the split again with force "
    "when the broker has split"
)


SAME_FOR = timedelta(days=1)
"""A split that is forced so soon after a like one was carried out is meant to be that one."""


class Splits:
    """Takes splits and carries them out; every function runs in the writer's transaction."""

    def __init__(self, current: Current, lots: KnownLots, orders: Orders, ids: IdSource) -> None:
        self._current = current
        self._lots = lots
        self._orders = orders
        self._ids = ids

    def request(self, tx: Tx, split: Split, note: str, now: datetime) -> str:
        """Store a split and ask for the end of the symbol's orders; return its id.

        Entered again with ``force``, one that waits goes on whatever the broker shows.
        """
        account, symbol = split.account, split.symbol
        if account not in self._current.registry.accounts:
            raise NotPossibleError("account", "must be the name of a configured account")
        waiting = tx.fetch_one("pending_split", account=account, symbol=symbol)
        if waiting is not None:
            if not split.force or _ratio(waiting) != split.ratio:
                raise NotPossibleError("symbol", f"another split of {symbol} is under way")
            tx.execute("force_split", id=waiting["id"])
            return str(waiting["id"])
        held = any(holding.quantity for _, holding in _held(tx, account, symbol))
        if not held and not tx.fetch("live_parents_of_symbol", account=account, symbol=symbol):
            raise NotPossibleError("symbol", f"{account} has neither {symbol} nor orders for it")
        if split.force:
            self._require_not_done(tx, split, now)
        split_id = self._ids.new()
        tx.execute(
            "add_split",
            id=split_id,
            account=account,
            symbol=symbol,
            new_units=split.ratio.new,
            old_units=split.ratio.old,
            forced=int(split.force),
            note=note,
            requested_at=to_us(now),
        )
        for row in tx.fetch("live_children_of_account", account=account):
            if row["symbol"] == symbol:
                tx.execute("set_cancel_at", id=row["id"], cancel_at=to_us(now))
        tx.signal(WorkArrived(account, symbol))
        return split_id

    def _require_not_done(self, tx: Tx, split: Split, now: datetime) -> None:
        """Refuse a force that came too late: what it was for has gone on by itself.

        Taken for another split, which no broker has to show, it would scale everything twice.
        """
        row = tx.fetch_one("last_split", account=split.account, symbol=split.symbol)
        if row is None or _ratio(row) != split.ratio:
            return
        if now - from_us(row["applied_at"]) < SAME_FOR:
            raise NotPossibleError(
                "force",
                f"the split {split.ratio} of {split.symbol} was carried out already; another one "
                "on the same day is entered without force",
            )

    def is_clear(self, view: View, account: AccountName, symbol: Symbol) -> bool:
        """Whether none of the symbol's orders is alive any more."""
        rows = view.fetch("live_children_of_account", account=account)
        return all(row["symbol"] != symbol for row in rows)

    def carry_out(
        self,
        tx: Tx,
        account: AccountName,
        symbol: Symbol,
        *,
        at_broker: Decimal,
        keeper: Bookkeeper,
        now: datetime,
    ) -> str | None:
        """Scale positions and orders; return why that has to wait, None when it is done.

        ``at_broker``: units there, asked for when no order was alive. Before the broker has split
        them, an order in new units would trade old ones at a price of new ones.
        """
        row = tx.fetch_one("pending_split", account=account, symbol=symbol)
        if row is None:
            return None
        if not self.is_clear(tx, account, symbol):
            return "its orders have not all ended"
        if self._awaits_settlement(tx, account, symbol, now):
            return "what its last close gave is not settled"
        waits = self._not_yet(tx, account, symbol, _ratio(row), at_broker)
        if waits is not None and not row["forced"]:
            return waits
        event_id = self._book(tx, row, at_broker, keeper, now)
        scaled = self._scale_orders(tx, account, symbol, _ratio(row), now)
        tx.execute("forget_closes_of_symbol", account=account, symbol=symbol)
        tx.execute("finish_split", id=row["id"], event_id=event_id, applied_at=to_us(now))
        raise_notice(
            tx,
            self._ids.new(),
            "split_done",
            now,
            account=account,
            symbol=symbol,
            ratio=str(_ratio(row)),
            orders=str(scaled),
        )
        tx.signal(WorkArrived(account, symbol))
        return None

    def _awaits_settlement(
        self, view: View, account: AccountName, symbol: Symbol, now: datetime
    ) -> bool:
        """Whether a ladder has traded, in old units, what its orders have not been given yet."""
        ladders = view.fetch("open_ladders", account=account, symbol=symbol)
        return any(from_us(ladder["closes_at"]) <= now for ladder in ladders)

    def _not_yet(
        self,
        view: View,
        account: AccountName,
        symbol: Symbol,
        ratio: Ratio,
        at_broker: Decimal,
    ) -> str | None:
        """Say what the broker still has to show, or None when it has split.

        It has when its units are nearer to the new ones than to the old: what else is different
        must not hold a split up for ever. What waits in suspense may be old units of nobody, or
        new ones that the split brought before it was entered. Where there are no units to compare,
        a person says when: an order in new units would trade at the price of old ones before.
        """
        lot = self._lots.instrument(account, symbol).lot
        books = total(holding.quantity for _, holding in _held(view, account, symbol))
        row = view.fetch_one("position", account=account, book=SUSPENSE, asset=symbol)
        old = {books, add(books, ZERO if row is None else Decimal(row["quantity"]))}
        new = {ratio.units(quantity, lot) for quantity in old}
        if not old - new:
            return NOTHING_TO_SEE
        if _distance(at_broker, new) < _distance(at_broker, old - new):
            return None
        return (
            f"the broker has {to_text(at_broker)}, not yet {to_text(ratio.units(books, lot))}: "
            "it goes on when the broker has split"
        )

    def _book(
        self, tx: Tx, row: sqlite3.Row, at_broker: Decimal, keeper: Bookkeeper, now: datetime
    ) -> str | None:
        """Post what the split changes; None where only orders are scaled.

        What waits in suspense may be old units of nobody, which are split like all others, or what
        the split brought before it was entered, which the books then take from there. What the
        broker has tells the two apart.
        """
        account = AccountName(row["account"])
        symbol = Symbol(row["symbol"])
        ratio, lot = _ratio(row), self._lots.instrument(account, symbol).lot
        held = _held(tx, account, symbol)
        suspended = tx.position(account, SUSPENSE, symbol).quantity
        now_inside = add(total(holding.quantity for _, holding in held), suspended)
        of_nobody = split_entries(symbol, [*held, (SUSPENSE, Holding(suspended, ZERO))], ratio, lot)
        brought = split_entries(symbol, held, ratio, lot)
        brought += from_suspense(symbol, total(one.quantity for one in brought), suspended)

        def off_by(entries: list[Entry]) -> Decimal:
            change = total(entry.quantity for entry in entries)
            return subtract(add(now_inside, change), at_broker).copy_abs()

        entries = min((of_nobody, brought), key=off_by)
        if not entries:
            return None
        return keeper.book(tx, account, EventKind.SPLIT, entries, row["note"], now)

    def _scale_orders(
        self, tx: Tx, account: AccountName, symbol: Symbol, ratio: Ratio, now: datetime
    ) -> int:
        instrument = self._lots.instrument(account, symbol)
        self._take_down_ladders(tx, account, symbol, f"split {ratio}", now)
        rows = tx.fetch("live_parents_of_symbol", account=account, symbol=symbol)
        for row in rows:
            before = parent_from_row(row)
            after = self._next_turn(tx, self._scaled(before, ratio, instrument), now)
            parent = self._orders.rescale(tx, before, after, f"split {ratio}", now)
            if parent.measure is Measure.QUANTITY and not parent.remain:
                self._orders.end_parent(tx, parent, ParentStatus.DONE, RESIDUAL_BELOW_ONE_LOT, now)
        return len(rows)

    def _take_down_ladders(
        self, tx: Tx, account: AccountName, symbol: Symbol, reason: str, now: datetime
    ) -> None:
        """Have the ladders of the symbol made anew, of its orders in new units.

        Their own orders cannot be scaled beside those they stand for: each is rounded by itself,
        and the sums would differ.
        """
        for ladder in tx.fetch("open_ladders", account=account, symbol=symbol):
            for rung in tx.fetch("rungs_of_ladder", ladder_id=ladder["id"]):
                self._orders.request_cancel(tx, parent_from_row(rung), reason, now)
            tx.execute("revise_ladder", id=ladder["id"], revising=1, whole=0, needs=ladder["needs"])
            tx.signal(LadderStirred(account, symbol))

    def _next_turn(self, view: View, parent: ParentOrder, now: datetime) -> ParentOrder:
        """Let an order go on now if it was due, or if what worked it has ended for the split.

        One that nobody has sent yet and that is not due waits for something else, such as a
        person's yes; it goes on waiting, and so does what a ladder stands for. A TWAP with slices
        left goes on at their times.
        """
        is_twap = parent.order_type is OrderType.TWAP
        if parent.due_at is not None:
            return parent if is_twap else parent._replace(due_at=now)
        if view.fetch_one("place_at_close", parent_id=parent.id) is not None:
            return parent  # it may have been sent by itself before, when its book did not net
        sent = view.fetch("children_of_parent", parent_id=parent.id)
        if not sent or (is_twap and parent.slices_left):
            return parent
        return parent._replace(due_at=now, slices_left=1 if is_twap else parent.slices_left)

    def _scaled(self, parent: ParentOrder, ratio: Ratio, instrument: Instrument) -> ParentOrder:
        """Return an order in new units; what it traded stays counted in old ones.

        So ``total`` becomes what was traded and what remains, and stays their sum.
        """
        remain = parent.remain
        if parent.measure is Measure.QUANTITY:
            remain = ratio.units(remain, instrument.lot)
        reserve = parent.reserve_price
        return parent._replace(
            total=parent.total - subtract(parent.remain, remain),
            remain=remain,
            limit_price=ratio.limit(parent.limit_price, parent.side, instrument),
            stop_price=ratio.stop(parent.stop_price, parent.side, instrument),
            reserve_price=None if reserve is None else ratio.price(reserve),
        )


def pending(view: View) -> list[tuple[AccountName, Symbol, Ratio]]:
    """Return the splits that are not carried out yet."""
    return [
        (AccountName(row["account"]), Symbol(row["symbol"]), _ratio(row))
        for row in view.fetch("pending_splits")
    ]


def _distance(quantity: Decimal, others: set[Decimal]) -> Decimal:
    return min(subtract(quantity, other).copy_abs() for other in others)


def _ratio(row: sqlite3.Row) -> Ratio:
    return Ratio(row["new_units"], row["old_units"])


def _held(view: View, account: AccountName, symbol: Symbol) -> list[tuple[BookName, Holding]]:
    """What books hold of a symbol, without what waits in suspense."""
    return [
        (BookName(row["book"]), Holding(Decimal(row["quantity"]), Decimal(row["cost"])))
        for row in view.fetch("holders_of_asset", account=account, asset=symbol)
        if row["book"] not in {EXTERNAL, SUSPENSE}
    ]
