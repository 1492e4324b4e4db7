from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from daemon.storage import lock
from daemon.storage.lock import AlreadyRunningError, DirectoryLock, is_locked

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event
    from pathlib import Path


def test_a_second_daemon_is_refused_and_told_who_is_there(tmp_path: Path) -> None:
    with (
        DirectoryLock(tmp_path),
        pytest.raises(AlreadyRunningError, match=str(os.getpid())),
        DirectoryLock(tmp_path),
    ):
        pass


def test_the_lock_is_free_again_after_an_orderly_end(tmp_path: Path) -> None:
    with DirectoryLock(tmp_path):
        pass

    with DirectoryLock(tmp_path):
        pass


def test_one_who_only_looks_does_not_keep_the_daemon_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lock"
    path.touch()
    looking = os.open(path, os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            os.close(looking)

    monkeypatch.setattr(lock, "time", SimpleNamespace(sleep=pause))
    with DirectoryLock(tmp_path):
        assert len(pauses) == 2


def hold(folder: Path, held: Event) -> None:
    DirectoryLock(folder).acquire()
    held.set()
    signal.pause()


@pytest.mark.slow
def test_a_killed_daemon_leaves_no_lock_behind(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    holder = context.Process(target=hold, args=(tmp_path, held))
    holder.start()
    assert held.wait(20)
    with pytest.raises(AlreadyRunningError):
        DirectoryLock(tmp_path).acquire()

    holder.kill()
    holder.join()

    with DirectoryLock(tmp_path):
        pass


def test_a_lock_file_without_a_number_does_not_confuse(tmp_path: Path) -> None:
    (tmp_path / "lock").write_bytes(b"\xff\xfe")

    with DirectoryLock(tmp_path):
        pass


def test_the_folder_is_made_private(tmp_path: Path) -> None:
    with DirectoryLock(tmp_path / "data"):
        mode = (tmp_path / "data").stat().st_mode

    assert mode & 0o077 == 0


def test_whether_a_daemon_works_there_can_be_asked_without_a_trace(tmp_path: Path) -> None:
    assert not is_locked(tmp_path)
    assert list(tmp_path.iterdir()) == []
    with DirectoryLock(tmp_path):
        assert is_locked(tmp_path)
    assert not is_locked(tmp_path)
