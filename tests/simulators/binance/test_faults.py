"""Mutations of replies."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.binance.faults import mutated

REPLIES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(reply=REPLIES, seed=st.integers(0, 1_000))
def test_something_always_differs_and_the_reply_itself_stays(reply: object, seed: int) -> None:
    before = repr(reply)
    spoiled = mutated(reply, random.Random(seed))
    assert repr(reply) == before
    assert repr(spoiled) != before


@given(reply=REPLIES, seed=st.integers(0, 1_000))
def test_a_seed_repeats_its_mutation(reply: object, seed: int) -> None:
    once, again = (mutated(reply, random.Random(seed)) for _ in range(2))
    assert repr(once) == repr(again)
