"""Reading a webhook's body, and not reading again what was read before.

A bot sends the same few signals again and again, with nothing new in them but their id. What a body
means without its id is remembered, under a hash of that body, so that no secret stays in memory.
Whatever is not exactly of that kind is read anew, by ``webhook_model``.
"""

from __future__ import annotations

import re
from hashlib import sha256

from daemon.api.decode import decode_json
from daemon.api.webhook_model import Signal, read_signal
from daemon.lately import Lately

REMEMBERED = 1024
LENGTH_MAX = 2048
"""Longer bodies are not remembered."""

_ID = re.compile(rb'"id"\s*:\s*"([A-Za-z0-9_.:-]{1,128})"')


class SignalReader:
    """Reads bodies, and remembers the last ones."""

    def __init__(self) -> None:
        self._known: Lately[tuple[int, bytes], tuple[Signal, str, str]] = Lately(REMEMBERED)

    def __len__(self) -> int:
        """How many bodies are remembered."""
        return len(self._known)

    def read(self, body: bytes, header_key: str | None) -> Signal:
        """Return what a body means. Raises ``BadInput`` with every fault.

        ``header_key`` is the idempotency key of the header, if there is one.
        """
        found = _ID.search(body)
        if found is None or header_key is not None or len(body) > LENGTH_MAX or b"\\" in body:
            return read_signal(decode_json(body, fold_keys=True), header_key)
        start, end = found.span(1)
        # Without backslashes a quote ends a text: what was found is a key with its value, and
        # another such value in its place changes nothing else.
        known_as = (start, sha256(body[:start] + body[end:]).digest())
        key = body[start:end].decode("ascii")
        known = self._known.get(known_as)
        if known is None:
            signal = read_signal(decode_json(body, fold_keys=True))
            if signal.key == key and _has_one_id(body):
                self._remember(known_as, signal, key)
            return signal
        signal, before, after = known
        strategy, token_digest, _, commands, warnings, _ = signal
        text = f"{before}{key}{after}"
        return Signal(strategy, token_digest, key, commands, warnings, text)

    def _remember(self, known_as: tuple[int, bytes], signal: Signal, key: str) -> None:
        before, mark, after = signal.body.partition(f'"id":"{key}"')
        assert mark  # the id is stored with the rest
        self._known.put(known_as, (signal, f'{before}"id":"', f'"{after}'))


def _has_one_id(body: bytes) -> bool:
    """Whether what looks like the id is the id: nothing nested, and no other spelling of it."""
    return body.count(b"{") == 1 and b"[" not in body and body.lower().count(b'"id"') == 1
