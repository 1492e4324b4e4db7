"""Asks a daemon everything its OpenAPI document allows, and much that it does not.

``python -m tests.fuzz.schema --examples 300`` starts a daemon of its own and has schemathesis
look for answers that are not documented: any 5xx, a status, a content type or a body that the
document does not tell. A short run is part of the tests.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.cli.process import DaemonProcess, surroundings

if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIG = """
[http]
port = 0
[accounts.main]
market = "24/7"
currency = "USD"
[accounts.main.paper]
prices = { TQQQ = "100" }
[strategies.dip]
[strategies.momo]
[books.dip]
strategy = "dip"
account = "main"
capital = "10000"
[books.momo]
strategy = "momo"
account = "main"
capital = "10000"
"""
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
PHASES = "coverage,fuzzing,stateful"
"""Every constraint of the document, random requests, and requests that use what others answered."""
LEFT_OUT = ("/api/events/stream", "/ready")
"""One never ends; the other says 503, as it should, when this machine is too busy for its loop."""


async def ask_everything(
    folder: Path, examples: int, seed: int, phases: str = PHASES
) -> tuple[int, str]:
    """Run schemathesis against a daemon; return its exit code and what it said."""
    config = folder / "config.toml"
    config.write_text(CONFIG)
    daemon = DaemonProcess(config)
    await daemon.start()
    try:
        token = (folder / "data" / "admin.token").read_text().strip()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "schemathesis.cli",
            "run",
            f"{daemon.url}/api/openapi.json",
            "--header",
            f"Authorization: Bearer {token}",
            "--max-examples",
            str(examples),
            "--seed",
            str(seed),
            "--phases",
            phases,
            *(word for path in LEFT_OUT for word in ("--exclude-path", path)),
            "--checks",
            ",".join(CHECKS),
            "--request-timeout",
            "10",
            "--no-color",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=surroundings(),
            cwd=folder,
        )
        out, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode()
    finally:
        await daemon.kill()


def main(words: Sequence[str] | None = None) -> int:
    """Ask with as many examples as wanted; 1 if an answer was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder:
        code, told = asyncio.run(ask_everything(Path(folder), options.examples, options.seed))
    sys.stdout.write(told)
    return code


if __name__ == "__main__":
    raise SystemExit(main())
