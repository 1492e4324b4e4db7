from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from adapters.ccxt_bridge.library import LibraryError, client_class

if TYPE_CHECKING:
    from tests.support.fake_ccxt import Exchange


def test_without_the_library_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ccxt", None)
    monkeypatch.setitem(sys.modules, "ccxt.async_support", None)
    with pytest.raises(LibraryError, match=r"pip install 'nettingd\[ccxt\]'"):
        client_class("kraken")


def test_an_exchange_it_does_not_know_is_named(small: type[Exchange]) -> None:
    assert client_class("smallx").__name__ == small.__name__
    with pytest.raises(LibraryError, match="'nowhere'"):
        client_class("nowhere")
    with pytest.raises(LibraryError, match="'fetch'"):
        client_class("fetch")
