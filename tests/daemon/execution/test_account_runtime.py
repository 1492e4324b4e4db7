"""An account from its first connection to its stop; what goes wrong on the way is tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.paper import Fault
from adapters.sqlite.errors import StorageFullError
from tests.support.books import MAIN, all_is_well, paper, parents, states, told
from tests.support.mortal import Life
from tests.support.world import THREE_BOOKS, World, buy, world

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from adapters.broker import Broker
    from daemon.execution.account_runtime import AccountRuntime

TWO_ACCOUNTS = THREE_BOOKS.replace(
    "[instruments.TQQQ]",
    """
[accounts.csv]
broker = "paper"
market = "24/7"
currency = "USD"
[accounts.csv.paper]
csv = "prices.csv"
[strategies.delta]
[books.d]
strategy = "delta"
account = "csv"
capital = "1000"
[instruments.TQQQ]""",
)


def runtime(here: World) -> AccountRuntime:
    return here.engine.accounts[MAIN]


async def test_a_connected_account_has_no_problem(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        assert runtime(here).problem is None
        assert runtime(here).tried.is_set()
        assert runtime(here).worker is not None


async def test_an_account_whose_settings_are_wrong_stays_out_and_disturbs_nobody(
    tmp_path: Path,
) -> None:
    (tmp_path / "prices.csv").write_text("time,symbol,price\nyesterday,TQQQ,1\n")
    async with world(tmp_path, TWO_ACCOUNTS) as here:
        (broken,) = [one for name, one in here.engine.accounts.items() if name != MAIN]
        assert (broken.problem or "").startswith("not connected")
        assert broken.worker is None
        await broken.reconcile()
        await here.submit("alpha", buy("TQQQ", "1"))
        await here.pass_time(1)
        assert parents(here)[0]["status"] == "done"


async def test_a_broker_that_cannot_be_reached_is_tried_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path) as here:
        account = runtime(here)
        broker = paper(here)
        attempts = 0

        async def connect() -> Broker:
            nonlocal attempts
            attempts += 1
            if attempts == 1:
                broker.faults.script("open", Fault.RESET_BEFORE)
            return broker

        monkeypatch.setattr(account, "_broker", None)
        monkeypatch.setattr(account, "_connect", connect)
        assert await account._connected() is broker  # noqa: SLF001 - its first step
        assert attempts == 1, "the broker that failed to open is kept"
        assert (account.problem or "").startswith("not connected")


async def test_what_was_left_is_read_however_long_the_database_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path) as here:
        account = runtime(here)
        worker = account.worker
        assert worker is not None
        recover, refused = worker.recover, 0

        async def refuses() -> None:
            nonlocal refused
            refused += 1
            if refused > 3:
                monkeypatch.setattr(worker, "recover", recover)
            raise StorageFullError("disk full")

        monkeypatch.setattr(worker, "recover", refuses)
        await account._recovered(worker)  # noqa: SLF001 - a step of its start
        assert refused == 4


async def test_a_comparison_that_fails_is_shown_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path) as here:

        async def broken() -> None:
            raise ZeroDivisionError("a mistake of ours")

        broker = paper(here)
        monkeypatch.setattr(broker, "holdings", broken)
        await here.pass_time(61)
        assert "a mistake of ours" in (runtime(here).problem or "")
        await here.submit("alpha", buy("TQQQ", "1"))
        await here.pass_time(1)
        assert parents(here)[0]["status"] == "done"
        monkeypatch.undo()
        await here.pass_time(61)
        assert runtime(here).problem is None
        await all_is_well(here)


async def test_events_that_break_off_are_taken_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path) as here:
        account = runtime(here)
        follow, broke = account._follow, 0  # noqa: SLF001 - the stream

        async def breaks(broker: Broker) -> None:
            nonlocal broke
            broke += 1
            if broke == 1:
                raise ConnectionResetError("gone")
            await follow(broker)

        monkeypatch.setattr(account, "_follow", breaks)
        here.engine._tasks.spawn(account._listen(paper(here)), name="again")  # noqa: SLF001
        await here.pass_time(10)
        assert [notice["reason"] for notice in told(here, "stream_lost")] == [
            "ConnectionResetError: gone"
        ]
        assert broke == 2


async def test_one_event_that_cannot_be_taken_in_does_not_deafen_the_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path) as here:
        fills = here.engine.services.fills
        book = fills.book

        def fails_once(*_: object) -> bool:
            monkeypatch.setattr(fills, "book", book)
            raise ZeroDivisionError("a mistake of ours")

        monkeypatch.setattr(fills, "book", fails_once)
        await here.submit("alpha", buy("TQQQ", "1"))
        await here.submit("beta", buy("TQQQ", "1"))
        await here.pass_time(61)
        assert states(here) == ["filled", "filled"]
        await all_is_well(here)


async def test_what_a_killed_process_was_sending_is_unknown_to_the_next(tmp_path: Path) -> None:
    life = Life()
    async with world(tmp_path, life=life) as here:
        paper(here).faults.script("place", Fault.ANSWER_LOST_AFTER)
        paper(here).faults.script_event(Fault.LOST_EVENT)
        await here.submit("alpha", buy("TQQQ", "3"))
        clock = here.clock
        await life.kill()
    async with world(tmp_path, clock=clock, seed=2) as here:
        await here.pass_time(10)
        assert states(here) == ["filled"]
        assert await here.held("a", "TQQQ") == 3
        await all_is_well(here)


async def test_stopping_waits_for_calls_under_way(tmp_path: Path) -> None:
    text = THREE_BOOKS.replace(
        "[accounts.main.paper]\n", "[accounts.main.paper]\nlatency_ms = 600\n"
    )
    async with world(tmp_path, text) as here:
        await here.pass_time(5)
        await here.submit("alpha", buy("TQQQ", "3"))
        clock = here.clock
    async with world(tmp_path, text, clock=clock, seed=2) as here:
        assert told(here, "order_unknown") == [], "no order was left without its answer"
        await here.pass_time(10)
        await all_is_well(here)
