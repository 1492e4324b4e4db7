"""The heartbeat against a watcher that listens for real."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from adapters.clock import SystemClock
from adapters.sqlite.driver import InlineDriver
from adapters.tasks import TaskSupervisor
from daemon.api.health import Readiness
from daemon.config import load_config
from daemon.engine import Engine
from daemon.jobs.schedule import ClockSchedule
from daemon.service import heartbeat
from daemon.service.heartbeat import Heartbeat
from daemon.setup import setup_of
from daemon.signals import NoticeRaised
from tests.support.world import START, THREE_BOOKS, started

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path


class Watcher:
    """Counts calls, and answers as told."""

    def __init__(self) -> None:
        self.calls = 0
        self.status = 200
        self.silent = False
        self.strayed = 0

    async def answer(self, _: web.Request) -> web.Response:
        self.calls += 1
        if self.silent:
            await asyncio.sleep(3600)
        return web.Response(status=self.status, text="OK", headers={"Location": "/elsewhere"})

    async def stray(self, _: web.Request) -> web.Response:
        self.strayed += 1
        return web.Response(text="OK")


class Scene:
    """An engine in real time, its heartbeat, and who listens for it."""

    def __init__(self, engine: Engine, watcher: Watcher, url: str, folder: Path) -> None:
        self.engine = engine
        self.watcher = watcher
        self.url = url
        self.readiness = Readiness()
        self.told: list[str] = []
        self._folder = folder
        engine.bus.subscribe(NoticeRaised, lambda notice: self.told.append(notice.text))

    def call_every(self, seconds: float, url: str | None = None) -> None:
        """Switch the heartbeat on, as a reload does."""
        path = self._folder / "config.toml"
        path.write_text(
            f'{THREE_BOOKS}\n[heartbeat]\nurl = "{url or self.url}"\nseconds = {seconds}\n'
        )
        self.engine.current.setup = setup_of(load_config(path, {}), START)

    async def until(self, happens: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not happens():  # noqa: ASYNC110 - a real server in real time
                await asyncio.sleep(0.01)


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    watcher = Watcher()
    app = web.Application()
    app.router.add_get("/ping/a-secret-key", watcher.answer)
    app.router.add_get("/elsewhere", watcher.stray)
    path = folder / "config.toml"
    path.write_text(THREE_BOOKS)
    clock, tasks = SystemClock(), TaskSupervisor()
    engine = Engine(
        load_config(path, {}),
        clock=clock,
        open_driver=InlineDriver.open,
        tasks=tasks,
        schedule=ClockSchedule(clock, tasks),
        commands_of=lambda _: (),
    )
    async with TestServer(app) as server:
        await engine.start()
        here = Scene(engine, watcher, str(server.make_url("/ping/a-secret-key")), folder)
        beating = started(Heartbeat(engine.services, here.readiness).run())
        try:
            yield here
        finally:
            beating.cancel()
            await engine.stop()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "CALL_S", 60.0)
    monkeypatch.setattr(heartbeat, "LOOK_S", 0.02)


async def test_the_watcher_is_called_again_and_again_once_it_is_named(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await asyncio.sleep(0.1)
        assert here.watcher.calls == 0
        here.call_every(0.05)
        await here.until(lambda: here.watcher.calls >= 3)
        assert here.told == []


async def test_a_daemon_that_is_not_well_keeps_silent(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        reason: list[str] = ["the disk is full"]
        here.readiness.register("database", lambda: reason[0] if reason else None)
        here.call_every(0.05)
        await asyncio.sleep(0.2)
        assert here.watcher.calls == 0
        reason.clear()
        await here.until(lambda: here.watcher.calls > 0)


async def test_calls_that_fail_are_told_once_and_so_is_their_end(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        here.watcher.status = 500
        here.call_every(0.05)
        await here.until(lambda: here.watcher.calls >= 3)
        here.watcher.status = 204
        await here.until(lambda: len(here.told) == 2)
        assert "the watcher answered 500" in here.told[0]
        assert "again" in here.told[1]


async def test_a_redirect_is_a_failed_call_and_is_not_followed(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        here.watcher.status = 302
        here.call_every(0.05)
        await here.until(lambda: bool(here.told))
        assert "the watcher answered 302" in here.told[0]
        assert here.watcher.strayed == 0


async def test_nobody_there_is_told_without_the_key_in_the_address(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with scene(tmp_path) as here:
        here.call_every(0.05, "http://127.0.0.1:1/ping/a-secret-key")
        await here.until(lambda: bool(here.told))
        assert "cannot be reached" in here.told[0]
        assert "a-secret-key" not in here.told[0] + caplog.text


async def test_a_watcher_that_does_not_answer_delays_no_order(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        here.watcher.silent = True
        here.call_every(0.05)
        await here.until(lambda: here.watcher.calls == 1)
        assert await here.engine.store.read(lambda view: view.fetch("all_positions"))
        assert here.told == []  # the call still waits


async def test_a_watcher_that_does_not_answer_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "CALL_S", 0.1)
    async with scene(tmp_path) as here:
        here.watcher.silent = True
        here.call_every(0.05)
        await here.until(lambda: bool(here.told))
        assert "no answer within" in here.told[0]
