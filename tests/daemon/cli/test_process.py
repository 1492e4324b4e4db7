from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.cli.process import DaemonFailedError, DaemonProcess, command_line, surroundings

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

EMPTY = "[http]\nport = 0\n"


def written(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text)
    return file


async def test_a_daemon_is_started_killed_started_and_stopped(tmp_path: Path) -> None:
    daemon = DaemonProcess(written(tmp_path, EMPTY))
    await daemon.start()
    first, url = daemon.pid, daemon.url
    await daemon.kill()
    await daemon.kill()
    await daemon.start()
    assert daemon.pid != first
    assert url.startswith("http://127.0.0.1:")
    assert await daemon.stop() == 0
    assert "ready at" in daemon.log_tail()


async def test_one_that_does_not_start_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(DaemonFailedError, match=r"http\.prot: unknown key"):
        await DaemonProcess(written(tmp_path, "[http]\nprot = 0\n")).start()


def test_nothing_overrides_its_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETTINGD_HTTP__PORT", "1")
    assert not [name for name in surroundings() if name.startswith("NETTINGD_")]
    assert command_line("check")[-3:] == ("-m", "daemon", "check")
