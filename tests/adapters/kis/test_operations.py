from __future__ import annotations

import pytest

from adapters.kis.hosts import Profile
from adapters.kis.operations import Operation


def test_selling_us_shares_on_paper_has_an_id_of_its_own() -> None:
    assert Operation.US_SELL.value.tr_id(Profile.REAL) == "TTTT1006U"
    assert Operation.US_SELL.value.tr_id(Profile.PAPER) == "VTTT1001U"


@pytest.mark.parametrize("operation", set(Operation) - {Operation.US_SELL})
def test_the_other_paper_ids_follow_the_rule_where_paper_offers_them(operation: Operation) -> None:
    route = operation.value
    usual = "V" + route.real[1:] if route.real[0] in "TC" else route.real
    assert route.paper in {usual, None}
