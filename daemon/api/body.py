"""Reading a request's body: no longer than it may be, no longer than it may take."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from daemon.api.errors import ErrorCode, Refused

if TYPE_CHECKING:
    from aiohttp import StreamReader

BODY_SECONDS_MAX = 10.0


async def read_body(
    request: web.BaseRequest, bytes_max: int, seconds_max: float = BODY_SECONDS_MAX
) -> bytes:
    """Return the whole body. Raises Refused: too large, too slow, compressed, or broken off.

    Its content type is not looked at: TradingView says text/plain, curl says it is a form, and
    what is not JSON shows anyway.
    """
    if hdrs.CONTENT_ENCODING in request.headers:
        raise Refused(ErrorCode.UNSUPPORTED_MEDIA_TYPE, "send the body uncompressed")
    content = request.content
    if content.is_eof():  # it came together with the headers, as small ones do
        body = content.read_nowait()
        if len(body) > bytes_max:
            raise body_too_large(bytes_max)
        return body
    if (request.content_length or 0) > bytes_max:
        raise body_too_large(bytes_max)
    try:
        async with asyncio.timeout(seconds_max):
            return await _read_parts(content, bytes_max)
    except TimeoutError:
        detail = f"the body did not arrive within {seconds_max:g} s"
        raise Refused(ErrorCode.BODY_TOO_SLOW, detail) from None
    except (web.RequestPayloadError, ConnectionError) as error:
        raise Refused(ErrorCode.BAD_HTTP, "the body broke off") from error


async def _read_parts(content: StreamReader, bytes_max: int) -> bytes:
    body = bytearray()
    while not content.at_eof():
        body += await content.readany()
        if len(body) > bytes_max:
            raise body_too_large(bytes_max)
    return bytes(body)


def body_too_large(bytes_max: int) -> Refused:
    """Refuse a body."""
    return Refused(ErrorCode.BODY_TOO_LARGE, f"the body is larger than {bytes_max} bytes")
