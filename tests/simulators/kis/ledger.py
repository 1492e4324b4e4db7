"""Money and holdings of an account: what is settled, what is on its way, what orders hold."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from tests.simulators.kis.divisions import Style
from tests.simulators.kis.hours import Country, Hours
from tests.simulators.kis.orders import BUY

if TYPE_CHECKING:
    from datetime import date

    from adapters.clock import Clock
    from tests.simulators.kis.accounts import AccountSeed
    from tests.simulators.kis.listings import Listing
    from tests.simulators.kis.market import Market
    from tests.simulators.kis.orders import Order
    from tests.simulators.kis.switches import Switches

ZERO = Decimal(0)
CENT = Decimal("0.01")
SETTLEMENT_DAYS = {Country.KOREA: 2, Country.AMERICA: 1}


@dataclass(frozen=True, slots=True)
class Rates:
    """Charges as fractions of what was traded; taxes are of sales alone."""

    commission: Decimal = Decimal("0.000140527")
    stock_tax: Decimal = Decimal("0.0020")
    us_commission: Decimal = Decimal("0.0025")

    def of_trade(self, listing: Listing, side: str, amount: Decimal) -> tuple[Decimal, Decimal]:
        """Return commission and tax, rounded as they are charged: down to won, to cents."""
        if listing.country is Country.AMERICA:
            return (amount * self.us_commission).quantize(CENT, ROUND_HALF_UP), ZERO
        fee = (amount * self.commission).quantize(Decimal(1), ROUND_DOWN)
        taxed = side != BUY and not listing.is_fund
        tax = (amount * self.stock_tax).quantize(Decimal(1), ROUND_DOWN) if taxed else ZERO
        return fee, tax

    def of_buying(self, country: Country) -> Decimal:
        return self.commission if country is Country.KOREA else self.us_commission


@dataclass(slots=True)
class Holding:
    """``cost``: of the units held, fees not included. ``bought`` and ``sold``: units by day."""

    quantity: int = 0
    cost: Decimal = ZERO
    bought: dict[date, int] = field(default_factory=lambda: defaultdict(int))
    sold: dict[date, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def average(self) -> Decimal:
        return self.cost / self.quantity if self.quantity else ZERO


@dataclass(frozen=True, slots=True)
class Flow:
    """Cash of a trade, negative if paid; it is there from ``settles`` on."""

    country: Country
    traded: date
    settles: date
    amount: Decimal
    charges: Decimal


class Account:
    """One account in both currencies."""

    def __init__(
        self,
        seed: AccountSeed,
        market: Market,
        hours: dict[Country, Hours],
        switches: Switches,
        clock: Clock,
    ) -> None:
        self._switches = switches
        self._clock = clock
        self.seed = seed
        self.number = seed.number
        self.rates = Rates()
        self._hours = hours
        self._market = market
        self._settled = {Country.KOREA: seed.won, Country.AMERICA: seed.dollars}
        self.flows: list[Flow] = []
        self.holdings: dict[str, Holding] = {
            symbol: Holding(quantity, quantity * market.listings[symbol].price)
            for symbol, quantity in seed.holdings.items()
        }
        self.open: dict[int, Order] = {}
        """By serial, oldest first: what orders hold is counted from them."""

    def deposit(self, country: Country, day: date) -> Decimal:
        """Return the cash that is settled on a day."""
        arrived = (each.amount for each in self.flows if self._is_due(each, country, day))
        return sum(arrived, self._settled[country])

    @staticmethod
    def _is_due(flow: Flow, country: Country, day: date) -> bool:
        return flow.country is country and flow.settles <= day

    def cash(self, country: Country) -> Decimal:
        """Return the cash when everything that was traded has settled."""
        moved = (each.amount for each in self.flows if each.country is country)
        return sum(moved, self._settled[country])

    def reserved_cash(self, country: Country, *, but: Order | None = None) -> Decimal:
        orders = (order for order in self.open.values() if order.is_buy and order is not but)
        return sum(
            (
                self.cost_of(order.draft.listing, order.draft.division.style, order.price)
                * order.remaining
                for order in orders
                if order.draft.listing.country is country
            ),
            ZERO,
        )

    def cost_of(self, listing: Listing, style: Style, price: Decimal) -> Decimal:
        """Return what one unit of an order holds: without a price, the day's highest."""
        limits = self._market.limits(listing.symbol)
        dear = limits is not None and (not price or style is Style.CONDITIONAL)
        unit = limits[1] if dear and limits is not None else price
        us = listing.country is Country.AMERICA
        more = Decimal(str(self._switches.us_hold_percent)) / 100 if us else ZERO
        return unit * (1 + more + self.rates.of_buying(listing.country))

    def available(self, country: Country, *, but: Order | None = None) -> Decimal:
        """Return the cash that new orders may hold."""
        return self.cash(country) - self._on_its_way(country) - self.reserved_cash(country, but=but)

    def _on_its_way(self, country: Country) -> Decimal:
        """Return what sales have brought that cannot be spent yet."""
        if not self._switches.settled_cash_only:
            return ZERO
        today = self._hours[country].day_at(self._clock.now())
        return sum(
            (max(f.amount, ZERO) for f in self.flows if f.country is country and f.settles > today),
            ZERO,
        )

    def held(self, symbol: str) -> int:
        return self.holdings[symbol].quantity if symbol in self.holdings else 0

    def sellable(self, symbol: str, *, but: Order | None = None) -> int:
        """Return the units that are held and not for sale already."""
        return self.held(symbol) - sum(
            order.remaining
            for order in self.open.values()
            if order.symbol == symbol and not order.is_buy and order is not but
        )

    def book(self, order: Order, quantity: int, price: Decimal, day: date) -> Decimal:
        """Book a trade of an order; return commission and tax together."""
        listing = order.draft.listing
        country, amount = listing.country, quantity * price
        charges = self._charges(order, amount)
        holding = self.holdings.setdefault(order.symbol, Holding())
        if order.is_buy:
            holding.quantity += quantity
            holding.cost += amount
            holding.bought[day] += quantity
        else:
            holding.cost -= holding.average * quantity
            holding.quantity -= quantity
            holding.sold[day] += quantity
        settles = day
        for _ in range(SETTLEMENT_DAYS[country]):
            settles = self._hours[country].next_day(settles)
        moved = -amount if order.is_buy else amount
        self.flows.append(Flow(country, day, settles, moved - charges, charges))
        return charges

    def _charges(self, order: Order, amount: Decimal) -> Decimal:
        listing, side = order.draft.listing, order.draft.side
        if self._switches.charged_per == "execution":
            return sum(self.rates.of_trade(listing, side, amount), ZERO)
        before, after = order.state.amount, order.state.amount + amount
        total = sum(self.rates.of_trade(listing, side, after), ZERO)
        return total - sum(self.rates.of_trade(listing, side, before), ZERO)
