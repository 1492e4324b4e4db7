"""A body is decoded exactly or refused with its reason; the fast way is only faster."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.api import decode
from daemon.api.decode import DEPTH_MAX, Json, Undecodable, decode_json

if TYPE_CHECKING:
    from collections.abc import Callable

WEBHOOK = b'{"group_name": "alpha", "token": "t", "qty": 10, "price": "65.11", "net": true}'


def refusal(body: bytes, *, fold_keys: bool = False) -> list[str]:
    with pytest.raises(Undecodable) as refused:
        decode_json(body, fold_keys=fold_keys)
    return [str(problem) for problem in refused.value.problems]


def strictly(body: bytes, *, fold_keys: bool) -> Json:
    return decode._decode_strictly(body, fold_keys=fold_keys)  # noqa: SLF001 - the slow way alone


def typed(value: object) -> object:
    """The value with its types, for 1 == True == Decimal(1) in Python."""
    if isinstance(value, dict):
        return {key: typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    return type(value), value


def outcome(reader: Callable[[bytes], Json], body: bytes) -> object:
    """What comes of a body: the document with its types, or the problems."""
    try:
        return typed(reader(body))
    except Undecodable as refused:
        return refused.problems


def test_a_webhook_is_decoded_with_exact_numbers() -> None:
    assert decode_json(WEBHOOK) == {
        "group_name": "alpha",
        "token": "t",
        "qty": Decimal(10),
        "price": "65.11",
        "net": True,
    }


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"329.7", Decimal("329.7")),
        (b"1e3", Decimal(1000)),
        (b"0.1234567890123456789"[:20], Decimal("0.123456789012345678")),
        (b"999999999999999999", Decimal(999999999999999999)),
    ],
)
def test_numbers_never_pass_through_floats(body: bytes, value: Decimal) -> None:
    for wrapped in (b'{"a": ' + body + b"}", b'{"a": ' + body + b', "b": []}'):
        document = decode_json(wrapped)
        assert isinstance(document, dict)
        assert typed(document["a"]) == typed(value)


@pytest.mark.parametrize("body", [b'{"a": -0}', b'{"a": -0.0}', b'{"a": -0e5}'])
def test_minus_zero_is_zero(body: bytes) -> None:
    assert str(decode_json(body)) == "{'a': Decimal('0')}"


def test_a_byte_order_mark_is_skipped() -> None:
    assert decode_json(b"\xef\xbb\xbf" + WEBHOOK) == decode_json(WEBHOOK)


def test_folded_keys_are_lower_case_at_every_level() -> None:
    body = b'{"Group_Name": "Alpha", "ORDERS": [{"Symbol": "TQQQ"}]}'
    assert decode_json(body, fold_keys=True) == {
        "group_name": "Alpha",
        "orders": [{"symbol": "TQQQ"}],
    }
    assert decode_json(b'{"A": "B"}', fold_keys=True) == {"a": "B"}
    assert decode_json(b'{"A": "B"}') == {"A": "B"}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b'{"qty": 1, "qty": 2}', "qty: given more than once"),
        (b'{"qty": 1, "qty": 1}', "qty: given more than once"),
        (b'{"qty": 1, "q\\u0074y": 2}', "qty: given more than once"),
        (b'{"orders": [{}, {"id": 1, "id": 1}]}', "orders[1].id: given more than once"),
        (b'{"price": NaN}', "price: not a decimal number: NaN"),
        (b'{"price": Infinity}', "price: not a decimal number: Infinity"),
        (b'{"price": -Infinity}', "price: not a decimal number: -Infinity"),
        (b'{"price": 1e18}', "price: more than 18 digits before the point: 1e18"),
        (
            b'{"qty": 1000000000000000000}',
            "qty: more than 18 digits before the point: 1000000000000000000",
        ),
        (b'{"price": 1e-19}', "price: more than 18 digits after the point: 1e-19"),
        (b'{"price": ' + b"9" * 5000 + b"}", "price: a number of 5000 characters: at most 100"),
        (b'{"symbol": "\\ud800"}', "symbol: contains half of a surrogate pair"),
        (b'{"symbol": "\\udc00\\ud800"}', "symbol: contains half of a surrogate pair"),
        (b'{"symbol": "A\\u0000"}', "symbol: contains a NUL character"),
        (b'{"a\\u0000": 1}', '["a\\u0000"]: key contains a NUL character'),
        (b'[["\\ud800"]]', "[0][0]: contains half of a surrogate pair"),
        (b'{"symbol": "\xff"}', "body: not UTF-8: byte 12 cannot be read"),
        (b'{"symbol": "\xed\xa0\x80"}', "body: not UTF-8: byte 12 cannot be read"),
        (WEBHOOK.decode().encode("utf-16"), "body: not UTF-8: byte 0 cannot be read"),
        (b"[" * 33 + b"]" * 33, "body: nested more than 32 levels deep"),
        (b"[" * 1_000_000, "body: nested more than 32 levels deep"),
        (b'{"a":' * 100_000, "body: nested more than 32 levels deep"),
    ],
)
def test_what_another_reader_could_read_otherwise_is_refused_at_its_place(
    body: bytes, problem: str
) -> None:
    assert refusal(body) == [problem]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"{]",
        b'{"a" 1}',
        b'{"a": 1,}',
        b"{'a': 1}",
        b'{"a": 01}',
        b'{"a": +1}',
        b'{"a": .5}',
        b'{"a": 0x10}',
        b'{"a": True}',
        b'{"a": "b',
        b'{"a": "\n"}',
        b'{"a": "\0"}',
        b'{"a": "\\x"}',
        b'{"a": 1} {"b": 2}',
        b"{\xc2\xa0}",
        b'{"a": \xd9\xa1}',
        b"\xef\xbb\xbf\xef\xbb\xbf{}",
        b"qty=10&symbol=TQQQ",
    ],
)
def test_what_is_no_json_is_refused_with_the_place_where_it_ends(body: bytes) -> None:
    (problem,) = refusal(body)
    assert problem.startswith("body: not JSON: ")
    assert ", line 1 column " in problem or ", line 2 column " in problem


def test_keys_that_differ_only_by_case_come_twice_when_case_is_ignored() -> None:
    assert refusal(b'{"Qty": 1, "qty": 2}', fold_keys=True) == ["qty: given more than once"]
    assert decode_json(b'{"Qty": 1, "qty": 2}') == {"Qty": 1, "qty": 2}
    nested = b'{"orders": [{"Qty": 1, "QTY": 1}]}'
    assert refusal(nested, fold_keys=True) == ["orders[0].qty: given more than once"]


def test_all_faults_are_told_at_once() -> None:
    body = b'{"a": NaN, "b": [1e99, {"c": 1, "c": 2}], "d": "\\u0000\\ud800"}'
    assert refusal(body) == [
        "a: not a decimal number: NaN",
        "b[0]: more than 18 digits before the point: 1e99",
        "b[1].c: given more than once",
        "d: contains a NUL character",
        "d: contains half of a surrogate pair",
    ]


def test_thirty_two_levels_are_allowed_and_brackets_in_texts_are_none() -> None:
    assert decode_json(b"[" * DEPTH_MAX + b"]" * DEPTH_MAX)
    inner = DEPTH_MAX - 1
    assert decode_json(b"[" * inner + b"[],{}" + b"]" * inner)
    assert refusal(b"[" * inner + b"[],{},[[]]" + b"]" * inner)
    text = "[" * 50 + '\\"' + "{" * 50
    assert decode_json(f'["{text}"]'.encode()) == [text.replace("\\", "")]
    assert decode_json(json.dumps([[]] * 1000).encode()) == [[]] * 1000


def test_escaped_quotes_without_end_are_looked_at_once_not_once_each() -> None:
    (problem,) = refusal(b"[" * 33 + b'"' + b'\\"' * 500_000)
    assert problem == "body: nested more than 32 levels deep"
    (problem,) = refusal(b"[" + b"[]," * 40 + b'"' + b'\\"' * 500_000)
    assert problem.startswith("body: not JSON: Unterminated string")


def test_surrogate_pairs_are_one_character() -> None:
    assert decode_json(b'{"note": "\\ud83d\\ude00"}') == {"note": "\N{GRINNING FACE}"}


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.sampled_from(["", ":", "a:b", "\\", "\0", "\ud800", "\ud83d\ude00"])
    | st.text(max_size=5)
)
keys = st.sampled_from(["a", "A", "b", "a:b", "\0", "\u212a", "k", "\u0130"]) | st.text(max_size=3)


@st.composite
def objects(draw: st.DrawFn) -> bytes:
    """Flat objects as any program might write them: keys twice, odd spaces, odd texts."""
    escaped = draw(st.booleans())
    values = scalars if draw(st.booleans()) else scalars | st.lists(scalars) | st.just({"a": 1})
    pairs = draw(st.lists(st.tuples(keys, values), max_size=4))
    parts = [
        f"{json.dumps(key, ensure_ascii=escaped)}{draw(st.sampled_from([':', ' : ', ': ']))}"
        f"{json.dumps(value, ensure_ascii=escaped)}"
        for key, value in pairs
    ]
    mark = draw(st.sampled_from(["", "", "", "\ufeff", " \n", "x"]))
    return f"{mark}{{{','.join(parts)}}}".encode("utf-8", "surrogatepass")


@given(objects(), st.booleans())
@example(b'{"a": 18446744073709551616}', False)  # noqa: FBT003 - an example's columns
@example(b'{"a": 18446744073709551615}', False)  # noqa: FBT003
@example(b'{"a": 1, "a": ":"}', False)  # noqa: FBT003
@example(b'{"a": -0}', False)  # noqa: FBT003
def test_the_fast_way_gives_what_the_strict_way_gives(body: bytes, fold: bool) -> None:  # noqa: FBT001
    fast = outcome(partial(decode_json, fold_keys=fold), body)
    assert fast == outcome(partial(strictly, fold_keys=fold), body)


@given(
    st.binary(max_size=40) | st.text(alphabet='[]{}":,\\ue0dnNaIty1-. ', max_size=30) | objects()
)
@example(b'{"a": [1, null, "x"]}')
def test_any_bytes_are_a_document_or_a_refusal(body: bytes | str) -> None:
    raw = body if isinstance(body, bytes) else body.encode()
    try:
        document = decode_json(raw)
    except Undecodable:
        return
    plain = json.loads(raw.decode("utf-8-sig"), parse_int=Decimal, parse_float=Decimal)
    assert typed(plain) == typed(document)


def test_a_flat_webhook_takes_the_fast_way() -> None:
    assert decode._decode_flat(WEBHOOK, fold_keys=True) is not None  # noqa: SLF001
    for slow in (b'{"a": 1.5}', b'{"a": "10:30"}', b'{"a": [1]}', b'{"a": "\\n"}', b"[]"):
        assert decode._decode_flat(slow, fold_keys=True) is None  # noqa: SLF001
        assert decode_json(slow) is not None
