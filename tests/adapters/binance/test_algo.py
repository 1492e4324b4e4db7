"""Conditional futures orders and what is born of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.binance.algo import Algos, born_number
from adapters.binance.answers import Reply
from adapters.binance.orders import Memory, Reader
from adapters.binance.routes import FUTURES
from adapters.broker import BrokerOrderState, BrokerUnavailableError
from adapters.sessions import AlwaysOpen
from tests.adapters.binance.rows import algo_row, order_row
from tests.adapters.binance.test_routes import BTC, STOP, sent

if TYPE_CHECKING:
    from adapters.binance.wire import Call

NOT_THERE = Reply(400, {}, -2013, "Order does not exist.")
WENT_OFF = algo_row(clientAlgoId="a-2", algoStatus="FINISHED", actualOrderId=77)


def algos(answers: dict[str, Reply]) -> Algos:
    """A service that answers each route with one reply."""

    async def send(call: Call) -> Reply:
        return answers[call.path.removeprefix("/fapi/v1/")]

    return Algos(FUTURES, Reader(Memory(), AlwaysOpen().day_at, str), send)


async def test_a_sleeping_order_is_open() -> None:
    found = await algos({"algoOrder": Reply(200, algo_row())}).find(sent(STOP))
    assert found is not None
    assert found[0].state is BrokerOrderState.OPEN
    assert found[1] is None


async def test_one_that_went_off_is_as_far_as_the_order_born_of_it() -> None:
    born = order_row(77, type="MARKET", status="FILLED", executedQty="1")
    service = algos({"algoOrder": Reply(200, WENT_OFF), "order": Reply(200, born)})
    found = await service.find(sent(STOP))
    assert found is not None
    order, number = found
    assert (order.id, order.state, number) == ("algo-9", BrokerOrderState.FILLED, "77")


async def test_while_the_born_order_is_not_shown_nobody_knows() -> None:
    service = algos({"algoOrder": Reply(200, WENT_OFF), "order": NOT_THERE})
    with pytest.raises(BrokerUnavailableError):
        await service.find(sent(STOP))


async def test_only_all_lists_together_say_that_it_is_not_there() -> None:
    empty = Reply(200, [])
    answers = {"algoOrder": NOT_THERE, "openAlgoOrders": empty, "allAlgoOrders": empty}
    assert await algos(answers).find(sent(STOP)) is None
    answers["allAlgoOrders"] = Reply(200, [algo_row(clientAlgoId="a-2", algoStatus="CANCELED")])
    found = await algos(answers).find(sent(STOP))
    assert found is not None
    assert found[0].state is BrokerOrderState.CANCELLED
    answers["allAlgoOrders"] = Reply(502, None)
    with pytest.raises(BrokerUnavailableError):
        await algos(answers).find(sent(STOP))


async def test_open_ones_leave_out_what_went_off() -> None:
    rows = Reply(200, [algo_row(algoId=10), WENT_OFF])
    listed = await algos({"openAlgoOrders": rows}).open(BTC)
    assert [order.id for order in listed] == ["algo-10"]


@pytest.mark.parametrize("value", [None, "", "0", 0])
def test_no_number_is_written_in_several_ways(value: object) -> None:
    assert born_number({"actualOrderId": value}) is None
    assert born_number({"actualOrderId": 77}) == "77"
