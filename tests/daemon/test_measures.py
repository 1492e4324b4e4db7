"""What happened on a day is what the figures say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.paper import Fault
from algorithms.domain import OrderType
from daemon.api.metrics import Metrics
from daemon.execution.halts import Scope
from daemon.measures import LOOK_EVERY_S, Measures
from tests.daemon.api.test_metrics import samples
from tests.support.loops import in_virtual_time
from tests.support.world import buy, cancel_all, sell, started, world

if TYPE_CHECKING:
    from pathlib import Path

LOW = {"kind": OrderType.LIMIT, "price": "1"}


def test_orders_and_their_times_show_in_the_figures(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as here:
            metrics = Metrics()
            Measures(here.engine.bus, metrics)
            await here.submit("alpha", buy("TQQQ", "10"))
            await here.submit("beta", buy("SOXL", "4", **LOW))
            await here.submit("beta", cancel_all())
            await here.pass_time(1)

            seen = samples(metrics)
            assert seen["nettingd_orders_total", "main", "placed"] == 2
            assert seen["nettingd_orders_total", "main", "cancelled"] == 1
            assert seen["nettingd_fills_total", "main", "broker"] == 1
            assert seen["nettingd_phase_seconds_count", "due_to_planned"] == 2
            assert seen["nettingd_phase_seconds_count", "stored_to_sent"] == 2
            assert seen["nettingd_phase_seconds_count", "sent_to_acknowledged"] == 2
            assert seen["nettingd_phase_seconds_count", "filled_to_booked"] == 1
            assert seen["nettingd_phase_seconds_count", "stored_to_crossed"] == 0
            assert seen["nettingd_phase_seconds_count", "cancel_to_confirmed"] == 1
            assert seen[("nettingd_commit_batch_size_count",)] > 5
            assert ("nettingd_orders_total", "main", "refused") not in seen

    in_virtual_time(story())


def test_what_is_crossed_shows_with_what_it_saved(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as here:
            await here.submit("alpha", buy("TQQQ", "10"))
            await here.settle()
            metrics = Metrics()
            Measures(here.engine.bus, metrics)
            await here.submit("beta", buy("TQQQ", "4", kind=OrderType.TWAP, slices=2, minutes="10"))
            await here.submit("alpha", sell("TQQQ", "4"))
            await here.pass_time(1)

            seen = samples(metrics)
            assert seen["nettingd_netting_pairs_total", "main"] == 1
            assert seen["nettingd_netting_value_total", "main"] == 400
            assert seen["nettingd_netting_commission_saved_total", "main"] == 2
            assert seen["nettingd_netting_broker_orders_saved_total", "main"] == 2
            assert seen["nettingd_fills_total", "main", "netting"] == 2
            assert ("nettingd_fills_total", "main", "broker") not in seen
            assert seen["nettingd_phase_seconds_count", "stored_to_crossed"] == 1
            assert seen["nettingd_phase_seconds_sum", "stored_to_crossed"] < 1  # of the later order
            assert seen["nettingd_phase_seconds_count", "filled_to_booked"] == 0

    in_virtual_time(story())


def test_open_orders_and_halts_are_looked_at_again_and_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as here:
            metrics = Metrics()
            measures = Measures(here.engine.bus, metrics)
            looking = started(measures.count_what_stands(here.engine.store, here.clock))
            await here.submit("beta", buy("SOXL", "4", **LOW))
            await here.pass_time(LOOK_EVERY_S)
            assert samples(metrics)["nettingd_open_orders", "parent"] == 1
            assert samples(metrics)["nettingd_open_orders", "child"] == 1
            assert samples(metrics)[("nettingd_halts",)] == 0
            await here.submit("beta", cancel_all())
            await here.engine.halts.halt(Scope.ALL, "", "odd fills", here.now)
            await here.pass_time(LOOK_EVERY_S)
            assert samples(metrics)["nettingd_open_orders", "parent"] == 0
            assert samples(metrics)[("nettingd_halts",)] == 1
            looking.cancel()

    in_virtual_time(story())


def test_an_order_without_an_answer_shows_and_so_does_what_people_are_told(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with world(tmp_path) as here:
            metrics = Metrics()
            measures = Measures(here.engine.bus, metrics)
            here.exchange().faults.script("place", Fault.ANSWER_LOST_BEFORE)
            for _ in range(50):
                here.exchange().faults.script("find", Fault.SERVER_ERROR_BEFORE)
            await here.submit("beta", buy("SOXL", "4", **LOW))
            looking = started(measures.count_what_stands(here.engine.store, here.clock))
            await here.pass_time(2 * LOOK_EVERY_S)
            assert samples(metrics)["nettingd_open_orders", "unknown"] == 1
            assert samples(metrics)["nettingd_notices_total", "warning"] >= 1
            looking.cancel()

    in_virtual_time(story())


def test_a_refusal_by_the_broker_is_counted(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as here:
            metrics = Metrics()
            Measures(here.engine.bus, metrics)
            here.exchange().faults.script("place", Fault.REJECT)
            await here.submit("alpha", buy("TQQQ", "10"))
            assert samples(metrics)["nettingd_orders_total", "main", "refused"] == 1

    in_virtual_time(story())
