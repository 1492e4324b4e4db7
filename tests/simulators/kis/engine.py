"""Orders and the market together: what is taken, what trades, and what ends when.

Accounts trade with the house, never with each other. Synchronous: one step is done before the
next, and what was due before it has happened.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.simulators.kis.acceptance import check_draft, check_time, good_until, starting_price
from tests.simulators.kis.divisions import Style
from tests.simulators.kis.hours import Country, Phase
from tests.simulators.kis.orders import BUY, News, NewsKind, Order, State, What
from tests.simulators.kis.refusals import OrderRefused, Reason
from tests.simulators.kis.services import Profile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime
    from random import Random

    from adapters.clock import Clock
    from tests.simulators.kis.agenda import Agenda
    from tests.simulators.kis.hours import Hours, Period
    from tests.simulators.kis.ledger import Account
    from tests.simulators.kis.market import Market
    from tests.simulators.kis.orders import Draft
    from tests.simulators.kis.switches import Switches

ZERO = Decimal(0)
FIRST_NUMBERS = {
    (Profile.REAL, Country.KOREA): 218_000,
    (Profile.REAL, Country.AMERICA): 30_481_000,
    (Profile.PAPER, Country.KOREA): 4_700,
    (Profile.PAPER, Country.AMERICA): 31_200,
}
FOR_EVER = timedelta(days=365)
LONGEST_STEP = 40
"""Other customers take numbers of the same sequence."""
BRANCHES = {Country.KOREA: "91264", Country.AMERICA: "01790"}
PAPER_BRANCH = "00950"
WHILE_TRADING = frozenset(
    {
        Phase.CONTINUOUS,
        Phase.AFTER_MARKET,
        Phase.SINGLE_PRICE,
        Phase.NXT_PRE,
        Phase.NXT_MAIN,
        Phase.NXT_AFTER,
        Phase.PRE_MARKET,
        Phase.REGULAR,
        Phase.AFTER_HOURS,
    }
)
AT_ONE_PRICE = frozenset({Phase.PRE_CLOSE_PRICE, Phase.POST_CLOSE_PRICE})


class Engine:
    """Takes, amends and cancels orders, and lets them trade. ``tell`` hears all news at once."""

    def __init__(
        self,
        clock: Clock,
        agenda: Agenda,
        market: Market,
        hours: dict[Country, Hours],
        accounts: dict[str, Account],
        *,
        profile: Profile,
        switches: Switches,
        random: Random,
        tell: Callable[[News], None],
    ) -> None:
        self.market = market
        self.hours = hours
        self.accounts = accounts
        self.profile = profile
        self.switches = switches
        self.orders: dict[str, list[Order]] = {number: [] for number in accounts}
        """By account, oldest first."""
        self._clock = clock
        self._agenda = agenda
        self._random = random
        self._tell = tell
        self._numbers: dict[tuple[object, ...], int] = {}
        self._serial = 0
        for country in hours:
            self._await_turn(country)

    def _await_turn(self, country: Country) -> None:
        when = self.hours[country].next_turn(self.now())
        self._agenda.at(when, lambda: self._turn(country))

    def now(self) -> datetime:
        return self._clock.now()

    def phases(self, country: Country) -> frozenset[Phase]:
        return self.hours[country].phases_at(self.now())

    def find(self, account: str, country: Country, day: date, number: int) -> Order | None:
        """Return an order of a day; one that cancels or amends has a number of its own."""
        return next(
            (
                each
                for each in reversed(self.orders[account])
                if (each.number, each.day, each.draft.listing.country) == (number, day, country)
            ),
            None,
        )

    # What accounts ask

    def place(self, draft: Draft, *, rejected_after: timedelta | None = None) -> Order:
        """Take an order, or raise OrderRefused; the exchange may still reject it later."""
        check_time(self, draft)
        check_draft(self, draft)
        order = self._new(draft, What.NEW, None)
        self.accounts[draft.account].open[order.serial] = order
        self._tell(News(NewsKind.ACCEPTED, order, self.now(), draft.quantity, draft.price))
        if rejected_after is not None:
            order.held = True
            self._agenda.at(self.now() + rejected_after, lambda: self.reject(order))
        else:
            self._enter(order)
        return order

    def amend(self, original: Order, draft: Draft) -> Order:
        """Move units of an order to a new one on other terms; its number is new."""
        self._check_revision(original, draft.quantity)
        check_draft(self, draft, instead_of=original)
        order = self._new(draft, What.AMEND, original)
        order.held = True
        self._tell(News(NewsKind.ACCEPTED, order, self.now(), draft.quantity, draft.price))
        self._soon(lambda: self._amended(original, order))
        return order

    def cancel(self, original: Order, quantity: int) -> Order:
        """Take units of an order back; the cancellation is an order with its own number."""
        self._check_revision(original, quantity)
        draft = replace(original.draft, quantity=quantity, price=ZERO, stop=None)
        order = self._new(draft, What.CANCEL, original)
        self._tell(News(NewsKind.ACCEPTED, order, self.now(), quantity, ZERO))
        self._soon(lambda: self._cancelled(original, order))
        return order

    def reject(self, order: Order, reason: str = "거래소 거부") -> None:
        """Let the exchange reject what the broker had taken."""
        units = order.remaining
        if units == 0:
            return
        order.reason = reason
        self._change(order, rejected=order.state.rejected + units)
        self._tell(News(NewsKind.REJECTED, order, self.now(), units, order.draft.price))

    def _check_revision(self, original: Order, quantity: int) -> None:
        if original.remaining == 0:
            raise OrderRefused(Reason.NOTHING_LEFT)
        if quantity > original.remaining:
            raise OrderRefused(Reason.TOO_MUCH)
        if not original.works_in(self.phases(original.draft.listing.country)):
            raise OrderRefused(Reason.CLOSED)
        if original.draft.division.is_for_auction:
            check_time(self, original.draft)

    def _new(self, draft: Draft, what: What, original: Order | None) -> Order:
        country, now = draft.listing.country, self.now()
        day = self.hours[country].day_at(now)
        self._serial += 1
        paper = self.profile is Profile.PAPER
        order = Order(
            serial=self._serial,
            number=self._number(draft.account, country, day),
            day=day,
            branch=PAPER_BRANCH if paper else BRANCHES[country],
            draft=draft,
            placed_at=now,
            good_until=good_until(self.hours[country], draft, now),
            lag=self._lag(country),
            what=what,
            original=original,
            price=draft.price or starting_price(self.market, draft),
            triggered=draft.stop is None,
            states=[State(now)],
        )
        self.orders[draft.account].append(order)
        return order

    def _lag(self, country: Country) -> timedelta:
        switches = self.switches
        low, high = switches.visible_from_s, switches.visible_to_s
        if country is Country.AMERICA:
            low, high = switches.us_visible_from_s, switches.us_visible_to_s
            if switches.us_never_visible:
                return FOR_EVER
        return timedelta(seconds=self._random.uniform(low, high))

    def _number(self, account: str, country: Country, day: date) -> int:
        key: tuple[object, ...] = (country, day)
        if self.switches.numbers == "per_account":
            key = (country, day, account)
        number = self._numbers.get(key, FIRST_NUMBERS[self.profile, country])
        self._numbers[key] = number + self._random.randint(1, LONGEST_STEP)
        return self._numbers[key]

    def _soon(self, action: Callable[[], None]) -> None:
        if self.switches.cancel_delay_s:
            delay = timedelta(seconds=self.switches.cancel_delay_s)
            self._agenda.at(self.now() + delay, action)
        else:
            action()

    def _amended(self, original: Order, order: Order) -> None:
        units = min(order.quantity, original.remaining)
        order.held = False
        if units < order.quantity:
            order.reason = "정정 가능수량 초과"
            self._change(order, rejected=order.quantity - units)
        if units == 0:
            self._tell(News(NewsKind.REJECTED, order, self.now(), order.quantity, ZERO))
            return
        self._change(original, moved=original.state.moved + units)
        self.accounts[order.draft.account].open[order.serial] = order
        self._tell(News(NewsKind.CONFIRMED, order, self.now(), units, order.draft.price))
        self._enter(order)

    def _cancelled(self, original: Order, order: Order) -> None:
        units = min(order.quantity, original.remaining)
        if units == 0:
            order.reason = "취소 가능수량 없음"
            self._change(order, rejected=order.quantity)
            self._tell(News(NewsKind.REJECTED, order, self.now(), order.quantity, ZERO))
            return
        self._change(original, cancelled=original.state.cancelled + units)
        self._change(order, cancelled=units)
        self._tell(News(NewsKind.CONFIRMED, order, self.now(), units, ZERO))

    # What the market does

    def set_price(self, symbol: str, price: Decimal) -> None:
        """Let the house trade at a price, and what rests at or beyond it trade too."""
        self.market.set_price(symbol, price)
        self.market.trades.append((symbol, price, self.now()))
        self.trade_resting(symbol)

    def walk(self) -> None:
        """Let every price of a market that trades now move a little."""
        trading = {country for country in self.hours if self.phases(country) & WHILE_TRADING}
        for symbol, listing in self.market.listings.items():
            if listing.country in trading:
                self.market.walk(symbol)
                self.market.trades.append((symbol, self.market.last(symbol), self.now()))
                self.trade_resting(symbol)

    def trade_resting(self, symbol: str) -> None:
        """Let the house take from every order that its last price reaches."""
        last = self.market.last(symbol)
        for order in list(self._live(symbol)):
            if not order.triggered:
                self._trigger(order, last)
            elif not order.price:
                self._work(order)
            elif order.price >= last if order.is_buy else order.price <= last:
                self.fill(order, min(order.remaining, self.market.depth[symbol]), order.price)

    def _trigger(self, order: Order, last: Decimal) -> None:
        stop = order.draft.stop
        if stop is not None and (last >= stop if order.is_buy else last <= stop):
            order.triggered = True
            self._work(order)

    def _live(self, symbol: str) -> Iterator[Order]:
        """Yield what can trade with the house now."""
        country = self.market.listings[symbol].country
        phases = self.phases(country) & WHILE_TRADING
        for account in self.accounts.values():
            for order in account.open.values():
                if (
                    order.symbol == symbol
                    and not order.held
                    and not order.draft.division.is_for_auction
                    and order.works_in(phases)
                ):
                    yield order

    def _enter(self, order: Order) -> None:
        """Bring an order to the exchange: in a call auction it waits."""
        phases = self.phases(order.draft.listing.country)
        if order.draft.division.is_for_auction or not order.triggered:
            return
        if order.works_in(phases & AT_ONE_PRICE):
            self.fill(order, order.remaining, order.price)
        elif order.works_in(phases & WHILE_TRADING):
            self._work(order)

    def _work(self, order: Order) -> None:
        """Let an order take what the house offers, and rest or lapse."""
        division = order.draft.division
        if division.style is Style.MIDPOINT:
            self.fill(order, order.remaining, order.price)
            return
        offers = self.market.asks(order.symbol) if order.is_buy else self.market.bids(order.symbol)
        within = [
            (price, size)
            for price, size in offers
            if not order.price or (price <= order.price if order.is_buy else price >= order.price)
        ]
        if not division.whole or sum(size for _, size in within) >= order.remaining:
            for price, size in within:
                self.fill(order, min(size, order.remaining), price)
        if division.style is Style.MARKET and not division.now and within:
            self.fill(order, order.remaining, within[-1][0])
        if division.now and order.remaining:
            units = order.remaining
            self._change(order, cancelled=units)
            self._tell(News(NewsKind.LAPSED, order, self.now(), units, ZERO))

    def fill(self, order: Order, quantity: int, price: Decimal) -> None:
        """Execute units of an order at a price."""
        if quantity <= 0:
            return
        account, now = self.accounts[order.draft.account], self.now()
        day = self.hours[order.draft.listing.country].day_at(now)
        charges = account.book(order, quantity, price, day)
        order.record(now, quantity, price, charges)
        if order.remaining == 0:
            account.open.pop(order.serial, None)
        self.market.traded(order.symbol, quantity, price)
        self._tell(News(NewsKind.FILLED, order, now, quantity, price))

    def _change(self, order: Order, **units: int) -> None:
        order.states.append(replace(order.state, at=self.now(), **units))  # type: ignore[arg-type]
        if order.remaining == 0:
            self.accounts[order.draft.account].open.pop(order.serial, None)

    # What the day does

    def _turn(self, country: Country) -> None:
        """End and begin phases whose time this is."""
        hours, now = self.hours[country], self.now()
        periods = hours.periods(hours.day_at(now))
        for period in periods:
            if period.end == now:
                self._end(country, period)
        for period in periods:
            if period.start == now:
                self._begin(country, period, first=period.start == min(p.start for p in periods))
        for account in self.accounts.values():
            for order in list(account.open.values()):
                if order.good_until <= now and order.draft.listing.country is country:
                    self._change(order, expired=order.state.expired + order.remaining)
        self._await_turn(country)

    def _begin(self, country: Country, period: Period, *, first: bool) -> None:
        if first:
            self.market.roll(country)
        if period.phase in WHILE_TRADING:
            for account in self.accounts.values():
                for order in list(account.open.values()):
                    if order.draft.listing.country is country and not order.held:
                        self._enter(order)

    def _end(self, country: Country, period: Period) -> None:
        auctions = {
            Phase.OPENING_AUCTION: frozenset[Style](),
            Phase.CLOSING_AUCTION: frozenset[Style](),
            Phase.PRE_MARKET: frozenset({Style.ON_OPEN, Style.LIMIT_ON_OPEN}),
            Phase.REGULAR: frozenset({Style.ON_CLOSE, Style.LIMIT_ON_CLOSE}),
        }
        if period.phase not in auctions:
            return
        prices: dict[str, Decimal] = {}
        for symbol, listing in self.market.listings.items():
            if listing.country is country:
                prices[symbol] = self.market.auction.pop(symbol, self.market.last(symbol))
                self.market.set_price(symbol, prices[symbol])
                if period.phase in {Phase.CLOSING_AUCTION, Phase.REGULAR}:
                    self.market.tapes[symbol].close = prices[symbol]
                    day = self.hours[country].day_at(self.now())
                    self.market.closes[symbol][day] = prices[symbol]
        special = auctions[period.phase]
        for account in self.accounts.values():
            for order in list(account.open.values()):
                if order.draft.listing.country is country and not order.held:
                    self._auctioned(order, period.phase, prices[order.symbol], special)

    def _auctioned(
        self, order: Order, phase: Phase, price: Decimal, special: frozenset[Style]
    ) -> None:
        """Give an order what an auction has for it."""
        style = order.draft.division.style
        if not order.triggered or (order.draft.division.is_for_auction and style not in special):
            return
        waits = style is Style.CONDITIONAL or order.works_in(frozenset({phase}))
        free = not order.price or (style is Style.CONDITIONAL and phase is Phase.CLOSING_AUCTION)
        inside = order.price >= price if order.draft.side == BUY else order.price <= price
        if (waits or style in special) and (free or inside):
            most = self.market.auction_depth.get(order.symbol, order.remaining)
            self.fill(order, min(order.remaining, most), price)
