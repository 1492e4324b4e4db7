"""The broker on a port of this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from adapters.tasks import TaskSupervisor
from tests.simulators.kis.accounts import DEFAULT_ACCOUNTS
from tests.simulators.kis.control import Control
from tests.simulators.kis.divisions import DOMESTIC_DIVISIONS, OVERSEAS_DIVISIONS
from tests.simulators.kis.host import Host
from tests.simulators.kis.hours import Country
from tests.simulators.kis.ledger import Account
from tests.simulators.kis.listings import LISTINGS
from tests.simulators.kis.orders import Draft
from tests.simulators.kis.rest import Rest
from tests.simulators.kis.sockets import Sockets

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable
    from decimal import Decimal

    from adapters.clock import Clock
    from tests.simulators.kis.accounts import AccountSeed, Key
    from tests.simulators.kis.faults import Faults
    from tests.simulators.kis.listings import Listing
    from tests.simulators.kis.orders import Order
    from tests.simulators.kis.services import Profile
    from tests.simulators.kis.switches import Switches

CLOSE_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class Urls:
    """Where it listens, without a path: REST and, on the same port, the websocket."""

    rest: str
    ws: str


class KisSimulator:
    """``host`` is its inside, ``faults`` and ``switches`` what can go wrong or differ.

    ``walk_s``: how often every price moves by a few ticks; 0: prices stand until they are set.
    """

    def __init__(
        self,
        clock: Clock,
        profile: Profile,
        *,
        seed: int = 1,
        walk_s: float = 0.0,
        accounts: Iterable[AccountSeed] = DEFAULT_ACCOUNTS,
        listings: Iterable[Listing] = LISTINGS,
    ) -> None:
        self._clock = clock
        self._walk_s = walk_s
        self._tasks = TaskSupervisor()
        self.host = Host(clock, profile=profile, seed=seed, accounts=accounts, listings=listings)
        self.sockets = Sockets(self.host, clock, self._tasks)
        self.rest = Rest(self.host, clock, self._tasks, self.flush)
        self._runner: web.AppRunner | None = None

    @property
    def faults(self) -> Faults:
        return self.host.faults

    @property
    def switches(self) -> Switches:
        return self.host.switches

    def key(self, account: str) -> Key:
        """Return the key pair of an account, by its name."""
        return self.host.keys.of_account[self.host.seeds[account].number]

    def account(self, name: str) -> Account:
        """Return an account's money and holdings, as the broker's own books have them."""
        self.host.agenda.catch_up()
        return self.host.accounts[self.host.seeds[name].number]

    def reset(self, name: str) -> None:
        """Begin an account anew, as paper accounts can be: orders, holdings and cash."""
        seed = self.host.seeds[name]
        host = self.host
        host.agenda.catch_up()
        host.engine.orders[seed.number].clear()
        host.accounts[seed.number] = Account(
            seed, host.market, host.hours, host.switches, self._clock
        )

    def place_by_hand(
        self, name: str, symbol: str, side: str, quantity: int, price: Decimal
    ) -> Order:
        """Place a limit order as a person does in the broker's own app; 01 sells, 02 buys.

        Raises OrderRefused.
        """
        self.host.agenda.catch_up()
        listing = self.host.market.listings[symbol]
        korean = listing.country is Country.KOREA
        draft = Draft(
            account=self.host.seeds[name].number,
            listing=listing,
            side=side,
            division=(DOMESTIC_DIVISIONS if korean else OVERSEAS_DIVISIONS)["00"],
            quantity=quantity,
            price=price,
            venue="KRX" if korean else listing.exchange,
            by_hand=True,
        )
        order = self.host.engine.place(draft)
        self.flush()
        return order

    def set_price(self, symbol: str, price: Decimal) -> None:
        """Let the market trade at a price, and tell whoever listens what that filled."""
        self.host.agenda.catch_up()
        self.host.engine.set_price(symbol, price)
        self.flush()

    def flush(self, *, at_once: bool = False) -> None:
        """Send what notices have to tell."""
        self.sockets.flush(at_once=at_once)

    async def start(
        self, port: int = 0, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> Urls:
        """Listen; port 0 takes a free one."""
        app = web.Application()
        Control(self).add_routes(app)
        for path in ("/", "/tryitout", "/tryitout/{tr_id}"):
            app.router.add_get(path, self.sockets.connect)
        app.router.add_route("*", "/{path:.*}", self.rest.answer)
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=False, shutdown_timeout=0.1
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port, ssl_context=tls).start()
        self._tasks.spawn(self.host.agenda.run(self.flush), name="agenda")
        if self._walk_s:
            self._tasks.spawn(self._walk(), name="market")
        _, bound = self._runner.addresses[0][:2]
        secure = "" if tls is None else "s"
        return Urls(f"http{secure}://{host}:{bound}", f"ws{secure}://{host}:{bound}")

    async def _walk(self) -> None:
        """Move every price now and then, while its market trades."""
        while True:
            await self._clock.sleep(self._walk_s)
            self.host.agenda.catch_up()
            self.host.engine.walk()
            self.flush()

    async def close(self) -> None:
        self.rest.closing.set()
        self.sockets.drop_all()
        await self._tasks.close(CLOSE_TIMEOUT_S)
        if self._runner is not None:
            await self._runner.cleanup()
