"""Strict JSON: exact numbers, no key twice, nothing that another reader could read otherwise."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from json import JSONDecodeError, JSONDecoder
from typing import TYPE_CHECKING, TypeAlias

import orjson

from algorithms.decimals import DIGITS, parse_decimal
from daemon.api.problems import WHOLE_BODY, BadInput, Problem, path_text

if TYPE_CHECKING:
    from collections.abc import Iterator

Json: TypeAlias = "dict[str, Json] | list[Json] | str | Decimal | bool | None"
"""What a decoded document consists of. Every number is a ``Decimal``, whole ones too."""

DEPTH_MAX = 32
"""Most objects and arrays inside one another."""

_TOO_LARGE = 10**DIGITS
_NOT_BRACKETS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[^"\[\]{}]++', re.DOTALL)
_STEP = {"[": 1, "{": 1, "]": -1, "}": -1}
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Undecodable(BadInput):
    """The body is no JSON that we take."""


def decode_json(body: bytes, *, fold_keys: bool = False) -> Json:
    """Decode a body, or raise ``Undecodable`` with every fault and its path.

    Numbers become exact decimals of at most 18 digits on either side of the point. Refused are
    a key that comes twice in one object, NaN and Infinity, more than 32 levels, bad UTF-8, NUL
    and lone surrogates. A byte order mark is skipped. ``fold_keys`` turns the keys of all objects
    to lower case; keys that then are equal come twice.
    """
    flat = _decode_flat(body, fold_keys=fold_keys)
    return _decode_strictly(body, fold_keys=fold_keys) if flat is None else flat


def _decode_flat(body: bytes, *, fold_keys: bool) -> dict[str, Json] | None:
    """Decode what nearly every webhook is, a flat object; None if it must be looked at closely.

    orjson is fast but keeps the last of two equal keys and turns fractions and large numbers into
    floats. Both show afterwards. Each pair of the text has a colon, each key of the result a pair,
    so as many keys as colons means that no pair was lost. A float, a list or an object is seen by
    its type. NUL and lone surrogates can only be written with a backslash.
    """
    if b"\\" in body:
        return None
    try:
        loaded = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if type(loaded) is not dict or body.count(b":") != len(loaded):
        return None
    flat: dict[str, Json] = {}
    for key, value in loaded.items():
        kind = type(value)
        if kind is int:
            if not -_TOO_LARGE < value < _TOO_LARGE:
                return None
            value = Decimal(value)  # noqa: PLW2901 - the same number, exact type
        elif kind is not str and kind is not bool and value is not None:
            return None
        flat[key.lower() if fold_keys else key] = value
    return flat if len(flat) == len(loaded) else None


@dataclass(frozen=True, slots=True)
class _Fault:
    """Stands in the document where something is wrong, until all faults are collected."""

    message: str


_Raw: TypeAlias = "dict[str, _Raw] | list[_Raw] | str | Decimal | bool | _Fault | None"


def _decode_strictly(body: bytes, *, fold_keys: bool) -> Json:
    try:
        text = body.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise _undecodable(f"not UTF-8: byte {error.start} cannot be read") from error
    if _depth(text) > DEPTH_MAX:
        raise _undecodable(f"nested more than {DEPTH_MAX} levels deep")
    reader = _Reader(fold_keys=fold_keys)
    decoder = JSONDecoder(
        object_pairs_hook=reader.members,
        parse_float=reader.number,
        parse_int=reader.number,
        parse_constant=reader.constant,
    )
    try:
        document = decoder.decode(text)
    except JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise _undecodable(f"not JSON: {error.msg}, {where}") from error
    if reader.faulty or "\\u" in text:
        problems = list(_faults(document, ()))
        if problems:
            raise Undecodable(problems)
    return document  # type: ignore[no-any-return] # the hooks decide what it consists of


def _undecodable(message: str) -> Undecodable:
    return Undecodable([Problem(WHOLE_BODY, message)])


def _depth(text: str) -> int:
    """The most objects and arrays that are open at once, found without recursion.

    Up to the first fault of a text its strings are the decoder's strings, so that the decoder
    never goes deeper than this.
    """
    if text.count("[") + text.count("{") <= DEPTH_MAX:
        return 0
    brackets = _NOT_BRACKETS.sub("", text)
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0)


class _Reader:
    """The decoder's hooks. They do not know where they are, so they leave faults in place."""

    def __init__(self, *, fold_keys: bool) -> None:
        self.faulty = False
        self._fold_keys = fold_keys

    def members(self, pairs: list[tuple[str, _Raw]]) -> dict[str, _Raw]:
        if self._fold_keys:
            pairs = [(key.lower(), value) for key, value in pairs]
        found = dict(pairs)
        if len(found) < len(pairs):
            seen = set()
            for key, _ in pairs:
                if key in seen:
                    found[key] = self._fault("given more than once")
                seen.add(key)
        return found

    def number(self, text: str) -> Decimal | _Fault:
        try:
            return parse_decimal(text)
        except ValueError as error:
            return self._fault(str(error))

    def constant(self, text: str) -> _Fault:
        return self._fault(f"not a decimal number: {text}")

    def _fault(self, message: str) -> _Fault:
        self.faulty = True
        return _Fault(message)


def _faults(node: _Raw, path: tuple[str | int, ...]) -> Iterator[Problem]:
    """All faults of a document in its order. The depth has been checked before."""
    if isinstance(node, _Fault):
        yield Problem(path_text(path), node.message)
    elif isinstance(node, str):
        yield from _text_faults(node, "", path)
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from _faults(item, (*path, index))
    elif isinstance(node, dict):
        for key, item in node.items():
            yield from _text_faults(key, "key ", (*path, key))
            yield from _faults(item, (*path, key))


def _text_faults(text: str, what: str, path: tuple[str | int, ...]) -> Iterator[Problem]:
    if "\0" in text:
        yield Problem(path_text(path), f"{what}contains a NUL character")
    if _LONE_SURROGATE.search(text):
        yield Problem(path_text(path), f"{what}contains half of a surrogate pair")
