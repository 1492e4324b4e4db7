"""One request to KIS and what came back: with a token, in its turn, limited in time.

What could not be sent and what was sent without a whole answer are two different things, and
everything above depends on telling them apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from adapters.broker import BrokerMisconfiguredError, BrokerUnavailableError
from adapters.http import Answer, NotSent, exchanged
from adapters.kis.answers import Reply, read_reply
from adapters.kis.codes import Remedy, is_familiar, meaning_of
from adapters.kis.outcomes import WAIT_S
from adapters.kis.pace import Rank
from adapters.limits import OverBudgetError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import aiohttp

    from adapters.kis.answers import Observation
    from adapters.kis.hosts import Profile
    from adapters.kis.oddities import Oddities
    from adapters.kis.operations import Operation
    from adapters.kis.pace import Pace
    from adapters.kis.tokens import Keys, Tokens

JSON = "application/json; charset=utf-8"

Params = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request. Names of ``params`` are in capitals; every one is sent, blank ones too."""

    operation: Operation
    params: Params
    rank: Rank = Rank.ASK
    continued: bool = False
    """Whether this asks for a further page."""


class Wire:
    """Sends the requests of one app key to one host."""

    def __init__(
        self,
        *,
        session: Callable[[], aiohttp.ClientSession],
        base: str,
        profile: Profile,
        keys: Keys,
        pace: Pace,
        oddities: Oddities,
    ) -> None:
        self._session = session
        self._base = base
        self._profile = profile
        self._keys = keys
        self._pace = pace
        self._oddities = oddities

    async def send(self, call: Call, tokens: Tokens) -> Observation:
        """Send one request; with another token, once more. Never raises for what KIS does."""
        seen, token = await self._authorised(call, tokens)
        if isinstance(seen, Reply) and _remedy(seen) is Remedy.REAUTH:
            # Refused before anybody judged it, so an order may be sent again, too.
            tokens.refused(token)
            seen, token = await self._authorised(call, tokens)
        return seen

    async def _authorised(self, call: Call, tokens: Tokens) -> tuple[Observation, str]:
        route = call.operation.value
        tr_id = route.tr_id(self._profile)
        if tr_id is None:
            what = f"{call.operation.name} is not offered in the paper environment"
            return NotSent(what, person=True), ""
        try:
            token = await tokens.token()
        except BrokerMisconfiguredError as error:
            return NotSent(str(error), person=True), ""
        except BrokerUnavailableError as error:
            return NotSent(str(error)), ""
        headers = {
            "Content-Type": JSON,
            "authorization": f"Bearer {token}",
            "appkey": self._keys.app_key,
            "appsecret": self._keys.app_secret,
            "tr_id": tr_id,
            "tr_cont": "N" if call.continued else "",
            "custtype": "P",
        }
        seen = await self.request(route.method, route.path, headers, dict(call.params), call.rank)
        if isinstance(seen, Reply):
            if _remedy(seen) is Remedy.WAIT:
                self._pace.refused(WAIT_S)
            elif seen.is_good:
                self._oddities.look_at(call.operation, seen.body)
        return seen, token

    async def request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        params: Mapping[str, str],
        rank: Rank = Rank.ASK,
    ) -> Observation:
        """Wait for a turn and send; the token and the approval key are asked for so, too."""
        try:
            await self._pace.enter(rank)
        except OverBudgetError as error:
            return NotSent(str(error), error.retry_after_s)
        asking = method == "GET"
        seen = await exchanged(
            self._session(),
            method,
            self._base + path,
            headers=headers,
            params=params if asking else None,
            data=None if asking else orjson.dumps(params),
        )
        if not isinstance(seen, Answer):
            return seen
        reply = read_reply(seen.status, seen.body, seen.headers.get("tr_cont", ""))
        self._report(reply)
        return reply

    def _report(self, reply: Reply) -> None:
        """Tell of a code nobody has written down yet, once."""
        if not is_familiar(reply.code):
            self._oddities.tell(f"an unfamiliar code, {reply.code}", reply.message)


def _remedy(reply: Reply) -> Remedy:
    if reply.is_good:
        return Remedy.NONE
    return meaning_of(reply.code, reply.message).remedy
