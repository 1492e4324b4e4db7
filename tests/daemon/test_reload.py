"""The configuration read again while orders are under way: all of it applies, or nothing."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.virtual_time import VirtualTimeLoop
from algorithms.domain import AccountName, BookName, OrderType, StrategyName
from daemon.api.auth import digest
from daemon.setup import setup_of
from tests.support.books import MAIN, all_is_well, children, paper, parents, select, told
from tests.support.loops import in_virtual_time
from tests.support.mortal import Life
from tests.support.world import START, THREE_BOOKS, buy, cancel_all, sell, started, world

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

    from tests.support.world import World

loop_factory = VirtualTimeLoop

LIMIT = OrderType.LIMIT
SLICED = {"kind": OrderType.TWAP, "slices": 4, "minutes": "4"}
WITHOUT_C = THREE_BOOKS.replace(
    '[books.c]\nstrategy = "gamma"\naccount = "main"\ncapital = "100000"\n', ""
)
SECOND_ACCOUNT = """
[accounts.second]
market = "24/7"
currency = "USD"
[accounts.second.paper]
prices = { TQQQ = "100" }
[strategies.delta]
[books.d]
strategy = "delta"
account = "second"
capital = "5000"
"""
SLOWER = THREE_BOOKS.replace("[accounts.main.paper]", "[accounts.main.paper]\nlatency_ms = 100")


def refusal(here: World) -> str:
    (found,) = told(here, "reload_refused")
    return found["reasons"]


def changed(here: World) -> str:
    return told(here, "reloaded")[-1]["changes"]


class TestWhatApplies:
    async def test_a_new_account_with_its_strategy_and_book_trades_at_once(
        self, tmp_path: Path
    ) -> None:
        async with world(tmp_path) as here:
            assert await here.reload(THREE_BOOKS + SECOND_ACCOUNT)
            reply = await here.submit("delta", buy("TQQQ", "10"))
            await here.pass_time(1)
            assert reply.body["success"], str(reply.body)
            assert await here.held("d", "TQQQ", "second") == 10
            assert await here.held("d", "USD", "second") == 4000
            assert changed(here) == "accounts.second added; strategies.delta added; books.d added"
            await all_is_well(here)

    async def test_an_account_that_leaves_is_forgotten(self, tmp_path: Path) -> None:
        async with world(tmp_path, THREE_BOOKS + SECOND_ACCOUNT) as here:
            assert await here.reload(THREE_BOOKS)
            assert here.engine.accounts.keys() == {MAIN}
            assert here.engine.services.brokers.keys() == {MAIN}
            await here.pass_time(300)
            reply = await here.submit("delta", buy("TQQQ", "10"))
            assert "no_account" in str(reply.body)

    async def test_more_capital_is_posted_and_may_be_spent(self, tmp_path: Path) -> None:
        async with world(tmp_path) as here:
            too_much = await here.submit("alpha", buy("TQQQ", "1100"))
            assert "insufficient_cash" in str(too_much.body)
            assert await here.reload(THREE_BOOKS.replace('"100000"', '"200000"', 1))
            assert await here.held("a", "USD") == 200_000
            assert len(select(here, "SELECT * FROM ledger_events WHERE kind = 'capital'")) == 4

    async def test_times_and_limits_are_new_for_the_next_decision(self, tmp_path: Path) -> None:
        async with world(tmp_path) as here:
            before = here.engine.current.setup
            assert await here.reload(
                THREE_BOOKS + "[twap]\nfill_timeout_seconds = 5\n[netting]\nenabled = false\n"
                "[webhook]\nwait_seconds = 0.5\n[risk]\nmarket_margin_percent = 0\n"
            )
            now = here.engine.current.setup
            assert (before.netting.enabled, now.netting.enabled) == (True, False)
            await here.submit("alpha", buy("TQQQ", "990"))
            assert Decimal(parents(here)[0]["reserve_price"]) == Decimal("100.25")

    async def test_a_switched_off_book_takes_no_new_orders_and_keeps_its_old_ones(
        self, tmp_path: Path
    ) -> None:
        off = THREE_BOOKS.replace("[books.a]", "[books.a]\nactive = false")
        async with world(tmp_path) as here:
            await here.submit("alpha", buy("TQQQ", "40", **SLICED))
            await here.pass_time(40)
            assert await here.reload(off)
            refused = await here.submit("alpha", buy("TQQQ", "1"))
            assert "book_inactive" in str(refused.body)
            await here.pass_time(300)
            assert await here.held("a", "TQQQ") == 40

    async def test_another_period_of_comparisons_counts_from_now(self, tmp_path: Path) -> None:
        async with world(tmp_path) as here:
            assert await here.reload(THREE_BOOKS + "[reconcile]\nseconds = 3600\n")
            assert changed(here) == "reconcile.seconds changed"
            await paper(here).exchange.set_price("TQQQ", Decimal(99))  # type: ignore[arg-type]
            await here.pass_time(60)

    async def test_a_changed_token_counts_at_once_and_the_old_one_no_more(
        self, tmp_path: Path
    ) -> None:
        async with world(tmp_path) as here:
            alpha = StrategyName("alpha")
            file = tmp_path / "data/tokens/alpha.token"
            old = file.read_text().strip()
            file.write_text("another token\n")
            assert here.door.authority.strategy(alpha, digest(old)) is not None
            assert await here.reload(THREE_BOOKS)
            assert here.door.authority.strategy(alpha, digest(old)) is None
            assert here.door.authority.strategy(alpha, digest("another token")) is not None

    async def test_another_admin_token_logs_everybody_out(self, tmp_path: Path) -> None:
        async with world(tmp_path) as here:
            old = (tmp_path / "data/admin.token").read_text().strip()
            login = await here.request("POST", "/login", {"token": old})
            cookie = login.headers["set-cookie"].split(";")[0]
            look = f"GET /api/books HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: {cookie}"
            assert b" 200 " in (await here.raw(f"{look}\r\n\r\n".encode()))[:20]
            assert await here.reload(THREE_BOOKS + "# nothing new\n")
            assert b" 200 " in (await here.raw(f"{look}\r\n\r\n".encode()))[:20]

            (tmp_path / "data/admin.token").write_text("a new one\n")
            assert await here.reload(THREE_BOOKS)
            assert b" 401 " in (await here.raw(f"{look}\r\n\r\n".encode()))[:20]
            assert (await here.request("GET", "/api/books", token=old)).status == 401
            assert (await here.request("GET", "/api/books")).status == 200

    async def test_corrected_hours_are_the_hours_from_now_on(self, tmp_path: Path) -> None:
        async with world(tmp_path) as here:
            calendars = here.engine.calendars
            assert await here.reload(THREE_BOOKS + '[calendars.XNYS]\nclosed = ["2026-11-27"]\n')
            assert calendars._corrections == here.engine.config.calendars  # noqa: SLF001

    async def test_nothing_changed_is_told_as_such(self, tmp_path: Path) -> None:
        async with world(tmp_path) as here:
            broker = paper(here)
            assert await here.reload(THREE_BOOKS + "# a remark\n")
            assert changed(here) == "nothing changed"
            assert paper(here) is broker

    async def test_what_needs_a_restart_is_named_and_the_rest_applies(self, tmp_path: Path) -> None:
        async with world(tmp_path) as here:
            text = THREE_BOOKS.replace('"100000"', '"100001"', 1)
            assert await here.reload(
                f'[daemon]\ndata_dir = "elsewhere"\n[http]\nport = 9999\n{text}'
            )
            (restart,) = told(here, "restart_needed")
            assert restart["keys"] == "daemon.data_dir; http.port"
            assert await here.held("a", "USD") == 100_001
            assert not (tmp_path / "elsewhere").exists()


class TestWhatIsRefused:
    async def test_an_invalid_file_changes_nothing_and_every_fault_is_told(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with world(tmp_path) as here:
            before, broker = here.engine.current.setup, paper(here)
            faulty = THREE_BOOKS.replace('"100000"', '"much"', 1) + "[nettting]\n[twap]\nx = 1\n"
            assert not await here.reload(faulty)
            assert here.engine.current.setup is before
            assert paper(here) is broker
            for key in ("books.a.capital", "nettting", "twap.x"):
                assert key in refusal(here)
                assert key in caplog.text
            reply = await here.submit("alpha", buy("TQQQ", "1"))
            assert reply.body["success"]

    async def test_a_book_with_shares_stays_and_so_does_everything_else(
        self, tmp_path: Path
    ) -> None:
        async with world(tmp_path) as here:
            await here.submit("gamma", buy("TQQQ", "30"))
            await here.pass_time(1)
            before = here.engine.current.setup
            assert not await here.reload(WITHOUT_C + "[twap]\nfill_timeout_seconds = 5\n")
            assert here.engine.current.setup is before
            assert "books.c: cannot go: c holds 30 TQQQ" in refusal(here)

            await here.submit("gamma", sell("TQQQ", "30"))
            await here.pass_time(1)
            assert await here.reload(WITHOUT_C + "[twap]\nfill_timeout_seconds = 5\n")
            assert changed(here) == "twap.fill_timeout_seconds changed; books.c removed"

    async def test_a_book_with_an_open_order_stays_until_it_has_ended(self, tmp_path: Path) -> None:
        async with world(tmp_path) as here:
            await here.submit("gamma", buy("TQQQ", "10", kind=LIMIT, price="90"))
            assert not await here.reload(WITHOUT_C)
            assert "1 order has not ended" in refusal(here)
            await here.submit("gamma", cancel_all())
            assert await here.reload(WITHOUT_C)

    async def test_a_book_whose_webhook_still_waits_stays(self, tmp_path: Path) -> None:
        async with world(tmp_path, SLOWER) as here:
            waiting = started(here.submit("gamma", buy("TQQQ", "10")))
            await here.pass_time(0.15)
            assert not await here.reload(WITHOUT_C)
            assert "waits to be worked" in refusal(here)
            assert (await waiting).body["success"]

    async def test_an_account_is_not_made_another_one_over_its_money(self, tmp_path: Path) -> None:
        async with world(tmp_path) as here:
            assert not await here.reload(THREE_BOOKS.replace('"USD"', '"EUR"'))
            assert "accounts.main.currency: cannot change: a holds 100000 USD" in refusal(here)

    async def test_a_token_that_cannot_be_read_changes_nothing(self, tmp_path: Path) -> None:
        async with world(tmp_path) as here:
            before = here.engine.current.setup
            (tmp_path / "data/tokens/alpha.token").write_text("\n")
            assert not await here.reload(THREE_BOOKS.replace('"100000"', '"100001"', 1))
            assert here.engine.current.setup is before
            assert "strategies.alpha.token" in refusal(here)
            assert await here.held("a", "USD") == 100_000

    async def test_a_certificate_that_cannot_be_used_changes_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with world(tmp_path) as here:
            before = here.engine.current.setup

            def unusable() -> None:
                raise PermissionError(13, "Permission denied")

            monkeypatch.setattr(here.server, "renew_certificate", unusable)
            assert not await here.reload(THREE_BOOKS.replace('"100000"', '"100001"', 1))
            assert here.engine.current.setup is before
            assert refusal(here) == "http.tls: the certificate cannot be used: Permission denied"

    @pytest.mark.parametrize("steps", range(0, 24, 2))
    def test_an_order_that_comes_at_the_same_moment_is_never_left_to_nobody(
        self, tmp_path: Path, steps: int
    ) -> None:
        async def story() -> None:
            async with world(tmp_path) as here:
                reading = started(here.reload(WITHOUT_C))
                for _ in range(steps):
                    await asyncio.sleep(0)
                reply = await here.submit("gamma", buy("TQQQ", "1", kind=LIMIT, price="90"))
                is_gone = await reading
                assert bool(reply.body["success"]) is not is_gone
                assert (BookName("c") in here.engine.registry.books) is not is_gone

        in_virtual_time(story())


class TestUnderWay:
    async def test_orders_in_flight_outlive_a_new_connection(self, tmp_path: Path) -> None:
        async with world(tmp_path, SLOWER) as here:
            resting = await here.submit("beta", buy("TQQQ", "5", kind=LIMIT, price="90"))
            assert resting.body["success"]
            sliced = started(here.submit("alpha", buy("TQQQ", "40", **SLICED)))
            sent = started(here.submit("gamma", buy("TQQQ", "7")))
            await here.pass_time(0.25)
            old = paper(here)
            assert await here.reload(SLOWER.replace("= 100\n", "= 30\n"))
            assert paper(here) is not old
            assert (await sent).body["success"]
            assert (await sliced).body["success"]
            await here.pass_time(300)
            assert await here.held("c", "TQQQ") == 7
            assert await here.held("a", "TQQQ") == 40
            assert (await here.resting())["beta"] == 1
            await all_is_well(here)

    async def test_orders_that_come_while_the_account_connects_anew_wait_for_it(
        self, tmp_path: Path
    ) -> None:
        async with world(tmp_path, SLOWER) as here:
            reading = started(here.reload(SLOWER.replace("= 100\n", "= 200\n")))
            replies = []
            for number in range(20):
                await here.pass_time(0.05)
                replies.append(started(here.submit("alpha", buy("SOXL", str(number + 1)))))
            assert await reading
            outcomes = [await reply for reply in replies]
            await here.pass_time(60)
            assert all("success" in reply.body for reply in outcomes)
            assert await here.held("a", "SOXL") == sum(range(1, 21))
            await all_is_well(here)

    async def test_a_new_account_that_connects_slowly_keeps_its_orders(
        self, tmp_path: Path
    ) -> None:
        slow = SECOND_ACCOUNT.replace("prices", "latency_ms = 700\nprices")
        async with world(tmp_path) as here:
            reading = started(here.reload(THREE_BOOKS + slow))
            await here.pass_time(0.1)
            reply = started(here.submit("delta", buy("TQQQ", "10")))
            assert await reading
            await reply
            await here.pass_time(10)
            assert await here.held("d", "TQQQ", "second") == 10

    def test_a_day_of_reloads_loses_no_order_and_sends_none_twice(self, tmp_path: Path) -> None:
        in_virtual_time(busy_day(tmp_path, random.Random(7)))


async def busy_day(folder: Path, chance: random.Random) -> None:
    """Orders of three strategies without pause, while the configuration changes all the time."""
    variants = [
        THREE_BOOKS,
        SLOWER,
        THREE_BOOKS + SECOND_ACCOUNT,
        SLOWER + "[netting]\nenabled = false\n",
        THREE_BOOKS.replace("0.25", "0.1") + "[webhook]\nwait_seconds = 1\n",
        THREE_BOOKS + "[nonsense]\n",
    ]
    async with world(folder, SLOWER) as here:
        asked = dict.fromkeys("abc", 0)

        async def trade(strategy: str, book: str) -> None:
            for _ in range(60):
                quantity = chance.randint(1, 3)
                reply = await here.submit(strategy, buy("TQQQ", str(quantity)))
                assert "refus" not in str(reply.body)
                assert reply.body["success"], str(reply.body)
                asked[book] += quantity
                await here.pass_time(chance.random())

        trading: list[Coroutine[object, object, None]] = [
            trade(strategy, book)
            for strategy, book in (("alpha", "a"), ("beta", "b"), ("gamma", "c"))
        ]
        work = [started(each) for each in trading]
        while not all(each.done() for each in work):
            await here.reload(chance.choice(variants))
            await here.pass_time(chance.random() * 2)
        await asyncio.gather(*work)
        await here.reload(THREE_BOOKS)
        await here.pass_time(120)
        assert {book: await here.held(book, "TQQQ") for book in "abc"} == asked
        assert len({row["broker_order_id"] for row in children(here)}) == len(children(here))
        await all_is_well(here)


def test_the_setup_in_force_is_that_of_the_last_good_file(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as here:
            await here.reload(THREE_BOOKS + SECOND_ACCOUNT)
            await here.reload("nonsense")
            setup = here.engine.current.setup
            assert setup.registry == setup_of(here.engine.config, START).registry
            assert AccountName("second") in setup.registry.accounts

    in_virtual_time(story())


@pytest.mark.parametrize("steps", range(0, 60, 4))
def test_a_kill_in_the_middle_of_a_reload_leaves_the_old_or_the_new(
    tmp_path: Path, steps: int
) -> None:
    """Whichever it is, the next start reads the new file, and capital is posted once."""

    async def story() -> None:
        life = Life()
        richer = SLOWER.replace('"100000"', '"150000"') + SECOND_ACCOUNT
        async with world(tmp_path, life=life) as here:
            clock = here.clock
            started(here.submit("alpha", buy("TQQQ", "5")))
            started(here.reload(richer))
            for _ in range(steps):
                await asyncio.sleep(0)
            await life.kill()
        async with world(tmp_path, richer, clock=clock, seed=2) as here:
            await here.pass_time(60)
            bought = await here.held("a", "TQQQ")
            assert await here.held("a", "USD") == 150_000 - bought * Decimal("100.25")
            assert await here.held("d", "USD", "second") == 5000
            assert len(children(here)) <= 1

    in_virtual_time(story())
