"""Secrets that systemd hands over: systemd.exec(5), LoadCredential.

The configuration names them as the service sees them, ``/run/credentials/UNIT/NAME``. That folder
is there only while the service runs, and only for it. Its backup gets the same secrets in a folder
of its own, and root's commands read the files that the unit names, also while nothing runs.
"""

from __future__ import annotations

import re
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

HANDED_OVER = Path("/run/credentials")
OWN_FOLDER = "CREDENTIALS_DIRECTORY"
"""The variable in which systemd tells a service where its own are."""
UNITS = Path("/etc/systemd/system")
_LOADED = re.compile(r"^LoadCredential=([^:\n]+):(/[^\n]*)$", re.MULTILINE)


NONE: Mapping[Path, Path] = MappingProxyType({})


def source_of(file: Path, environ: Mapping[str, str], given: Mapping[Path, Path] = NONE) -> Path:
    """Return where a secret can be read now: ``file`` itself, unless it is such a one elsewhere.

    ``given``: the files of root behind credentials of a unit that is still to be written.
    """
    if file.parent.parent != HANDED_OVER or file.exists():
        return file
    if file in given:
        return given[file]
    if own := environ.get(OWN_FOLDER):
        return Path(own) / file.name
    return Path(loaded_by(UNITS / file.parent.name).get(file.name, file))


def loaded_by(unit: Path) -> dict[str, str]:
    """Return the credentials that a unit loads: their names, and the files of root."""
    try:
        return dict(_LOADED.findall(unit.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError):
        return {}
