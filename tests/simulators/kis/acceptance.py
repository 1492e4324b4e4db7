"""What the broker looks at before it takes an order."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.simulators.kis.divisions import Style
from tests.simulators.kis.hours import Country, Phase
from tests.simulators.kis.orders import BUY
from tests.simulators.kis.refusals import OrderRefused, Reason
from tests.simulators.kis.services import Profile

if TYPE_CHECKING:
    from datetime import datetime

    from tests.simulators.kis.engine import Engine
    from tests.simulators.kis.hours import Hours
    from tests.simulators.kis.market import Market
    from tests.simulators.kis.orders import Draft, Order

IN_PAPER = frozenset(
    {Phase.OPENING_AUCTION, Phase.CONTINUOUS, Phase.CLOSING_AUCTION, Phase.REGULAR}
)
PAPER_DIVISIONS = {
    Country.KOREA: frozenset({"00", "01", "02", "03", "04"}),
    Country.AMERICA: frozenset({"00"}),
}


def check_time(engine: Engine, draft: Draft) -> None:
    """Refuse what its venue does not take at this time."""
    listing, division = draft.listing, draft.division
    hours, now = engine.hours[listing.country], engine.now()
    day = hours.day_at(now)
    phases = division.phases(draft.venue)
    if engine.profile is Profile.PAPER:
        phases &= IN_PAPER
        if not engine.switches.paper_takes_ioc and (
            division.code not in PAPER_DIVISIONS[listing.country]
        ):
            raise OrderRefused(Reason.DIVISION)
    if draft.venue in {"NXT", "SOR"} and not listing.nxt:
        raise OrderRefused(Reason.NOT_IN_SOR)
    if not phases:
        raise OrderRefused(Reason.DIVISION)
    if not hours.is_open_on(day):
        raise OrderRefused(Reason.HOLIDAY)
    going_on = hours.phases_at(now)
    barred = Phase.AFTER_MARKET not in phases or listing.is_fund or listing.warned
    if Phase.AFTER_MARKET in going_on and draft.venue == "KRX" and barred:
        raise OrderRefused(Reason.AFTER_MARKET)
    if not phases & going_on:
        early = any(each.phase in phases and each.start > now for each in hours.periods(day))
        raise OrderRefused(Reason.BEFORE_OPEN if early else Reason.CLOSED)
    _check_cutoff(engine, draft, hours, now)


def _check_cutoff(engine: Engine, draft: Draft, hours: Hours, now: datetime) -> None:
    """Refuse an on-close order, or a change of one, too short before the close."""
    if draft.division.style not in {Style.ON_CLOSE, Style.LIMIT_ON_CLOSE}:
        return
    regular = hours.period(hours.day_at(now), Phase.REGULAR)
    minutes = timedelta(minutes=engine.switches.on_close_cutoff_minutes)
    if regular is not None and now >= regular.end - minutes:
        raise OrderRefused(Reason.CLOSED)


def check_draft(engine: Engine, draft: Draft, *, instead_of: Order | None = None) -> None:
    """Refuse a bad price, and what the account does not have."""
    market, symbol = engine.market, draft.listing.symbol
    if market.tapes[symbol].halted:
        raise OrderRefused(Reason.HALTED)
    if draft.side not in draft.division.sides:
        raise OrderRefused(Reason.DIVISION)
    if draft.division.is_priced and draft.price <= 0:
        raise OrderRefused(Reason.PRICE_MISSING)
    for price in (draft.price, draft.stop):
        if price:
            _check_price(market, draft, price)
    account = engine.accounts[draft.account]
    if draft.side == BUY:
        price = draft.price or starting_price(market, draft)
        cost = account.cost_of(draft.listing, draft.division.style, price) * draft.quantity
        if cost > account.available(draft.listing.country, but=instead_of):
            raise OrderRefused(Reason.CASH)
    elif draft.quantity > account.sellable(symbol, but=instead_of):
        raise OrderRefused(Reason.HOLDING)


def _check_price(market: Market, draft: Draft, price: Decimal) -> None:
    if not draft.listing.is_on_tick(price):
        raise OrderRefused(Reason.TICK)
    limits = market.limits(draft.listing.symbol)
    if limits is not None and not limits[0] <= price <= limits[1]:
        raise OrderRefused(Reason.PRICE_LIMITS)


def starting_price(market: Market, draft: Draft) -> Decimal:
    """Return the limit that an order without one finds when it comes in; 0: none."""
    symbol, buys = draft.listing.symbol, draft.side == BUY
    bid, ask, tape = market.bid(symbol), market.ask(symbol), market.tapes[symbol]
    match draft.division.style:
        case Style.BEST:
            return ask if buys else bid
        case Style.PRIORITY:
            return bid if buys else ask
        case Style.MIDPOINT:
            return (bid + ask) / 2
        case Style.CLOSE_PRICE:
            return tape.close or tape.base
        case _:
            return Decimal(0)


def good_until(hours: Hours, draft: Draft, now: datetime) -> datetime:
    """Return when an order that came in now dies."""
    day, division = hours.day_at(now), draft.division
    phases = division.phases(draft.venue)
    periods = hours.periods(day)
    if draft.listing.country is Country.KOREA:
        ends = [each.end for each in periods if each.phase in phases]
        if division.style is Style.CONDITIONAL:
            ends = [each.end for each in periods if each.phase is Phase.CLOSING_AUCTION]
        return max(ends, default=now)
    turn = Phase.AFTER_HOURS if Phase.AFTER_HOURS in hours.phases_at(now) else Phase.REGULAR
    if division.style in {Style.ON_OPEN, Style.LIMIT_ON_OPEN}:
        turn = Phase.PRE_MARKET
    period = hours.period(day, turn)
    return now if period is None else period.end
