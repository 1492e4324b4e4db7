"""An order's life is told whole, by the parent's id or a child's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from daemon.api.order_life import OrderLife
from tests.support.served import served
from tests.support.world import buy

if TYPE_CHECKING:
    from pathlib import Path


async def test_every_step_has_its_time(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        told = await here.day.submit("alpha", buy("TQQQ", "10"))
        await here.traded()
        order_id = told.body["results"][0]["orders"][0]["id"]
        life = await here.get(f"/api/orders/{order_id}")
        assert TypeAdapter[object](OrderLife).validate_python(life) == life
        assert (life["id"], life["status"]) == (order_id, "done")
        assert life["request"]["id"] == told.body["id"]
        (child,), (fill,) = life["children"], life["fills"]
        assert child["filled"] == fill["quantity"] == "10"
        assert (fill["child_id"], life["pairs"]) == (child["id"], [])
        phases = [phase["phase"] for phase in life["phases"]]
        assert set(phases) == {
            "received",
            "stored",
            "planned",
            "sent",
            "acknowledged",
            "first_fill",
            "last_fill",
            "booked",
            "ended",
        }
        assert life["phases"][0]["after_ms"] == 0
        assert [phase["at"] for phase in life["phases"]] == sorted(
            phase["at"] for phase in life["phases"]
        )
        assert {change["order_id"] for change in life["changes"]} <= {order_id, child["id"]}
        assert await here.get(f"/api/orders/{child['id']}") == life


async def test_an_order_that_is_none_is_told_so(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        assert (await here.get("/api/orders/none", status=404))["code"] == "not_found"
        assert (await here.get("/api/webhooks/none", status=404))["code"] == "not_found"
