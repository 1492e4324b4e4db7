"""The exchange on a port of this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from adapters.tasks import TaskSupervisor
from tests.simulators.binance.exchange import DEFAULT_ACCOUNTS, Exchange
from tests.simulators.binance.rest import Rest
from tests.simulators.binance.sockets import Sockets

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable
    from decimal import Decimal

    from adapters.clock import Clock
    from tests.simulators.binance.accounts import AccountSeed, Key
    from tests.simulators.binance.faults import Faults

CLOSE_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class Urls:
    """Where it listens, without a path: ``rest``, and ``socket`` for everything that is pushed."""

    rest: str
    socket: str

    @property
    def ws_api(self) -> str:
        """Spot's WebSocket API."""
        return f"{self.socket}/ws-api/v3"

    @property
    def futures_ws_api(self) -> str:
        return f"{self.socket}/ws-fapi/v1"

    @property
    def futures_private(self) -> str:
        """For the listenKey to follow, after a slash or as ``?listenKey=``."""
        return f"{self.socket}/private/ws"


class BinanceSimulator:
    """``exchange`` is its inside, ``faults`` its switches, ``sockets`` its open connections."""

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int = 1,
        accounts: Iterable[AccountSeed] = DEFAULT_ACCOUNTS,
    ) -> None:
        self.clock = clock
        self._tasks = TaskSupervisor()
        self.exchange = Exchange(clock, seed=seed, accounts=accounts)
        self.sockets = Sockets(self.exchange, clock, self._tasks)
        self._rest = Rest(self.exchange, clock, self._tasks, self.sockets.flush)
        self._runner: web.AppRunner | None = None
        self.exchange.futures.wake = self._wake
        self.exchange.listen_keys.wake = self._wake

    @property
    def faults(self) -> Faults:
        return self.exchange.faults

    def keys(self, account: str) -> tuple[Key, Key]:
        """Return the HMAC key and the Ed25519 key of an account."""
        return self.exchange.keys.of_account[account]

    def set_price(self, symbol: str, price: Decimal) -> None:
        """Move a symbol on both venues, and tell whoever listens what traded."""
        for venue in (self.exchange.spot, self.exchange.futures):
            if symbol in venue.listings:
                venue.set_price(symbol, price)
        self.sockets.flush()

    async def start(
        self, port: int = 0, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> Urls:
        """Listen; port 0 takes a free one. Called again, it listens at another port as well."""
        if self._runner is None:
            self._runner = web.AppRunner(
                self._app(), access_log=None, handler_cancellation=False, shutdown_timeout=0.1
            )
            await self._runner.setup()
        await web.TCPSite(self._runner, host, port, ssl_context=tls).start()
        _, bound = self._runner.addresses[-1][:2]
        secure = "" if tls is None else "s"
        return Urls(f"http{secure}://{host}:{bound}", f"ws{secure}://{host}:{bound}")

    def _app(self) -> web.Application:
        app, sockets = web.Application(), self.sockets
        for path, handler in {
            "/ws-api/v3": sockets.spot_api,
            "/ws-fapi/v1": sockets.futures_api,
            "/private/ws": sockets.futures_private,
            "/private/ws/{key}": sockets.futures_private,
            "/ws": sockets.spot_market,
            "/ws/{stream}": sockets.spot_market,
            "/stream": sockets.spot_market,
            "/{route:public|market}/ws": sockets.futures_market,
            "/{route:public|market}/ws/{stream}": sockets.futures_market,
            "/{route:public|market}/stream": sockets.futures_market,
        }.items():
            app.router.add_get(path, handler)
        app.router.add_route("*", "/{path:.*}", self._rest.answer)
        return app

    def _wake(self, at_ms: int) -> None:
        self._tasks.spawn(self._strike(at_ms), name="the exchange's alarm")

    async def _strike(self, at_ms: int) -> None:
        """Do at a time what is due then."""
        await self.clock.sleep(max(0, at_ms - self.exchange.now_ms()) / 1000)
        self.exchange.futures.strike()
        self.sockets.tell_expired_keys()
        self.sockets.flush()

    async def close(self) -> None:
        self.sockets.drop_all()
        await self._tasks.close(CLOSE_TIMEOUT_S)
        if self._runner is not None:
            await self._runner.cleanup()
