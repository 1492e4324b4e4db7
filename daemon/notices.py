"""Lines for people: stored with the change they report, delivered later by whoever can.

A notice is a code with numbers; the sentence is made from the catalogue below, so that it can be
translated and every code can be documented. A notice that cannot be delivered waits in the
outbox; it never delays an order.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import orjson

from daemon.signals import NoticeRaised
from daemon.storage.rows import to_us
from daemon.storage.tx import Table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from daemon.i18n import Words
    from daemon.storage.tx import Tx

NOTICES = Table("notices", ("id", "at", "level", "code", "account", "book", "params"))


class Level(StrEnum):
    """How much a person should care."""

    INFO = "info"
    WARNING = "warning"
    ALARM = "alarm"


CATALOGUE: Mapping[str, tuple[Level, str]] = {
    "pair_crossed": (
        Level.INFO,
        "{symbol}: {buyer} +{quantity}, {seller} -{quantity} at {price}, value {value}",
    ),
    "netting_done": (
        Level.INFO,
        (
            "{symbol}: {pairs} pairs crossed, value {value}, {broker_orders} broker orders and "
            "{commission} commission saved"
        ),
    ),
    "netting_skipped": (Level.WARNING, "{symbol}: no netting, {reason}"),
    "pair_failed": (Level.WARNING, "{symbol}: {buyer} with {seller} not crossed, {reason}"),
    "bought": (Level.INFO, "{book} bought {quantity} {symbol} at {price}"),
    "sold": (Level.INFO, "{book} sold {quantity} {symbol} at {price}"),
    "order_ended": (Level.INFO, "{book}: order {order} for {symbol} {status}, {reason}"),
    "order_rejected": (Level.WARNING, "{book}: order for {symbol} refused, {reason}"),
    "order_refused": (Level.WARNING, "{book}: order for {symbol} not taken, {reason}"),
    "order_self_trade": (
        Level.WARNING,
        (
            "{book}: the broker ended order {order} for {symbol}, to keep the account from "
            "trading with itself; {filled} of {quantity} filled"
        ),
    ),
    "order_waits": (
        Level.WARNING,
        "{book}: the broker wants no orders for {seconds} s, {symbol} waits; {reason}",
    ),
    "order_unknown": (
        Level.WARNING,
        "{book}: no answer about order {order} for {symbol}, asking the broker; {reason}",
    ),
    "order_resolved": (Level.INFO, "{book}: order {order} for {symbol} is {state}"),
    "order_ambiguous": (
        Level.ALARM,
        (
            "{book}: order {order} for {symbol} cannot be told from {count} others at the broker; "
            "a person must say which it is"
        ),
    ),
    "order_hidden": (
        Level.ALARM,
        (
            "{book}: order {order} for {symbol} is in no list of the broker, but cash or units "
            "have moved that it would hold; a person must say whether it is there"
        ),
    ),
    "order_lost": (
        Level.ALARM,
        (
            "{book}: the broker does not know order {order} for {symbol} any more, which it had "
            "taken; a person must say what became of it"
        ),
    ),
    "late_fill": (
        Level.WARNING,
        "{book}: {quantity} {symbol} filled after its order had ended ({state})",
    ),
    "fill_refused": (
        Level.ALARM,
        (
            "{book}: the broker told of {quantity} {symbol} filled for order {order}, of which "
            "only {left} were left; not booked"
        ),
    ),
    "cancel_slow": (Level.WARNING, "{book}: cancel of {order} for {symbol} not confirmed yet"),
    "request_repeated": (Level.INFO, "{strategy}: the same webhook again within {seconds} s"),
    "request_dropped": (
        Level.WARNING,
        "{strategy}: webhook {request} was {age} s old when it could be worked, not sent",
    ),
    "orphan_order": (
        Level.WARNING,
        "order {order} for {symbol} at the broker is not ours; {reason}",
    ),
    "orphan_adopted": (
        Level.WARNING,
        "{book}: has taken order {order} for {symbol}, found at the broker",
    ),
    "difference": (
        Level.ALARM,
        "{asset}: the broker has {broker}, the books {books}; {amount} put to suspense",
    ),
    "stream_lost": (Level.WARNING, "events of the broker interrupted, {reason}"),
    "stream_restored": (Level.INFO, "events of the broker flow again"),
    "broker_unavailable": (Level.WARNING, "the broker does not answer, {reason}"),
    "invariant_broken": (Level.ALARM, "invariant {number} does not hold: {text}"),
    "ledger_entry": (Level.INFO, "{book}: {kind}, {quantity} {asset}"),
    "split_done": (Level.INFO, "{symbol}: split {ratio} carried out, {orders} open orders scaled"),
    "split_waits": (Level.WARNING, "{symbol}: a split waits, {reason}"),
    "holdings_found": (
        Level.WARNING,
        (
            "{asset}: the broker had {broker} at the start, the books {books}; {amount} waits in "
            "suspense for a person to say whose it is"
        ),
    ),
    "daily_loss": (
        Level.ALARM,
        "{book} lost {loss} on {day}, the limit is {limit}; it is halted until it is resumed",
    ),
    "clock_skew": (
        Level.ALARM,
        "the broker's clock is {seconds} s from ours: see to this host's time (NTP)",
    ),
    "clock_set_back": (
        Level.ALARM,
        (
            "the clock was set back by {minutes} minutes; what was stored while it ran ahead was "
            "put back by as much"
        ),
    ),
    "clock_right": (Level.INFO, "the broker's clock and ours agree again: {seconds} s"),
    "reloaded": (Level.INFO, "the configuration was read again; {changes}"),
    "reload_refused": (
        Level.WARNING,
        "the configuration was read again and not taken over, nothing changed; {reasons}",
    ),
    "restart_needed": (
        Level.WARNING,
        "changed in the configuration and not in force before a restart: {keys}",
    ),
    "approval_wanted": (
        Level.WARNING,
        (
            "{book}: {kind} {total} ({measure}) of {symbol} waits for approval until {until}, "
            "order {order}"
        ),
    ),
    "order_approved": (Level.INFO, "{book}: order {order} for {symbol} approved"),
    "order_not_approved": (Level.INFO, "{book}: order {order} for {symbol} not approved"),
    "no_trading_day": (Level.INFO, "{day} is not a trading day of {market}, no orders are made"),
    "calendar_disagrees": (
        Level.ALARM,
        "{day}: the calendar says {calendar}, the broker says {broker}; no orders are made today",
    ),
    "calendar_doubtful": (
        Level.WARNING,
        "{day}: the calendar says {calendar}, the broker says {broker}; correct it before that day",
    ),
    "job_missed": (
        Level.WARNING,
        "{job} was missed while the daemon was down, {count} times, last on {day}",
    ),
    "job_failed": (Level.ALARM, "{job} of {day} could not be done, {reason}"),
    "books_differ": (
        Level.WARNING,
        "{asset}: the books hold {books}, the broker has {broker}",
    ),
    "stale_order": (
        Level.WARNING,
        "{book}: order {order} for {symbol} is left from {day}, {remain} of {total} undone",
    ),
    "stale_order_stuck": (
        Level.ALARM,
        "{book}: the end of order {order} for {symbol} is not confirmed, no orders today so far",
    ),
    "rule_decided": (Level.INFO, "{book}: {symbol}, {decision}"),
    "rule_failed": (Level.ALARM, "{book}: its rule made no orders today, {reason}"),
    "rule_order_refused": (Level.WARNING, "{book}: {order} for {symbol} not placed, {reason}"),
    "low_cash": (
        Level.WARNING,
        "{book}: {wanted} {currency} wanted for {symbol}, only {free} are free",
    ),
    "few_units": (
        Level.WARNING,
        "{book}: {wanted} {symbol} to be sold, only {free} are free",
    ),
    "daily_report": (
        Level.INFO,
        (
            "{book} on {day}: {trades} trades, bought for {bought}, sold for {sold}, "
            "profit {profit}, fees {fees}, saved by netting {saved}"
        ),
    ),
    "loc_sheet": (
        Level.INFO,
        "{symbol}: orders for the close of {day}, previous close {close}\n{sheet}",
    ),
    "ladder_sent": (
        Level.INFO,
        "{symbol}: for the close of {day} {orders} orders became the ladder {ladder}",
    ),
    "ladder_short": (
        Level.ALARM,
        (
            "{symbol}: for the close of {day} the ladder was not all at the exchange by {until}, "
            "{missing} missing; orders that these stand for will not fill"
        ),
    ),
    "ladder_settled": (
        Level.INFO,
        (
            "{symbol} closed at {close} on {day}: {bought} bought and {sold} sold for books, "
            "{netted} of it netted, {commission} commission saved"
        ),
    ),
    "ladder_unsettled": (
        Level.ALARM,
        "{symbol}: the ladder of {day} is not settled yet, {reason}; it is tried again",
    ),
    "ladder_given_up": (
        Level.ALARM,
        (
            "{symbol}: the ladder of {day} is given up, {reason}; its orders have ended, "
            "what it got, {got}, goes to suspense"
        ),
    ),
    "ladder_left": (
        Level.ALARM,
        "{asset}: {amount} was left with the LOC ladder and is put to suspense",
    ),
    "rebalance_begun": (
        Level.INFO,
        "{book}: rebalance {run} has begun, day {slices}: {sells} sells ordered",
    ),
    "rebalance_goes_on": (
        Level.INFO,
        "{book}: rebalance {run} goes on at {begins}, day {slices}",
    ),
    "rebalance_again": (
        Level.WARNING,
        "{book}: rebalance {run} orders anew, {orders} orders never reached the broker",
    ),
    "rebalance_done": (
        Level.INFO,
        "{book}: rebalance {run} is done, tracking error {tracking_error} percent",
    ),
    "rebalance_incomplete": (
        Level.WARNING,
        "{book}: rebalance {run} is done, but {reason}",
    ),
    "rebalance_stopped": (
        Level.ALARM,
        (
            "{book}: rebalance {run} has sold and not bought, or cannot tell, {reason}; it is "
            "stopped until it is resumed or cancelled"
        ),
    ),
    "rebalance_failed": (Level.WARNING, "{book}: rebalance {run} failed, {reason}"),
    "rebalance_resumed": (Level.INFO, "{book}: rebalance {run} goes on"),
    "rebalance_refused": (
        Level.WARNING,
        "{book}: the rebalance of {day} was not started, {reason}",
    ),
    "heartbeat_failed": (
        Level.WARNING,
        "the outside watcher does not hear from us, {reason}; it may raise an alarm",
    ),
    "heartbeat_restored": (Level.INFO, "the outside watcher hears from us again"),
    "notifier_failed": (
        Level.WARNING,
        "{notifier} takes no notices, {reason}; they wait and are sent later",
    ),
    "notifier_restored": (Level.INFO, "{notifier} takes notices again"),
    "halted": (Level.WARNING, "{scope} {name} halted, {reason}"),
    "resumed": (Level.INFO, "{scope} {name} resumed"),
}


LABELLED = frozenset({"kind", "measure", "scope", "state", "status"})
"""Values that are words of the machine."""
TIMES = frozenset({"begins", "until"})
"""Values that are times in ISO 8601."""


def render(
    code: str,
    params: Mapping[str, str],
    words: Words | None = None,
    zone: ZoneInfo | None = None,
) -> str:
    """Make the sentence of a notice, in English unless other words are given.

    ``zone``: whose clock its times are read from; left out, they stay as they are. A notice that
    another version of nettingd stored is told as it stands, if this one has no sentence for it or
    one with other numbers.
    """
    try:
        text = CATALOGUE[code][1]
        if words is None:
            return text.format_map(params)
        said = {name: _said(name, params[name], words, zone) for name in params}
        if params.get("scope") == "all":
            said |= {"scope": words.say("all"), "name": words.say("accounts")}
        return words.say(text, **said)
    except KeyError:
        return f"{code}: " + ", ".join(f"{name} {value}" for name, value in params.items())


def _said(name: str, value: str, words: Words, zone: ZoneInfo | None) -> str:
    """Say a value as people do."""
    if name in LABELLED:
        return words.label(value)
    if name in TIMES and zone is not None:
        return f"{datetime.fromisoformat(value).astimezone(zone):%Y-%m-%d %H:%M}"
    return words.again(words.label(value) if name == "reason" else value)


def raise_notice(
    tx: Tx,
    notice_id: str,
    code: str,
    at: datetime,
    *,
    account: str | None = None,
    book: str | None = None,
    **params: str,
) -> None:
    """Put a notice into the outbox, with the change it reports."""
    if book is not None:
        params["book"] = book
    level = CATALOGUE[code][0]
    tx.insert(
        NOTICES,
        (
            notice_id,
            to_us(at),
            level.value,
            code,
            account,
            book,
            orjson.dumps(params).decode(),
        ),
    )
    text = CATALOGUE[code][1].format_map(params)
    tx.signal(NoticeRaised(level.value, code, text, account, book, notice_id, at, params))
