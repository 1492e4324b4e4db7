from __future__ import annotations

from collections import Counter
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from algorithms.domain import Side
from algorithms.loc.ladder import Rung
from algorithms.loc.revision import revise

RUNGS = st.builds(
    Rung,
    st.sampled_from(Side),
    st.sampled_from([None, Decimal(97), Decimal(98)]),
    st.sampled_from([Decimal(1), Decimal(2)]),
)


def test_what_both_ladders_have_stays_where_it_is() -> None:
    kept, old, new = (Rung(Side.BUY, Decimal(price), Decimal(5)) for price in (97, 98, 99))
    revision = revise([kept, old], [new, kept])
    assert revision.surplus == (1,)
    assert revision.missing == (new,)


@given(st.lists(RUNGS, max_size=8), st.lists(RUNGS, max_size=8))
def test_after_a_revision_exactly_the_wanted_orders_stand(
    standing: list[Rung], wanted: list[Rung]
) -> None:
    surplus, missing = revise(standing, wanted)
    after = [rung for place, rung in enumerate(standing) if place not in surplus]
    assert Counter([*after, *missing]) == Counter(wanted)
    assert not Counter(standing[place] for place in surplus) & Counter(missing)
