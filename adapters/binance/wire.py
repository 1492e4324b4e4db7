"""One request to Binance and what came back: signed, counted, limited in time.

What could not be sent and what was sent without a whole answer are two different things, and
everything above depends on telling them apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from yarl import URL

from adapters.binance.answers import Reply, read_reply
from adapters.binance.outcomes import TOO_MANY_REQUESTS
from adapters.binance.signing import encoded, signed_query
from adapters.fields import to_ms
from adapters.http import Answer, NotSent, exchanged
from adapters.limits import OverBudgetError, Urgency

if TYPE_CHECKING:
    from collections.abc import Mapping

    import aiohttp

    from adapters.binance.answers import Observation
    from adapters.binance.signing import Keys, Params
    from adapters.binance.venue_time import VenueTime
    from adapters.limits import Budget, Gate, Permit

RECV_WINDOW_MS = 5000
"""How old a request may be when it reaches the matching engine; bounds how late it can appear."""
LEAVE_S = {Urgency.CANCEL: 4.0, Urgency.PLACE: 4.0, Urgency.ASK: 4.0}
"""How long a request waits for room in the budgets before it is given up, surely not sent."""
SILENCE_S = 30.0
"""How long to be silent when a venue that says 429 does not say for how long."""
BAN_S = 120.0
"""The shortest ban, where 418 does not say."""
BANNED = 418
TOO_MUCH_WEIGHT = -1003
TOO_MANY_ORDERS = -1015


class Security(Enum):
    """What a request proves about who sends it."""

    NONE = auto()
    KEY = auto()
    SIGNED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request before it is signed. ``weight`` counts for the address, ``orders`` for the account.

    ``urgency`` says who is let through first where either is scarce.
    """

    method: str
    path: str
    params: Params = ()
    weight: int = 1
    orders: int = 0
    urgency: Urgency = Urgency.ASK
    security: Security = Security.SIGNED


@dataclass(frozen=True, slots=True)
class Meters:
    """Budgets that a request counts in: the address's, and the account's."""

    weight: tuple[Budget, ...]
    orders: tuple[Budget, ...] = ()

    def charges(self, call: Call) -> list[tuple[Budget, int]]:
        return [(budget, call.weight) for budget in self.weight] + [
            (budget, call.orders) for budget in self.orders
        ]

    def told(self, headers: Mapping[str, str]) -> dict[str, int]:
        """Read how much the venue says was used; names as in the budgets."""
        found = {}
        for budget in (*self.weight, *self.orders):
            value = headers.get(budget.name, "")
            if value.isdigit():
                found[budget.name] = int(value)
        return found


class Wire:
    """Sends requests of one account, or of nobody, to one address."""

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession,
        base: str,
        time: VenueTime,
        gate: Gate,
        meters: Meters,
        keys: Keys | None = None,
    ) -> None:
        self._session = session
        self._base = base
        self._time = time
        self._gate = gate
        self._meters = meters
        self._keys = keys

    async def send(self, call: Call) -> Observation:
        """Send one request, once. Never raises for what the venue or the network does."""
        try:
            permit = await self._gate.enter(
                self._meters.charges(call), call.urgency, LEAVE_S[call.urgency]
            )
        except OverBudgetError as error:
            return NotSent(str(error), error.retry_after_s)
        try:
            seen = await self._exchange(call, permit)
        finally:
            permit.release()
        if isinstance(seen, Reply):
            self._obey(seen)
        return seen

    async def _exchange(self, call: Call, permit: Permit) -> Observation:
        # The whole query goes into the address, for POST too: Binance takes it there, and it is
        # the very text that was signed.
        url = URL(f"{self._base}{call.path}{self._query(call)}", encoded=True)
        headers = {}
        if call.security is not Security.NONE and self._keys is not None:
            headers["X-MBX-APIKEY"] = self._keys.api_key
        seen = await exchanged(self._session, call.method, url, headers=headers)
        if not isinstance(seen, Answer):
            return seen
        permit.release(self._meters.told(seen.headers))
        return read_reply(seen.status, seen.body, seen.headers)

    def _query(self, call: Call) -> str:
        params = call.params
        if call.security is not Security.SIGNED:
            return f"?{encoded(params)}" if params else ""
        assert self._keys is not None  # only accounts send signed requests
        stamped = (
            *params,
            ("recvWindow", str(RECV_WINDOW_MS)),
            ("timestamp", str(to_ms(self._time.now()))),
        )
        return "?" + signed_query(stamped, self._keys.signer)

    def _obey(self, reply: Reply) -> None:
        """Be silent where the venue asks for it: one who goes on is banned, cancels and all."""
        if reply.code == TOO_MANY_ORDERS:
            for budget in self._meters.orders:
                budget.exhaust()
            return
        if reply.status in TOO_MANY_REQUESTS or reply.code == TOO_MUCH_WEIGHT:
            self._gate.close_for(self._silence_s(reply))

    def _silence_s(self, reply: Reply) -> float:
        told = [reply.retry_after_s] if reply.retry_after_s is not None else []
        if reply.banned_until_ms is not None:
            told.append((reply.banned_until_ms - to_ms(self._time.now())) / 1000)
        usual = BAN_S if reply.status == BANNED else SILENCE_S
        return max(told, default=usual)
