"""What needs a person comes first, and says what can be done about it."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

from algorithms.domain import AccountName
from daemon.ids import id_before
from daemon.notices import raise_notice
from daemon.web.site import KEPT_S
from tests.support.books import parents
from tests.support.served import Served, served
from tests.support.world import THREE_BOOKS

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from daemon.storage.tx import Tx

APPROVED = THREE_BOOKS.replace('strategy = "alpha"', 'strategy = "alpha"\nmode = "approve"')
APPROVED += "[webhook]\nwait_seconds = 0\n"
RESTING = {"order_type": "LIMIT", "symbol": "TQQQ", "side": "buy", "qty": 1, "price": 90}


async def needs(here: Served) -> list[str]:
    html = (await here.page("/")).split('id="figures"')[0]
    return re.findall(r'<li class="need .*?</li>', html, re.DOTALL)


async def test_a_quiet_day_needs_nobody(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        assert await needs(here) == []
        assert "Nothing needs you" in await here.page("/")


async def test_a_halt_is_shown_with_its_reason_and_can_be_ended(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        await here.post("/api/halt", {"scope": "book", "name": "a", "reason": "odd fills"})
        (need,) = await needs(here)
        assert "Halted: book a. odd fills" in need
        assert "/ask/resume?scope=book&amp;name=a" in need


async def test_an_order_that_waits_for_a_yes_can_be_answered(tmp_path: Path) -> None:
    async with served(tmp_path, APPROVED) as here:
        await here.post("/api/orders", {"strategy": "alpha", **RESTING}, status=202)
        (order,) = parents(here.day)
        (need,) = await needs(here)
        assert "a waits for your yes: buy 1 TQQQ" in need
        for answer in ("approve", "reject"):
            assert f"/ask/{answer}?id={order['id']}" in need


async def test_an_alarm_stands_above_everything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.execution.reconcile.SECOND_LOOK_AFTER", timedelta(0))
    async with served(tmp_path) as here:
        await here.post("/api/halt", {"reason": "odd fills"})
        await here.post("/api/paper/main/adjust", {"id": "x", "asset": "TQQQ", "amount": "5"})
        for _ in range(2):
            await here.day.engine.accounts[AccountName("main")].reconcile()
        found = await needs(here)
        assert any("+5 TQQQ in suspense" in need for need in found)
        assert ["need alarm" in need for need in found] == sorted(
            ("need alarm" in need for need in found), reverse=True
        )
        assert "+5 TQQQ" in await here.page("/accounts")


async def test_a_webhook_that_came_too_late_needs_somebody_until_it_is_replayed(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as here:
        late = (await here.post("/api/orders", {"strategy": "alpha", **RESTING}))["id"]
        path = here.day.engine.config.database.path
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE requests SET status = 'dropped'")
        (need,) = await needs(here)
        assert "alpha: a webhook came too late and was not sent" in need
        for page in ("/webhooks", f"/webhooks/{late}"):
            assert f"/ask/replay?id={late}" in await here.page(page)
        again = (await here.post(f"/api/webhooks/{late}/replay", {}))["id"]
        await here.day.pass_time(KEPT_S)
        assert await needs(here) == []
        for page in ("/webhooks", f"/webhooks/{late}"):
            html = await here.page(page)
            assert f'<a href="/webhooks/{again}">replayed</a>' in html
            assert "/ask/replay" not in html


async def test_an_alarm_goes_once_somebody_has_seen_it_and_the_log_keeps_both(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as here:
        first, second, third = await here.alarmed(3)
        assert len(await needs(here)) == 3
        html = await here.page("/")
        assert html.count("Mark as seen") == 3
        assert f'"ids": ["{third}", "{second}", "{first}"]' in html, "all that are shown"
        await here.post("/api/events/seen", {"ids": [second], "by": "page"})
        assert [
            text for need in await needs(here) for text in re.findall(r"invariant \d", need)
        ] == ["invariant 3", "invariant 1"]
        log = await here.page("/log")
        assert log.count("(page)</small>") == 1
        assert log.count("no sum") == 3
        await here.post("/api/events/seen", {"ids": [first, third]})
        assert await needs(here) == []
        korean = await here.page("/log", "ko")
        assert "확인 (admin)" in korean


async def test_an_alarm_that_nobody_has_seen_stays_over_the_week_end(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        then = here.day.clock.now() - timedelta(days=3)

        def tell(tx: Tx) -> None:
            raise_notice(
                tx, id_before(then), "invariant_broken", then, number="2", text="units differ"
            )

        await here.day.engine.store.write(tell)
        assert any("units differ" in need for need in await needs(here))


async def test_alarms_are_marked_all_or_none_and_the_first_mark_stays(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        (alarm,) = await here.alarmed(1)
        await here.post("/api/halt", {"reason": "odd fills"})
        halted = (await here.get("/api/events?code=halted"))["items"][0]["id"]
        for other in (halted, "01KGF0J5EG9QK1Y1V7W4D2M3ZC"):
            told = await here.post("/api/events/seen", {"ids": [alarm, other]}, status=404)
            assert (told["code"], told["detail"]) == ("not_found", f"there is no alarm {other}")
        event = (await here.get("/api/events?level=alarm"))["items"][0]
        assert (event["seen_at"], event["seen_by"]) == (None, None)
        marks = [
            (await here.post("/api/events/seen", {"ids": [alarm], "by": by}))["marks"]
            for by in ("anna", "ben")
        ]
        event = (await here.get("/api/events?level=alarm"))["items"][0]
        kept = {"id": alarm, "seen_at": event["seen_at"], "seen_by": "anna"}
        assert marks == [[kept], [kept]]
