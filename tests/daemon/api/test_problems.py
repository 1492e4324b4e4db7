"""A refusal names every fault by its place, and never breaks a line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, ValidationError

from daemon.api.problems import PROBLEMS_MAX, BadInput, Problem, model_problems, path_text


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")

    symbol: str
    tags: dict[int, str] = {}


class Basket(BaseModel):
    orders: tuple[Order, ...]


@pytest.mark.parametrize(
    ("keys", "path"),
    [
        ((), "body"),
        (("symbol",), "symbol"),
        (("orders", 3, "value"), "orders[3].value"),
        ((3, "value"), "[3].value"),
        (("price", "BRK.B"), 'price["BRK.B"]'),
        (("price", ""), 'price[""]'),
        (("two\nlines",), '["two\\nlines"]'),
        (("\ud800\0",), '["\\ud800\\u0000"]'),
        (("k" * 100,), f'["{"k" * 64}"]'),
    ],
)
def test_a_place_is_written_as_people_point_at_it(keys: tuple[str | int, ...], path: str) -> None:
    assert path_text(keys) == path


@given(st.lists(st.text() | st.integers(0, 99), max_size=4))
def test_a_place_is_one_line_that_any_terminal_shows(keys: list[str | int]) -> None:
    path = path_text(keys)
    assert path.isascii()
    assert path.isprintable()


def test_a_model_says_what_is_missing_unknown_and_of_the_wrong_kind() -> None:
    with pytest.raises(ValidationError) as refused:
        Basket.model_validate({"orders": [{"symbol": 5, "color": "red"}, {}, 7]})
    assert [str(problem) for problem in model_problems(refused.value, Basket)] == [
        "orders[0].symbol: not a text",
        "orders[0].color: unknown key: there are symbol, tags",
        "orders[1].symbol: missing",
        "orders[2]: not an object",
    ]


def test_a_bad_key_is_its_own_place() -> None:
    with pytest.raises(ValidationError) as refused:
        Order.model_validate({"symbol": "X", "tags": {"red": "x"}})
    (problem,) = model_problems(refused.value, Order)
    assert problem.path == "tags.red"


def test_a_refusal_reads_as_one_line_for_each_fault() -> None:
    assert str(BadInput([Problem("a", "missing"), Problem("b", "too large")])) == (
        "a: missing\nb: too large"
    )


def test_a_flood_of_faults_is_cut_and_counted() -> None:
    refused = BadInput(Problem(f"orders[{n}]", "missing") for n in range(PROBLEMS_MAX + 7))
    assert len(refused.problems) == PROBLEMS_MAX + 1
    assert refused.problems[-1] == Problem("body", "and 7 more problems")
