from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from daemon.lately import Lately


def test_a_key_that_was_put_again_has_its_last_value() -> None:
    lately: Lately[str, int] = Lately(2)
    lately.put("a", 1)
    lately.put("a", 2)
    assert lately.get("a") == 2
    assert len(lately) == 1


def test_a_key_that_is_looked_at_stays_while_others_pass() -> None:
    lately: Lately[str, int] = Lately(2)
    lately.put("used", 1)
    for number in range(10):
        lately.put(f"passing {number}", number)
        assert lately.get("used") == 1
    assert lately.get("passing 0") is None


@given(st.lists(st.integers(0, 20)), st.integers(1, 6))
def test_the_last_keys_are_known_and_the_memory_is_bounded(keys: list[int], at_least: int) -> None:
    lately: Lately[int, str] = Lately(at_least)
    for number, key in enumerate(keys):
        lately.put(key, str(key))
        last = list(dict.fromkeys(reversed(keys[: number + 1])))[:at_least]
        assert all(lately.get(each) == str(each) for each in reversed(last))
        assert len(lately) <= 2 * at_least
