"""Where the running daemon is reached: noted in its data directory, for commands on this host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.files import hand_over

if TYPE_CHECKING:
    from pathlib import Path

_FILE = "address"


def note_address(data_dir: Path, url: str) -> Path:
    """Write the URL down; return the file, which is to go when the daemon goes."""
    file = data_dir / _FILE
    file.write_text(f"{url}\n", encoding="ascii")
    hand_over(file)
    return file


def noted_address(data_dir: Path) -> str | None:
    """Return the URL of the daemon that ran here last; it may be gone without having said so."""
    try:
        return (data_dir / _FILE).read_text(encoding="ascii").strip() or None
    except OSError:
        return None
