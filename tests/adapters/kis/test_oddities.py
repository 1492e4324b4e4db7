"""What nobody has described is survived and told once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.kis.oddities import FIELDS, Oddities
from adapters.kis.operations import Operation
from tests.adapters.kis.conftest import MORNING
from tests.adapters.kis.lines import KR_BALANCE, KR_PRICE, US_BALANCE, US_MARGIN, kr_line, us_line
from tests.support.scripted_kis import good, sent

if TYPE_CHECKING:
    import pytest

    from adapters.kis.broker import KisBroker
    from tests.support.scripted_kis import ScriptedKis


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if "oddities" in each.name]


def test_what_is_described_is_not_odd(caplog: pytest.LogCaptureFixture) -> None:
    oddities = Oddities()
    for operation, said in (
        (Operation.KR_BALANCE, good(**KR_BALANCE)),
        (Operation.KR_PRICE, good(**KR_PRICE)),
        (Operation.KR_ORDERS, good(output1=[kr_line()], output2={}, ctx_area_fk100="")),
        (Operation.US_ORDERS, good(output=[us_line()])),
        (Operation.US_ORDERS, good(output=[])),
        (Operation.US_BALANCE, good(**US_BALANCE)),
        (Operation.US_MARGIN, good(**US_MARGIN)),
        (Operation.KR_BUY, sent("0000218840")),
    ):
        assert isinstance(said.body, dict)
        oddities.look_at(operation, said.body)
    assert told(caplog) == []


def test_a_field_nobody_described_is_told_once_for_each_operation(
    caplog: pytest.LogCaptureFixture,
) -> None:
    oddities = Oddities()
    for operation in (Operation.KR_ORDERS, Operation.KR_ORDERS, Operation.US_ORDERS):
        oddities.look_at(operation, {"output1": [{"odno": "1", "NEW_YN": "Y"}], "rt_cd": "0"})
    oddities.look_at(Operation.US_BUYABLE, {"output": {}, "zeit": "x"})
    assert told(caplog) == [
        "KIS: an unfamiliar field, new_yn, in answers to KR_ORDERS",
        "KIS: an unfamiliar field, new_yn, in answers to US_ORDERS",
        "KIS: an unfamiliar field, zeit, in answers to US_BUYABLE",
    ]


def test_every_list_and_answer_of_the_account_is_described() -> None:
    quotes = {Operation.KR_PRICE, Operation.KR_BOOK, Operation.US_PRICE, Operation.US_DAILY}
    assert set(Operation) - quotes - {Operation.US_PRESENT} == FIELDS.keys()


async def test_orders_go_on_among_fields_and_directions_nobody_knows(
    seoul: KisBroker, kis: ScriptedKis, caplog: pytest.LogCaptureFixture
) -> None:
    strange = kr_line("0000000007", sll_buy_dvsn_cd="09", new_yn="Y")
    kis.says(Operation.KR_ORDERS, good(output1=[strange, kr_line()], new="x"))
    for _ in range(3):
        fills = await seoul.fills_since(MORNING)
        assert {fill.order_id for fill in fills} == {"218840"}
    assert sorted(told(caplog)) == [
        "KIS: an unfamiliar direction of an order, '09'",
        "KIS: an unfamiliar field, new, in answers to KR_ORDERS",
        "KIS: an unfamiliar field, new_yn, in answers to KR_ORDERS",
    ]
