"""Telegram's Bot API on a port of this machine: https://core.telegram.org/bots/api.

Chats with people who write and press buttons, long polling with offsets, the limits that bots
meet, and faults to script.
"""

from __future__ import annotations
