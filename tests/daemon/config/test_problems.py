from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.config.document import parse_toml
from daemon.config.problems import (
    ConfigErrors,
    ConfigProblem,
    did_you_mean,
    path_text,
    printable,
)


def test_a_problem_reads_as_one_line() -> None:
    problem = ConfigProblem("http.prot", "unknown key", "did you mean port?")
    assert str(problem) == "http.prot: unknown key (did you mean port?)"
    assert str(ConfigProblem("http", "must be a table")) == "http: must be a table"


def test_errors_are_sorted_by_path_and_said_once() -> None:
    first, second = ConfigProblem("a", "is required"), ConfigProblem("b", "unknown key")
    errors = ConfigErrors([second, first, second])
    assert errors.errors == (first, second)
    assert str(errors) == "a: is required\nb: unknown key"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("accounts", "main", "broker"), "accounts.main.broker"),
        (("jobs", 0, "at"), "jobs.0.at"),
        (("instruments", "BRK.B", "lot"), 'instruments."BRK.B".lot'),
        (("books", 'a"b\\c'), 'books."a\\"b\\\\c"'),
        (("books", ""), 'books.""'),
    ],
)
def test_a_path_is_written_as_toml_writes_it(path: tuple[str | int, ...], text: str) -> None:
    assert path_text(path) == text


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=20))
def test_a_printable_key_can_be_copied_from_the_message_into_the_file(key: str) -> None:
    if key.isprintable():
        assert parse_toml(f"{path_text((key,))} = 1") == {key: 1}


@given(st.text(alphabet=st.characters()))
def test_whatever_is_named_fits_on_a_terminal(text: str) -> None:
    assert printable(text).isprintable()
    printable(text).encode()


def test_the_nearest_known_word_is_the_hint() -> None:
    assert did_you_mean("prot", ["host", "port"]) == "did you mean port?"
    assert did_you_mean("Port", ["host", "port"]) == "did you mean port?"
    assert did_you_mean("NETTINGD_HTP__PORT", ["NETTINGD_HTTP__PORT"]).endswith("HTTP__PORT?")
    assert did_you_mean("quux", ["host", "port"]) == ""
    assert did_you_mean("port", []) == ""
