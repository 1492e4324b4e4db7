"""Tokens the daemon makes for itself when the configuration names none.

Each is a file only its owner can read, complete from the moment it has its name: it is written
under another name first and linked, so neither a crash nor a second start leaves half a token.
"""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from adapters.files import hand_over, make_folder
from daemon.config.problems import ConfigErrors, ConfigProblem
from daemon.config.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

    from algorithms.domain import StrategyName
    from daemon.config.model import Config

_TOKEN_BYTES = 32
_PRIVATE_FILE = 0o600
_OTHERS = 0o077


def ensure_admin_token(config: Config) -> Secret:
    """The admin token: the configured one, or that of ``admin.token`` in ``daemon.data_dir``.

    Creates the file if it is missing. Raises ``ConfigErrors`` when it cannot be used.
    """
    if config.http.admin_token is not None:
        return config.http.admin_token
    return _ensure(config.daemon.data_dir / "admin.token", "http.admin_token")


def ensure_strategy_token(config: Config, name: StrategyName) -> Secret:
    """The token of a strategy: configured, or ``tokens/NAME.token`` in ``daemon.data_dir``.

    Creates the file if it is missing. Raises ``ConfigErrors`` when it cannot be used, and
    ``KeyError`` for a strategy that is not configured.
    """
    token = config.strategies[name].token
    if token is not None:
        return token
    return _ensure(config.daemon.data_dir / "tokens" / f"{name}.token", f"strategies.{name}.token")


def _ensure(file: Path, key: str) -> Secret:
    try:
        make_folder(file.parent)
        if not file.exists():
            _create(file)
        return _read(file, key)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise _unusable(key, file, f"cannot be used: {reason}") from None


def _create(file: Path) -> None:
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as writer:
            writer.write(secrets.token_urlsafe(_TOKEN_BYTES) + "\n")
            writer.flush()
            os.fsync(writer.fileno())
        hand_over(draft)
        os.link(draft, file)
    except FileExistsError:
        pass  # another start was faster: its token counts
    finally:
        draft.unlink()


def _read(file: Path, key: str) -> Secret:
    with file.open(encoding="utf-8") as reader:
        mode = os.fstat(reader.fileno()).st_mode
        if mode & _OTHERS:
            os.fchmod(reader.fileno(), mode & ~_OTHERS)
        token = reader.read().strip()
    if not token:
        raise _unusable(key, file, "is empty")
    return Secret(token)


def _unusable(key: str, file: Path, message: str) -> ConfigErrors:
    hint = "remove the file to have a new one made"
    return ConfigErrors([ConfigProblem(key, f"{file} {message}", hint)])
