"""One page of figures, each beside a baseline from the same run: ``make bench``.

``--only NAME`` (repeatable) measures some sections, ``--keep VERSION`` keeps the figures with the
project as those of a release; every run writes them to ``build/bench.json`` and sets them against
the last release that was kept. Ends with 1 when a goal is missed. Close other programs before.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path
from time import perf_counter

from tests.bench.figures import Figure, from_json, last_release, page, to_json
from tests.bench.sections import SECTIONS

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "docs" / "figures"
LATEST = ROOT / "build" / "bench.json"
VERSION = re.compile(r"\d+\.\d+\.\d+")


def measure(name: str) -> list[Figure]:
    """Measure a section in a process of its own; what fails or takes too long has no value."""
    section = SECTIONS[name]
    command = [sys.executable, "-m", "tests.bench.sections", name]
    try:
        done = subprocess.run(  # noqa: S603 - our own
            command, stdout=subprocess.PIPE, check=True, timeout=section.within_s
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        return [Figure(name=name, value=None, goal=0, beside=f"{type(error).__name__}")]
    return from_json(done.stdout)


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
    return parser.parse_args()


def _version(text: str) -> str:
    if not VERSION.fullmatch(text):
        raise argparse.ArgumentTypeError("a version like 0.1.0")
    return text


if __name__ == "__main__":
    sys.exit(main())
