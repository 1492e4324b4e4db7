"""A ladder comes to stand at the broker, and is replaced when its orders change in time.

The ladder is the smallest set of orders that comes to the same, at every close, as the orders of
all books. Its own orders are those of the book ``@loc`` and go the way of every order: slicer,
sender, broker, fills.

One thing stays true at every moment: what of a ladder lives at the broker is a part of the ladder
of the orders it stands for. So an order joins or leaves only when all that the new ladder does not
have is gone from the broker, confirmed. Whatever happens between two steps, what the auction gives
then fits the orders, and can be settled.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.decimals import HUNDRED, ONE, ZERO, to_text, total
from algorithms.domain import LADDER, LADDER_STRATEGY, OrderType, ParentStatus, Side
from algorithms.loc.ladder import Rung, cash_at_worst, cash_held
from algorithms.loc.revision import revise
from daemon.execution.ladder.orders import (
    RETRY_RUNG,
    REVISED,
    ladder_of,
    may_send,
    member_from_row,
    own_order,
    rung_of,
    spell_all,
)
from daemon.notices import raise_notice
from daemon.storage.rows import parent_from_row, to_us
from daemon.storage.tx import Table

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

    from algorithms.domain import AccountName, ParentOrder, Symbol
    from algorithms.instruments import Instrument
    from daemon.execution.halts import Halts
    from daemon.execution.ladder.closing import Closing
    from daemon.execution.ladder.orders import Member
    from daemon.execution.orders import Orders
    from daemon.ids import IdSource
    from daemon.setup import Current
    from daemon.storage.tx import Tx, View

LADDERS = Table(
    "loc_ladders",
    (
        "id",
        "account",
        "symbol",
        "day",
        "closes_at",
        "revising",
        "whole",
        "needs",
        "told_late",
        "created_at",
    ),
)
RUNGS = Table("loc_rungs", ("parent_id", "ladder_id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderPlace:
    """Which ladder is meant, and the lots and ticks it is made of."""

    account: AccountName
    symbol: Symbol
    closing: Closing
    instrument: Instrument


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderTerms(LadderPlace):
    """What a ladder of an account and symbol is made with.

    ``cash``: the account's at the broker, whatever open orders set aside of it. ``worst_price``:
    what a unit bought market-on-close is reckoned to cost, without fee. ``holds_each``: the broker
    holds cash for each order by itself.
    """

    cash: Decimal
    worst_price: Decimal
    holds_each: bool = False


@dataclass(frozen=True, slots=True)
class _Standing:
    """A ladder as it is: its id (None: there is none yet), members, own orders ever sent."""

    id: str | None
    is_revising: bool
    members: tuple[Member, ...]
    rungs: tuple[ParentOrder, ...]


class Reviser:
    """Makes and replaces ladders; every function runs in the writer's transaction."""

    def __init__(self, current: Current, orders: Orders, halts: Halts, ids: IdSource) -> None:
        self._current = current
        self._orders = orders
        self._halts = halts
        self._ids = ids

    def revise(self, tx: Tx, terms: LadderTerms, now: datetime) -> bool:
        """Bring a ladder a step nearer to the orders that want it.

        Returns False if there is more to do before long, whether or not something stirs.

        First what it has too much is withdrawn. When the broker has confirmed that, orders join
        and leave, and what is missing is sent. After ``change_until`` nothing new is begun.
        """
        standing = self._standing(tx, terms)
        if self._is_too_late(terms, standing, now):
            return True
        staying = [member for member in standing.members if member.stays]
        joining = self._affordable(tx, terms, staying, self._joining(tx, terms), now)
        if standing.id is None and not joining:
            return True
        wanted = ladder_of([*staying, *joining], terms.instrument)
        missing, is_clear = self._take_back(tx, standing, wanted, now)
        needs = to_text(self._needs(terms, wanted))
        if standing.id is not None and not is_clear:
            tx.execute("revise_ladder", id=standing.id, revising=1, whole=0, needs=needs)
            return False
        ladder_id = standing.id or self._begin(tx, terms, now)
        self._let_leave(tx, standing, now)
        for member in joining:
            tx.execute("join_ladder", parent_id=member.parent.id, ladder_id=ladder_id)
        sent = self._sendable(terms, missing, standing.rungs, now)
        for wish in sent:
            self._send(tx, terms, ladder_id, wish, now)
        whole = len(sent) == len(missing)
        tx.execute("revise_ladder", id=ladder_id, revising=0, whole=int(whole), needs=needs)
        if sent:
            self._tell_sent(tx, terms, len(staying) + len(joining), wanted, now)
        return whole or not self._may_come(terms, missing, standing.rungs, now)

    def withdraw(self, tx: Tx, place: LadderPlace, now: datetime) -> bool:
        """Take what was cancelled out of a ladder. That needs no price, and sends nothing.

        Returns False if there is more to do before long, as ``revise`` does.
        """
        standing = self._standing(tx, place)
        staying = [member for member in standing.members if member.stays]
        nobody_leaves = len(staying) == len(standing.members)
        if standing.id is None or nobody_leaves or self._is_too_late(place, standing, now):
            return True
        wanted = ladder_of(staying, place.instrument)
        missing, is_clear = self._take_back(tx, standing, wanted, now)
        if is_clear:
            self._let_leave(tx, standing, now)
        unfinished = bool(missing) or not is_clear
        tx.execute(
            "withdraw_ladder", id=standing.id, revising=int(unfinished), whole=int(not unfinished)
        )
        return is_clear

    def _is_too_late(self, place: LadderPlace, standing: _Standing, now: datetime) -> bool:
        return now >= place.closing.change_until and not standing.is_revising

    def _take_back(
        self, tx: Tx, standing: _Standing, wanted: Sequence[Rung], now: datetime
    ) -> tuple[Sequence[Rung], bool]:
        """Cancel what a ladder has too much; return what is missing, and whether all that is gone.

        Only then may orders join and leave.
        """
        live = [rung for rung in standing.rungs if not rung.status.is_final]
        # One that is being cancelled stands for nothing any more, even if it is wanted again.
        going = [rung for rung in live if rung.cancel_requested_at is not None]
        live = [rung for rung in live if rung.cancel_requested_at is None]
        plan = revise([rung_of(rung) for rung in live], wanted)
        surplus = [live[place] for place in plan.surplus]
        for rung in surplus:
            self._orders.request_cancel(tx, rung, REVISED, now)
        return plan.missing, not any(self._lives(tx, rung) for rung in (*going, *surplus))

    def count_up(
        self, tx: Tx, row: sqlite3.Row, instrument: Instrument, until: datetime, now: datetime
    ) -> None:
        """Judge, once, whether all of a ladder was at its exchange at the cut-off.

        If it was not, what is missing is told: those shares cannot come any more.
        """
        members = tx.fetch("orders_of_ladder", ladder_id=row["id"])
        wanted = ladder_of((member_from_row(each, instrument) for each in members), instrument)
        standing = tx.fetch("standing_rungs_of_ladder", ladder_id=row["id"])
        missing = revise([rung_of(parent_from_row(each)) for each in standing], wanted).missing
        tx.execute("ladder_was_short", id=row["id"], short=int(bool(missing)))
        if missing:
            raise_notice(
                tx, self._ids.new(), "ladder_short", now, account=row["account"],
                symbol=row["symbol"], day=row["day"], until=until.isoformat(timespec="minutes"),
                missing=spell_all(missing),
            )  # fmt: skip

    def _standing(self, view: View, place: LadderPlace) -> _Standing:
        day = place.closing.day.isoformat()
        for row in view.fetch("open_ladders", account=place.account, symbol=place.symbol):
            if row["day"] == day:
                members = view.fetch("orders_of_ladder", ladder_id=row["id"])
                rungs = view.fetch("rungs_of_ladder", ladder_id=row["id"])
                return _Standing(
                    row["id"],
                    bool(row["revising"]),
                    tuple(member_from_row(each, place.instrument) for each in members),
                    tuple(parent_from_row(each) for each in rungs),
                )
        return _Standing(None, is_revising=False, members=(), rungs=())

    def _joining(self, view: View, terms: LadderTerms) -> list[Member]:
        """Return the orders that wait for this ladder and may have it, oldest first."""
        if self._is_halted(terms):
            return []
        rows = view.fetch("waiting_for_ladder", account=terms.account, symbol=terms.symbol)
        day = terms.closing.day.isoformat()
        waiting = [member_from_row(row, terms.instrument) for row in rows if row["day"] == day]
        return [
            member
            for member in waiting
            if member.stays
            and not self._halts.reason(
                terms.account, member.parent.strategy, member.parent.book, terms.symbol
            )
        ]

    def _is_halted(self, terms: LadderTerms) -> bool:
        reason = self._halts.reason(terms.account, LADDER_STRATEGY, LADDER, terms.symbol)
        return reason is not None

    def _sendable(
        self,
        terms: LadderTerms,
        missing: Sequence[Rung],
        sent: Sequence[ParentOrder],
        now: datetime,
    ) -> list[Rung]:
        if self._is_halted(terms):
            return []
        return [rung for rung in missing if may_send(rung, sent, now)]

    def _may_come(
        self,
        terms: LadderTerms,
        missing: Sequence[Rung],
        sent: Sequence[ParentOrder],
        now: datetime,
    ) -> bool:
        """Whether an order that is missing may be sent later."""
        later = now + RETRY_RUNG
        return not self._is_halted(terms) and any(may_send(rung, sent, later) for rung in missing)

    def _affordable(
        self,
        tx: Tx,
        terms: LadderTerms,
        staying: Sequence[Member],
        joining: Sequence[Member],
        now: datetime,
    ) -> list[Member]:
        """Return those that the account's buying power allows at the ladder's worst close.

        A sell takes nothing. If not all buys fit, the oldest that do are taken and the others are
        ended with the numbers.
        """
        if not joining:
            return []
        free = terms.cash - self._promised(tx, terms)
        all_of_them = ladder_of([*staying, *joining], terms.instrument)
        if self._needs(terms, all_of_them) <= free:
            return list(joining)
        taken: list[Member] = []
        for member in joining:
            with_it = ladder_of([*staying, *taken, member], terms.instrument)
            needs = self._needs(terms, with_it)
            if member.parent.side is Side.SELL or needs <= free:
                taken.append(member)
            else:
                takes = (
                    "the broker holds for each order of the account's ladder, in all"
                    if terms.holds_each
                    else "at its worst close the account's ladder takes"
                )
                shown = f"{takes} {to_text(needs)}, and the broker has {to_text(free)} for it"
                self._refuse(tx, member.parent, f"insufficient_cash: {shown}", now)
        return taken

    def _refuse(self, tx: Tx, parent: ParentOrder, reason: str, now: datetime) -> None:
        tx.execute("forget_loc_order", parent_id=parent.id)
        self._orders.end_parent(tx, parent, ParentStatus.FAILED, reason, now)
        raise_notice(
            tx, self._ids.new(), "order_refused", now, account=parent.account, book=parent.book,
            symbol=parent.symbol, reason=reason,
        )  # fmt: skip

    def _promised(self, view: View, terms: LadderTerms) -> Decimal:
        """Cash that other open orders of the account may take."""
        children = view.fetch("live_children_of_account", account=terms.account)
        buys = (Decimal(row["reserved"]) for row in children if row["side"] == Side.BUY)
        others = view.fetch("needs_of_other_ladders", account=terms.account, symbol=terms.symbol)
        return total([*buys, *(Decimal(row["needs"]) for row in others)])

    def _needs(self, terms: LadderTerms, wanted: Sequence[Rung]) -> Decimal:
        """Cash that a ladder takes at its worst close, or that is held for it; fee included."""
        buys = [
            Rung(rung.side, rung.price or terms.worst_price, rung.quantity)
            for rung in wanted
            if rung.side is Side.BUY
        ]
        buys.sort(key=lambda rung: rung.price or ZERO, reverse=True)
        worst = cash_held(buys) if terms.holds_each else cash_at_worst(buys)
        assert worst is not None  # every one has a price by now
        account = self._current.registry.accounts[terms.account]
        return worst * (ONE + account.commission_percent / HUNDRED)

    def _begin(self, tx: Tx, terms: LadderTerms, now: datetime) -> str:
        ladder_id, closing = self._ids.new(), terms.closing
        tx.insert(
            LADDERS,
            (
                ladder_id,
                terms.account,
                terms.symbol,
                closing.day.isoformat(),
                to_us(closing.closes_at),
                0,
                0,
                "0",
                0,
                to_us(now),
            ),
        )
        return ladder_id

    def _let_leave(self, tx: Tx, standing: _Standing, now: datetime) -> None:
        for member in standing.members:
            if member.stays:
                continue
            tx.execute("forget_loc_order", parent_id=member.parent.id)
            if not member.parent.status.is_final:
                reason = member.leaving or "less than one lot is left"
                self._orders.end_parent(tx, member.parent, ParentStatus.CANCELLED, reason, now)

    def _lives(self, view: View, rung: ParentOrder) -> bool:
        return not self._orders.parent(view, rung.id).status.is_final

    def _send(self, tx: Tx, terms: LadderTerms, ladder_id: str, rung: Rung, now: datetime) -> None:
        """Store an order of the ladder; the account's worker plans and sends it.

        It sets aside no cash: the orders it stands for have done so, each in its book.
        """
        parent = own_order(
            terms.account, terms.symbol, rung.side, rung.quantity,
            request=ladder_id, ids=self._ids, now=now,
        )  # fmt: skip
        if rung.price is not None:
            parent = parent._replace(order_type=OrderType.LOC, limit_price=rung.price)
        self._orders.accept(tx, parent._replace(due_at=now))
        tx.insert(RUNGS, (parent.id, ladder_id))

    def _tell_sent(
        self, tx: Tx, terms: LadderTerms, orders: int, wanted: Sequence[Rung], now: datetime
    ) -> None:
        raise_notice(
            tx, self._ids.new(), "ladder_sent", now, account=terms.account, symbol=terms.symbol,
            day=terms.closing.day.isoformat(), orders=str(orders),
            ladder=spell_all(wanted),
        )  # fmt: skip
