"""One large calculation in a process of its own: ``python -m daemon.api.calculation loc``.

The body comes on standard input. The answer goes to standard output: a line with ``answer`` or
``problems`` and a number of bytes, then so many bytes of JSON.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import orjson

from daemon.api.decode import decode_json
from daemon.api.problems import BadInput

if TYPE_CHECKING:
    from daemon.api.decode import Json

ANSWER, PROBLEMS = b"answer", b"problems"
NICENESS = 10
"""The daemon and its orders come first where processors are few, ..."""
OOM_SCORE = "1000"
"""... and where memory is short it is not the daemon that the kernel ends."""


class Calculation(StrEnum):
    """What can be calculated from a body alone."""

    LOC = "loc"
    NETTING = "netting"


def main(name: str, source: BinaryIO, target: BinaryIO) -> None:
    """Calculate and write what came out."""
    try:
        outcome, value = ANSWER, _calculated(Calculation(name), decode_json(source.read()))
    except BadInput as bad:
        outcome, value = PROBLEMS, [[each.path, each.message] for each in bad.problems]
    told = orjson.dumps(value)
    target.write(b"%s %d\n" % (outcome, len(told)))
    target.write(told)
    target.flush()


def _calculated(calculation: Calculation, document: Json) -> object:
    """Answer a body. Raises BadInput."""
    match calculation:
        case Calculation.LOC:
            from daemon.api.loc_preview import preview_loc  # noqa: PLC0415 - one of them only

            return preview_loc(document)
        case Calculation.NETTING:
            from daemon.api.netting_preview import preview  # noqa: PLC0415 - one of them only

            return preview(document)


def step_back() -> None:
    """Let everything else on this host go first, and collect no garbage: it ends soon."""
    gc.disable()
    os.nice(NICENESS)
    with suppress(OSError):  # no Linux, or no /proc
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE, encoding="ascii")


if __name__ == "__main__":
    step_back()
    main(sys.argv[1], sys.stdin.buffer, sys.stdout.buffer)
