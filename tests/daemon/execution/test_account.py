"""One account at work: what is due is taken up, and nothing that fails stops the rest."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from adapters.paper import Fault
from adapters.sqlite.errors import StorageFullError
from algorithms.domain import ChildState, OrderType, Side, Symbol
from daemon.administration import Administration
from daemon.execution.halts import Scope
from tests.support.books import MAIN, Wish, all_is_well, make, paper, parents, states
from tests.support.world import START, THREE_BOOKS, World, buy, cancel_all, sell, started, world

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from algorithms.domain import AccountName, ParentId
    from daemon.execution.account import AccountWorker
    from daemon.storage.tx import Tx

LIMIT = OrderType.LIMIT
SLOW = THREE_BOOKS.replace("[accounts.main.paper]\n", "[accounts.main.paper]\nlatency_ms = 50\n")


def worker(here: World) -> AccountWorker:
    found = here.engine.accounts[MAIN].worker
    assert found is not None
    return found


async def test_an_order_that_cannot_be_planned_does_not_keep_others_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path) as here:
        slicer = worker(here)._slicer  # noqa: SLF001 - the one part that fails
        plan = slicer.plan

        def fails_for_alpha(tx: Tx, order: ParentId, *rest: object) -> None:
            if here.engine.services.orders.parent(tx, order).strategy == "alpha":
                raise ZeroDivisionError("a mistake of ours")
            plan(tx, order, *rest)  # type: ignore[arg-type]

        monkeypatch.setattr(slicer, "plan", fails_for_alpha)
        await here.submit("gamma", buy("TQQQ", "1", kind=LIMIT, price="90"))
        await here.submit("alpha", buy("TQQQ", "1"))
        reply = await here.submit("beta", buy("TQQQ", "1"))
        assert reply.http_status == 200
        assert "a mistake of ours" in (worker(here).problem or "")
        assert (await here.submit("gamma", cancel_all())).body["cancelled_orders"] == 1
        monkeypatch.undo()
        await here.pass_time(6)
        assert {row["status"] for row in parents(here)} == {"done", "cancelled"}
        assert worker(here).problem is None
        await all_is_well(here)


async def test_netting_that_fails_keeps_no_order_from_its_cancel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path) as here:
        await here.submit("beta", buy("TQQQ", "5", nets=False))
        await here.submit("alpha", buy("TQQQ", "5", kind=LIMIT, price="90"))

        async def fails(account: AccountName, symbol: Symbol) -> int:
            raise ZeroDivisionError(f"{account} {symbol}")

        monkeypatch.setattr(worker(here)._netter, "run", fails)  # noqa: SLF001 - the part that fails
        await here.submit("beta", sell("TQQQ", "5", kind=LIMIT, price="110"))
        assert worker(here).problem is not None
        assert (await here.submit("alpha", cancel_all())).body["cancelled_orders"] == 1
        await here.submit("beta", cancel_all())
        await all_is_well(here)


async def test_a_cancel_does_not_wait_for_a_price_that_planning_needs(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.submit("alpha", buy("TQQQ", "5", kind=LIMIT, price="90"))
        await make(
            here,
            Wish(
                book="b",
                side=Side.BUY,
                value="5",
                reserve_price="110",
                order_type=OrderType.TWAP,
                due_at=START + timedelta(seconds=10),
                deadline=START + timedelta(seconds=60),
            ),
        )
        paper(here).faults.script("quote", Fault.DELAY, delay_s=4)
        await here.pass_time(10.5)
        begun = here.clock.now()
        reply = await here.submit("alpha", cancel_all())
        assert reply.body["cancelled_orders"] == 1
        assert here.clock.now() - begun < timedelta(seconds=0.1)
        await here.pass_time(60)
        await all_is_well(here)


async def test_what_a_halt_kept_apart_meets_as_soon_as_it_is_resumed(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.submit("beta", buy("TQQQ", "8", nets=False))
        await here.pass_time(1)
        twap = partial(Wish, order_type=OrderType.TWAP, due_at=START + timedelta(hours=1))
        halts, admin = here.engine.halts, Administration(here.engine, here.clock)
        await halts.halt(Scope.BOOK, "a", "not yet", here.clock.now())
        await make(
            here,
            twap(book="a", side=Side.BUY, value="8", reserve_price="110"),
            twap(book="b", side=Side.SELL, value="8"),
        )
        await here.pass_time(60)
        assert await here.held("a", "TQQQ") == 0
        assert await admin.resume(Scope.BOOK, "a", "go on")
        await here.pass_time(0.1)
        assert await here.held("a", "TQQQ") == 8
        assert [row["reason"] for row in parents(here)[1:]] == ["netted", "netted"]
        await all_is_well(here)


async def test_an_order_whose_sending_broke_off_becomes_unknown_and_is_settled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path) as here:
        evidence = here.engine.services.evidence
        found = evidence.found

        def fails_once(*_: object) -> None:
            monkeypatch.setattr(evidence, "found", found)
            raise ZeroDivisionError("a mistake of ours")

        monkeypatch.setattr(evidence, "found", fails_once)
        await here.submit("alpha", buy("TQQQ", "5", kind=LIMIT, price="90"))
        await here.pass_time(10)
        assert states(here) == ["open"]
        assert len(await paper(here).open_orders()) == 1
        await all_is_well(here)


async def test_a_full_disk_holds_results_up_and_loses_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = THREE_BOOKS.replace(
        "[accounts.main.paper]\n", "[accounts.main.paper]\nlatency_ms = 50\n"
    )
    async with world(tmp_path, text) as here:
        await here.submit("beta", buy("TQQQ", "20", nets=False))
        await here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price="100", nets=False))
        store = here.engine.store
        driver = store._writer_driver  # noqa: SLF001 - the disk
        run, refused = driver.run, 0

        async def full(_: object) -> None:
            nonlocal refused
            refused += 1
            raise StorageFullError("disk full")

        sent = started(here.submit("beta", sell("TQQQ", "10")))
        await here.pass_time(0.02)
        assert ChildState.SENDING in states(here)
        monkeypatch.setattr(driver, "run", full)
        await here.pass_time(30)
        assert refused > 3
        monkeypatch.setattr(driver, "run", run)
        await sent
        await here.pass_time(70)
        assert parents(here)[-1]["status"] == "done"
        assert await here.held("b", "TQQQ") == 10
        await all_is_well(here)
        await here.submit("alpha", buy("TQQQ", "1"))
        await here.pass_time(1)
        assert parents(here)[-1]["status"] == "done"


async def test_a_reader_that_fails_costs_one_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path) as here:
        await here.pass_time(5)  # nobody else reads now
        store = here.engine.store
        read = store.read

        async def fails_once(_: object) -> None:
            monkeypatch.setattr(store, "read", read)
            raise StorageFullError("out of memory")

        monkeypatch.setattr(store, "read", fails_once)
        worker(here).wake()
        await here.pass_time(0.1)
        assert "StorageFullError" in (worker(here).problem or "")
        await here.pass_time(2)
        assert worker(here).problem is None
        await here.submit("alpha", buy("TQQQ", "1"))
        await here.pass_time(1)
        assert parents(here)[-1]["status"] == "done"


async def test_an_idle_account_does_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path, "[reconcile]\nseconds = 100000\n" + THREE_BOOKS) as here:
        await here.submit("alpha", buy("TQQQ", "1", kind=LIMIT, price="90"))
        await here.submit(
            "beta", buy("TQQQ", "4", kind=OrderType.TWAP, slices=2, minutes="600", nets=False)
        )
        await here.pass_time(10)
        rounds = 0
        one = worker(here)
        look = one._round  # noqa: SLF001 - counted

        async def counted() -> None:
            nonlocal rounds
            rounds += 1
            await look()

        monkeypatch.setattr(one, "_round", counted)
        await here.pass_time(3600)
        assert rounds <= 2
