"""A whole daemon but its process: the engine of a market story with its HTTP side in front."""

from __future__ import annotations

import asyncio
import io
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any

from aiohttp.test_utils import TestClient, TestServer

from adapters.sqlite.driver import InlineDriver
from algorithms.domain import StrategyName
from daemon.administration import Administration
from daemon.api.addresses import Networks
from daemon.api.app import Parts, make_app
from daemon.api.auth import Authority, FailureThrottle, StrategyAccess, digest
from daemon.api.door import Door
from daemon.api.health import Readiness
from daemon.api.ledger import Ledger
from daemon.api.metrics import Metrics
from daemon.api.rebalancing import Rebalancing
from daemon.api.sessions import Sessions
from daemon.api.stream import EventStream
from daemon.api.views import Lists
from daemon.book_office import BookOffice
from daemon.cli.main import main
from daemon.notices import raise_notice
from daemon.rebalancing.office import RebalancingOffice
from daemon.service.address import note_address
from daemon.web.page import Sources
from daemon.web.site import Site
from tests.support.books import children, parents, told
from tests.support.world import THREE_BOOKS, World, world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from aiohttp import ClientResponse, web

    from daemon.storage.tx import Tx

ADMIN_TOKEN = "admin-token-00112233445566778899aabbccdd"
ADMIN = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
NOWHERE = Networks(())


class Served:
    """Asks the daemon as a person with the admin token does."""

    def __init__(
        self, day: World, client: TestClient[web.Request, web.Application], stream: EventStream
    ) -> None:
        self.day = day
        self.client = client
        self.stream = stream

    async def traded(self) -> None:
        """Wait, in real time, until no market order lives any more."""
        live = "order_type = 'MARKET' AND ended_at IS NULL"
        await self._until(
            lambda: not parents(self.day, live) and not children(self.day, live),
            "a market order never ended",
        )

    async def heard(self, code: str) -> None:
        """Wait, in real time, until people are told of something."""
        await self._until(lambda: bool(told(self.day, code)), f"nobody was told of {code}")

    async def _until(self, is_so: Callable[[], bool], otherwise: str) -> None:
        for _ in range(6000):
            if is_so():
                return
            await asyncio.sleep(0.01)
        raise AssertionError(otherwise)

    async def alarmed(self, count: int) -> list[str]:
        """Raise alarms, numbered from 1; return their ids."""
        services = self.day.engine.services
        ids = [services.ids.new() for _ in range(count)]

        def tell(tx: Tx) -> None:
            for number, each in enumerate(ids, 1):
                now = services.clock.now()
                raise_notice(tx, each, "invariant_broken", now, number=str(number), text="no sum")

        await self.day.engine.store.write(tell)
        return ids

    async def nettingd(self, *words: str) -> tuple[int, str, str]:
        """Call a command on this daemon; return its exit code and what it printed."""
        config = self.day.engine.config
        file = config.daemon.data_dir / "admin.token"
        file.parent.mkdir(exist_ok=True)
        file.write_text(ADMIN_TOKEN)
        file.chmod(0o600)
        url = self.client.make_url("/")
        note_address(config.daemon.data_dir, str(url).rstrip("/"))
        path = str(config.daemon.data_dir.parent / "config.toml")
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = await asyncio.to_thread(main, [*words, "--config", path])
        return code, out.getvalue(), err.getvalue()

    async def page(self, path: str, language: str = "en", status: int = 200) -> str:
        """Return a page as HTML."""
        headers = {**ADMIN, "Accept-Language": language, "Cache-Control": "no-cache"}
        response = await self.client.get(path, headers=headers)
        html = await response.text()
        assert response.status == status, html
        return html

    async def get(self, path: str, status: int = 200) -> Any:  # noqa: ANN401 - a document
        return await _document(await self.client.get(path, headers=ADMIN), status)

    async def post(self, path: str, body: object, status: int = 200) -> Any:  # noqa: ANN401 - a document
        return await _document(await self.client.post(path, json=body, headers=ADMIN), status)


async def _document(response: ClientResponse, status: int) -> Any:  # noqa: ANN401 - a document
    document = await response.json(content_type=None)
    assert response.status == status, document
    return document


@asynccontextmanager
async def served(folder: Path, text: str = THREE_BOOKS) -> AsyncIterator[Served]:
    """Serve an engine, in real time."""
    async with world(folder, text) as day:
        engine = day.engine
        driver = await InlineDriver.open(engine.config.database.path, read_only=True)
        lists = Lists(driver, engine.current)
        sessions, readiness = Sessions(day.clock, secure=False), Readiness()
        stream = EventStream(engine.bus, lists, sessions)
        admin = Administration(engine, day.clock)
        site = Site(
            Sources(
                engine=engine,
                admin=admin,
                lists=lists,
                reader=driver,
                readiness=readiness,
                sessions=sessions,
                clock=day.clock,
            ),
            engine.bus,
        )
        strategies = [
            StrategyAccess(name=StrategyName(name), token_digest=digest(f"{name}'s token"))
            for name in engine.config.strategies
        ]
        app = make_app(
            Parts(
                desk=engine.desk,
                admin=admin,
                door=Door(
                    authority=Authority(strategies, digest(ADMIN_TOKEN)),
                    throttle=FailureThrottle(day.clock),
                    allow_from=NOWHERE,
                    trusted_proxies=NOWHERE,
                ),
                clock=day.clock,
                readiness=readiness,
                metrics=Metrics(),
                sessions=sessions,
                more=(
                    lists,
                    stream,
                    Ledger(BookOffice(engine)),
                    Rebalancing(RebalancingOffice(engine), engine.rebalancing),
                    site,
                ),
            )
        )
        async with TestClient(TestServer(app)) as client:
            yield Served(day, client, stream)
            stream.close()
            site.close()
        await driver.close()
