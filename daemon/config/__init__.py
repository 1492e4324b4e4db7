"""Configuration: ``config.toml`` and the environment, read into one frozen ``Config``.

``load_config`` reports every problem at once and opens nothing but the files the configuration
refers to. What a key means stands with its field; ``docs/reference/config.md`` is made of that.
"""

from __future__ import annotations

from daemon.config.describe import describe
from daemon.config.exposed import exposed
from daemon.config.loader import load_config
from daemon.config.model import Config
from daemon.config.problems import ConfigErrors, ConfigProblem
from daemon.config.secret import Secret
from daemon.config.tokens import ensure_admin_token, ensure_strategy_token
from daemon.config.unsupported import unsupported

__all__ = [
    "Config",
    "ConfigErrors",
    "ConfigProblem",
    "Secret",
    "describe",
    "ensure_admin_token",
    "ensure_strategy_token",
    "exposed",
    "load_config",
    "unsupported",
]
