from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.clock import SystemClock
from tests.chaos.houses import PaperHouse
from tests.chaos.relay import Relay, Wire
from tests.chaos.skewed import Skew
from tests.chaos.trial import Trial
from tests.chaos.venues import Here, There, disagreements

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    skew = Skew(tmp_path / "clock", timedelta())
    trial = await Trial.open(tmp_path, 7, SystemClock(), PaperHouse(7), skew)
    result = await trial.round(0, asyncio.Semaphore())
    assert result.faults == []
    assert result.kills >= 1
    assert trial.record.acknowledged
    assert trial.record.unanswered == []


def test_books_that_differ_from_the_broker_s_are_noticed() -> None:
    ours = [here("a", "3", "filled"), here("b", "0", "open"), here("c", "0", "rejected")]
    theirs = [there("a", "3"), there("b", "0", is_open=True)]
    assert disagreements(ours, theirs) == []
    assert disagreements(ours, [*theirs, there("a", "3")]) == ["order a is 2 times at the broker"]
    assert "nobody's" in disagreements(ours, [*theirs, there("d", "3")])[0]
    assert "has filled 4" in disagreements(ours, [there("a", "4"), theirs[1]])[0]
    assert "is not at the broker" in disagreements(ours, theirs[1:])[0]
    assert "at the broker" in disagreements(ours, [theirs[0], there("b", "0")])[0]


def here(name: str, filled: str, state: str) -> Here:
    return Here(name, "BTCUSDT", Decimal(filled), state)


def there(name: str, filled: str, *, is_open: bool = False) -> There:
    return There(name, "BTCUSDT", Decimal(filled), is_open)


async def test_a_wire_is_cut_half_open_or_loses_answers_only() -> None:
    heard: list[bytes] = []
    arrived = asyncio.Event()

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while word := await reader.read(100):
                heard.append(word)
                arrived.set()
                writer.write(word)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    relay = Relay(server.sockets[0].getsockname()[1])
    port = await relay.open()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"whole")
    assert await reader.read(100) == b"whole"
    relay.set(Wire.DEAF)
    arrived.clear()
    writer.write(b"deaf")
    await arrived.wait()
    relay.set(Wire.CUT)
    with suppress(ConnectionError):
        assert await reader.read(100) == b""
    writer.close()
    relay.set(Wire.WHOLE)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"again")
    assert await reader.read(100) == b"again"
    writer.close()
    await relay.close()
    server.close()
    assert heard == [b"whole", b"deaf", b"again"]
