from __future__ import annotations

import io
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from adapters.clock import SystemClock
from daemon.cli.demo import Session
from daemon.cli.demo_stage import Stage
from daemon.cli.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Iterator

LEFT_BEHIND = "nettingd-demo-*"


@pytest.fixture
def playing(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "daemon", "demo"],
        stdout=subprocess.PIPE,
        text=True,
        env={"TMPDIR": str(tmp_path)},
    ) as process:
        yield process
        process.kill()


@pytest.mark.slow
def test_every_claim_of_the_demonstration_holds(
    playing: subprocess.Popen[str], tmp_path: Path
) -> None:
    told, _ = playing.communicate()
    assert playing.returncode == 0, told
    assert "NOT SO" not in told
    assert told.count("[ok]") >= 18
    assert re.search(r"All of it is so; it took \d+ seconds\.", told)
    assert "\x1b" not in told
    assert list(tmp_path.glob(LEFT_BEHIND)) == []


@pytest.mark.slow
def test_one_that_is_ended_leaves_nothing_behind(
    playing: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert playing.stdout is not None
    url = next(line for line in playing.stdout if "nettingd ready" in line)
    assert "http://127.0.0.1:" in url
    playing.send_signal(signal.SIGTERM)
    assert playing.wait() == 130
    assert list(tmp_path.glob(LEFT_BEHIND)) == []


@pytest.mark.slow
async def test_a_claim_that_is_not_so_is_noticed() -> None:
    """Play the first acts, then look at the books with an order too many in them."""
    out = io.StringIO()
    screen = Screen(out, coloured=False)
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder), SystemClock())
        session = Session(stage, screen)
        try:
            await session.open()
            await stage.send("gamma", "MARKET", symbol="TQQQ", side="buy", qty=1)
            await session.trade_alone()
        finally:
            await stage.close()
    assert screen.false_claims == ["gamma holds 61 TQQQ"]
