"""What an account's stream says, for whoever follows the account."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from adapters.binance.fields import decimal, integer
from adapters.broker import FillEvent, OrderEvent, StreamLost, StreamRestored
from adapters.fields import Fields, MalformedError, fields_of
from adapters.followers import Followers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapters.binance.account import Account
    from adapters.broker import BrokerEvent

TRADES = frozenset({"TRADE", "CALCULATED"})
ENDED_ALGO = frozenset({"CANCELED", "REJECTED", "EXPIRED"})

log = logging.getLogger(__name__)


class Hearing:
    """Hears the events of one account and passes them on."""

    def __init__(self, account: Account) -> None:
        self.name = account.settings.account
        self._account = account
        self.followers = Followers()
        self.up = asyncio.Event()
        """Set while events flow."""
        self._was_lost = False

    def heard(self, event: object) -> None:
        """Take in an event; one that cannot be read is as good as lost, and said to be."""
        try:
            for told in self._read(fields_of(event)):
                self.followers.tell(told)
        except MalformedError as error:
            log.warning("account %s: an event could not be read: %s", self.name, error)
            self._note_gap()
            self.followers.tell(StreamLost(f"an event could not be read: {error}"))
            self.followers.tell(StreamRestored())

    def lost(self, reason: str) -> None:
        self.up.clear()
        self._note_gap()
        if not self._was_lost:
            self._was_lost = True
            self.followers.tell(StreamLost(reason))

    def restored(self) -> None:
        self._note_gap()
        self.up.set()
        if self._was_lost:
            self._was_lost = False
            self.followers.tell(StreamRestored())

    def _note_gap(self) -> None:
        self._account.heard_nothing_until(self._account.venue.time.now())

    def _read(self, event: Fields) -> Iterator[BrokerEvent]:
        kind = event.get("e")
        if kind == "executionReport":
            yield from self._report(event)
        elif kind == "ORDER_TRADE_UPDATE":
            yield from self._report(fields_of(event.get("o")))
        elif kind == "ALGO_UPDATE":
            yield from self._algo(fields_of(event.get("o")), event)
        elif kind == "MARGIN_CALL":
            log.warning("account %s: the venue calls for margin", self.name)

    def _report(self, report: Fields) -> Iterator[BrokerEvent]:
        reader = self._account.reader
        order = reader.reported_order(report)
        self._account.moved(order.symbol)
        if report.get("x") in TRADES and decimal(report, "l"):
            yield FillEvent(reader.reported_fill(report))
        yield OrderEvent(order)

    def _algo(self, report: Fields, event: Fields) -> Iterator[BrokerEvent]:
        """Read a conditional order's change. What it bore reports for itself from then on."""
        row = {
            "algoId": report.get("aid"),
            "clientAlgoId": report.get("caid"),
            "orderType": report.get("o"),
            "symbol": report.get("s"),
            "side": report.get("S"),
            "quantity": report.get("q"),
            "price": report.get("p", "0"),
            "algoStatus": report.get("X"),
            "createTime": integer(event, "T", "E"),
        }
        algo = self._account.reader.algo({key: each for key, each in row.items() if each})
        self._account.moved(algo.symbol)
        number = str(report.get("ai") or "")
        if number not in {"", "0"}:
            self._account.reader.born(algo, number)
            # It may have traded before we knew what it was born of.
            filled = decimal(report, "aq") if report.get("aq") else algo.filled
            yield OrderEvent(replace(algo, filled=filled))
        elif report.get("X") == "NEW" or report.get("X") in ENDED_ALGO:
            yield OrderEvent(replace(algo, reason=str(report.get("rm") or "")))
