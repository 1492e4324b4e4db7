"""The spot exchange: balances, and what its engine refuses."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from tests.simulators.binance.errors import ApiError
from tests.simulators.binance.listings import SPOT_CODES
from tests.simulators.binance.orders import ZERO, Draft, Order, Trade
from tests.simulators.binance.venue import Venue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.simulators.binance.listings import Listing


class SpotVenue(Venue):
    """Nobody sells what he has not, and what open orders need is locked."""

    codes: ClassVar[dict[str, tuple[int, str]]] = SPOT_CODES
    maker_fee: ClassVar[Decimal] = Decimal("0.001")
    taker_fee: ClassVar[Decimal] = Decimal("0.001")

    def __init__(self, listings: Iterable[Listing], now_ms: Callable[[], int]) -> None:
        super().__init__(listings, now_ms)
        self.balances: dict[str, dict[str, Decimal]] = defaultdict(dict)

    def locked(self, account: str, asset: str) -> Decimal:
        total = ZERO
        for order in self.open_orders(account):
            listing = self.listings[order.draft.symbol]
            if order.is_buy and listing.quote == asset:
                price = order.price or order.draft.stop_price or self.ask(listing.symbol)
                total += order.open_quantity * price
            elif not order.is_buy and listing.base == asset:
                total += order.open_quantity
        return total

    def free(self, account: str, asset: str) -> Decimal:
        return self.balances[account].get(asset, ZERO) - self.locked(account, asset)

    def check_funds(self, account: str, draft: Draft) -> None:
        listing = self.listings[draft.symbol]
        if draft.side == "SELL":
            needed, asset = draft.quantity, listing.base
        else:
            price = draft.price or draft.stop_price or self.ask(draft.symbol)
            needed, asset = draft.quote_quantity or draft.quantity * price, listing.quote
        if self.free(account, asset) < needed:
            raise ApiError(-2010, "Account has insufficient balance for requested action.")

    def settle(
        self,
        order: Order,
        price: Decimal,
        quantity: Decimal,
        fee: Decimal,
        number: int,
        *,
        maker: bool,
    ) -> Trade:
        listing = self.listings[order.draft.symbol]
        mine = self.balances[order.account]
        sign = 1 if order.is_buy else -1
        got, fee_asset = (
            (quantity, listing.base) if order.is_buy else (price * quantity, listing.quote)
        )
        mine[listing.base] = mine.get(listing.base, ZERO) + sign * quantity
        mine[listing.quote] = mine.get(listing.quote, ZERO) - sign * price * quantity
        mine[fee_asset] -= got * fee
        return Trade(
            id=number,
            order_id=order.id,
            symbol=listing.symbol,
            side=order.draft.side,
            price=price,
            quantity=quantity,
            fee=got * fee,
            fee_asset=fee_asset,
            maker=maker,
            at_ms=self.now_ms(),
        )

    def assets_of(self, listing: Listing) -> tuple[str, ...]:
        return (listing.base, listing.quote)

    def duplicate(self) -> ApiError:
        return ApiError(-2010, "Duplicate order sent.")

    def would_take(self) -> ApiError:
        return ApiError(-2010, "Order would immediately match and take.")

    def fill_or_kill_fails(self) -> None:
        """Let it come in: the engine accepts the order and expires it untouched."""
