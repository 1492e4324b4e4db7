"""What the contract does not say: exchanges without a look-up by our id, and refusals by reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.broker import (
    Absent,
    Accepted,
    BrokerMisconfiguredError,
    BrokerOrderState,
    BrokerUnavailableError,
    CancelAccepted,
    CancelRefused,
    Found,
    NotOpen,
    OrderRequest,
    OutcomeUnknown,
    RefusalCode,
    Refused,
    SentOrder,
    Undecided,
)
from adapters.ccxt_bridge.broker import BridgeBroker
from adapters.ccxt_bridge.fitness import COSTS_ONLY, NO_STOPS
from algorithms.domain import ChildId, OrderType, Side, Symbol, TimeInForce
from tests.adapters.ccxt_bridge.conftest import SETTINGS
from tests.support.fake_ccxt import ExchangeNotAvailable, Trouble

if TYPE_CHECKING:
    from adapters.ccxt_bridge.hub import Hub
    from tests.support.fake_ccxt import Exchange

BUY = ("BTC/USDT", "limit", "buy", "1", "100.5")


def request(
    order_type: OrderType = OrderType.LIMIT, limit: str | None = "100.5", quantity: str = "1"
) -> OrderRequest:
    return OrderRequest(
        client_id=ChildId("c1"),
        symbol=Symbol("BTCUSDT"),
        side=Side.BUY,
        order_type=order_type,
        time_in_force=TimeInForce.DAY,
        quantity=Decimal(quantity),
        limit_price=None if limit is None else Decimal(limit),
    )


def sent(broker: BridgeBroker, order: OrderRequest) -> SentOrder:
    return SentOrder(
        request=order,
        sent_at=broker._clock.now(),  # noqa: SLF001 - the test's own
        fingerprint=None,
        broker_order_id=None,
        market_day=None,
    )


async def test_an_order_is_placed_found_by_listing_and_cancelled(
    broker: BridgeBroker, small: type[Exchange]
) -> None:
    outcome = await broker.place(request())
    assert isinstance(outcome, Accepted)
    (there,) = small.books["orders"]
    assert (there["clientOrderId"], there["amount"], there["price"]) == ("c1", "1", "100.5")
    lost = sent(broker, request())
    assert isinstance(await broker.find(lost), Found)
    assert await broker.cancel((lost,)) == (CancelAccepted(),)
    found = await broker.find(lost)
    assert isinstance(found, Found)
    assert found.order.state is BrokerOrderState.CANCELLED
    assert await broker.cancel((replace(lost, broker_order_id=found.order.id),)) == (NotOpen(),)


async def test_an_order_without_an_answer_is_unknown_until_it_is_found(
    broker: BridgeBroker, small: type[Exchange]
) -> None:
    small.spoil("POST order", Trouble(ExchangeNotAvailable(), None, done=True))
    lost = sent(broker, request())
    assert isinstance(await broker.place(request()), OutcomeUnknown)
    assert isinstance(await broker.find(lost), Found)


async def test_a_lost_order_is_absent_when_it_has_settled_at_an_exchange_that_keeps_our_ids(
    broker: BridgeBroker, small: type[Exchange]
) -> None:
    """Until an order has been seen with the id we gave it, no list proves anything."""
    clock = broker._clock  # noqa: SLF001 - the test's own
    small.spoil("POST order", Trouble(ExchangeNotAvailable(), None))
    lost = sent(broker, request())
    assert isinstance(await broker.place(request()), OutcomeUnknown)
    assert isinstance(await broker.find(lost), Undecided)
    assert broker.capabilities.settle_time >= timedelta(minutes=2)
    await clock.sleep(broker.capabilities.settle_time.total_seconds())
    unsure = await broker.find(lost)
    assert isinstance(unsure, Undecided)
    assert "keeps our ids" in unsure.reason
    assert isinstance((await broker.cancel((lost,)))[0], CancelRefused)
    assert isinstance(await broker.place(replace(request(), client_id=ChildId("c2"))), Accepted)
    await clock.sleep(2)
    assert isinstance(await broker.find(lost), Absent)
    assert await broker.cancel((lost,)) == (NotOpen(),)


async def test_an_exchange_may_put_a_prefix_before_our_ids(
    broker: BridgeBroker, small: type[Exchange]
) -> None:
    ours = ChildId("bot-01M7YBMMQSCRB40TFG4ZM5R5ZV")
    order = replace(request(), client_id=ours)
    small.books["answer"] = {"id": "1", "clientOrderId": f"t-{ours}"}
    assert isinstance(await broker.place(order), Accepted)
    small.books["orders"][0]["clientOrderId"] = f"t-{ours}"
    small.books["answer"] = None
    assert [each.client_id for each in await broker.open_orders()] == [ours]
    assert isinstance(await broker.find(sent(broker, order)), Found)


async def test_a_lost_order_is_found_behind_a_prefix_nobody_has_seen_yet(
    broker: BridgeBroker, small: type[Exchange]
) -> None:
    order = replace(request(), client_id=ChildId("bot-01M7YBMMQSCRB40TFG4ZM5R5ZV"))
    small.spoil("POST order", Trouble(ExchangeNotAvailable(), None, done=True))
    assert isinstance(await broker.place(order), OutcomeUnknown)
    small.books["orders"][0]["clientOrderId"] = f"t-{order.client_id}"
    assert isinstance(await broker.find(sent(broker, order)), Found)


@pytest.mark.parametrize(
    "answer",
    ["", "<html>", [], {}, {"id": None}, {"id": "1", "clientOrderId": "a stranger's"}],
)
async def test_an_answer_that_shows_no_order_of_ours_proves_nothing(
    broker: BridgeBroker, small: type[Exchange], answer: object
) -> None:
    small.books["answer"] = answer or {"info": answer}
    assert isinstance(await broker.place(request()), OutcomeUnknown)


async def test_a_number_alone_is_enough_to_know_that_it_is_there(
    broker: BridgeBroker, small: type[Exchange]
) -> None:
    small.books["answer"] = {"id": "1", "clientOrderId": None, "status": None}
    outcome = await broker.place(request())
    assert isinstance(outcome, Accepted)
    order = outcome.order
    assert (order.id, order.client_id, order.filled) == ("1", "c1", Decimal(0))


@pytest.mark.parametrize(
    ("order", "code", "said"),
    [
        (replace(request(), symbol=Symbol("ETHUSDT")), RefusalCode.UNKNOWN_SYMBOL, "ETHUSDT"),
        (request(OrderType.STOP_MARKET), RefusalCode.UNSUPPORTED, NO_STOPS),
        (request(OrderType.STOP_LIMIT), RefusalCode.UNSUPPORTED, NO_STOPS),
        (request(OrderType.LOC), RefusalCode.UNSUPPORTED, "no loc orders"),
        (request(quantity="0.0005"), RefusalCode.BAD_QUANTITY, "0.001"),
        (request(limit="100.3"), RefusalCode.BAD_PRICE, "tick"),
        (request(limit=None), RefusalCode.BAD_PRICE, "needs a price"),
    ],
)
async def test_what_ccxt_would_change_or_cannot_do_is_refused_with_its_reason(
    broker: BridgeBroker,
    small: type[Exchange],
    order: OrderRequest,
    code: RefusalCode,
    said: str,
) -> None:
    outcome = await broker.place(order)
    assert isinstance(outcome, Refused)
    assert outcome.code is code
    assert said.lower() in outcome.message.lower()
    assert "POST order" not in small.books["requests"]


async def test_a_market_buy_is_refused_where_it_must_name_a_cost(broker: BridgeBroker) -> None:
    account = broker._account  # noqa: SLF001 - to change what its exchange wants
    assert account is not None
    account.client.options["createMarketBuyOrderRequiresPrice"] = True
    order = request(OrderType.MARKET, None)
    assert await broker.place(order) == Refused(RefusalCode.UNSUPPORTED, COSTS_ONLY)
    assert isinstance(await broker.place(replace(order, side=Side.SELL)), Accepted)


async def test_an_account_that_may_not_place_says_why_and_still_cancels(
    hub: Hub, small: type[Exchange]
) -> None:
    broker = BridgeBroker(replace(SETTINGS, no_orders="real orders need a yes"), hub)
    assert isinstance(await broker.place(request()), Refused)
    await broker.open()
    outcome = await broker.place(request())
    assert outcome == Refused(RefusalCode.REJECTED, "real orders need a yes")
    assert small.books["orders"] == []
    await broker.close()
    assert isinstance((await broker.cancel((sent(broker, request()),)))[0], CancelRefused)
    with pytest.raises(BrokerUnavailableError):
        await broker.holdings()


async def test_an_exchange_that_cannot_be_used_is_said_when_it_opens(hub: Hub) -> None:
    broker = BridgeBroker(replace(SETTINGS, exchange="nowhere"), hub)
    with pytest.raises(BrokerMisconfiguredError, match="knows no exchange"):
        await broker.open()


async def test_a_quote_leaves_out_what_is_not_told(broker: BridgeBroker) -> None:
    quote = await broker.quote(Symbol("BTCUSDT"))
    assert (quote.last, quote.bid, quote.ask, quote.previous_close) == (
        Decimal("100.5"),
        Decimal(100),
        None,
        None,
    )


async def test_several_orders_in_one_cancel_are_a_mistake_of_ours(broker: BridgeBroker) -> None:
    with pytest.raises(ValueError, match="at most 1"):
        await broker.cancel((sent(broker, request()),) * 2)
