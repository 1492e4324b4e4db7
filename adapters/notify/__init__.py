"""Ways to tell people outside: a Telegram bot, an address that takes JSON."""

from __future__ import annotations
