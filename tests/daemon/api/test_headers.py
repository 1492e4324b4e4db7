from __future__ import annotations

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from daemon.api.headers import header_once
from daemon.api.problems import BadInput, Problem

KEY = "Idempotency-Key"


def headers(*pairs: tuple[str, str]) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict(pairs))


def test_a_header_that_comes_once_is_taken_whatever_its_case() -> None:
    assert header_once(headers(("idempotency-key", "a"), ("Other", "b")), KEY) == "a"
    assert header_once(headers(("Other", "b")), KEY) is None


def test_of_two_headers_none_is_chosen_even_if_they_are_the_same() -> None:
    with pytest.raises(BadInput) as refused:
        header_once(headers((KEY, "a"), (KEY.lower(), "a")), KEY)
    assert refused.value.problems == (Problem(KEY, "is given more than once"),)
