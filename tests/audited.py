"""What pip-audit found out, in words: ``python -m tests.audited FOUND.json``, by ``make audit``.

pip-audit passes over each package that its source knows nothing of, and calls the rest clean. A
mirror that knows of no package at all would so make everything clean. Ends with 1 if a weakness is
known.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic import BaseModel

NAMED_MAX = 5


class Weakness(BaseModel):
    """One entry of a public list of weaknesses."""

    id: str
    fix_versions: list[str]


class Package(BaseModel):
    """One locked package. ``skip_reason``: why nobody could be asked about it."""

    name: str
    version: str = ""
    vulns: list[Weakness] = []
    skip_reason: str | None = None


class Found(BaseModel):
    """What pip-audit writes with ``-f json``."""

    dependencies: list[Package]


def verdict(found: Found) -> tuple[list[str], bool]:
    """Return what to say, and whether a weakness is known."""
    weak = [
        f"{each.name} {each.version}: {weakness.id}, mended in "
        f"{', '.join(weakness.fix_versions) or 'no version yet'}"
        for each in found.dependencies
        for weakness in each.vulns
    ]
    passed_over = [each.name for each in found.dependencies if each.skip_reason is not None]
    asked = len(found.dependencies) - len(passed_over)
    lines = list(weak)
    if asked and not weak:
        lines.append(f"no weakness is known of {asked} locked versions")
    if passed_over:
        named = ", ".join(passed_over[:NAMED_MAX]) + (
            ", ..." if len(passed_over) > NAMED_MAX else ""
        )
        lines.append(f"NOT AUDITED: nobody could be asked about {len(passed_over)} ({named})")
    return lines, bool(weak)


def main() -> int:
    lines, is_weak = verdict(Found.model_validate_json(Path(sys.argv[1]).read_bytes()))
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return int(is_weak)


if __name__ == "__main__":
    sys.exit(main())
