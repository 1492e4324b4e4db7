"""The websocket half of the plain client: registers, decrypts, answers heartbeats."""

from __future__ import annotations

import asyncio
import base64
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import ClientWebSocketResponse

    from tests.simulators.kis.client import Client

PATIENCE_S = 3.0


def decrypt(text: str, key: str, iv: str) -> str:
    cipher = Cipher(algorithms.AES(key.encode()), modes.CBC(iv.encode())).decryptor()
    padded = cipher.update(base64.b64decode(text)) + cipher.finalize()
    unpadder = PKCS7(128).unpadder()
    return (unpadder.update(padded) + unpadder.finalize()).decode()


@dataclass(slots=True)
class Listener:
    """One connection. Keys are kept for each TR, from its latest acknowledgement."""

    client: Client
    socket: ClientWebSocketResponse
    approval: str
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)
    answers: str = "text"
    pings: int = 0

    async def ask(self, tr_id: str, tr_key: str, **header: str) -> Any:  # noqa: ANN401 - a document
        """Register, or unregister with ``tr_type="2"``; return the acknowledgement."""
        await self.socket.send_json(
            {
                "header": {
                    "approval_key": self.approval,
                    "custtype": "P",
                    "tr_type": "1",
                    "content-type": "utf-8",
                    **header,
                },
                "body": {"input": {"tr_id": tr_id, "tr_key": tr_key}},
            }
        )
        ack = orjson.loads(await self.hear_text())
        output = ack["body"].get("output")
        if output is not None:
            self.keys[tr_id] = (output["key"], output["iv"])
        return ack

    async def code(self, tr_id: str, tr_key: str, **header: str) -> str:
        ack = await self.ask(tr_id, tr_key, **header)
        return str(ack["body"]["msg_cd"])

    async def hear_text(self) -> str:
        """Return the next message that is no heartbeat; heartbeats are answered."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                text = str(await self.socket.receive_str())
                if "PINGPONG" not in text:
                    return text
                await self.answer(text)

    async def answer(self, text: str) -> None:
        self.pings += 1
        if self.answers == "text":
            await self.socket.send_str(text)
        elif self.answers == "pong":
            await self.socket.pong(text.encode())

    async def records(self) -> list[list[str]]:
        """Return the records of the next data frame."""
        encrypted, tr_id, count, payload = (await self.hear_text()).split("|", 3)
        if encrypted == "1":
            payload = decrypt(payload, *self.keys[tr_id])
        fields = payload.split("^")
        length, rest = divmod(len(fields), int(count))
        assert rest == 0
        return [fields[start : start + length] for start in range(0, len(fields), length)]

    async def record(self) -> list[str]:
        (only,) = await self.records()
        return only

    async def silence(self) -> bool:
        """Return whether nothing but heartbeats comes for a while."""
        try:
            await self.hear_text()
        except TimeoutError:
            return True
        return False


@asynccontextmanager
async def listening(client: Client, path: str = "/tryitout") -> AsyncIterator[Listener]:
    """A connection with a fresh approval key."""
    await client.clock.sleep(1.1)
    approval = (await client.approval()).body["approval_key"]
    async with client.session.ws_connect(client.urls.ws + path, heartbeat=None) as socket:
        yield Listener(client, socket, approval)
