"""After the close: from what the auction gave a ladder to the orders of the books.

The ladder stands between the books as a counterparty. Every order that the close fills trades with
it, in the order in which the orders were made, as if each had been sent by itself: what netting
gives it without a fee, what came from the broker at its execution's price with its part of the
fee. In the end the ladder holds nothing. All of it is one transaction.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from algorithms.bookkeeping import Entry, EventKind
from algorithms.decimals import ZERO, add, multiply, percent, subtract, to_text, total
from algorithms.domain import LADDER, SUSPENSE, Measure, ParentId, ParentStatus, Side, Symbol
from algorithms.loc.handover import Execution, hand_over
from algorithms.loc.settlement import SettlementError, net_at, settle
from algorithms.netting import RESIDUAL_BELOW_ONE_LOT
from daemon.execution.ladder.orders import member_from_row, own_order, rung_of, spell
from daemon.execution.netter import PAIRS
from daemon.notices import raise_notice
from daemon.signals import PairCrossed
from daemon.storage.rows import parent_from_row, to_us

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from algorithms.domain import AccountName, ParentOrder
    from algorithms.instruments import Instrument
    from algorithms.loc.handover import Piece
    from algorithms.loc.settlement import Share
    from daemon.execution.bookkeeper import Bookkeeper
    from daemon.execution.fills import Fills
    from daemon.execution.ladder.orders import Member
    from daemon.execution.orders import Orders
    from daemon.ids import IdSource
    from daemon.setup import Current
    from daemon.storage.tx import Tx, View

SETTLED = "settled"
GIVEN_UP = "given up"
NOT_FILLED = "not filled in the closing auction"
SHORT = "not filled: the ladder was not all at the exchange by the cut-off"
CUT = "cut in the closing auction"


class DoubtfulCloseError(Exception):
    """The close that was told does not fit what the auction gave. The message says why."""


class Auction(NamedTuple):
    """What the broker gave a ladder. ``net``: units, bought above zero."""

    net: Decimal
    executions: tuple[Execution, ...]

    @property
    def price(self) -> Decimal | None:
        """The one price of all executions; None without any, or if they differ."""
        prices = {execution.price for execution in self.executions}
        return prices.pop() if len(prices) == 1 else None


class _Books(NamedTuple):
    """A ladder at its settlement, with the orders that stand for it against the books."""

    id: str
    account: AccountName
    symbol: Symbol
    day: str
    against: dict[Side, ParentId]


class _Part(NamedTuple):
    """A part of what an order gets. ``fee`` None: it is netting, which spared a commission."""

    run_id: str
    quantity: Decimal
    price: Decimal
    fee: Decimal | None
    spared: Decimal


def _is_due(member: Member, close: Decimal) -> bool:
    return member.order is not None and member.order.fills_at(close)


class Settlements:
    """Settles ladders; every function runs in the writer's transaction."""

    def __init__(
        self,
        *,
        current: Current,
        orders: Orders,
        fills: Fills,
        keeper: Bookkeeper,
        ids: IdSource,
    ) -> None:
        self._current = current
        self._orders = orders
        self._fills = fills
        self._keeper = keeper
        self._ids = ids

    def auction(self, view: View, ladder_id: str, currency: str) -> Auction | None:
        """Return what the broker gave; None while an order of the ladder may still fill."""
        if view.fetch_one("live_children_of_ladder", ladder_id=ladder_id) is not None:
            return None
        net, executions = ZERO, []
        for row in view.fetch("fills_of_ladder", ladder_id=ladder_id):
            quantity = Decimal(row["quantity"])
            net = (add if row["side"] == Side.BUY else subtract)(net, quantity)
            fee = Decimal(row["fee"]) if row["fee_asset"] == currency else ZERO
            executions.append(Execution(quantity, Decimal(row["price"]), fee))
        return Auction(net, tuple(executions))

    def doubt(self, view: View, ladder_id: str, close: Decimal) -> None:
        """Raise DoubtfulCloseError if an order that waited for the auction belies a close.

        An auction may cut orders at their limit. Those with a better one it fills.
        """
        for row in view.fetch("expired_rungs_of_ladder", ladder_id=ladder_id):
            parent = parent_from_row(row)
            rung = rung_of(parent)
            if parent.remain and rung.price != close and rung.fills_at(close):
                told = f"the close is told as {to_text(close)}"
                raise DoubtfulCloseError(f"{told}, and at that {spell(rung)} would have filled")

    def give_up(self, tx: Tx, ladder_id: str, reason: str, now: datetime) -> None:
        """End a ladder whose close nobody tells; what it got goes to suspense."""
        row = tx.fetch_one("ladder", id=ladder_id)
        if row is None or row["ended_at"] is not None:
            return
        currency = self._current.registry.accounts[row["account"]].currency
        auction = self.auction(tx, ladder_id, currency)
        if auction is not None:
            members = tx.fetch("orders_of_ladder", ladder_id=ladder_id)
            self._give_up(tx, row, map(parent_from_row, members), auction, reason, now)

    def settle(
        self, tx: Tx, ladder_id: str, close: Decimal, instrument: Instrument, now: datetime
    ) -> None:
        """Give every order what the close gives it, and end it. Does nothing a second time.

        A ladder whose executions do not fit its orders is given up: what it got goes to suspense,
        with an alarm.
        """
        row = tx.fetch_one("ladder", id=ladder_id)
        if row is None or row["ended_at"] is not None:
            return
        currency = self._current.registry.accounts[row["account"]].currency
        auction = self.auction(tx, ladder_id, currency)
        if auction is None:
            return
        members = [
            member_from_row(each, instrument)
            for each in tx.fetch("orders_of_ladder", ladder_id=ladder_id)
        ]
        for rung in tx.fetch("rungs_of_ladder", ladder_id=ladder_id):
            parent = self._orders.parent(tx, ParentId(rung["id"]))
            if not parent.status.is_final:  # planned and never sent: its time is over
                self._orders.request_cancel(tx, parent, NOT_FILLED, now)
        try:
            shares = self._shares(members, auction, close, instrument.lot)
            pieces = hand_over(shares, auction.executions)
        except ValueError as error:
            parents = [member.parent for member in members]
            self._give_up(tx, row, parents, auction, str(error), now)
            return
        self._hand_out(tx, row, members, shares, pieces, close, now)
        for member in members:
            self._end(tx, member, now, short=bool(row["short"]) and _is_due(member, close))
        tx.execute(
            "end_ladder", id=ladder_id, close=to_text(close), outcome=SETTLED, ended_at=to_us(now)
        )

    def _shares(
        self, members: Sequence[Member], auction: Auction, close: Decimal, lot: Decimal
    ) -> list[Share]:
        orders = [member.order for member in members if member.order is not None]
        asked = net_at(orders, close)
        if auction.net and (auction.net > ZERO) != (asked > ZERO):
            got, wanted = to_text(auction.net), to_text(asked)
            raise SettlementError(f"the auction gave {got}, the orders ask {wanted} at this close")
        return settle(orders, close, lot, auction.net)

    def _hand_out(
        self,
        tx: Tx,
        row: sqlite3.Row,
        members: Sequence[Member],
        shares: Sequence[Share],
        pieces: Sequence[Piece],
        close: Decimal,
        now: datetime,
    ) -> None:
        parents = [member.parent for member in members if member.order is not None]
        books = self._against(tx, row, shares, now)
        netting_run, saved = self._ids.new(), ZERO
        broker_runs = {price: self._ids.new() for price in {piece.price for piece in pieces}}
        commission = self._current.registry.accounts[row["account"]].commission_percent
        own: defaultdict[int, list[Piece]] = defaultdict(list)
        for piece in pieces:
            own[piece.at].append(piece)
        for at, (parent, share) in enumerate(zip(parents, shares, strict=True)):
            if share.netted:
                spared = percent(multiply(share.netted, close), commission)
                part = _Part(netting_run, share.netted, close, None, spared)
                self._trade(tx, books, parent.id, part, now)
                saved = add(saved, spared)
            for piece in own[at]:
                run = broker_runs[piece.price]
                part = _Part(run, piece.quantity, piece.price, piece.fee, ZERO)
                self._trade(tx, books, parent.id, part, now)
        for side in books.against.values():
            parent = self._orders.parent(tx, side)
            self._orders.end_parent(tx, parent, ParentStatus.DONE, SETTLED, now)
        self._tell(tx, row, shares, close, saved, now)

    def _against(self, tx: Tx, row: sqlite3.Row, shares: Sequence[Share], now: datetime) -> _Books:
        """Make the two orders with which the ladder meets the books: it sells what they bought."""
        against: dict[Side, ParentId] = {}
        symbol = Symbol(row["symbol"])
        for side in Side:
            units = total(share.filled for share in shares if share.order.side is side)
            if units:
                order = own_order(
                    row["account"], symbol, side.opposite, units,
                    request=row["id"], ids=self._ids, now=now,
                )  # fmt: skip
                self._orders.accept(tx, order)
                against[side] = order.id
        return _Books(row["id"], row["account"], symbol, row["day"], against)

    def _trade(self, tx: Tx, books: _Books, order: ParentId, part: _Part, now: datetime) -> None:
        """Let an order trade with the ladder."""
        parent = self._orders.parent(tx, order)
        ladder = self._orders.parent(tx, books.against[parent.side])
        buyer, seller = (parent, ladder) if parent.side is Side.BUY else (ladder, parent)
        pair_id = self._ids.new()
        self._fills.cross(
            tx, buyer, seller, pair_id, part.quantity, part.price,
            market_day=books.day, now=now, repaid=part.fee,
        )  # fmt: skip
        tx.insert(
            PAIRS,
            (
                pair_id,
                part.run_id,
                books.account,
                books.symbol,
                buyer.id,
                seller.id,
                to_text(part.quantity),
                to_text(part.price),
                to_text(part.spared),
                0,
                to_us(now),
            ),
        )

    def _end(self, tx: Tx, member: Member, now: datetime, *, short: bool) -> None:
        """End an order of a book, as its own order at the broker would have ended it."""
        parent = self._orders.parent(tx, member.parent.id)
        if parent.status.is_final:
            return
        if not parent.remain:
            self._orders.end_parent(tx, parent, ParentStatus.DONE, "filled", now)
        elif parent.measure is Measure.CASH and self._orders.below_one_lot(
            parent, parent.reserve_price
        ):
            self._orders.end_parent(tx, parent, ParentStatus.DONE, RESIDUAL_BELOW_ONE_LOT, now)
        elif member.leaving is not None:
            self._orders.end_parent(tx, parent, ParentStatus.CANCELLED, member.leaving, now)
        else:
            reason = SHORT if short else NOT_FILLED if parent.remain == parent.total else CUT
            self._orders.end_parent(tx, parent, ParentStatus.EXPIRED, reason, now)

    def _tell(
        self,
        tx: Tx,
        row: sqlite3.Row,
        shares: Sequence[Share],
        close: Decimal,
        saved: Decimal,
        now: datetime,
    ) -> None:
        def units(kind: str, side: Side) -> Decimal:
            return total(getattr(share, kind) for share in shares if share.order.side is side)

        netted = units("netted", Side.BUY)
        if netted:
            tx.signal(PairCrossed(row["account"], multiply(netted, close), saved, 0, None))
        raise_notice(
            tx,
            self._ids.new(),
            "ladder_settled",
            now,
            account=row["account"],
            symbol=row["symbol"],
            day=row["day"],
            close=to_text(close),
            bought=to_text(units("filled", Side.BUY)),
            sold=to_text(units("filled", Side.SELL)),
            netted=to_text(netted),
            commission=to_text(saved),
        )

    def _give_up(
        self,
        tx: Tx,
        row: sqlite3.Row,
        parents: Iterable[ParentOrder],
        auction: Auction,
        reason: str,
        now: datetime,
    ) -> None:
        for parent in parents:
            if not parent.status.is_final:
                why = f"ladder_given_up: {reason}"
                self._orders.end_parent(tx, parent, ParentStatus.FAILED, why, now)
        tx.execute("end_ladder", id=row["id"], close=None, outcome=GIVEN_UP, ended_at=to_us(now))
        raise_notice(
            tx, self._ids.new(), "ladder_given_up", now, account=row["account"],
            symbol=row["symbol"], day=row["day"], got=to_text(auction.net), reason=reason,
        )  # fmt: skip

    def sweep(self, tx: Tx, account: AccountName, now: datetime) -> None:
        """Put to suspense what the ladders of an account were left with.

        That is what one that was given up got, or a fill that came after a settlement.
        """
        if tx.fetch("ladders_at_work", account=account):
            return
        for row in tx.fetch("positions_of_account", account=account):
            if row["book"] != LADDER or not Decimal(row["quantity"]):
                continue
            quantity, cost = Decimal(row["quantity"]), Decimal(row["cost"])
            left = Entry(book=LADDER, asset=row["asset"], quantity=-quantity, cost=-cost)
            found = Entry(book=SUSPENSE, asset=row["asset"], quantity=quantity)
            note = "a ladder was left with it"
            self._keeper.book(tx, account, EventKind.DIFFERENCE, [left, found], note, now)
            raise_notice(
                tx, self._ids.new(), "ladder_left", now, account=account, asset=row["asset"],
                amount=to_text(quantity),
            )  # fmt: skip
