"""Writing a config file and reading it, for the tests of this package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.config import Config, ConfigErrors, load_config

if TYPE_CHECKING:
    from pathlib import Path

ONE_BOOK = """
[accounts.main]
market = "24/7"
[strategies.bot]
[books.bot]
strategy = "bot"
account = "main"
"""
"""One strategy in one paper account: the least that trades."""


def load(folder: Path, text: str, **environ: str) -> Config:
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return load_config(file, environ)


def complaints(folder: Path, text: str, **environ: str) -> dict[str, str]:
    """What is wrong, by path; nothing if the file loads. Hints follow their message."""
    try:
        load(folder, text, **environ)
    except ConfigErrors as refused:
        errors = refused.errors
    else:
        return {}
    found = {error.path: f"{error.message} ({error.hint})" for error in errors}
    assert len(found) == len(errors), f"one path, several problems: {errors}"
    return found
