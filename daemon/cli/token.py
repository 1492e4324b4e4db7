"""``nettingd token NAME``: what a strategy, or a person, shows to the daemon."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from algorithms.domain import StrategyName
from daemon.cli.voice import warn
from daemon.config import ConfigErrors, ensure_admin_token, ensure_strategy_token, load_config
from daemon.service.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ADMIN = "admin"


def token(config_path: Path, environ: Mapping[str, str], name: str) -> int:
    """Print the token of a strategy, or of the admin, and nothing else.

    It is created if nobody has needed it before. A strategy called "admin" comes second.
    """
    try:
        config = load_config(config_path, environ)
        if name == ADMIN:
            found = ensure_admin_token(config)
        elif name in config.strategies:
            found = ensure_strategy_token(config, StrategyName(name))
        else:
            known = ", ".join([ADMIN, *config.strategies])
            warn(f"nettingd token: no strategy is called {name!r}; there are {known}\n")
            return Exit.BAD_INPUT
    except ConfigErrors as errors:
        warn(f"{errors}\n")
        return Exit.BAD_INPUT
    sys.stdout.write(f"{found.reveal()}\n")
    return Exit.OK
