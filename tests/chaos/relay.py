"""A wire to a broker that can be cut, left half open, or lose the answers only."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from enum import Enum

from adapters.tasks import TaskSupervisor

BLOCK = 64 * 1024
CLOSE_S = 2.0


class Wire(Enum):
    """How a connection fares."""

    WHOLE = "whole"
    CUT = "cut"
    """Connections break off, new ones are refused."""
    SILENT = "silent"
    """Connections stay open, and nothing comes through; so do new ones."""
    DEAF = "deaf"
    """What is asked arrives; no answer comes back."""


class _Connection:
    def __init__(self, ours: asyncio.StreamWriter, theirs: asyncio.StreamWriter) -> None:
        self.ends = (ours, theirs)
        self.wire = Wire.WHOLE

    def cut(self) -> None:
        for each in self.ends:
            each.transport.abort()


class Relay:
    """Passes TCP connections on to a port of this host, as well as the wire lets it.

    A connection that was half open once stays so: nobody at either end is told when the wire is
    whole again.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._tasks = TaskSupervisor()
        self._connections: set[_Connection] = set()
        self._wire = Wire.WHOLE
        self._server: asyncio.Server | None = None

    async def open(self) -> int:
        """Listen; return the port."""
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def set(self, wire: Wire) -> None:
        """Let something happen to every connection, and to new ones until told otherwise."""
        self._wire = wire
        for each in list(self._connections):
            if wire is Wire.CUT:
                each.cut()
            elif wire is not Wire.WHOLE:
                each.wire = wire

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self.set(Wire.CUT)
        await self._tasks.close(CLOSE_S)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.spawn(self._connect(reader, writer), name="relay")

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._wire is Wire.CUT:
            writer.transport.abort()
            return
        try:
            there, onward = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        connection = _Connection(writer, onward)
        connection.wire = self._wire
        self._connections.add(connection)
        try:
            asked = self._tasks.spawn(self._pass_on(reader, onward, connection), name="asked")
            await self._pass_on(there, writer, connection, back=True)
            asked.cancel()
        finally:
            self._connections.discard(connection)
            connection.cut()

    async def _pass_on(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        connection: _Connection,
        *,
        back: bool = False,
    ) -> None:
        with suppress(OSError):
            while block := await reader.read(BLOCK):
                lost = connection.wire is Wire.SILENT or (back and connection.wire is Wire.DEAF)
                if not lost:
                    writer.write(block)
                    await writer.drain()
        if connection.wire is Wire.WHOLE:
            connection.cut()
