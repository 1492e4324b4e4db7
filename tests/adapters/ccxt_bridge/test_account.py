from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.broker import BrokerUnavailableError, SentOrder, UnknownSymbolError
from adapters.ccxt_bridge.account import PAGE, Account
from adapters.limits import Urgency
from algorithms.domain import BrokerOrderId, Symbol
from tests.adapters.ccxt_bridge.conftest import SETTINGS
from tests.adapters.ccxt_bridge.test_broker import BUY, request
from tests.support.fake_ccxt import SPOT, START_MS, InvalidNonce, Trouble

if TYPE_CHECKING:
    from adapters.ccxt_bridge.hub import Hub
    from tests.support.fake_ccxt import Exchange

BTC = Symbol("BTCUSDT")


async def account_of(hub: Hub) -> Account:
    exchange = hub.exchange("smallx", is_test=False, base_url=None)
    client = exchange.client({})
    client.set_markets_from_exchange(await exchange.markets())
    return Account(SETTINGS, exchange, client, hub.clock)


async def placed(account: Account, hub: Hub, client_id: str = "c1") -> SentOrder:
    order = replace(request(), client_id=client_id)  # type: ignore[arg-type]
    await account.client.create_order(*BUY, {"clientOrderId": client_id})
    account.watched.add(BTC)
    return SentOrder(
        request=order,
        sent_at=hub.clock.now(),
        fingerprint=None,
        broker_order_id=None,
        market_day=None,
    )


async def test_coins_are_called_by_the_symbol_that_buys_them(hub: Hub) -> None:
    held = await (await account_of(hub)).holdings()
    assert held.positions == {BTC: Decimal("2.5")}
    assert held.cash == {"USDT": Decimal(1000), "XYZ": Decimal(7)}


async def test_symbols_of_other_currencies_and_ambiguous_ones_are_not_traded(
    hub: Hub, small: type[Exchange]
) -> None:
    small.books["markets"]["BT/CUSDT"] = {"base": "BT", "quote": "CUSDT", **SPOT}
    small.books["markets"]["AB/USDT"] = {"base": "AB", "quote": "USDT", **SPOT}
    small.books["markets"]["AB/USDT:X"] = {"base": "AB", "quote": "USDT", **SPOT}
    account = await account_of(hub)
    assert account.names == {BTC: "BTC/USDT"}
    with pytest.raises(UnknownSymbolError, match="ABUSDT"):
        account.name(Symbol("ABUSDT"))


@pytest.mark.parametrize(
    ("mode", "precision", "lot", "tick"),
    [
        (4, {"amount": "0.001", "price": "0.5"}, "0.001", "0.5"),
        (2, {"amount": "3", "price": "0"}, "0.001", "1"),
    ],
)
async def test_lot_and_tick_come_from_the_precision(
    hub: Hub, small: type[Exchange], mode: int, precision: dict[str, str], lot: str, tick: str
) -> None:
    small.books["markets"]["BTC/USDT"]["precision"] = precision
    account = await account_of(hub)
    account.client.precisionMode = mode
    instrument = account.instrument(BTC)
    assert (instrument.lot, instrument.tick_at(Decimal(100))) == (Decimal(lot), Decimal(tick))


@pytest.mark.parametrize("precision", [{}, {"amount": None, "price": "1"}, {"amount": "0"}])
async def test_a_symbol_without_a_step_is_no_answer(
    hub: Hub, small: type[Exchange], precision: dict[str, str]
) -> None:
    small.books["markets"]["BTC/USDT"]["precision"] = precision
    with pytest.raises(BrokerUnavailableError):
        (await account_of(hub)).instrument(BTC)


async def test_an_order_is_found_among_all_that_could_be_it(
    hub: Hub, small: type[Exchange]
) -> None:
    account = await account_of(hub)
    await placed(account, hub, "another")
    sent = await placed(account, hub)
    found = await account.find(sent)
    assert found is not None
    assert (found.id, found.client_id) == ("2", "c1")
    small.books["orders"].pop()
    account.compare_ids(found, sent.request.client_id)
    assert await account.find(sent) is None


