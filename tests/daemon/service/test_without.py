from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from daemon.service.without import without


def test_a_module_seems_not_to_be_installed_for_a_while() -> None:
    sys.modules.pop("this", None)
    with without("this"), pytest.raises(ImportError):
        importlib.import_module("this")
    assert importlib.util.find_spec("this") is not None


def test_a_module_that_is_loaded_stays() -> None:
    with without("sys"):
        assert sys.modules["sys"] is sys


def test_the_daemon_loads_no_library_that_it_does_not_use_and_no_bot_before_there_is_one() -> None:
    spared = "{'rich', 'pandas', 'numpy', 'jinja2', 'ccxt', 'telebot', 'polib', 'requests'}"
    code = f"import sys, daemon.main; print(sorted({spared} & sys.modules.keys()))"
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
