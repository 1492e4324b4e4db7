"""Word to systemd, as sd_notify(3) says it: one datagram to the socket it names."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.clock import Clock

_MICROSECONDS = 1_000_000


class Systemd:
    """Tells the service manager how the daemon is; without one it says nothing."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self.watchdog_s = _watchdog_s(environ)
        """How long systemd waits for a sign of life; None if it does not."""

    def tell(self, *words: str) -> None:
        """Send assignments such as ``READY=1``. Nobody listening is no reason to fail."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(0)
                sender.sendto("\n".join(words).encode(), address)
        except OSError:
            return

    async def show_life(self, clock: Clock) -> None:
        """Tell the watchdog, twice in its time, that the event loop turns."""
        if self.watchdog_s is None:
            return
        while True:
            self.tell("WATCHDOG=1")
            await clock.sleep(self.watchdog_s / 2)


def _watchdog_s(environ: Mapping[str, str]) -> float | None:
    """Read sd_watchdog_enabled(3): the time, if it is meant for this process."""
    try:
        microseconds = int(environ.get("WATCHDOG_USEC", "0"))
        process = int(environ.get("WATCHDOG_PID", str(os.getpid())))
    except ValueError:
        return None
    if microseconds <= 0 or process != os.getpid():
        return None
    return microseconds / _MICROSECONDS
