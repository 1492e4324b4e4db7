"""One page of figures, each beside a baseline from the same run: ``make bench``.

``--only NAME`` (repeatable) measures some sections, ``--keep VERSION`` keeps the figures with the
project as those of a release; every run writes them to ``build/bench.json`` and sets them against
the last release that was kept. Ends with 1 when a goal is missed. Close other programs before.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from tests.bench.figures import Figure, from_json, last_release, page, to_json
from tests.bench.sections import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "docs" / "figures"
LATEST = ROOT / "build" / "bench.json"
VERSION = re.compile(r"\d+\.\d+\.\d+")


def measure(name: str) -> list[Figure]:
    """Measure a section in a process of its own; what fails or takes too long has no value."""
    command = [sys.executable, "-m", "tests.bench.sections", name]
    return measured(name, command, SECTIONS[name].within_s)


def measured(name: str, command: Sequence[str], within_s: float) -> list[Figure]:
    """Run what writes figures, and end it with all that it has started when it takes too long."""
    with subprocess.Popen(  # noqa: S603 - our own
        command, stdout=subprocess.PIPE, start_new_session=True
    ) as section:
        try:
            written, _ = section.communicate(timeout=within_s)
        except subprocess.TimeoutExpired:
            return [_unmeasured(name, f"not within {within_s:.0f} s")]
        finally:
            with suppress(ProcessLookupError):  # nobody is left, as it should be
                os.killpg(section.pid, signal.SIGKILL)
    if section.returncode != 0:
        return [_unmeasured(name, f"it ended with {section.returncode}")]
    try:
        return from_json(written) or [_unmeasured(name, "no figures")]
    except (ValueError, TypeError):
        return [_unmeasured(name, "it wrote no figures")]


def _unmeasured(name: str, why: str) -> Figure:
    return Figure(name=name, value=None, goal=0, beside=why)


def main() -> int:
    options = _options()
    figures = []
    for name in options.only or SECTIONS:
        began = perf_counter()
        figures += measure(name)
        sys.stderr.write(f"{name}: {perf_counter() - began:.0f} s\n")
    release, before = last_release(KEPT)
    sys.stdout.write(page(figures, before, release))
    LATEST.parent.mkdir(exist_ok=True)
    LATEST.write_bytes(to_json(figures))
    if options.keep:
        KEPT.mkdir(exist_ok=True)
        (KEPT / f"{options.keep}.json").write_bytes(to_json(figures))
    missed = [each.name for each in figures if not each.is_met]
    told = f"missed: {', '.join(missed)}" if missed else "every goal is met"
    sys.stdout.write(f"\n{told}\n")
    return int(bool(missed))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=[*SECTIONS], metavar="NAME")
    parser.add_argument("--keep", type=_version, metavar="VERSION")
    options = parser.parse_args()
    if options.keep and options.only:
        parser.error("a release is kept with all its figures: leave out --only")
    return options


def _version(text: str) -> str:
    if not VERSION.fullmatch(text):
        raise argparse.ArgumentTypeError("a version like 0.1.0")
    return text


if __name__ == "__main__":
    sys.exit(main())
