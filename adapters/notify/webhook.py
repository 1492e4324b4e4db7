"""Posts JSON to an address, signed as the webhooks are that come in."""

from __future__ import annotations

import asyncio
import hmac
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import hdrs

from adapters.notify.errors import NotDeliveredError, wait_asked_for

if TYPE_CHECKING:
    from adapters.clock import Clock

CALL_S = 10.0
SIGNATURE = "X-Signature"
_GOOD = range(200, 300)
_PASSING = frozenset({408, 425, 429})
"""Refusals that may be none a moment later; other 4xx are the same every time."""
_REFUSED = range(300, 500)


class WebhookPost:
    """An address of the user's. The signature is the HMAC-SHA256 of the body, in hex."""

    def __init__(self, url: str, key: bytes | None, clock: Clock) -> None:
        self._url = url
        self._key = key
        self._clock = clock

    async def post(self, body: bytes) -> None:
        """Post once. Raises NotDeliveredError."""
        headers: dict[str, str] = {hdrs.CONTENT_TYPE: "application/json"}
        if self._key is not None:
            headers[SIGNATURE] = "sha256=" + hmac.digest(self._key, body, "sha256").hex()
        timeout = aiohttp.ClientTimeout(total=CALL_S)
        try:
            async with (
                asyncio.timeout(CALL_S),
                aiohttp.ClientSession(timeout=timeout) as session,
                # Where it leads is the configuration's to say, not the receiver's.
                session.post(
                    self._url, data=body, headers=headers, allow_redirects=False
                ) as answer,
            ):
                status = answer.status
                wait = wait_asked_for(answer.headers.get(hdrs.RETRY_AFTER), self._clock.now())
        except TimeoutError:
            raise NotDeliveredError(f"no answer within {CALL_S:.0f} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            reason = f"the receiver cannot be reached ({type(error).__name__})"
            raise NotDeliveredError(reason) from None
        if status not in _GOOD:
            raise NotDeliveredError(
                f"the receiver answered {status}",
                retry_after_s=wait,
                lasting=status in _REFUSED and status not in _PASSING,
            )
