"""A person orders, cancels, halts and resumes from the command line."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import orjson

from algorithms.domain import OrderType, ParentStatus
from daemon.service.exits import Exit
from tests.support.books import children, parents
from tests.support.served import Served, served
from tests.support.world import THREE_BOOKS, buy

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


class Person(io.StringIO):
    """Somebody at a terminal who answers."""

    def isatty(self) -> bool:
        return True


async def resting(here: Served) -> None:
    for name in ("alpha", "beta"):
        await here.day.submit(name, buy("TQQQ", "1", kind=OrderType.LIMIT, price="90"))
    await here.traded()


async def test_an_order_is_placed_and_its_result_is_the_exit_code(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        code, out, _ = await here.nettingd("order", "buy", "TQQQ", "--book", "a", "--qty", "3")
        assert code == Exit.OK
        assert out.startswith("1 order accepted")
        words = ("order", "sell", "TQQQ", "--book", "a", "--qty", "4", "--json")
        code, out, _ = await here.nettingd(*words)
        assert code == Exit.FAILED
        assert orjson.loads(out)["failed_orders"] == 1
        assert [row["side"] for row in parents(here.day)] == ["buy"]


async def test_the_same_key_orders_once(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        words = ("order", "buy", "TQQQ", "--strategy", "alpha", "--qty", "1", "--id", "k1")
        assert await here.nettingd(*words) == await here.nettingd(*words)
        assert len(parents(here.day)) == 1


async def test_every_fault_is_a_line(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        words = ("order", "buy", "A B", "--book", "none", "--qty", "x", "--type", "LIMIT")
        code, out, err = await here.nettingd(*words)
        assert (code, out) == (Exit.BAD_INPUT, "")
        assert {line.split(": ")[1] for line in err.splitlines()} == {
            "book",
            "symbol",
            "qty",
            "price",
        }


async def test_without_an_answer_the_key_to_repeat_it_is_told(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        await here.nettingd("orders")
        (tmp_path / "data" / "address").write_text("http://127.0.0.1:1\n")
        here.client.make_url = lambda _: "http://127.0.0.1:1/"  # type: ignore[method-assign, assignment, return-value]
        code, _, err = await here.nettingd("order", "buy", "TQQQ", "--book", "a", "--qty", "1")
        assert code == Exit.NOT_REACHABLE
        assert "repeat it with --id " in err


async def test_a_cancel_is_looked_at_agreed_to_and_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(tmp_path) as here:
        await resting(here)
        code, out, _ = await here.nettingd("cancel", "--strategy", "alpha", "--preview")
        assert code == Exit.OK
        assert out.startswith("would cancel 1 order in 1 account; 1 other order")
        _, out, _ = await here.nettingd("cancel", "--book", "a", "--preview", "--json")
        assert orjson.loads(out)["accounts"][0]["stays"][0]["book"] == "b"
        monkeypatch.setattr(sys, "stdin", Person("n\n"))
        code, out, err = await here.nettingd("cancel", "--strategy", "alpha")
        assert (code, out) == (Exit.FAILED, "")
        assert err.endswith("cancel these? [y/N] ")
        monkeypatch.setattr(sys, "stdin", Person("y\n"))
        code, out, _ = await here.nettingd("cancel", "--strategy", "alpha")
        assert code == Exit.OK
        assert out.startswith("1 order cancelled")
        assert "confirmed ms" in out
        request = out.partition("(request ")[2].partition(",")[0]
        assert (await here.nettingd("cancel", "--request", request))[1] == out
        code, _, err = await here.nettingd("cancel", "--strategy", "alpha")
        assert (code, err) == (Exit.OK, "no open orders to cancel\n")


async def test_where_nobody_can_be_asked_nothing_is_cancelled(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        await resting(here)
        code, _, err = await here.nettingd("cancel", "--strategy", "alpha")
        assert code == Exit.BAD_INPUT
        assert "--yes" in err
        code, out, _ = await here.nettingd("cancel", "--strategy", "alpha", "--yes", "--json")
        assert (code, orjson.loads(out)["cancelled_orders"]) == (Exit.OK, 1)


async def test_a_person_says_yes_to_one_order_and_no_to_another(tmp_path: Path) -> None:
    text = THREE_BOOKS.replace("[books.a]", '[books.a]\nmode = "approve"')
    text += "\n[webhook]\nwait_seconds = 0.1\n"
    async with served(tmp_path, text) as here:
        for quantity in ("3", "4"):
            await here.nettingd("order", "buy", "TQQQ", "--book", "a", "--qty", quantity)
        _, out, _ = await here.nettingd("orders", "--book", "a")
        assert out.count("waits for approval") == 2
        first, second = (each["id"] for each in parents(here.day))
        code, out, _ = await here.nettingd("approve", first)
        assert (code, out) == (Exit.OK, f"order {first} is worked from now on\n")
        code, out, _ = await here.nettingd("reject", second, "--json")
        assert (code, orjson.loads(out)) == (Exit.OK, {"id": second, "approved": False})
        code, out, err = await here.nettingd("approve", first, second)
        assert code == Exit.FAILED
        assert (out, "was approved before" in err) == ("", True)
        after = {each["id"]: each["status"] for each in parents(here.day)}
        assert after[first] != ParentStatus.CANCELLED.value
        assert after[second] == ParentStatus.CANCELLED.value


async def test_a_book_is_halted_and_resumed(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        code, out, _ = await here.nettingd("halt", "book", "a", "--reason", "odd fills")
        assert (code, out) == (Exit.OK, "book a: halted\n")
        _, out, _ = await here.nettingd("status")
        assert out.split("halts: 1\n")[1].splitlines()[2].split()[:4] == [
            "book",
            "a",
            "odd",
            "fills",
        ]
        code, out, _ = await here.nettingd("order", "buy", "TQQQ", "--book", "a", "--qty", "3")
        assert code == Exit.FAILED
        assert "book a is halted: odd fills" in out
        assert (await here.nettingd("resume", "book", "a"))[1] == "book a: not halted\n"
        assert (await here.nettingd("resume"))[1] == "all: not halted; it was not before\n"
        code, _, err = await here.nettingd("halt", "book")
        assert (code, err) == (
            Exit.BAD_INPUT,
            "nettingd halt: name: must be the name of a configured book\n",
        )
        _, out, _ = await here.nettingd("halt", "--json")
        assert orjson.loads(out) == {"scope": "all", "name": "", "halted": True}


async def test_only_an_order_of_unknown_fate_can_be_settled(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        await here.nettingd(
            *("order", "buy", "TQQQ", "--book", "a", "--qty", "3", "--type", "LIMIT"),
            *("--price", "90"),
        )
        (child,) = children(here.day)
        for word in (("--absent",), ("--number", "7")):
            code, out, err = await here.nettingd("settle", str(child["id"]), *word)
            assert (code, out) == (Exit.FAILED, "")
            assert "open, not unknown" in err
