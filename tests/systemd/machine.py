"""A machine that boots a real systemd: namespaces of this host, and a layer over its files.

Takes root, Linux's overlay file system and a cgroup2 that may be written to. Nothing that happens
in it reaches the host: it has no network but its own loopback, and its files are in memory.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STAGE = Path(__file__).with_name("stage.sh")
SOURCES = Path(__file__).resolve().parents[2]
SYSTEMD = Path("/lib/systemd/systemd")
TOOLS = ("unshare", "nsenter", "setpriv", "pivot_root", "mount")
SEARCHED = "/usr/sbin:/usr/bin:/sbin:/bin"
COMMAND_S = 300.0
LOOK_S, LOOKS = 0.1, 3000
PYTHON = Path(f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}")
"""Of this version, as the packages of these tests are, and where every user can run it."""
NAMESPACES = ("--mount", "--pid", "--fork", "--cgroup", "--net", "--ipc", "--uts")
INSTALLED = ("algorithms", "adapters", "daemon", "pyproject.toml", "README.md", "LICENSE")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Machine:
    """A running one. ``init``: its process 1, as this host counts."""

    init: int

    def run(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command in it as its root, whatever it returns."""
        inside = ("nsenter", "-t", str(self.init), "-a", "-r", "env", "-i", f"PATH={SEARCHED}")
        return subprocess.run(  # noqa: S603 - words of ours
            [*inside, "LANG=C.UTF-8", *words],
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_S,
            cwd="/",
        )

    def do(self, *words: str, given: str = "") -> str:
        """Run a command that must succeed; return what it says."""
        done = self.run(*words, given=given)
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def write(self, path: str, text: str) -> None:
        """Write a file, and the folders above it."""
        self.do("sh", "-c", f"mkdir -p $(dirname {path}) && cat >{path}", given=text)

    def install(self) -> None:
        """Install nettingd as docs/how-to/run-as-a-service.md says.

        What it needs is not installed again, but taken from the environment of these tests.
        """
        self.do(str(PYTHON), "-m", "venv", "--without-pip", "/opt/nettingd")
        self.do(
            "sh", "-c", "echo /opt/packages >$(ls -d /opt/nettingd/lib/*/site-packages)/all.pth"
        )
        self.do("mkdir", "/opt/clone")
        self.do("cp", "-r", *(f"/opt/sources/{each}" for each in INSTALLED), "/opt/clone")
        pip = ("/opt/nettingd/bin/python", "-m", "pip", "install", "-q", "--no-deps")
        self.do(*pip, "--no-build-isolation", "--disable-pip-version-check", "/opt/clone")


def hindrance() -> str | None:
    """Say why no machine can be booted here, if so."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "booting systemd takes root on Linux"
    missing = [each for each in TOOLS if shutil.which(each) is None]
    missing += [str(each) for each in (SYSTEMD, PYTHON) if not each.exists()]
    if missing:
        return f"not here: {', '.join(missing)}"
    if not _own_cgroups().exists():
        return "there is no cgroup2 here that may be written to"
    tried = subprocess.run(  # noqa: S603 - words of ours
        ["unshare", *NAMESPACES, "true"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return f"no namespaces here: {tried.stderr.strip()}" if tried.returncode else None


@contextmanager
def booted() -> Iterator[Machine]:
    """Boot one; it is gone afterwards, and also when this process is killed."""
    group = _own_cgroups() / f"nettingd-systemd-{os.getpid()}"
    group.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        sources, packages = str(SOURCES), sysconfig.get_path("purelib")
        process = subprocess.Popen(  # noqa: S603 - words of ours
            [
                *("sh", "-c", f'echo $$ >{group}/cgroup.procs && exec "$@"', "-"),
                *("setpriv", "--pdeathsig", "KILL"),
                *("unshare", *NAMESPACES, "--propagation", "private", "--kill-child=KILL"),
                *("bash", str(STAGE), folder, sources, packages),
            ],
            stdin=subprocess.DEVNULL,
            cwd="/",
        )
        try:
            machine = Machine(until(lambda: _child_of(process.pid)))
            until(
                lambda: machine.run("systemctl", "is-active", "-q", "basic.target").returncode == 0
            )
            yield machine
        finally:
            process.kill()
            process.wait()
            _remove(group)


def until(look: Callable[[], T | None], looks: int = LOOKS) -> T:
    """Look until there is something, and return it."""
    for _ in range(looks):
        if found := look():
            return found
        time.sleep(LOOK_S)
    raise AssertionError(f"looked {looks} times in vain")


def _own_cgroups() -> Path:
    """Return where cgroups of version 2 are made; a folder that is not there, if they are not."""
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        _, folder, kind, options, *_ = line.split()
        if kind == "cgroup2" and "rw" in options.split(","):
            return Path(folder)
    return Path("/nowhere")


def _child_of(process: int) -> int | None:
    children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="utf-8").split()
    # Before it has become systemd it still has the root of this host.
    is_there = children and Path(f"/proc/{children[0]}/comm").read_text().strip() == "systemd"
    return int(children[0]) if is_there else None


def _remove(group: Path) -> None:
    """Remove a cgroup whose processes are dying, and those below it."""
    below = sorted(group.rglob("*/"), key=lambda path: len(path.parts), reverse=True)
    for each in (*below, group):
        until(partial(_is_removed, each))


def _is_removed(group: Path) -> bool:
    with suppress(OSError):  # busy, as long as one dies
        group.rmdir()
    return not group.exists()
