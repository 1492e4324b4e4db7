"""Large calculations are done in a process of their own, so that no webhook waits for them.

A thread would not do: it takes the interpreter from the event loop for milliseconds at a time,
and for as long as reading or writing 50 MB of JSON takes, and its memory stays with the daemon.
"""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import orjson
from aiohttp import hdrs, web

from daemon.api.calculation import ANSWER
from daemon.api.errors import ErrorCode, Refused
from daemon.api.lean import JSON_TYPE, SECURITY_HEADERS
from daemon.api.problems import BadInput, Problem
from daemon.api.respond import send

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Sequence

    from daemon.api.calculation import Calculation

SECONDS_MAX = 60.0
"""So long a caller waits for its turn and for the calculation."""
PIECE = 256 * 1024
PIECE_S = 10.0
RETRY_S = 5
PROGRAM = (sys.executable, "-m", "daemon.api.calculation")
_CHILD_VARIABLES = ("HOME", "LANG", "PATH", "PYTHONPATH")
"""What the child may see of the environment: no secret is among it."""


class Aside:
    """Calculates large bodies, one at a time.

    ``program`` is called with a calculation's name and talks as ``daemon.api.calculation`` says.
    """

    def __init__(self, program: Sequence[str] = PROGRAM) -> None:
        self._program = tuple(program)
        self._turn = asyncio.Semaphore()

    async def answer(
        self, request: web.Request, calculation: Calculation, body: bytes
    ) -> web.StreamResponse:
        """Answer a request with what its body comes to. Raises BadInput and Refused.

        The answer is handed through a piece at a time; the daemon never holds all of it.
        """
        deadline = asyncio.get_running_loop().time() + SECONDS_MAX
        try:
            async with asyncio.timeout_at(deadline):
                await self._turn.acquire()
            try:
                async with _child(*self._program, calculation.value) as process:
                    async with asyncio.timeout_at(deadline):
                        size = await _asked(process, body)
                    return await _handed_through(request, process, size)
            finally:
                self._turn.release()
        except TimeoutError:
            raise _given_up(f"it took longer than {SECONDS_MAX:.0f} s") from None


@asynccontextmanager
async def _child(*command: str) -> AsyncIterator[Process]:
    """Start a calculation; whatever happens, it is gone afterwards."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=PIPE,
        stdout=PIPE,
        limit=PIECE,
        env={name: os.environ[name] for name in _CHILD_VARIABLES if name in os.environ},
    )
    try:
        yield process
    finally:
        await _end(process)


async def _end(process: Process) -> None:
    """End a calculation, whether or not it has ended by itself."""
    assert process.stdin is not None  # a pipe, as asked
    process.stdin.close()
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
    await process.communicate()  # to the end of what it said, which closes its pipe


async def _asked(process: Process, body: bytes) -> int:
    """Hand a body over and wait for the outcome; return how long the answer is.

    Raises BadInput with what is wrong with the body, and Refused.
    """
    assert process.stdin is not None  # pipes, as asked
    assert process.stdout is not None
    with suppress(ConnectionError):  # it has ended: that shows when its outcome is read
        process.stdin.write(body)
        await process.stdin.drain()
        process.stdin.close()
    outcome, _, size = (await process.stdout.readline()).partition(b" ")
    if not size:
        raise _given_up("it did not get through; too little memory may be a reason")
    if outcome == ANSWER:
        return int(size)
    problems = orjson.loads(await process.stdout.readexactly(int(size)))
    raise BadInput([Problem(path, message) for path, message in problems])


async def _handed_through(request: web.Request, process: Process, size: int) -> web.StreamResponse:
    assert process.stdout is not None  # a pipe, as asked
    response = web.StreamResponse(headers={**SECURITY_HEADERS, hdrs.CONTENT_TYPE: JSON_TYPE})
    response.content_length = size
    with suppress(ConnectionError, TimeoutError):  # whoever asked went away, or the child did
        await response.prepare(request)
        while size > 0:
            async with asyncio.timeout(PIECE_S):
                piece = await process.stdout.read(PIECE)
            if not piece:
                break
            size -= len(piece)
            if not size:  # nobody who has the whole answer finds the calculation still there
                await _end(process)
            await send(request, response, piece)
    if size > 0 and request.transport is not None:
        await _end(process)
        request.transport.abort()  # it is not whole, and must not be taken for that
    return response


def _given_up(why: str) -> Refused:
    detail = f"the calculation was given up: {why}"
    return Refused(ErrorCode.CALCULATION_GIVEN_UP, detail, headers={hdrs.RETRY_AFTER: str(RETRY_S)})
