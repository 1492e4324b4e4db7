"""TLS of the daemon's own: a connection is counted from its first moment.

A server of asyncio hears of a connection once its handshake is over. Until then it holds an open
file that nobody has counted, and whoever opens many and begins no handshake could take all that the
process may have. So connections are accepted here. Where there is no room, the oldest one that has
not finished its handshake makes it: those who mean it take milliseconds.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from typing import TYPE_CHECKING, Self

from adapters.tasks import TaskSupervisor

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable

HANDSHAKE_S = 10.0
END_S = 1.0
PAUSE_S = 1.0
"""Until it is tried again, when the host has no open file left for a connection."""

log = logging.getLogger(__name__)


class TlsListener:
    """Accepts connections, and lets ``protocol`` have those whose handshake succeeds.

    ``room`` says how many more there may be, beside those that have finished theirs.
    """

    def __init__(
        self,
        listening: Iterable[socket.socket],
        context: ssl.SSLContext,
        protocol: Callable[[], asyncio.Protocol],
        room: Callable[[], int],
    ) -> None:
        self._listening = tuple(listening)
        self._context = context
        self._protocol = protocol
        self._room = room
        self._tasks = TaskSupervisor()
        self._shaking: dict[socket.socket, asyncio.Task[None]] = {}
        """Connections whose handshake is under way, the oldest first."""

    @classmethod
    async def open(
        cls,
        host: str,
        port: int,
        backlog: int,
        context: ssl.SSLContext,
        protocol: Callable[[], asyncio.Protocol],
        room: Callable[[], int],
    ) -> Self:
        """Listen. Raises OSError when the address cannot be had."""
        # asyncio knows every address that a name stands for; it binds them, and no more.
        binding = await asyncio.get_running_loop().create_server(
            asyncio.Protocol, host, port, start_serving=False
        )
        listening = [socket.socket(fileno=os.dup(each.fileno())) for each in binding.sockets]
        binding.close()
        for each in listening:
            each.settimeout(0)
            each.listen(backlog)
        listener = cls(listening, context, protocol, room)
        for each in listening:
            listener._tasks.spawn(listener._accept(each), name=f"TLS {each.getsockname()[1]}")
        return listener

    @property
    def port(self) -> int:
        """The port that was really taken."""
        return int(self._listening[0].getsockname()[1])

    async def close(self) -> None:
        """Listen no more, and end every handshake that is under way."""
        await self._tasks.close(END_S)
        for connection in self._shaking:  # accepted in this very moment
            connection.close()
        for each in self._listening:
            each.close()

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listening)
            except ConnectionAbortedError:
                continue
            except OSError as error:
                log.warning("no connection can be accepted: %s", error.strerror)
                await asyncio.sleep(PAUSE_S)
                continue
            while self._shaking and len(self._shaking) >= self._room():
                self._shaking.pop(next(iter(self._shaking))).cancel()
            shake = self._tasks.spawn(self._shake(connection), name="TLS handshake")
            self._shaking[connection] = shake
            await asyncio.sleep(0)  # it begins, and owns the connection; others have their turn

    async def _shake(self, connection: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._protocol,
                connection,
                ssl=self._context,
                ssl_handshake_timeout=HANDSHAKE_S,
            )
        except OSError as error:
            log.debug("a TLS handshake came to nothing: %s", error)
        finally:
            self._shaking.pop(connection, None)
