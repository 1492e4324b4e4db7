"""Why an order was not taken, not sent or ended unfilled: every ``code: explanation``, once.

The code is stable and made for programs; the explanation has the numbers and may change. The
table here is also the reference in the documentation, which is made from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

REASONS: Mapping[str, str] = {
    "no_account": "The strategy has no book in an account that fits.",
    "book_inactive": "The book is switched off in the configuration.",
    "halted": "New orders are halted: everywhere, or in this account, strategy or book.",
    "not_live": 'The account has `environment = "live"`, and `daemon.live` is false.',
    "symbol_not_in_book": "The book is configured for other symbols.",
    "unknown_symbol": "The broker does not trade this symbol.",
    "unsupported": "The broker has no orders of this type.",
    "off_lot": "The quantity is not a multiple of the lot.",
    "below_one_lot": "The share of the capital buys less than one lot.",
    "nothing_to_close": "There is no position to close, or less than one lot of it.",
    "bad_price": "The price is below one tick, or the broker refused it.",
    "bad_quantity": "The broker refused the quantity.",
    "insufficient_cash": "The book has less free cash than the order may cost.",
    "insufficient_funds": "The account has less free cash at the broker than the order may cost.",
    "insufficient_holdings": "The book holds less of the symbol free than is to be sold.",
    "order_too_large": "The order's value is above `risk.max_order_value`.",
    "price_collar": "The limit price is further from the current price than "
    "`risk.price_collar_percent`; behind a stop it is compared with the stop price.",
    "too_many_orders": "The account has sent `risk.max_orders_per_minute` orders within a minute.",
    "cancelled": "A cancel of the strategy came before the order could be sent.",
    "too_late": "Orders for the close must be in the account's LOC ladder before the exchange's "
    "cut-off.",
    "ladder_given_up": "What the auction gave the account's ladder did not fit its orders, or its "
    "close was not known for a week.",
    "insufficient_margin": (
        "On futures: the book could come to hold more than its capital times its leverage."
    ),
    "too_old": "The order could not be sent within `webhook.max_age_seconds`.",
    "market_closed": "The broker takes no orders at this time.",
    "rejected": "The broker refused the order for another reason.",
    "rate_limited": "The broker was asked too often; it was tried again, in vain.",
    "unavailable": "The broker does not answer, or not with what is needed to take the order.",
    "not_placed": "The broker never received the order.",
    "by_broker": "The broker ended the order and did not say why; nobody here wanted that.",
    "lost": "The broker had taken the order and shows it no more; a person said that it is gone.",
    "duplicate": "The broker has an order with this id already; it is asked which.",
    "order_not_found": "Of a cancel: the strategy has no such order.",
    "order_ambiguous": "Of a cancel: several orders have this number; use our own id.",
    "cancel_unconfirmed": "Of a cancel: not confirmed within `cancel.timeout_seconds`; it goes on.",
}
