from __future__ import annotations

from typing import TYPE_CHECKING

from algorithms.domain import OrderType
from tests.daemon.telegram.bots import room
from tests.support.world import THREE_BOOKS, buy

if TYPE_CHECKING:
    from pathlib import Path

LOW = {"kind": OrderType.LIMIT, "price": "1"}


async def test_a_halt_asks_first_and_stops_new_orders(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        asked = await here.write("/halt alpha odd fills")
        assert asked.text.startswith("Halt strategy alpha? New orders are stopped.")
        assert (await here.day.submit("alpha", buy("TQQQ", "1"))).http_status == 200

        assert await here.press(asked, "Halt") == "Halted: strategy alpha."
        assert asked.buttons == ()
        refused = await here.day.submit("alpha", buy("TQQQ", "1"))
        assert refused.http_status == 422
        assert "odd fills" in str(refused.body)
        assert (await here.day.submit("beta", buy("TQQQ", "1"))).http_status == 200
        assert here.day.told("halted") == 1


async def test_a_no_changes_nothing(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        asked = await here.write("/halt")
        assert asked.text.startswith("Halt everything?")
        assert await here.press(asked, "Leave it") == "Left as it is."
        assert (await here.day.submit("alpha", buy("TQQQ", "1"))).http_status == 200


async def test_a_resume_lets_orders_pass_again(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.press(await here.write("/halt book a"), "Halt")
        assert (await here.day.submit("alpha", buy("TQQQ", "1"))).http_status == 422
        asked = await here.write("/resume book a")
        assert await here.press(asked, "Resume") == "Resumed: book a."
        assert (await here.day.submit("alpha", buy("TQQQ", "1"))).http_status == 200
        again = await here.write("/resume a")
        assert await here.press(again, "Resume") == "It was not halted: book a."


async def test_a_halt_names_who_pressed_when_it_has_no_reason(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.press(await here.write("/halt all"), "Halt")
        refused = await here.day.submit("alpha", buy("TQQQ", "1"))
        assert "by Ann in a chat" in str(refused.body)


async def test_a_name_of_several_things_is_asked_about(tmp_path: Path) -> None:
    text = THREE_BOOKS.replace("books.a]", "books.alpha]")
    async with room(tmp_path, text) as here:
        said = await here.write("/halt alpha")
        assert said.text == ("alpha is several things. Say which: strategy alpha, book alpha.")
        assert said.buttons == ()
        asked = await here.write("/halt strategy alpha")
        assert asked.text.startswith("Halt strategy alpha?")


async def test_names_that_there_are_not_are_answered_with_those_there_are(
    tmp_path: Path,
) -> None:
    async with room(tmp_path) as here:
        assert (await here.write("/halt delta")).text == (
            "No account, strategy or book is called delta."
        )
        assert (await here.write("/halt book")).text == "Which book? There are: a, b, c."
        assert (await here.write("/resume strategy a")).text == (
            "Which strategy? There are: alpha, beta, gamma."
        )


async def test_a_cancel_shows_what_it_ends_and_what_stays(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        for _ in range(3):
            await here.day.submit("alpha", buy("SOXL", "4", **LOW))
        await here.day.submit("beta", buy("SOXL", "2", **LOW))
        asked = await here.write("/cancel alpha")
        assert asked.text.splitlines() == [
            "Cancel 3 orders?",
            *["main/a buy 4 SOXL LIMIT"] * 3,
            "What stays there: beta 1 (main).",
        ]
        assert sum((await here.day.resting()).values()) == 4
        assert await here.press(asked, "Cancel them") == "3 orders cancelled."
        assert sum((await here.day.resting()).values()) == 1


async def test_a_cancel_can_be_narrowed_to_a_symbol_and_a_side(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.day.submit("alpha", buy("SOXL", "4", **LOW))
        await here.day.submit("alpha", buy("TQQQ", "4", **LOW))
        assert (await here.write("/cancel alpha sell")).text == "No open orders to cancel."
        asked = await here.write("/cancel a TQQQ buy")
        assert asked.text.splitlines()[0] == "Cancel 1 order?"
        assert await here.press(asked, "Cancel them") == "1 order cancelled."
        assert "SOXL" in (await here.write("/orders")).text


async def test_one_order_is_cancelled_by_its_id(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        told = await here.day.submit("alpha", buy("SOXL", "4", **LOW))
        await here.day.submit("alpha", buy("SOXL", "5", **LOW))
        order = told.body["results"][0]["orders"][0]["id"]
        asked = await here.write(f"/cancel {order}")
        assert "main/a buy 4 SOXL LIMIT" in asked.text
        assert await here.press(asked, "Cancel them") == "1 order cancelled."
        assert sum((await here.day.resting()).values()) == 1


async def test_what_cannot_be_cancelled_is_explained(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        assert "/cancel STRATEGY" in (await here.write("/cancel")).text
        assert (await here.write("/cancel delta")).text == (
            "No strategy, book or order of ours is called delta."
        )
        assert "symbol" in (await here.write("/cancel alpha §§§")).text


async def test_a_button_pressed_twice_cancels_once(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.day.submit("alpha", buy("SOXL", "4", **LOW))
        asked = await here.write("/cancel alpha")
        data = asked.buttons[0].data
        assert await here.press(asked, "Cancel them") == "1 order cancelled."
        await here.day.submit("alpha", buy("SOXL", "4", **LOW))
        assert await here.send_press(asked, data) == "1 order cancelled."
        assert sum((await here.day.resting()).values()) == 1


async def test_an_order_that_waits_is_approved_from_a_chat(tmp_path: Path) -> None:
    text = THREE_BOOKS.replace('strategy = "alpha"', 'strategy = "alpha"\nmode = "approve"')
    async with room(tmp_path, text) as here:
        assert (await here.write("/approve")).text == "no order waits for approval"
        await here.day.submit("alpha", buy("TQQQ", "3"))
        order = here.day.notices[-1].params["order"]
        assert (await here.write("/approve")).text == f"a buy 3/3 TQQQ MARKET, open\n  {order}"
        asked = await here.write(f"/approve {order}")
        assert asked.text == "Approve this order?\na buy 3/3 TQQQ MARKET, open"
        assert await here.day.held("a", "TQQQ") == 0
        said = await here.press(asked, "Approve")
        assert said.startswith("Approved: a buy 3/3 TQQQ")
        await here.day.settle()
        assert await here.day.held("a", "TQQQ") == 3


async def test_an_order_that_waits_is_rejected_and_stays_so(tmp_path: Path) -> None:
    text = THREE_BOOKS.replace('strategy = "alpha"', 'strategy = "alpha"\nmode = "approve"')
    async with room(tmp_path, text) as here:
        await here.day.submit("alpha", buy("TQQQ", "3"))
        order = here.day.notices[-1].params["order"]
        late = await here.write(f"/approve {order}")
        assert (await here.press(await here.write(f"/reject {order}"), "Reject")).startswith(
            "Rejected: a buy"
        )
        assert (await here.press(late, "Approve")).startswith("Not done: ")
        await here.day.settle()
        assert await here.day.held("a", "TQQQ") == 0
        assert (await here.write("/reject 01nothing")).text == "There is no order 01nothing."


async def test_the_buttons_below_a_notice_decide_even_after_a_restart(tmp_path: Path) -> None:
    text = THREE_BOOKS.replace('strategy = "alpha"', 'strategy = "alpha"\nmode = "approve"')
    async with room(tmp_path, text) as here:
        await here.day.submit("alpha", buy("TQQQ", "3"))
        await here.day.submit("alpha", buy("SOXL", "3"))
        first, second = (each.params["order"] for each in here.day.notices if each.params)
        said = await here.write("/status")
        assert (await here.send_press(said, f"approve:{first}")).startswith("Approved: a buy")
        assert (await here.send_press(said, f"approve:{first}")).startswith("Not done: ")
        assert (await here.send_press(said, f"reject:{second}")).startswith("Rejected: a buy")
        assert "too old" in await here.send_press(said, "approve:01nothing")
        await here.day.settle()
        assert await here.day.held("a", "TQQQ") == 3
        assert await here.day.held("a", "SOXL") == 0
