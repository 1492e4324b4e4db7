"""A signal that differs from an earlier one in its id alone is the earlier one with that id."""

from __future__ import annotations

from random import Random

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.api.decode import decode_json
from daemon.api.problems import BadInput
from daemon.api.signal_reader import LENGTH_MAX, REMEMBERED, SignalReader
from daemon.api.webhook_model import Signal, read_signal
from tests.daemon.api.fakes import ALPHA, ALPHA_TOKEN, signal
from tests.fuzz.attacks import Forge


def anew(body: bytes, header_key: str | None = None) -> Signal | list[str]:
    try:
        return read_signal(decode_json(body, fold_keys=True), header_key)
    except BadInput as error:
        return [str(problem) for problem in error.problems]


def by(reader: SignalReader, body: bytes, header_key: str | None = None) -> Signal | list[str]:
    try:
        return reader.read(body, header_key)
    except BadInput as error:
        return [str(problem) for problem in error.problems]


def bodies(*written: str) -> tuple[bytes, ...]:
    """Write each as the only order of a body, with alpha's name and token."""
    start = orjson.dumps(signal(side=None, qty=None)).decode().removesuffix("}")
    return tuple(f"{start},{rest}}}".encode() for rest in written)


ORDER = '"side":"buy","qty":"1"'


@pytest.mark.parametrize(
    "pair",
    [
        bodies(f'{ORDER},"id":"a"', f'{ORDER},"id":"b"'),
        bodies(f'"id" : "a",{ORDER}', f'"id" : "bbbb",{ORDER}'),
        bodies(f'{ORDER},"id":"a"', f'{ORDER},"id":"a"'),
        bodies(f'{ORDER},"id":"buy"', f'{ORDER},"id":"sell"'),
        bodies(f'{ORDER},"id":"a","x":"id"', f'{ORDER},"id":"b","x":"id"'),
        bodies(f'{ORDER},"m":{{"id":"a"}},"id":"a"', f'{ORDER},"m":{{"id":"b"}},"id":"a"'),
        bodies(f'{ORDER},"m":{{"id":"a"}},"ID":"a"', f'{ORDER},"m":{{"id":"b"}},"ID":"a"'),
        bodies(f'{ORDER},"m":["id","a"],"ID":"a"', f'{ORDER},"m":["id","b"],"ID":"a"'),
        bodies(f'{ORDER},"id":"a","Id":"a"', f'{ORDER},"id":"b","Id":"a"'),
        bodies(f'{ORDER},"id":1', f'{ORDER},"id":2'),
        bodies(f'{ORDER},"id":"a b"', f'{ORDER},"id":"a c"'),
        bodies(f'{ORDER},"id":"a\\u0041"', f'{ORDER},"id":"a\\u0042"'),
        bodies(f'{ORDER},"id":"a"', f'{ORDER},"id":""'),
        bodies(f'{ORDER},"id":"a"', ORDER),
        bodies(f'{ORDER},"id":"a","net":true', f'{ORDER},"id":"b","net":1'),
        bodies('"side":"up","qty":"1","id":"a"', '"side":"up","qty":"1","id":"b"'),
    ],
)
def test_what_was_read_before_never_changes_what_is_read_now(pair: tuple[bytes, ...]) -> None:
    reader = SignalReader()
    for body in (*pair, *pair):
        assert by(reader, body) == anew(body)


@given(st.randoms(use_true_random=False))
def test_nothing_that_is_sent_is_taken_for_something_else(random: Random) -> None:
    reader = SignalReader()
    keys = ["a", "b", "buy", "1", "id"]
    for _ in range(20):
        order = signal(
            side=random.choice(["buy", "sell"]),
            qty=random.choice(["1", 1, "1.0", True]),
            id=random.choice(keys),
            label=random.choice([None, "id", {"id": random.choice(keys)}]),
        )
        body = orjson.dumps(order).replace(b'"id"', random.choice([b'"id"', b'"ID"']), 1)
        assert by(reader, body) == anew(body)


def test_malformed_bodies_are_refused_as_ever() -> None:
    reader = SignalReader()
    for attack in Forge(Random(7), ALPHA, ALPHA_TOKEN).attacks(300, slow=0):
        body = b"".join(attack.pieces).partition(b"\r\n\r\n")[2]
        assert by(reader, body) == anew(body)
        assert by(reader, body) == anew(body)


def test_the_header_s_key_must_be_the_body_s() -> None:
    reader = SignalReader()
    (body,) = bodies(f'{ORDER},"id":"a"')
    reader.read(body, None)
    assert by(reader, body, "a") == anew(body, "a")
    assert by(reader, body, "b") == anew(body, "b")


def test_memory_is_bounded_and_holds_no_token() -> None:
    reader = SignalReader()
    for number in range(2 * REMEMBERED + 10):
        reader.read(orjson.dumps(signal(qty=str(number + 1), id="a")), None)
    reader.read(orjson.dumps(signal(id="a", label="x" * LENGTH_MAX)), None)
    assert REMEMBERED <= len(reader) <= 2 * REMEMBERED
    assert "order_type" in repr(vars(reader))
    assert ALPHA_TOKEN not in repr(vars(reader))