async def test_an_order_without_our_id_could_be_the_lost_one(
    hub: Hub, small: type[Exchange]
) -> None:
    account = await account_of(hub)
    sent = await placed(account, hub)
    small.books["orders"][0]["clientOrderId"] = None
    with pytest.raises(BrokerUnavailableError, match="could be this one"):
        await account.find(sent)


async def test_a_full_page_of_orders_proves_nothing(hub: Hub, small: type[Exchange]) -> None:
    account = await account_of(hub)
    sent = await placed(account, hub)
    (order,) = small.books["orders"]
    order["status"] = "closed"
    small.books["orders"] = [{**order, "clientOrderId": f"n{n}"} for n in range(PAGE)]
    with pytest.raises(BrokerUnavailableError, match="too many orders"):
        await account.find(sent)


async def test_a_number_that_shows_another_order_is_not_believed(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, small: type[Exchange]
) -> None:
    """The order is then looked for by our id."""
    account = await account_of(hub)
    sent = replace(await placed(account, hub), broker_order_id=BrokerOrderId("1"))
    stranger = {**small.books["orders"][0], "id": "5", "clientOrderId": "else"}
    monkeypatch.setattr(small, "_numbered", lambda *_: stranger)
    found = await account.find(sent)
    assert found is not None
    assert (found.id, found.client_id) == ("1", "c1")


async def test_trades_are_read_page_by_page_and_each_once(hub: Hub, small: type[Exchange]) -> None:
    account = await account_of(hub)
    await placed(account, hub)
    small.books["orders"][0]["amount"] = "1000"
    for number in range(PAGE + 50):
        small.trade("1", "1", at_ms=START_MS + number)
    fills = await account.fills_since(hub.clock.now())
    assert len(fills) == PAGE + 50
    assert fills[-1].cumulative == PAGE + 50


async def test_what_filled_before_counts_though_it_was_not_asked_for(
    hub: Hub, small: type[Exchange]
) -> None:
    account = await account_of(hub)
    await placed(account, hub)
    small.books["orders"][0]["amount"] = "2"
    small.trade("1", "0.5")
    small.trade("1", "1", at_ms=START_MS + 120_000)
    (fill,) = await account.fills_since(hub.clock.now() + timedelta(minutes=2))
    assert (fill.trade_id, fill.cumulative, fill.client_id) == ("2", Decimal("1.5"), "c1")


async def test_trades_fewer_than_the_order_says_are_not_told_as_all(
    hub: Hub, small: type[Exchange]
) -> None:
    account = await account_of(hub)
    sent = await placed(account, hub)
    small.books["orders"][0]["filled"] = "1"
    order = await account.find(sent)
    assert order is not None
    with pytest.raises(BrokerUnavailableError, match="0 of 1 units"):
        await account.fills_of(order)


async def test_a_clock_that_is_off_is_measured_again(hub: Hub, small: type[Exchange]) -> None:
    account = await account_of(hub)
    await account.holdings()
    small.spoil("GET balance", Trouble(InvalidNonce()))
    with pytest.raises(BrokerUnavailableError):
        await account.holdings()
    await account.holdings()
    assert small.books["requests"].count("GET time") == 2


async def test_open_orders_of_symbols_in_use_where_one_must_be_named(
    hub: Hub, small: type[Exchange]
) -> None:
    del small
    account = await account_of(hub)
    await placed(account, hub)
    account.client.features = {"spot": {"fetchOpenOrders": {"symbolRequired": True}}}
    assert [order.id for order in await account.open_orders()] == ["1"]
    account.watched.clear()
    assert await account.open_orders() == []


async def test_a_library_that_stumbles_is_an_answer_that_cannot_be_read(
    hub: Hub, small: type[Exchange]
) -> None:
    account = await account_of(hub)
    small.spoil("GET balance", Trouble(KeyError("total"), 200, "{}"))
    made = await account.call(account.client.fetch_balance, Urgency.ASK)
    assert isinstance(made.error, KeyError)
