"""Questions: asked twice at most, page by page, answered whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from adapters.broker import (
    BrokerMisconfiguredError,
    BrokerUnavailableError,
    UnknownSymbolError,
)
from adapters.kis.asking import MOST_PAGES, Asker
from adapters.kis.operations import Operation
from adapters.kis.wire import Call
from tests.support.scripted_kis import Says, bad, good

if TYPE_CHECKING:
    from adapters.kis.hub import Access
    from tests.support.scripted_kis import ScriptedKis

KEYS = ("CTX_AREA_FK100", "CTX_AREA_NK100")
LIST = Call(
    operation=Operation.KR_BALANCE,
    params=(("CANO", "50123456"), ("CTX_AREA_FK100", ""), ("CTX_AREA_NK100", "")),
)
PRICE = Call(operation=Operation.KR_PRICE, params=(("FID_INPUT_ISCD", "069500"),))


@pytest.fixture
async def asker(real: Access) -> Asker:
    return Asker(real)


def page(tr_cont: str, place: str, **fields: Any) -> Says:  # noqa: ANN401 - any field
    body = {**fields, "ctx_area_fk100": place.ljust(100), "ctx_area_nk100": place.ljust(100)}
    return Says({**body, "rt_cd": "0", "msg_cd": "KIOK0500", "msg1": ""}, tr_cont=tr_cont)


async def test_a_question_that_was_not_answered_is_asked_once_more(
    asker: Asker, kis: ScriptedKis
) -> None:
    kis.says(Operation.KR_PRICE, bad("EGW00316", status=500), good(output={"stck_prpr": "1"}))
    assert (await asker.ask(PRICE)).is_good
    assert len(kis.asked(Operation.KR_PRICE)) == 2


@pytest.mark.parametrize(
    ("says", "error"),
    [
        (bad("EGW00001", status=500), BrokerUnavailableError),
        (bad("EGW00201", status=500), BrokerUnavailableError),
        (Says(raw=b"<html>", status=502), BrokerUnavailableError),
        (Says({}, cut=True), BrokerUnavailableError),
        (bad("OPSQ2000", result="2"), BrokerMisconfiguredError),
        (bad("EGW02004", status=500), BrokerMisconfiguredError),
        (bad("MCA05918"), UnknownSymbolError),
    ],
)
async def test_no_answer_is_never_taken_for_nothing(
    asker: Asker, kis: ScriptedKis, says: Says, error: type[Exception]
) -> None:
    kis.says(Operation.KR_PRICE, says)
    with pytest.raises(error):
        await asker.ask(PRICE)
    assert len(kis.asked(Operation.KR_PRICE)) <= 2


async def test_nothing_to_show_is_an_answer(asker: Asker, kis: ScriptedKis) -> None:
    kis.says(Operation.KR_PRICE, bad("KIOK0560", result="7"))
    assert (await asker.ask(PRICE)).is_empty


async def test_pages_follow_the_header_and_copy_the_place(asker: Asker, kis: ScriptedKis) -> None:
    kis.says(Operation.KR_BALANCE, page("F", "a^1"), page("M", "a^2"), page("D", "a^3"))
    assert len(await asker.pages(LIST, KEYS)) == 3
    asked = kis.asked(Operation.KR_BALANCE)
    assert [one.params["CTX_AREA_NK100"] for one in asked] == [
        "",
        "a^1".ljust(100),
        "a^2".ljust(100),
    ]
    assert [one.headers["tr_cont"] for one in asked] == ["", "N", "N"]


@pytest.mark.parametrize("last", [page("D", "static^key"), page("M", ""), page("E", "x")])
async def test_the_last_page_may_carry_a_place(asker: Asker, kis: ScriptedKis, last: Says) -> None:
    kis.says(Operation.KR_BALANCE, last)
    assert len(await asker.pages(LIST, KEYS)) == 1


async def test_a_place_that_does_not_move_ends_the_list(asker: Asker, kis: ScriptedKis) -> None:
    kis.says(Operation.KR_BALANCE, page("M", "stuck"))
    assert len(await asker.pages(LIST, KEYS)) == 2


async def test_a_list_that_changes_is_read_from_the_start(asker: Asker, kis: ScriptedKis) -> None:
    kis.says(
        Operation.KR_BALANCE,
        page("F", "a"),
        bad("SYDB0050"),
        page("F", "b"),
        page("D", "c"),
    )
    replies = await asker.pages(LIST, KEYS)
    assert [reply.tr_cont for reply in replies] == ["F", "D"]
    assert kis.seen[-2].params["CTX_AREA_NK100"] == ""


async def test_a_list_that_always_changes_has_no_answer(asker: Asker, kis: ScriptedKis) -> None:
    kis.says(Operation.KR_BALANCE, bad("SYDB0050"))
    with pytest.raises(BrokerUnavailableError, match="again and again"):
        await asker.pages(LIST, KEYS)


async def test_an_endless_list_is_no_answer_either(asker: Asker, kis: ScriptedKis) -> None:
    pages = [page("M", str(number)) for number in range(MOST_PAGES + 1)]
    kis.says(Operation.KR_BALANCE, *pages)
    with pytest.raises(BrokerUnavailableError, match="more than"):
        await asker.pages(LIST, KEYS)
