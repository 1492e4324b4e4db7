from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.shadow import ShadowBroker
from adapters.virtual_time import VirtualTimeLoop
from algorithms.domain import AccountName, OrderType, Symbol
from daemon.audit import audit
from daemon.backup import databases_of
from daemon.brokers.shadows import configured, shadow_of, shadows
from daemon.config import load_config
from tests.daemon.jobs.mornings import DAILY, house, morning, new_york, until
from tests.support.books import children, fills, parents, told
from tests.support.world import buy, sell

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.world import World

loop_factory = VirtualTimeLoop
MAIN, SHADOW, TQQQ = AccountName("main"), AccountName("main@shadow"), Symbol("TQQQ")
QUIET = '{ type = "schedule", cash = 1, weekdays = ["sun"] }'


def text(shadow: str = DAILY) -> str:
    """A real book that makes no orders, and beside it a shadow book."""
    written = house({"real": QUIET, "played": shadow})
    head, played = written.split("[books.played]")
    return f'{head}[books.played]\nmode = "shadow"{played}'


def player(here: World) -> ShadowBroker:
    broker = here.engine.services.brokers[SHADOW]
    assert isinstance(broker, ShadowBroker)
    return broker


async def ready(here: World) -> None:
    """Its broker opens once the real account's prices can be had."""
    await until(here, new_york(9, 1))
    assert SHADOW in here.engine.services.brokers


async def all_is_well(here: World) -> None:
    assert await audit(here.engine.store, here.engine.services.brokers, here.clock) == ()


def test_a_shadow_account_stands_beside_the_one_the_book_names(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text())
    assert shadows(load_config(path, {})) == {SHADOW: {TQQQ}}
    assert (shadow_of(MAIN), configured(SHADOW), configured(MAIN)) == (SHADOW, MAIN, MAIN)


def test_a_backup_holds_its_exchange_too(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text())
    config = load_config(path, {})
    assert databases_of(config)["shadow-main.db"] == config.daemon.data_dir / "shadow-main.db"


async def test_a_shadow_book_is_played_with_live_prices(tmp_path: Path) -> None:
    async with morning(tmp_path, text()) as here:
        await ready(here)
        await here.exchange().exchange.set_price(TQQQ, Decimal(125))
        await until(here, new_york(10, 30))

        # 1000 in four slices at 125: 1, 2, 2, 2 units at 125.625 and less.
        assert {row["price"] for row in fills(here)} == {"125"}
        assert await here.held("played", "TQQQ", SHADOW) == sum(
            int(row["quantity"]) for row in fills(here)
        )
        assert await here.held("played", "TQQQ", MAIN) == 0
        await all_is_well(here)


async def test_nothing_of_it_reaches_the_broker_or_the_sums_of_the_account(
    tmp_path: Path,
) -> None:
    async with morning(tmp_path, text()) as here:
        await ready(here)
        await until(here, new_york(10, 30))
        assert fills(here)
        holdings = await here.exchange().holdings()
        assert (dict(holdings.positions), dict(holdings.cash)) == ({}, {"USD": Decimal(100000)})
        assert await here.engine.accounts[MAIN].compare() == ()
        assert await here.engine.accounts[SHADOW].compare() == ()
        assert {row["account"] for row in children(here)} == {SHADOW}


async def test_it_never_nets_with_a_real_book(tmp_path: Path) -> None:
    async with morning(tmp_path, text()) as here:
        await ready(here)
        await here.submit("real", buy("TQQQ", "5"))
        await until(here, new_york(9, 36))
        await here.submit("real", sell("TQQQ", "5", kind=OrderType.TWAP, slices=1, minutes="60"))
        await until(here, new_york(9, 39))
        assert parents(here, "book = 'played'")[0]["nets"] == 0
        assert told(here, "pair_crossed") == []


async def test_a_resting_order_fills_when_the_live_price_comes_to_it(tmp_path: Path) -> None:
    async with morning(tmp_path, text(QUIET)) as here:
        await ready(here)
        limit = buy("TQQQ", "3", kind=OrderType.LIMIT, price="95", account="main")
        answer = await here.submit("played", limit)
        assert answer.body["success"]
        await here.pass_time(5)
        assert fills(here) == []
        await here.exchange().exchange.set_price(TQQQ, Decimal(94))
        await here.pass_time(3)
        assert await here.held("played", "TQQQ", SHADOW) == 3
        await all_is_well(here)


async def test_what_rested_before_a_restart_still_follows_the_market(tmp_path: Path) -> None:
    async with morning(tmp_path, text(QUIET)) as here:
        await ready(here)
        await here.submit("played", buy("TQQQ", "3", kind=OrderType.LIMIT, price="95"))
        clock = here.clock
    async with morning(tmp_path, text(QUIET), clock=clock, seed=2) as here:
        await here.pass_time(20)
        await here.exchange().exchange.set_price(TQQQ, Decimal(94))
        await here.pass_time(3)
        assert await here.held("played", "TQQQ", SHADOW) == 3
        assert len(await player(here).open_orders()) == 0
        await all_is_well(here)


async def test_a_reload_begins_and_ends_a_shadow(tmp_path: Path) -> None:
    plain = text(QUIET).replace('mode = "shadow"', "")
    async with morning(tmp_path, plain) as here:
        assert SHADOW not in here.engine.accounts
        for written, there in ((text(QUIET), True), (plain, False)):
            assert await here.reload(written)
            await here.pass_time(20)
            assert (SHADOW in here.engine.services.brokers) is there
