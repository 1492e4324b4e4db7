"""What a hostile or broken sender may send: each kind of malformed request, made from a seed.

Every one is wrong in a way that a server must answer with a 4xx. None is wrong only in its token
unless its kind says so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

PATH = "/api/webhook"
DRIBBLE_S = 0.5
MEGABYTE = 1 << 20

Json = object


@dataclass(frozen=True, slots=True)
class Attack:
    """One malformed request: pieces of bytes, with a pause between them if it is a slow one."""

    kind: str
    pieces: tuple[bytes, ...]
    pause_s: float = 0.0

    @property
    def is_slow(self) -> bool:
        """Whether it is answered only when the server loses patience."""
        return self.pause_s > 0


class Forge:
    """Makes attacks on one strategy's webhook."""

    def __init__(self, dice: Random, strategy: str, token: str) -> None:
        self._dice = dice
        self._strategy = strategy
        self._token = token
        self._fast: list[tuple[str, Callable[[], bytes]]] = [
            ("wrong type", self._wrong_type),
            ("missing key", self._missing_key),
            ("number out of range", self._bad_number),
            ("huge number", self._huge_number),
            ("not finite", self._not_finite),
            ("deep nesting", self._deep),
            ("bad UTF-8", self._bad_utf8),
            ("lone surrogate or NUL", self._bad_escape),
            ("duplicate key", self._duplicate),
            ("not JSON", self._not_json),
            ("cut short", self._cut_short),
            ("not an object", self._not_an_object),
            ("random bytes", self._random_bytes),
            ("bad batch", self._bad_batch),
            ("too large, announced", self._large),
            ("too large, in chunks", self._large_in_chunks),
            ("wrong token", self._wrong_token),
            ("compressed", self._compressed),
            ("bad HTTP", self._bad_http),
            ("wrong method or path", self._wrong_path),
        ]
        self._slow: list[tuple[str, Callable[[], tuple[bytes, ...]]]] = [
            ("slow body", self._slow_body),
            ("half a body", self._half_body),
            ("slow headers", self._slow_headers),
            ("half the headers", self._half_headers),
        ]

    def attacks(self, number: int, *, slow: int) -> Iterator[Attack]:
        """Yield so many attacks, every kind as often as another; the slow ones come first."""
        for each in range(slow):
            kind, make_pieces = self._slow[each % len(self._slow)]
            yield Attack(kind, make_pieces(), DRIBBLE_S)
        for each in range(number - slow):
            kind, make = self._fast[each % len(self._fast)]
            yield Attack(kind, (make(),))

    # Bodies that are wrong

    def _order(self, **changes: Json) -> dict[str, Json]:
        return {
            "group_name": self._strategy,
            "token": self._token,
            "order_type": "LIMIT",
            "symbol": "BTC/USDT",
            "side": "buy",
            "qty": "0.001",
            "price": 50_000,
            **changes,
        }

    def _wrong_type(self) -> bytes:
        key = self._dice.choice(sorted(self._order()))
        values: list[Json] = [True, False, [], {}, [1], {"a": 1}, ["x" * 50], ""]
        return _post(self._order(**{key: self._dice.choice(values)}))

    def _missing_key(self) -> bytes:
        order = self._order()
        for key in self._dice.sample(sorted(order), self._dice.randint(1, len(order))):
            del order[key]
        return _post(order)

    def _bad_number(self) -> bytes:
        key = self._dice.choice(["qty", "price"])
        value = self._dice.choice([0, -1, "-0.5", "0", "-0", "ten", "1,5", "0x1F", "1_000", " 1"])
        return _post(self._order(**{key: value}))

    def _huge_number(self) -> bytes:
        digits = self._dice.choice([19, 40, 400, 5_000, 50_000])
        number = self._dice.choice(
            ["9" * digits, f"1e{digits}", f"-1e{digits}", f"0.{'1' * digits}", f"1e-{digits}"]
        )
        if self._dice.random() < 0.3:
            number = f'"{number}"'
        return _post_text(json.dumps(self._order()).replace("50000", number))

    def _not_finite(self) -> bytes:
        number = self._dice.choice(["NaN", "Infinity", "-Infinity", '"NaN"', '"inf"', "nan"])
        return _post_text(json.dumps(self._order()).replace("50000", number))

    def _deep(self) -> bytes:
        depth = self._dice.choice([33, 100, 1_000, 20_000])
        opening, closing = self._dice.choice([("[", "]"), ('{"a":', "}"), ('[{"b":', "}]")])
        depth = min(depth, 60_000 // len(opening + closing))
        nested = opening * depth + "1" + closing * depth
        if self._dice.random() < 0.3:
            nested = opening * depth
        return _post_text(json.dumps(self._order()).replace("50000", nested))

    def _bad_utf8(self) -> bytes:
        bad = self._dice.choice(
            [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe9"]
        )
        body = json.dumps(self._order()).encode()
        if self._dice.random() < 0.2:
            return _post_body(body.decode().encode("utf-16"))
        place = self._dice.randrange(1, len(body))
        return _post_body(body[:place] + bad + body[place:])

    def _bad_escape(self) -> bytes:
        bad = self._dice.choice(["\\ud800", "\\udfff\\ud800", "\\u0000", "a\\u0000b"])
        key = self._dice.choice(["group_name", "symbol", "side", "comment"])
        return _post_text(json.dumps(self._order(**{key: "MARK"})).replace("MARK", bad))

    def _duplicate(self) -> bytes:
        order = self._order()
        key = self._dice.choice(sorted(order))
        again = self._dice.choice([key, key.upper(), key.title()])
        return _post_text(f"{json.dumps(order)[:-1]}, {json.dumps({again: order[key]})[1:]}")

    def _not_json(self) -> bytes:
        body = json.dumps(self._order())
        return _post_text(
            self._dice.choice(
                [
                    "",
                    " ",
                    body.replace('"', "'"),
                    body[:-1] + ",}",
                    body + body,
                    body + "x",
                    f"/* order */ {body}",
                    body.replace(":", "="),
                    "order_type=MARKET&side=buy",
                    "<order/>",
                ]
            )
        )

    def _cut_short(self) -> bytes:
        body = json.dumps(self._order())
        return _post_text(body[: self._dice.randrange(len(body))])

    def _not_an_object(self) -> bytes:
        return _post_text(self._dice.choice(["null", "true", "7", '"MARKET"', "[]", "[{}]"]))

    def _random_bytes(self) -> bytes:
        return _post_body(self._dice.randbytes(self._dice.randint(1, 2_000)))

    def _bad_batch(self) -> bytes:
        order = {"order_type": "MARKET", "side": "buy", "qty": 1}
        envelope = {"group_name": self._strategy, "token": self._token, "symbol": "BTCUSDT"}
        orders: list[Json] = [
            [],
            [order] * 31,
            [order, 7],
            [order, {**order, "symbol": "ETHUSDT"}],
            [order, {**order, "qty": -1}, {}],
            "all of them",
            [[order]],
        ]
        return _post({**envelope, "orders": self._dice.choice(orders)})

    # Requests that are wrong around their bodies

    def _large(self) -> bytes:
        return _post(self._order(comment="x" * MEGABYTE))

    def _large_in_chunks(self) -> bytes:
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        return _head("POST", PATH, "Transfer-Encoding: chunked") + chunk * 16 + b"0\r\n\r\n"

    def _wrong_token(self) -> bytes:
        wrong = self._dice.choice(
            [{"token": f"{self._dice.random()}"}, {"group_name": f"nobody{self._dice.random()}"}]
        )
        return _post(self._order(**wrong))

    def _compressed(self) -> bytes:
        body = json.dumps(self._order()).encode()
        return _post_body(body, f"Content-Encoding: {self._dice.choice(['gzip', 'deflate'])}")

    def _bad_http(self) -> bytes:
        body = json.dumps(self._order()).encode()
        chunked = _head("POST", PATH, "Transfer-Encoding: chunked")
        return self._dice.choice(
            [
                b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n",
                b"GET\r\n\r\n",
                b"\r\n" * 10 + b"nonsense\r\n\r\n",
                _head("POST", PATH, "Content-Length: lots") + body,
                _head("POST", PATH, "Content-Length: -1") + body,
                _head("POST", PATH, "Content-Length: 5", "Content-Length: 6") + body,
                _head("POST", PATH, f"Long: {'x' * 10_000}"),
                _head("POST", PATH, *(f"H{n}: x" for n in range(200))),
                _head("POST", PATH, "no colon here"),
                _head("POST", "/" + "x" * 10_000),
                chunked + b"nonsense\r\n" + body,
                chunked + b"-5\r\n" + body,
                chunked + b"ffffffffffffffffffff\r\n" + body,
                _head("POST", PATH, "Expect: the unexpected", f"Content-Length: {len(body)}"),
            ]
        )

    def _wrong_path(self) -> bytes:
        method, path = self._dice.choice(
            [
                ("GET", PATH),
                ("DELETE", PATH),
                ("OPTIONS", PATH),
                ("PUT", PATH),
                ("POST", f"{PATH}/"),
                ("GET", f"{PATH}/01J"),
                ("POST", "/api/halt"),
                ("GET", "/../../etc/passwd"),
                ("GET", "/%2e%2e/%00"),
                ("POST", "//api/webhook"),
            ]
        )
        return _head(method, path, "Content-Length: 0")

    # Senders that take their time

    def _slow_body(self) -> tuple[bytes, ...]:
        body = json.dumps(self._order()).encode()
        head = _head("POST", PATH, f"Content-Length: {len(body)}")
        return (head, *(body[at : at + 1] for at in range(60)))

    def _half_body(self) -> tuple[bytes, ...]:
        body = json.dumps(self._order()).encode()
        whole = _head("POST", PATH, f"Content-Length: {len(body)}") + body
        return (whole[: -self._dice.randrange(1, len(body))],)

    def _slow_headers(self) -> tuple[bytes, ...]:
        head = _head("POST", PATH, "Content-Length: 100")
        return tuple(head[at : at + 1] for at in range(60))

    def _half_headers(self) -> tuple[bytes, ...]:
        head = _head("POST", PATH, "Content-Length: 100")
        return (head[: self._dice.randrange(1, len(head) - 2)],)


def _head(method: str, path: str, *headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _post_body(body: bytes, *headers: str) -> bytes:
    return _head("POST", PATH, f"Content-Length: {len(body)}", *headers) + body


def _post_text(body: str) -> bytes:
    return _post_body(body.encode())


def _post(document: Json) -> bytes:
    return _post_text(json.dumps(document))
